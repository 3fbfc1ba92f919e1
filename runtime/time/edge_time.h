// The watermark of an edge: the least W of the source partitions upstream that are neither idle nor ended.
//
// EdgeTime has the parts of such a minimum, so that edges combine correctly when partitions are idle: an input whose
// partitions are all idle must not hold back a union with an active input. Operators receive an EdgeWatermark, which
// never goes back. Values.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/time/partition_clock.h"

namespace braid {

struct EdgeTime {
  int64_t w = kEndTime;  ///< least W of the active partitions
  uint32_t active = 0;
  uint32_t idle = 0;

  static EdgeTime of(const PartitionClock& clock) {
    if (clock.ended) return {};
    if (clock.idle) return {.idle = 1};
    return {clock.watermark(), 1, 0};
  }
  /// The time held back by that much, for windows that stay open longer and intervals that are not closed.
  EdgeTime minus(int64_t hold) const { return {active == 0 ? kEndTime : subtract_time(w, hold), active, idle}; }
  friend EdgeTime operator+(const EdgeTime& a, const EdgeTime& b) {
    return {std::min(a.w, b.w), a.active + b.active, a.idle + b.idle};
  }
};

/// `finite` is what is stored: an end may be undone by a file that has grown when the job starts again.
struct EdgeWatermark {
  int64_t finite = kNoTime;
  bool ended = false;

  int64_t value() const { return ended ? kEndTime : finite; }
  void move(const EdgeTime& time) {
    ended = time.active == 0 && time.idle == 0;
    if (time.active > 0) finite = std::max(finite, std::min(time.w, kEndTime - 1));
  }
};

}  // namespace braid
