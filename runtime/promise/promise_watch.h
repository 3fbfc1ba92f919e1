// Watches one promise of a product. It is told what the product has published and what the clock reads, and says in
// which state the promise is:
//
//   ok ──► at risk: less than a quarter of the budget is left ──► breached ──► ok (it has recovered)
//
//   promise              what is measured                                       budget that is left
//   fresh within d       age: clock − newest event time that readers can see    1 − age / d
//   latency p99 < d      share of the rows seen within d, of the last kWindowUs 1 − slow / (1 % of all)
//   complete f >= s      share of the rows with f, of the last kWindowUs        1 − with null / (1 − s of all)
//   unique k within d    share of the rows that repeat no key, of the same      a repeated one is a breach
//   volume a..b per d    rows of the last whole period of event time            the lesser of rows / a − 1, 1 − rows /
//   b state <= b           bytes of the rows of state of its steps                1 − bytes / b
//
// Budget below 0, or used up by a share of rows: breached. A period of `volume` is whole when the watermark has passed
// its end; it is in breach before, once it has too many rows. The period in which the watch begins is not whole, and
// none is that begins before PromiseCounts::from.
//
// While all inputs are idle nothing is late and event time stands still: `fresh` and `volume` stay as they were, and
// say since when they are idle. Before the first row the age counts from when the watch began.
//
// One thread. No clock: readings come from the caller, so that time can be simulated.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "runtime/abi/program.h"
#include "runtime/promise/published_rows.h"
#include "runtime/time/partition_clock.h"

namespace braid {

enum class PromiseState { ok, at_risk, breached };
/// "ok", "at risk", "breached".
const char* word_of(PromiseState state);

struct PromiseReading {
  int64_t now = 0;                           ///< clock
  bool idle = false;                         ///< no input has had anything for longer than its `idle`
  PromiseCounts counts = {};                 ///< since the process began; less than before: what counted them has left
  std::optional<uint64_t> state_bytes = {};  ///< of the product's steps; none: not known
  /// Other processes publish rows of the product, too, and the counts are without those.
  bool others = false;
};

struct PromiseStatus {
  PromiseState state = PromiseState::ok;
  int64_t since = 0;  ///< clock reading at which the state began
  /// As last measured: seconds of age, a share of the rows, rows, or bytes. None: nothing to measure yet.
  std::optional<double> measured;
  double budget_left = 1;  ///< less than 0, or 0 where rows have used it up: breached
  std::optional<int64_t> idle_since;
  uint64_t breaches = 0;                 ///< so far
  int64_t rows = 0, missed = 0;          ///< of the window, of latency and complete
  int64_t all_rows = 0, all_missed = 0;  ///< since the watch began
  bool apart = false;  ///< of `volume`: what other processes have is not known, so it is not judged for now
};

/// "fresh", as contracts say it.
const char* word_of(PromiseSpec::Rule rule);
/// What `measured` is: "age_s", "share", "rows" or "bytes".
const char* unit_of(PromiseSpec::Rule rule);
/// What was measured, in words: "99.5% of 1200 rows"; empty before there is anything.
std::string measured_text(PromiseSpec::Rule rule, const PromiseStatus& status);

class PromiseWatch {
 public:
  static constexpr int64_t kWindowUs = 3'600'000'000, kPartUs = kWindowUs / 60;

  PromiseWatch(const PromiseSpec& promise, int64_t now) : promise_(promise), began_(now) { status_.since = now; }

  /// The state before, where it has changed between breached and not. Readings do not go back.
  std::optional<PromiseState> update(const PromiseReading& reading);
  const PromiseSpec& promise() const { return promise_; }
  const PromiseStatus& status() const { return status_; }

 private:
  /// What is left of the budget; none: as before.
  std::optional<double> measure(const PromiseReading& reading);
  double measure_age(const PromiseReading& reading);
  double measure_share(const PromiseReading& reading);
  std::optional<double> measure_volume(const PromiseReading& reading);
  double left_of_period(int64_t rows, bool whole) const;

  PromiseSpec promise_;
  int64_t began_;
  PromiseStatus status_;
  /// Of latency and complete: the window in parts, the oldest first, and the counts at the last reading.
  struct Part {
    int64_t begin;
    int64_t rows, missed;
  };
  std::deque<Part> window_;
  int64_t rows_ = 0, missed_ = 0;
  int64_t next_period_ = kNoTime;  ///< of volume: start of the first that is not judged
  double last_period_left_ = 1;
};

}  // namespace braid
