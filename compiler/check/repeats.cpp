#include "compiler/check/repeats.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace braid::checking {
namespace {

/// Other places that are shown; of more there is only the number.
constexpr size_t kMostShown = 3;

auto key_of(const Span& span) {
  return std::tuple(span.file, span.begin, span.end);
}

/// Findings that are about a name as such, whatever stands around it, or about one that is missing and that nothing
/// proposes: behind a brace that is not closed, all entries of the rows that follow have none.
bool is_of_name(const Diagnostic& finding) {
  return (finding.code >= 2101 && finding.code <= 2131) ||
         (finding.code == static_cast<int>(diag::EntryNeedsName::kCode) && finding.fixes.empty());
}

/// A field that is not there, of relations of one name: which of their declarations is shown does not matter. Mostly it
/// is the field's declaration that is wrong.
bool is_of_field(int code) {
  return code == static_cast<int>(diag::UnknownField::kCode);
}

bool same_cause(const Diagnostic& a, const Diagnostic& b) {
  if (a.code < 2000 || a.code >= 6000) return false;
  if (a.code != b.code || a.severity != b.severity || a.message != b.message || a.labels.size() != b.labels.size() ||
      a.labels.empty() || (a.labels.size() == 1 && (!is_of_name(a) || !is_of_name(b))))
    return false;
  // What is mended in two ways is two mistakes.
  if (!a.fixes.empty() && !b.fixes.empty() && a.fixes[0].text != b.fixes[0].text) return false;
  if (is_of_field(a.code)) return true;
  return std::equal(a.labels.begin() + 1, a.labels.end(), b.labels.begin() + 1,
                    [](const Label& x, const Label& y) { return key_of(x.span) == key_of(y.span); });
}

void add_edits(Diagnostic& kept, const Diagnostic& other) {
  for (Fix& fix : kept.fixes)
    for (const Fix& more : other.fixes)
      if (more.text == fix.text && !fix.edits.empty() && !more.edits.empty() &&
          fix.edits.front().span.file == more.edits.front().span.file)
        for (const Edit& edit : more.edits)
          if (std::none_of(fix.edits.begin(), fix.edits.end(), [&](const Edit& known) {
                return key_of(known.span) == key_of(edit.span) && known.text == edit.text;
              }))
            fix.edits.push_back(edit);
}

}  // namespace

void join_repeats(Reporter& reporter) {
  std::vector<Diagnostic> findings = reporter.findings();
  reporter.truncate(0);
  std::stable_sort(findings.begin(), findings.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return (a.labels.empty() ? std::tuple(0u, 0u, 0u) : key_of(a.labels[0].span)) <
           (b.labels.empty() ? std::tuple(0u, 0u, 0u) : key_of(b.labels[0].span));
  });
  std::vector<Diagnostic> kept;
  std::vector<std::vector<Span>> places;  // of each that is kept: the others
  for (Diagnostic& finding : findings) {
    const auto before =
        std::find_if(kept.begin(), kept.end(), [&](const Diagnostic& each) { return same_cause(each, finding); });
    if (before == kept.end()) {
      kept.push_back(std::move(finding));
      places.emplace_back();
      continue;
    }
    std::vector<Span>& others = places[static_cast<size_t>(before - kept.begin())];
    const Span place = finding.labels[0].span;
    const Span last = others.empty() ? before->labels[0].span : others.back();
    if (key_of(last) == key_of(place)) continue;
    add_edits(*before, finding);
    others.push_back(place);
  }
  for (size_t i = 0; i < kept.size(); ++i) {
    DiagnosticBuilder builder(kept[i]);
    for (size_t shown = 0; shown < std::min(places[i].size(), kMostShown); ++shown)
      builder.also(places[i][shown], "and here");
    if (places[i].size() > kMostShown) {
      const size_t more = places[i].size() - kMostShown;
      builder.note(more == 1 ? "and at one more place" : fmt::format("and at {} more places", more));
    }
    reporter.add(std::move(kept[i]));
  }
}

}  // namespace braid::checking
