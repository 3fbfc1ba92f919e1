#include "runtime/report/suggest.h"

#include <algorithm>
#include <tuple>

namespace braid {
namespace {

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

size_t folded_prefix(std::string_view a, std::string_view b) {
  size_t length = 0;
  while (length < a.size() && length < b.size() && folded(a[length]) == folded(b[length])) ++length;
  return length;
}

// About one mistake in three letters; a name of one or two letters resembles too many others.
size_t tolerated(std::string_view name) {
  if (name.size() < 3) return 0;
  return name.size() < 5 ? 1 : std::min<size_t>(name.size() / 3, 3);
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = folded(a[i - 1]) == folded(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> closest(std::string_view name, const std::vector<std::string>& candidates,
                                   const std::function<bool(const std::string&)>& fits) {
  using Rank = std::tuple<size_t, size_t, std::string_view>;
  std::optional<Rank> best;
  for (const std::string& candidate : candidates) {
    if (candidate == name || (fits && !fits(candidate))) continue;
    const size_t limit = std::min(tolerated(name), std::max<size_t>(tolerated(candidate), 1));
    const size_t longer = std::max(name.size(), candidate.size());
    if (longer - std::min(name.size(), candidate.size()) > limit) continue;
    const size_t distance = edit_distance(name, candidate);
    if (distance > limit) continue;
    // Among equally distant ones a common beginning tells more than a common end.
    const Rank rank{distance, longer - folded_prefix(name, candidate), candidate};
    if (!best || rank < *best) best = rank;
  }
  if (!best) return std::nullopt;
  return std::string(std::get<2>(*best));
}

}  // namespace braid
