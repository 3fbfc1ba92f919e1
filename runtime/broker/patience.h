// Calls of a broker that are repeated while they fail in a way that may pass.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <vector>

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

/// How long a topic that must exist is asked for again: brokers under load hear of a new one that much later.
inline constexpr int64_t kUntilTopicIsKnown = 3'000'000;

/// Of those that exist, in any order. A broker hears of a new topic a moment after it was made, and does not know it
/// until then: what is not there is asked for again, for up to `patience_us`.
inline BrokerResult<std::vector<TopicInfo>> describe_patiently(Broker& broker, Clock& clock,
                                                               const std::function<bool()>& gives_up,
                                                               std::span<const std::string> topics,
                                                               int64_t patience_us) {
  constexpr int64_t kPause = 200'000, kCall = 30'000'000;
  const int64_t began = clock.steady_us();
  while (true) {
    auto found = ask_patiently(clock, gives_up, [&] { return broker.describe(topics, kCall); });
    if (!found.ok() || found->size() == topics.size() || clock.steady_us() - began >= patience_us) return found;
    if (gives_up && gives_up()) return found;
    clock.sleep_us(kPause);
  }
}

}  // namespace braid
