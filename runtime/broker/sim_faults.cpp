#include "runtime/broker/sim_faults.h"

namespace braid {

FaultPlan FaultPlan::everything(double rate) {
  FaultPlan plan;
  plan.lost_request = plan.lost_answer = plan.held = plan.error = rate;
  plan.late_markers = 5 * rate;
  plan.late_topics = 20 * rate;
  plan.stall = 2 * rate;
  plan.pause = plan.crash = rate / 8;
  plan.away = rate / 30;
  plan.rebalance = rate / 8;
  return plan;
}

void SimFaults::force(SimRequest kind, int64_t nth, SimFault fault) {
  forced_[{kind, sent(kind) + nth}] = fault;
}

SimFault SimFaults::draw(SimRequest kind) {
  const int64_t number = ++sent_[static_cast<size_t>(kind)];
  SimFault fault = SimFault::none;
  if (!forced_.empty()) {
    if (auto found = forced_.find({kind, number}); found != forced_.end()) {
      fault = found->second;
      ++faults_;
      return fault;
    }
  }
  const double of_all = plan.lost_request + plan.lost_answer + plan.held + plan.error;
  if (of_all <= 0) return fault;
  double drawn = rng_.unit();
  if (drawn >= of_all) return fault;
  ++faults_;
  if ((drawn -= plan.lost_request) < 0) return SimFault::lost_request;
  if ((drawn -= plan.lost_answer) < 0) return SimFault::lost_answer;
  if ((drawn -= plan.held) < 0) return SimFault::held;
  return SimFault::error;
}

int64_t SimFaults::duration(int64_t shortest, int64_t longest) {
  const int64_t most = rng_.chance(2) ? longest : shortest + (longest - shortest) / 20;
  return rng_.between(shortest, most);
}

}  // namespace braid
