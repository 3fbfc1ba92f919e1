#include "tests/fuzz/findings.h"

#include <fmt/format.h>

#include "runtime/report/apply_fix.h"
#include "runtime/report/render_json.h"
#include "runtime/report/render_terminal.h"
#include "tests/fuzz/strict_json.h"

namespace braid::fuzz {
namespace {

/// Showing thousands of findings of one text costs time and finds nothing more.
constexpr size_t kMostShown = 20;
constexpr int kMostLevels = 16;

bool inside(Span span, const SourceSet& sources) {
  return span.file < sources.size() && span.begin <= span.end && span.end <= sources.file(span.file).text.size();
}

Verdict judge(const Diagnostic& finding, const SourceSet& sources) {
  for (const Label& label : finding.labels)
    if (!inside(label.span, sources))
      return fmt::format("{} marks {}..{}, outside of the text", code_text(finding), label.span.begin, label.span.end);
  for (const Fix& fix : finding.fixes) {
    for (const Edit& edit : fix.edits)
      if (!inside(edit.span, sources))
        return fmt::format("{} edits {}..{}, outside of the text", code_text(finding), edit.span.begin, edit.span.end);
    if (fix.edits.empty()) continue;
    const uint32_t file = fix.edits.front().span.file;
    if (!apply_edits(sources.file(file).text, file, fix.edits))
      return fmt::format("{} has a fix whose edits overlap: {}", code_text(finding), fix.text);
  }
  return std::nullopt;
}

}  // namespace

Verdict judge_findings(const std::vector<Diagnostic>& findings, const SourceSet& sources) {
  size_t shown = 0;
  for (const Diagnostic& finding : findings) {
    if (auto wrong = judge(finding, sources)) return wrong;
    if (shown++ >= kMostShown) continue;
    if (render_terminal(finding, sources).empty()) return code_text(finding) + " shows as nothing on a terminal";
    const std::string json = render_json(finding, sources);
    if (!is_strict_json(json, kMostLevels)) return code_text(finding) + " is shown as broken JSON: " + json;
  }
  return std::nullopt;
}

}  // namespace braid::fuzz
