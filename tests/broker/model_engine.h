// A small engine that copies input to output exactly once, on several instances: the protocol of the real one
// (docs/decisions/0020-a-broker-as-a-seam.md) without its state. For tests of the simulated broker: it must never be
// caught, and it must be caught when it makes one of the mistakes below.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/broker/sim_broker.h"

namespace braid {

enum class Mistake {
  none,
  keeps_session_after_doubt,  ///< as a client library does that sends again what was not answered
  goes_on_after_uncertain,    ///< as if the transaction had ended
  offsets_outside,            ///< in a transaction of their own
  resets_when_unstable,       ///< begins at the start when offsets cannot be read
  keeps_lost_work,            ///< and commits it with the membership that it has since
  does_not_flush,             ///< before it commits
  takes_doubt_for_failure     ///< produces again from where it was, without reading the offsets
};

struct ModelRun {
  uint64_t seed = 1;
  Mistake mistake = Mistake::none;
  TransactionLevel level = TransactionLevel::by_session;
  double fault_rate = 0.02;
  int instances = 3;
  int32_t partitions = 4;
  int records = 250;  ///< of each partition
  /// Faults go on for so long.
  int64_t storm_us = 120'000'000;
};

struct ModelOutcome {
  std::string violation;  ///< records twice, lost or out of order; empty: none
  std::string stall;      ///< what was not done in the time given after the last fault; empty: all was
  int64_t faults = 0, rebalances = 0, commits = 0, crashes = 0, doubts = 0, fencings = 0;
  int64_t ended_us = 0;
  uint64_t trace = 0;  ///< of everything that was written and when
};

ModelOutcome run_model(const ModelRun& run);

}  // namespace braid
