// A job with every stateful step, on several instances over the simulated broker, under faults of every kind: what is
// in its topics at the end must be what a run over files gives, whatever happened on the way. Some records are poison,
// and each of these has one rejected row in each product that reads it.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/broker/sim_broker.h"
#include "runtime/connect/broker_settings.h"

namespace braid {

struct JobSimulation {
  uint64_t seed = 1;
  TransactionLevel level = TransactionLevel::by_session;
  Delivery delivery = Delivery::exactly_once;
  double fault_rate = 0.01;
  int instances = 3;
  int32_t partitions = 4;
  /// No source has a key, so that rows of all partitions meet in each step that has one.
  bool crosses = false;
  int records = 60;     ///< of each partition of each topic
  int64_t feed_us = 0;  ///< the second half of them comes over so long a time
  /// Instances share a folder with the stores of all tasks, as on one machine; else a task that moves is replayed from
  /// its beginning.
  bool share_stores = false;
  /// Snapshots go to a folder that all see.
  bool has_snapshots = false;
  uint64_t state_memory = UINT64_MAX;
  /// "avro" and "protobuf": the topics that are read hold records of two schemas, which each instance asks a registry
  /// for, under faults of its own. The second is registered only when the job runs. Products are written so, too.
  std::string format = "json";
  bool has_schemas() const { return format != "json"; }
  /// The job is an as-of join that lets rows go by the clock instead: what they are joined with depends on it, each row
  /// of the left side is there once.
  bool waits = false;
  /// The job is an as-of join with a table whose keys are deleted by records without a value. Not Avro, and not across
  /// stages.
  bool deletes = false;
  /// The job joins two tables, by another field than that of its product: changes of a key come from several tasks.
  /// With `crosses`.
  bool tables = false;
  /// The job is a join with a table by another column than its key, which keys leave and come to. Across stages.
  bool moves = false;
  /// The job is a join of two streams whose pairs are grouped by another field than they are joined by. Across stages.
  bool pairs = false;
  /// Rows go on with what a service answers, which is another one whenever it is asked; with `tables` those of a table.
  bool asks = false;
  /// Each product promises a `volume`: what the last commits of all tasks state is what the topics hold.
  bool counts = false;
  int64_t storm_us = 60'000'000;  ///< faults go on for so long
  /// At the end of the storm all instances crash, and one more reads what is left: its return says that all is done.
  bool ends_caught_up = false;
};

struct JobSimulated {
  std::string violation;              ///< what should not be in the output; empty: nothing
  int64_t repeated = 0;               ///< rows that are there more often than once; only at least once
  int64_t rejected = 0;               ///< rows of poison records
  std::string stall;                  ///< what is missing at the end
  std::string failure;                ///< with which an instance ended that had not crashed
  int64_t asked = 0, unanswered = 0;  ///< attempts; only with `asks`
  int64_t early = 0;                  ///< rows that were joined otherwise than a run over files does; only with `waits`
  int64_t faults = 0, rebalances = 0, crashes = 0, lives = 0;
  int64_t sent_cut = 0;  ///< records of repartition topics that snapshots made needless
  int64_t cut = 0;       ///< records of epochs that snapshots made needless
  uint64_t trace = 0;
};

JobSimulated simulate(const JobSimulation& run);

}  // namespace braid
