#include "runtime/promise/volume_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "runtime/data/time_text.h"

namespace braid {
namespace {

// Of each promise `length,watermark,from,period=rows,period=rows;`. Periods are numbers of their length: where the
// contract has another one by now, they say nothing. Instants as whole periods would lose the watermark, so that one is
// in microseconds; `-` is kNoTime, `+` kEndTime.
constexpr char kNone = '-', kEnd = '+';

void append_instant(std::string& text, int64_t instant) {
  if (instant == kNoTime)
    text += kNone;
  else if (instant == kEndTime)
    text += kEnd;
  else
    fmt::format_to(std::back_inserter(text), "{}", instant);
}

/// Up to `end`, which goes, too; nothing where it does not come.
std::optional<std::string_view> take(std::string_view& text, char end) {
  const size_t at = text.find(end);
  if (at == text.npos) return std::nullopt;
  const std::string_view piece = text.substr(0, at);
  text.remove_prefix(at + 1);
  return piece;
}

bool read_whole(std::string_view text, int64_t& value) {
  const auto [behind, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && behind == text.data() + text.size();
}

bool read_instant(std::string_view text, int64_t& instant) {
  if (text.size() == 1 && (text[0] == kNone || text[0] == kEnd)) {
    instant = text[0] == kNone ? kNoTime : kEndTime;
    return true;
  }
  return read_whole(text, instant);
}

bool read_one(std::string_view text, int64_t period, PromiseCounts& counts) {
  const auto length = take(text, ','), watermark = take(text, ','), from = take(text, ',');
  int64_t of = 0;
  if (!length || !read_whole(*length, of) || of != period) return false;
  if (!watermark || !from || !read_instant(*watermark, counts.watermark) || !read_instant(*from, counts.from))
    return false;
  while (!text.empty()) {
    const auto begin = take(text, '='), rows = take(text, ',');
    int64_t at = 0, count = 0, start = 0;
    if (!begin || !rows || !read_whole(*begin, at) || !read_whole(*rows, count)) return false;
    if (__builtin_mul_overflow(at, period, &start)) return false;
    counts.periods[start] = count;
  }
  return true;
}

}  // namespace

std::vector<const PromiseSpec*> volume_promises(const Program& program) {
  std::vector<const PromiseSpec*> found;
  const auto add = [&found](const std::vector<PromiseSpec>& promises) {
    for (const PromiseSpec& promise : promises)
      if (promise.rule == PromiseSpec::Rule::volume) found.push_back(&promise);
  };
  for (const ProductSpec& product : program.products) add(product.promises);
  for (const SourceSpec& source : program.sources) add(source.promises);
  return found;
}

std::string volumes_text(std::span<const PromiseCounts> counts, std::span<const PromiseSpec* const> promises) {
  std::string text;
  if (promises.size() > kMostVolumePromises || counts.size() != promises.size()) return text;
  // Length, watermark, `from`, and as many periods as there is room for: a number of 20 digits is the longest.
  constexpr size_t kLongestNumber = 20;
  const size_t room = promises.empty() ? 0 : kLongestVolumes / promises.size();
  const size_t fits = (room - 3 * (kLongestNumber + 1) - 1) / (kLongestNumber + 12);
  for (size_t i = 0; i < promises.size(); ++i) {
    const PromiseCounts& one = counts[i];
    const size_t kept = std::min({fits, kMostVolumePeriods, one.periods.size()});
    auto first = std::prev(one.periods.end(), static_cast<std::ptrdiff_t>(kept));
    int64_t from = one.from;
    if (kept < one.periods.size()) from = std::max(from, std::prev(first)->first + promises[i]->bound_us);
    fmt::format_to(std::back_inserter(text), "{},", promises[i]->bound_us);
    append_instant(text, one.watermark);
    text += ',';
    append_instant(text, from);
    text += ',';
    for (; first != one.periods.end(); ++first)
      fmt::format_to(std::back_inserter(text), "{}={},", floor_divide(first->first, promises[i]->bound_us),
                     first->second);
    text += ';';
  }
  return text;
}

std::optional<std::vector<PromiseCounts>> read_volumes(std::string_view text,
                                                       std::span<const PromiseSpec* const> promises) {
  std::vector<PromiseCounts> counts;
  while (!text.empty()) {
    const auto one = take(text, ';');
    if (!one || counts.size() == promises.size()) return std::nullopt;
    if (!read_one(*one, promises[counts.size()]->bound_us, counts.emplace_back())) return std::nullopt;
  }
  if (counts.size() != promises.size()) return std::nullopt;
  return counts;
}

std::vector<PromiseCounts> no_volumes(size_t promises) {
  return std::vector<PromiseCounts>(promises);
}

}  // namespace braid
