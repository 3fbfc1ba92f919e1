#include "tests/golden/diagnostics/check_script.h"

#include <algorithm>

#include "tests/golden/diagnostics/wrong_script.h"

namespace braid {
namespace {

size_t count_code(const std::vector<Diagnostic>& found, const std::string& code) {
  return static_cast<size_t>(
      std::count_if(found.begin(), found.end(), [&](const Diagnostic& d) { return code_text(d) == code; }));
}

SourceSet with_script_text(const WrongScript& script, const std::string& text) {
  SourceSet sources;
  for (uint32_t file = 0; file < script.script(); ++file)
    sources.add(script.sources.file(file).path, script.sources.file(file).text);
  sources.add(script.sources.file(script.script()).path, text);
  return sources;
}

}  // namespace

std::vector<std::string> try_wrong_scripts(const CheckScript& check_script, CodeRange only) {
  const std::string folder = std::string(BRAID_SOURCE_DIR) + "/tests/golden/diagnostics/wrong";
  std::vector<std::string> complaints;
  for (const std::string& name : wrong_script_names(folder)) {
    const WrongScript script = read_wrong_script(folder, name);
    if (script.expected.empty()) continue;
    const int first_code = std::stoi(script.expected.front().code.substr(1));
    if (first_code < only.first || first_code > only.last) continue;
    const std::vector<Diagnostic> found = check_script(script.sources);
    for (const std::string& complaint : compare(script, found)) complaints.push_back(name + ": " + complaint);
    for (const Expectation& expectation : script.expected) {
      const std::optional<std::string> text = mended(script, expectation);
      if (!text) continue;
      const size_t before = count_code(found, expectation.code);
      const size_t after = count_code(check_script(with_script_text(script, *text)), expectation.code);
      if (before > 0 && after >= before) complaints.push_back(name + ": " + expectation.code + " stays after its mend");
    }
  }
  return complaints;
}

}  // namespace braid
