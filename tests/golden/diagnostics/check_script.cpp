#include "tests/golden/diagnostics/check_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "runtime/report/render_terminal.h"
#include "tests/golden/diagnostics/wrong_script.h"

namespace braid {
namespace {

size_t count_code(const std::vector<Diagnostic>& found, const std::string& code) {
  return static_cast<size_t>(
      std::count_if(found.begin(), found.end(), [&](const Diagnostic& d) { return code_text(d) == code; }));
}

std::vector<uint32_t> run_of(const WrongScript& script) {
  return script.runs_alone ? std::vector<uint32_t>{script.script()} : std::vector<uint32_t>();
}

SourceSet with_script_text(const WrongScript& script, const std::string& text) {
  SourceSet sources;
  for (uint32_t file = 0; file < script.script(); ++file)
    sources.add(script.sources.file(file).path, script.sources.file(file).text);
  sources.add(script.sources.file(script.script()).path, text);
  return sources;
}

struct PageScript {
  SourceSet sources;
  std::vector<uint32_t> run;
};

/// The script in the section `heading` of a page, whose fence says `braid` and no more. A line `// file: NAME` begins
/// another file of the project, a line `// run: NAME` is left out and says that only that file is run.
std::optional<PageScript> page_script(const std::string& page, const std::string& heading) {
  constexpr std::string_view kFence = "```braid\n";
  constexpr std::string_view kFile = "// file: ";
  constexpr std::string_view kRun = "// run: ";
  const size_t from = page.find("\n## " + heading + "\n");
  if (from == std::string::npos) return std::nullopt;
  const std::string section = page.substr(from, page.find("\n## ", from + 1) - from);
  const size_t begin = section.find(kFence);
  if (begin == std::string::npos) return std::nullopt;
  std::istringstream block(section.substr(begin + kFence.size(), section.find("\n```", begin) - begin - kFence.size()));
  PageScript made;
  SourceSet& sources = made.sources;
  std::string name = "example.braid", run;
  std::string text;
  for (std::string line; std::getline(block, line);) {
    if (line.starts_with(kRun)) {
      run = line.substr(kRun.size());
      continue;
    }
    if (!line.starts_with(kFile)) {
      text += line + "\n";
      continue;
    }
    if (!text.empty()) sources.add(name, text);
    name = line.substr(kFile.size());
    text.clear();
  }
  sources.add(name, text);
  for (uint32_t file = 0; file < sources.size(); ++file)
    if (sources.file(file).path == run) made.run.push_back(file);
  return made;
}

std::string page_name(int code) {
  return fmt::format("E{:04}.md", code);
}

std::string page_path(int code) {
  return std::string(BRAID_SOURCE_DIR) + "/docs/errors/" + page_name(code);
}

std::string read_page(int code) {
  std::ifstream file(page_path(code), std::ios::binary);
  std::stringstream page;
  page << file.rdbuf();
  return page.str();
}

/// What the compiler can find lies below 6000.
std::vector<CatalogueEntry> pages_of_scripts(CodeRange only) {
  std::vector<CatalogueEntry> entries;
  for (const CatalogueEntry& entry : catalogue())
    if (entry.code >= only.first && entry.code <= only.last && entry.code < 6000) entries.push_back(entry);
  return entries;
}

}  // namespace

std::string page_as_printed(const std::string& page, const CheckScript& check_script) {
  const std::optional<PageScript> example = page_script(page, "Example");
  if (!example) return page;
  std::string printed;
  for (const Diagnostic& finding : check_script(example->sources, example->run))
    printed += (printed.empty() ? "" : "\n") + render_terminal(finding, example->sources);
  const size_t script = page.find("```braid\n", page.find("\n## Example\n"));
  const size_t behind = page.find("\n```\n", script) + 5;
  const size_t next = std::min(page.find("\n## ", behind), page.size());
  return page.substr(0, behind) + (printed.empty() ? "" : "\n```text\n" + printed + "```\n") + page.substr(next);
}

void update_error_pages(const CheckScript& check_script, CodeRange only) {
  for (const CatalogueEntry& entry : pages_of_scripts(only)) {
    const std::string page = read_page(entry.code);
    std::ofstream(page_path(entry.code), std::ios::binary) << page_as_printed(page, check_script);
  }
}

std::vector<std::string> try_error_pages(const CheckScript& check_script, CodeRange only) {
  std::vector<std::string> complaints;
  for (const CatalogueEntry& entry : pages_of_scripts(only)) {
    const std::string name = page_name(entry.code);
    const std::string page = read_page(entry.code);
    const auto has_code = [&](const Diagnostic& finding) { return finding.code == entry.code; };
    if (const auto example = page_script(page, "Example")) {
      const std::vector<Diagnostic> found = check_script(example->sources, example->run);
      if (std::none_of(found.begin(), found.end(), has_code))
        complaints.push_back(name + ": the example does not get its code");
      else if (page.find("\n```text\n") != std::string::npos && page != page_as_printed(page, check_script))
        complaints.push_back(name + ": the example prints something else than the page says");
    }
    if (const auto fix = page_script(page, "Fix")) {
      for (const Diagnostic& finding : check_script(fix->sources, fix->run))
        if (finding.severity == Severity::error || has_code(finding))
          complaints.push_back(fmt::format("{}: the fix gets {}: {}", name, code_text(finding), finding.message));
    }
  }
  return complaints;
}

std::vector<std::string> try_wrong_scripts(const CheckScript& check_script, CodeRange only) {
  const std::string folder = std::string(BRAID_SOURCE_DIR) + "/tests/golden/diagnostics/wrong";
  std::vector<std::string> complaints;
  for (const std::string& name : wrong_script_names(folder)) {
    const WrongScript script = read_wrong_script(folder, name);
    if (script.expected.empty()) continue;
    const int first_code = std::stoi(script.expected.front().code.substr(1));
    if (first_code < only.first || first_code > only.last) continue;
    const std::vector<Diagnostic> found = check_script(script.sources, run_of(script));
    for (const std::string& complaint : compare(script, found)) complaints.push_back(name + ": " + complaint);
    for (const Expectation& expectation : script.expected) {
      const std::optional<std::string> text = fixed_text(script, expectation);
      if (!text) continue;
      const size_t before = count_code(found, expectation.code);
      const size_t after = count_code(check_script(with_script_text(script, *text), run_of(script)), expectation.code);
      if (before > 0 && after >= before) complaints.push_back(name + ": " + expectation.code + " stays after its fix");
    }
  }
  return complaints;
}

}  // namespace braid
