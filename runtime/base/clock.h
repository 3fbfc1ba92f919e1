// The wall clock as a seam: code that needs the time takes a Clock. Readings that matter for results are recorded in
// the job's state; nothing else may depend on them.
// Threads: system_clock() may be used from any thread; a ManualClock belongs to the test or simulation that drives it.
#pragma once

#include <cstdint>

namespace braid {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since 1970-01-01T00:00Z.
  virtual int64_t now_us() = 0;
  /// Microseconds of a clock that never goes back, for measuring how long something took.
  virtual int64_t steady_us() = 0;
  /// Returns when about that long has passed.
  virtual void sleep_us(int64_t us) = 0;
};

/// The machine's clock. Lives for the whole program.
Clock& system_clock();

/// Stays at one time until a caller moves it.
class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t now_us = 0) : now_us_(now_us) {}
  int64_t now_us() override { return now_us_; }
  int64_t steady_us() override { return now_us_; }
  void sleep_us(int64_t us) override { advance_us(us); }
  void set_us(int64_t now_us) { now_us_ = now_us; }
  void advance_us(int64_t by_us) { now_us_ += by_us; }

 private:
  int64_t now_us_;
};

}  // namespace braid
