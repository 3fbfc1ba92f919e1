#include "tests/scenarios/script.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/session/session.h"
#include "cli/session/test_play.h"

namespace braid::scenarios {

Script::Script(std::string text) : Script(std::vector<std::string>{std::move(text)}) {}

Script::Script(const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i)
    sources_.add(i == 0 ? "script.braid" : "script_" + std::to_string(i) + ".braid", texts[i]);
  Reporter reporter;
  scripts_ = driver::parse_scripts(sources_, reporter);
  project_ = driver::check_scripts(scripts_, sources_, cli::language(), {}, {}, reporter);
  cli::take_deletes(project_);
  for (const Diagnostic& finding : reporter.take_sorted()) {
    if (finding.severity != Severity::error) continue;
    faults_ += code_text(finding) + " " + finding.message;
    if (!finding.labels.empty()) faults_ += ": " + std::string(sources_.text(finding.labels.front().span));
    faults_ += "\n";
  }
}

Script Script::in_folder(const std::string& name) {
  std::ifstream file(std::string(BRAID_SOURCE_DIR) + "/tests/scenarios/" + name + ".braid");
  std::stringstream text;
  text << file.rdbuf();
  return Script(text.str());
}

driver::Compiled Script::compile(bool passes) const {
  optimize::Options options;
  if (!passes)
    for (const optimize::PassDescription& pass : optimize::passes()) options.disabled.emplace(pass.name);
  return compile(options);
}

driver::Compiled Script::compile(const optimize::Options& options, plan::PutOut put_out) const {
  std::vector<typed::RelationId> products = driver::products_of(project_, {});
  for (const typed::Test& test : project_.tests)
    for (const typed::RelationId expected : cli::expected_products(test))
      if (std::ranges::find(products, expected) == products.end()) products.push_back(expected);
  driver::Compiled made = driver::compile(project_, products, options, system_clock(), put_out);
  driver::name_places(made.program(), sources_, "");
  for (SourceSpec& source : made.program().sources) {
    source.binding.kind = "inline";
    source.binding.format = "json";
  }
  return made;
}

}  // namespace braid::scenarios
