#include "compiler/check/quotes.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace braid::checking {
namespace {

bool comes_before(Span a, Span b) {
  return std::pair(a.file, a.begin) < std::pair(b.file, b.begin);
}

}  // namespace

SingleQuotes::SingleQuotes(const Reporter& reporter) {
  for (const Diagnostic& finding : reporter.findings())
    if (finding.code == diag::SingleQuotes::kCode)
      for (const Fix& fix : finding.fixes) edits_.insert(edits_.end(), fix.edits.begin(), fix.edits.end());
  std::sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) { return comes_before(a.span, b.span); });
}

std::vector<Edit> SingleQuotes::edits(Span whole) const {
  auto at = std::lower_bound(edits_.begin(), edits_.end(), whole,
                             [](const Edit& edit, Span span) { return comes_before(edit.span, span); });
  std::vector<Edit> inside;
  for (; at != edits_.end() && at->span.file == whole.file && at->span.end <= whole.end; ++at) inside.push_back(*at);
  return inside;
}

std::string SingleQuotes::text(const SourceSet& sources, Span whole) const {
  std::string text;
  uint32_t done = whole.begin;
  for (const Edit& edit : edits(whole)) {
    text += sources.text({whole.file, done, edit.span.begin});
    text += edit.text;
    done = edit.span.end;
  }
  return text + std::string(sources.text({whole.file, done, whole.end}));
}

void SingleQuotes::answer(Span whole, Span place) {
  if (!edits(whole).empty()) answers_.push_back({whole, place});
}

void SingleQuotes::remove_answered(Reporter& reporter) const {
  if (answers_.empty()) return;
  const std::vector<Diagnostic> findings = reporter.findings();
  std::set<std::tuple<uint32_t, uint32_t, uint32_t>> places;
  for (const Diagnostic& finding : findings)
    if (!finding.labels.empty()) {
      const Span place = finding.labels.front().span;
      places.insert({place.file, place.begin, place.end});
    }
  // What has an answer that stays, as stretches that do not overlap.
  std::vector<Span> answered;
  for (const Answer& answer : answers_)
    if (places.contains({answer.place.file, answer.place.begin, answer.place.end})) answered.push_back(answer.whole);
  std::sort(answered.begin(), answered.end(), comes_before);
  std::vector<Span> stretches;
  for (const Span span : answered) {
    if (!stretches.empty() && stretches.back().file == span.file && span.begin <= stretches.back().end)
      stretches.back().end = std::max(stretches.back().end, span.end);
    else
      stretches.push_back(span);
  }
  const auto is_answered = [&](const Diagnostic& finding) {
    if (finding.code != diag::SingleQuotes::kCode || finding.labels.empty()) return false;
    const Span place = finding.labels.front().span;
    auto behind = std::upper_bound(stretches.begin(), stretches.end(), place, comes_before);
    if (behind == stretches.begin()) return false;
    --behind;
    return behind->file == place.file && place.end <= behind->end;
  };
  reporter.truncate(0);
  for (const Diagnostic& finding : findings)
    if (!is_answered(finding)) reporter.add(finding);
}

}  // namespace braid::checking
