// HTTP to simulated registries, in the time of a ManualClock, with faults: drawn by a seed, or those that a test names
// for the next requests. One thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/rng.h"
#include "runtime/connect/registry/http.h"
#include "runtime/connect/registry/sim_registry.h"

namespace braid::registry {

enum class SimFault {
  none,
  refused,       ///< no connection
  lost_request,  ///< nothing comes until the time-out; nothing was done
  lost_answer,   ///< nothing comes until the time-out; the request was done
  cut_answer,    ///< the request was done, and the connection ends in the middle of the answer
  too_many,      ///< 429 with Retry-After
  overloaded,    ///< 503
  broken,        ///< 500 with an error of the registry
  garbage,       ///< 200 with a page for people
  half,          ///< 200 with the first half of the JSON
  huge,          ///< 200 with more bytes than were asked for
  redirect       ///< 302 to another server
};
inline constexpr int kSimFaults = 12;

class SimHttp final : public Http {
 public:
  /// Of the servers: by base URL.
  SimHttp(ManualClock& clock, Rng rng, std::map<std::string, SimRegistry*> servers)
      : clock_(clock), rng_(rng), servers_(std::move(servers)) {}

  std::unique_ptr<HttpExchange> start(HttpRequest request) override;
  void wait(int64_t at_most_us) override;

  /// Of the next requests, one each.
  void next(std::vector<SimFault> faults) { planned_.insert(planned_.end(), faults.begin(), faults.end()); }
  /// Of the requests behind those: one in that many has a fault; 0: none.
  void fault_one_in(uint64_t requests) { one_in_ = requests; }
  /// Until a server answers; drawn from its half up.
  void take_us(int64_t us) { takes_us_ = us; }
  int64_t retry_after_us = 2'000'000;

  const std::vector<HttpRequest>& requests() const { return requests_; }

 private:
  friend class SimExchange;
  ManualClock& clock_;
  Rng rng_;
  std::map<std::string, SimRegistry*> servers_;
  std::deque<SimFault> planned_;
  uint64_t one_in_ = 0;
  int64_t takes_us_ = 2'000;
  std::vector<HttpRequest> requests_;
  std::vector<class SimExchange*> open_;
};

}  // namespace braid::registry
