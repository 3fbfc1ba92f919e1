// Watches one promise of a product. It is told what the product has published and what the clock reads, and says in
// which state the promise is:
//
//   ok ──► at risk: less than a quarter of the budget is left ──► breached ──► ok (it has recovered)
//
// `fresh within d`: clock reading − newest event time of the rows that readers can see ≤ d. The budget is d, and what
// is left of it is 1 − age / d. While all inputs are idle nothing is late: the promise stays as it was, and says since
// when it is idle. Before the first row the age counts from when the watch began.
//
// One thread. No clock: readings come from the caller, so that time can be simulated.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/abi/program.h"
#include "runtime/time/partition_clock.h"

namespace braid {

enum class PromiseState { ok, at_risk, breached };
/// "ok", "at risk", "breached".
const char* word_of(PromiseState state);

struct PromiseReading {
  int64_t now = 0;           ///< clock
  int64_t newest = kNoTime;  ///< event time of the newest row that readers can see
  bool idle = false;         ///< no input has had anything for longer than its `idle`
};

struct PromiseStatus {
  PromiseState state = PromiseState::ok;
  int64_t since = 0;       ///< clock reading at which the state began
  int64_t age_us = 0;      ///< as last measured
  double budget_left = 1;  ///< 0 and less: breached
  std::optional<int64_t> idle_since;
  uint64_t breaches = 0;  ///< so far
};

class PromiseWatch {
 public:
  PromiseWatch(const PromiseSpec& promise, int64_t now) : promise_(promise), began_(now) { status_.since = now; }

  /// The state before, where it has changed between breached and not. Readings do not go back.
  std::optional<PromiseState> update(const PromiseReading& reading);
  const PromiseSpec& promise() const { return promise_; }
  const PromiseStatus& status() const { return status_; }

 private:
  PromiseSpec promise_;
  int64_t began_;
  PromiseStatus status_;
};

}  // namespace braid
