#include "runtime/promise/promise_watch.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace braid {
namespace {

constexpr double kAtRisk = 0.25;

}  // namespace

const char* word_of(PromiseState state) {
  switch (state) {
    case PromiseState::ok:
      return "ok";
    case PromiseState::at_risk:
      return "at risk";
    case PromiseState::breached:
      return "breached";
  }
  BRAID_UNREACHABLE("state of a promise");
}

std::optional<PromiseState> PromiseWatch::update(const PromiseReading& reading) {
  if (reading.idle) {
    if (!status_.idle_since) status_.idle_since = reading.now;
    return std::nullopt;
  }
  status_.idle_since.reset();
  // Rows may be of a time that the clock has not reached.
  status_.age_us = std::max<int64_t>(0, reading.now - (reading.newest == kNoTime ? began_ : reading.newest));
  status_.budget_left = 1 - static_cast<double>(status_.age_us) / static_cast<double>(promise_.bound_us);
  const PromiseState now = status_.age_us > promise_.bound_us ? PromiseState::breached
                           : status_.budget_left < kAtRisk    ? PromiseState::at_risk
                                                              : PromiseState::ok;
  const PromiseState before = status_.state;
  if (now == before) return std::nullopt;
  status_.state = now;
  status_.since = reading.now;
  if (now == PromiseState::breached) ++status_.breaches;
  if (now != PromiseState::breached && before != PromiseState::breached) return std::nullopt;
  return before;
}

}  // namespace braid
