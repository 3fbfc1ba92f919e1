#include "tests/functions/examples.h"

#include "cli/session/session.h"
#include "runtime/base/check.h"
#include "runtime/report/render_terminal.h"

namespace braid {

CheckedScript check_text(const std::string& text) {
  CheckedScript made;
  made.sources.add("example.braid", text);
  Reporter reporter;
  const auto scripts = driver::parse_scripts(made.sources, reporter);
  made.project = driver::check_scripts(scripts, made.sources, cli::language(), {}, {}, reporter);
  for (const Diagnostic& finding : reporter.take_sorted())
    if (finding.severity == Severity::error) made.errors += render_terminal(finding, made.sources);
  return made;
}

const typed::Relation& relation_of(const typed::Project& project, const std::string& name) {
  for (const typed::Relation& relation : project.relations)
    if (relation.name == name) return relation;
  BRAID_UNREACHABLE("a relation that the script declares");
}

const typed::TestRow& expected_row(const typed::Project& project) {
  for (const typed::TestStatement& statement : project.tests.front().statements)
    if (const auto* expect = std::get_if<typed::ExpectStatement>(&statement.content)) return expect->rows.front();
  BRAID_UNREACHABLE("an expect that the script states");
}

}  // namespace braid
