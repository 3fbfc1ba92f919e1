#include "runtime/promise/repeated_keys.h"

#include <algorithm>

#include "runtime/data/time_text.h"
#include "runtime/time/partition_clock.h"

namespace braid {
namespace {

constexpr int64_t kSteps = 64;

}  // namespace

RepeatedKeys::RepeatedKeys(int64_t within_us)
    : within_us_(within_us), step_us_(std::max<int64_t>(1, within_us / kSteps)), latest_(kNoTime) {}

bool RepeatedKeys::repeats(uint64_t hash, int64_t time) {
  latest_ = std::max(latest_, time);
  const int64_t step = floor_divide(time, step_us_);
  const auto [found, first] = newest_.try_emplace(hash, time);
  bool repeated = false;
  const auto note = [&] {
    steps_[step].push_back(hash);
    ++entries_;
  };
  if (first) {
    note();
  } else {
    const int64_t apart =
        time > found->second ? subtract_time(time, found->second) : subtract_time(found->second, time);
    repeated = apart < within_us_;
    if (time > found->second) {
      if (step != floor_divide(found->second, step_us_)) note();
      found->second = time;
    }
  }
  while (!steps_.empty() &&
         (newest_.size() > kMostKeys || entries_ > 4 * kMostKeys ||
          subtract_time(latest_, add_time(steps_.begin()->first * step_us_, step_us_)) >= within_us_))
    forget_oldest();
  return repeated;
}

void RepeatedKeys::forget_oldest() {
  const auto oldest = steps_.begin();
  for (const uint64_t hash : oldest->second) {
    const auto found = newest_.find(hash);
    // A key that has come again since stands in a later step, too.
    if (found != newest_.end() && floor_divide(found->second, step_us_) <= oldest->first) newest_.erase(found);
  }
  entries_ -= oldest->second.size();
  steps_.erase(oldest);
}

}  // namespace braid
