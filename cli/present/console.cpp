#include "cli/present/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/present/table.h"
#include "runtime/report/render_json.h"
#include "runtime/report/render_terminal.h"

namespace braid::cli {

Console Console::of_process() {
  Console console;
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool wants_color =
      (no_color == nullptr || *no_color == '\0') && terminal != nullptr && std::string_view(terminal) != "dumb";
  console.color_out = wants_color && isatty(STDOUT_FILENO);
  console.color_err = wants_color && isatty(STDERR_FILENO);
  console.live = isatty(STDERR_FILENO);
  console.width = 0;
  winsize size{};
  if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    console.width = size.ws_col;
  return console;
}

void show_findings(const std::vector<Diagnostic>& findings, const SourceSet& sources, const Console& console,
                   FindingFormat format) {
  int64_t errors = 0, warnings = 0;
  for (const Diagnostic& finding : findings) {
    (finding.severity == Severity::error ? errors : warnings) += 1;
    if (format == FindingFormat::json) {
      std::fputs((render_json(finding, sources) + "\n").c_str(), stdout);
      continue;
    }
    const RenderOptions options{.color = console.color_err, .width = console.width > 0 ? console.width : 100};
    std::fputs((render_terminal(finding, sources, options) + "\n").c_str(), stderr);
  }
  if (format == FindingFormat::json || findings.empty()) return;
  std::string line = counted(errors, "error");
  if (warnings > 0) line += ", " + counted(warnings, "warning");
  int code = 0;
  for (const Diagnostic& finding : findings)
    if (finding.severity == Severity::error && code == 0) code = finding.code;
  if (code != 0) line += fmt::format(" · `braid help E{:04}` explains the first", code);
  std::fputs((line + "\n").c_str(), stderr);
}

}  // namespace braid::cli
