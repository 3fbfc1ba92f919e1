// What goes wrong in a simulation: by chance, or at a call that a test names.
#pragma once

#include <array>
#include <map>

#include "runtime/base/rng.h"
#include "runtime/broker/sim_protocol.h"

namespace braid {

/// Of one request. In all cases but `error` the client sees its connection break, at once or late, and does not know
/// what has happened; what it sends before it sees that befalls the same.
enum class SimFault {
  none,
  lost_request,  ///< the broker never sees it
  lost_answer,   ///< the broker does what it says
  held,          ///< the broker does it much later, when its sender has long gone on or is gone
  error          ///< a clean answer: try again
};

/// Chances between 0 and 1.
struct FaultPlan {
  // of each request
  double lost_request = 0, lost_answer = 0, held = 0, error = 0;
  /// Of each transaction that ends: its markers come late.
  double late_markers = 0;
  /// Of each topic that an instance makes: it is listed at once, and those who lead it hear of it later.
  double late_topics = 0;
  /// Of each look at a partition by a reader: nothing is at hand for a while.
  double stall = 0;
  // of each call of an instance, at its begin or at its end
  double pause = 0;      ///< the whole instance stands still, as long as `longest_pause_us`
  double crash = 0;      ///< the instance is gone; what it has sent still arrives
  double away = 0;       ///< no broker answers
  double rebalance = 0;  ///< its groups begin to rebalance
  int64_t longest_hold_us = 30'000'000, longest_pause_us = 40'000'000, longest_away_us = 15'000'000;

  /// All kinds, in proportion to how often they are met.
  static FaultPlan everything(double rate);
};

class SimFaults {
 public:
  explicit SimFaults(uint64_t seed) : rng_(seed) {}

  FaultPlan plan;
  /// The nth request of this kind from now on, the next one is 1.
  void force(SimRequest kind, int64_t nth, SimFault fault);
  SimFault draw(SimRequest kind);
  bool chance(double of) { return of > 0 && rng_.unit() < of; }
  int64_t between(int64_t low, int64_t high) { return rng_.between(low, high); }
  /// Mostly short, sometimes up to `longest`.
  int64_t duration(int64_t shortest, int64_t longest);
  /// How often a request of this kind was sent, and how many faults there were.
  int64_t sent(SimRequest kind) const { return sent_[static_cast<size_t>(kind)]; }
  int64_t faults() const { return faults_; }

 private:
  Rng rng_;
  std::array<int64_t, kSimRequests> sent_{};
  std::map<std::pair<SimRequest, int64_t>, SimFault> forced_;
  int64_t faults_ = 0;
};

}  // namespace braid
