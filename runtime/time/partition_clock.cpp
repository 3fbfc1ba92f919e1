#include "runtime/time/partition_clock.h"

#include <algorithm>

namespace braid {

void PartitionClock::observe(int64_t time) {
  newest = std::max(newest, time);
  const bool above = max == kNoTime || time > add_time(max, ahead);
  if (above) {
    if (candidate == kNoTime) {
      candidate = time;
    } else {
      max = std::min(candidate, time);
      candidate = kNoTime;
    }
    return;
  }
  if (candidate != kNoTime) {
    candidate = kNoTime;
    ++leaps_discarded;
  }
  max = std::max(max, time);
}

void PartitionClock::advance(int64_t time) {
  newest = std::max(newest, time);
  max = std::max(max, time);
  candidate = kNoTime;
}

void PartitionClock::follow(int64_t time) {
  idle = follows = true;
  if (time > max) advance(time);
}

void PartitionClock::wake(int64_t task) {
  if (!idle) return;
  idle = follows = false;
  floor = std::max(floor, task);
}

}  // namespace braid
