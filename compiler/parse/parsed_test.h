// What the tests of this folder share: a script parsed from text, with what was found.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ast/print.h"
#include "compiler/parse/parse.h"

namespace braid {

struct Parsed {
  SourceSet sources;
  ast::Script script;
  std::vector<Diagnostic> findings;

  std::string place(const Diagnostic& finding) const {
    return finding.labels.empty() ? "" : std::string(sources.text(finding.labels.front().span));
  }
  /// "E1010 `=`" for each finding.
  std::vector<std::string> summary() const {
    std::vector<std::string> lines;
    for (const Diagnostic& finding : findings) lines.push_back(code_text(finding) + " `" + place(finding) + "`");
    return lines;
  }
};

inline Parsed parse_text(std::string text) {
  Parsed parsed;
  const uint32_t file = parsed.sources.add("test.braid", std::move(text));
  Reporter reporter;
  parsed.script = parse(parsed.sources, file, reporter);
  parsed.findings = reporter.take_sorted();
  return parsed;
}

/// The text after the first fix of each finding, if it is no sketch.
inline std::string fixed_text(const Parsed& parsed) {
  std::string text = parsed.sources.file(0).text;
  std::vector<Edit> edits;
  for (const Diagnostic& finding : parsed.findings)
    if (!finding.fixes.empty() && finding.fixes.front().applicability != Applicability::sketch)
      edits.insert(edits.end(), finding.fixes.front().edits.begin(), finding.fixes.front().edits.end());
  std::stable_sort(edits.begin(), edits.end(),
                   [](const Edit& a, const Edit& b) { return a.span.begin > b.span.begin; });
  for (const Edit& edit : edits) text.replace(edit.span.begin, edit.span.end - edit.span.begin, edit.text);
  return text;
}

/// A whole script around the steps of one flow.
inline std::string flow_of(std::string_view steps) {
  return "domain d\nview v {\n  from x\n" + std::string(steps) + "\n  select { a }\n}\nview after { from v }\n";
}
/// A whole script around one expression.
inline std::string expression_of(std::string_view expression) {
  return "domain d\nfunction f(a: int) -> int = " + std::string(expression) + "\nview after { from v }\n";
}

}  // namespace braid
