// The watermark of an edge: the least W of the source partitions upstream that are neither idle nor ended. Where all
// are, and some go by the clock (`idle … then advance`), the largest of these.
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
  /// The least W of the active partitions. Without such: the largest of those that are idle and go by the clock, or
  /// kEndTime if none does.
  int64_t w = kEndTime;
  uint32_t active = 0;
  uint32_t idle = 0;
  int64_t reached = kNoTime;  ///< the largest W of all partitions upstream, which stays when they have ended

  static EdgeTime of(const PartitionClock& clock) {
    const int64_t w = clock.watermark();
    if (clock.ended) return {.reached = w};
    if (clock.idle) return {.w = clock.follows ? w : kEndTime, .idle = 1, .reached = w};
    return {w, 1, 0, w};
  }
  /// There is a time at which it stands.
  bool moves() const { return active > 0 || (idle > 0 && w != kEndTime); }
  /// The time held back by that much, for windows that stay open longer and intervals that are not closed.
  EdgeTime minus(int64_t hold) const { return {subtract_time(w, hold), active, idle, reached}; }
  friend EdgeTime operator+(const EdgeTime& a, const EdgeTime& b) {
    return {together(a, b), a.active + b.active, a.idle + b.idle, std::max(a.reached, b.reached)};
  }

 private:
  static int64_t together(const EdgeTime& a, const EdgeTime& b) {
    if (a.active > 0 && b.active > 0) return std::min(a.w, b.w);
    if (a.active > 0) return a.w;
    if (b.active > 0 || a.w == kEndTime) return b.w;
    return b.w == kEndTime ? a.w : std::max(a.w, b.w);
  }
};

/// `finite` is what is stored: an end may be undone by a file that has grown when the job starts again.
struct EdgeWatermark {
  int64_t finite = kNoTime;
  bool ended = false;
  int64_t reached = kNoTime;  ///< as EdgeTime::reached; not stored

  int64_t value() const { return ended ? kEndTime : finite; }
  /// Up to where keys are forgotten: the end of an input is no time that has gone by.
  int64_t gone_by() const { return ended ? std::max(finite, reached) : finite; }
  void move(const EdgeTime& time) {
    ended = time.active == 0 && time.idle == 0;
    reached = std::max(reached, time.reached);
    if (time.moves()) finite = std::max(finite, std::min(time.w, kEndTime - 1));
  }
};

}  // namespace braid
