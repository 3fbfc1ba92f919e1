// The event time of one source partition: the confirmed maximum, a leap not yet confirmed, and the watermark W that
// follows from them (docs/architecture: time, rules 1, 2 and 4). A value; the engine keeps one per partition, and one
// more per partition after each re-timing step.
#pragma once

#include <cstdint>

namespace braid {

inline constexpr int64_t kNoTime = INT64_MIN;   ///< before everything
inline constexpr int64_t kEndTime = INT64_MAX;  ///< W after the end

/// a + b; stays at the ends of time instead of wrapping, and the ends stay where they are.
constexpr int64_t add_time(int64_t a, int64_t b) {
  if (a == kNoTime || a == kEndTime) return a;
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b < 0 ? kNoTime + 1 : kEndTime - 1;
  return sum;
}
constexpr int64_t subtract_time(int64_t a, int64_t b) {
  return b == INT64_MIN ? add_time(add_time(a, INT64_MAX), 1) : add_time(a, -b);
}

struct PartitionClock {
  int64_t within = 0;
  int64_t ahead = 0;
  int64_t max = kNoTime;        ///< confirmed
  int64_t candidate = kNoTime;  ///< of a leap; kNoTime: none
  int64_t floor = kNoTime;      ///< W is at least this: set when the partition wakes
  int64_t newest = kNoTime;     ///< the largest time seen, confirmed or not
  uint64_t leaps_discarded = 0;
  bool idle = false;
  bool ended = false;
  bool follows = false;      ///< idle, and its time goes on by the clock
  uint8_t reserved[5] = {};  ///< no padding with undefined content: clocks are stored as bytes

  /// The watermark that decides whether rows are late, as if the partition were neither idle nor ended.
  int64_t watermark() const {
    int64_t own = subtract_time(max, within);
    return own > floor ? own : floor;
  }
  bool active() const { return !idle && !ended; }
  /// A record of that time has arrived. Compare it with watermark() first.
  void observe(int64_t time);
  /// Time moves to `time` without a record, and needs no confirmation.
  void advance(int64_t time);
  /// It is idle, and its time is not behind `time`.
  void follow(int64_t time);
  /// It has a record again, or is told its time. `task`: the watermark that its time is not behind then.
  void wake(int64_t task);
};

}  // namespace braid
