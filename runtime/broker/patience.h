// Calls of a broker that are repeated while they fail in a way that may pass.
#pragma once

#include <algorithm>
#include <functional>

#include "runtime/base/clock.h"
#include "runtime/broker/broker.h"

namespace braid {

/// Calls until the answer is another one than `retry`, or `gives_up` says so; with pauses that grow to 2 s.
template <class Call>
auto ask_patiently(Clock& clock, const std::function<bool()>& gives_up, const Call& call) -> decltype(call()) {
  for (int64_t pause = 50'000;; pause = std::min<int64_t>(pause * 2, 2'000'000)) {
    auto answer = call();
    if (answer.ok() || answer.error().fault != BrokerFault::retry || (gives_up && gives_up())) return answer;
    clock.sleep_us(pause);
  }
}

}  // namespace braid
