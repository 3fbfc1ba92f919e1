// What a task sends to other stages of its job: rows, to the partition of their key, and what becomes of its time, to
// all partitions. Rows of an epoch are joined to records of about 64 KB. The time goes with that of the member's other
// tasks, in one record for each partition.
//
// Rows that are sent while epochs are run again are digested like before and thrown away; so is their time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/clock.h"
#include "runtime/data/stream_digest.h"
#include "runtime/engine/epoch.h"
#include "runtime/engine/exchange_rows.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/state/key_format.h"
#include "runtime/tasks/transaction.h"

namespace braid {

/// Where rows with a key go that has that hash.
int32_t partition_of_hash(uint64_t hash, int32_t partitions);

/// What becomes of the time of a member's tasks with the epochs that end.
class ExchangeTimes {
 public:
  void add(const Exchange& exchange, const SourceRows::Front& front);
  /// Into the transaction, behind all rows of these epochs.
  void write(Transaction& transaction, Clock& clock) const;

 private:
  struct Topic {
    int32_t partitions = 0;
    std::vector<SourceRows::Front> fronts;
  };
  std::map<std::string, Topic> topics_;
};

class ExchangeOutputs {
 public:
  /// `front`: the number of the task within its stage.
  ExchangeOutputs(const Program& stage, uint32_t front, Transaction& transaction, Clock& clock);

  void send(int exchange, const Block& block, bool live);
  /// What has been sent since the last call, for the record of the epoch.
  void collect(std::vector<EpochOutput>& outputs);
  /// All rows go into the transaction, and the time to those of others.
  void end_epoch(uint64_t epoch, const TurnEngine& engine, ExchangeTimes& times);

 private:
  struct Output {
    Output(const Program& stage, const Exchange& exchange, int input);

    const Exchange& exchange;
    int input;  ///< the operator whose rows it sends
    ExchangeFormat format;
    KeyFormat keys;
    std::vector<WireWriter> waiting;  ///< by partition
    uint64_t rows = 0;
    StreamDigest digest;
  };
  void write(Output& output, int32_t partition, std::string_view value);

  uint32_t front_;
  Transaction& transaction_;
  Clock& clock_;
  std::vector<std::unique_ptr<Output>> outputs_;
  Arena arena_;
};

}  // namespace braid
