#include "cli/session/waiting_rows.h"

#include <algorithm>

#include "runtime/data/time_text.h"

namespace braid::cli {
namespace {

constexpr int64_t kSecond = 1'000'000;
/// As far as time is moved: windows of a year close.
constexpr int64_t kFar = 400 * 86'400 * kSecond;

class Question {
 public:
  Question(const typed::Test& test, const Program& program, const PlayContext& context, const Mismatch& mismatch)
      : test_(test), program_(program), context_(context), mismatch_(mismatch) {
    add_sources(mismatch.product);
    std::sort(sources_.begin(), sources_.end());
    sources_.erase(std::unique(sources_.begin(), sources_.end()), sources_.end());
  }

  std::string answer() {
    if (mismatch_.missing == 0) return {};
    return mismatch_.ended ? of_the_end() : of_the_middle();
  }

 private:
  void add_sources(int product) {
    const ProductSpec& spec = program_.products[static_cast<size_t>(product)];
    for (const int source : spec.sources)
      if (program_.sources[static_cast<size_t>(source)].has_time) sources_.push_back(source);
    for (const int read : spec.products)
      if (read != product) add_sources(read);
  }
  const PartitionClock& clock(int source) const { return mismatch_.clocks[static_cast<size_t>(source)]; }
  size_t missing(const std::vector<int>& sources, int64_t to) const {
    const Result<size_t> rows =
        missing_rows(test_, program_, context_, mismatch_.statement, {.sources = sources, .to = to});
    return rows.ok() ? *rows : mismatch_.missing;
  }

  /// At the end of all inputs, only what time has never reached is missing: a leap that no second row confirmed.
  std::string of_the_end() const {
    for (const int source : sources_) {
      const int64_t leap = clock(source).candidate;
      if (leap == kNoTime || clock(source).max == kNoTime || missing({source}, leap) >= mismatch_.missing) continue;
      return leap_of(source) +
             fmt::format("; `advance {} to {}`, or another row there, confirms it", name_of(source), instant(leap));
    }
    for (const int source : sources_) {
      const int64_t only = clock(source).candidate;
      if (only == kNoTime || missing({source}, only) >= mismatch_.missing) continue;
      return first_of(source) +
             fmt::format("; `advance {} to {}`, or a row that comes later, does", name_of(source), instant(only));
    }
    return {};
  }

  std::string of_the_middle() {
    int64_t first = kEndTime, last = kNoTime;
    for (const PartitionClock& each : mismatch_.clocks)
      for (const int64_t time : {each.max, each.candidate})
        if (time != kNoTime) first = std::min(first, time), last = std::max(last, time);
    if (last == kNoTime) return {};
    std::vector<int> needed = sources_;
    int64_t high = add_time(last, kFar);
    const size_t least = missing(needed, high);
    if (least >= mismatch_.missing) return {};
    for (const int source : sources_) {
      std::vector<int> others = needed;
      std::erase(others, source);
      if (missing(others, high) <= least) needed = std::move(others);
    }
    // The first whole second that will do.
    int64_t low = first / kSecond - 1;
    high /= kSecond;
    while (low + 1 < high) {
      const int64_t middle = low + (high - low) / 2;
      (missing(needed, middle * kSecond) <= least ? high : low) = middle;
    }
    return told(needed, high * kSecond);
  }

  std::string told(const std::vector<int>& needed, int64_t to) const {
    std::string names, state, advances;
    for (const int source : needed) {
      const bool last = source == needed.back();
      const std::string_view between = names.empty() ? "" : last ? " and " : ", ";
      names += fmt::format("{}`{}`", between, name_of(source));
      advances += fmt::format("{}`advance {} to {}`", between, name_of(source), instant(to));
      state += "\n" + standing(source);
    }
    return fmt::format("what is missing waits for the time of {}:{}\n{} before this `expect` {} it go on", names, state,
                       advances, needed.size() > 1 ? "let" : "lets") +
           "; an `expect` at the end of the test sees the end of all inputs";
  }

  std::string standing(int source) const {
    const PartitionClock& at = clock(source);
    if (at.max != kNoTime && at.candidate != kNoTime) return leap_of(source);
    if (at.max != kNoTime)
      return fmt::format("the watermark of `{}` stands at {}", name_of(source), instant(at.watermark()));
    if (at.candidate != kNoTime) return first_of(source);
    return fmt::format("no row of `{}` has come", name_of(source));
  }
  std::string leap_of(int source) const {
    std::string ahead;
    append_duration_literal(ahead, clock(source).ahead);
    return fmt::format(
        "the watermark of `{}` stands at {}: its last row, of {}, is more than `ahead {}` later than those before, and "
        "moves no "
        "time alone",
        name_of(source), instant(clock(source).watermark()), instant(clock(source).candidate), ahead);
  }
  std::string first_of(int source) const {
    return fmt::format("one row of `{}` has come, of {}, and a first row moves no time alone", name_of(source),
                       instant(clock(source).candidate));
  }

  /// As the test may write it.
  std::string name_of(int source) const {
    const std::string& name = program_.sources[static_cast<size_t>(source)].name;
    const std::string own = test_.domain + ".";
    return name.starts_with(own) ? name.substr(own.size()) : name;
  }
  static std::string instant(int64_t time) {
    std::string text = "@";
    append_timestamp(text, time);
    return text;
  }

  const typed::Test& test_;
  const Program& program_;
  const PlayContext& context_;
  const Mismatch& mismatch_;
  std::vector<int> sources_;  ///< that the product reads and that have time
};

}  // namespace

std::string waiting_for(const typed::Test& test, const Program& program, const PlayContext& context,
                        const Mismatch& mismatch) {
  return Question(test, program, context, mismatch).answer();
}

}  // namespace braid::cli
