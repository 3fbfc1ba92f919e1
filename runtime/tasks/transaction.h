// What one member of a job writes: a transaction after the other. The first record begins one. A failure is remembered
// until the end, since rows are written in the middle of turns; nothing is written behind it.
//
// At least once there are no transactions: what is written is there at once, and a commit makes it durable before it
// commits the offsets. It cannot be undone, so that after a failure it is written again.
//
// The writer outlives it. One thread.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "runtime/broker/broker.h"

namespace braid {

class Transaction {
 public:
  /// `attempts`: at least once; a number that no other writer of the job has.
  Transaction(BrokerWriter& writer, int64_t patience_us, std::optional<uint64_t> attempts = {})
      : writer_(writer), patience_us_(patience_us), attempts_(attempts) {}

  void write(const NewRecord& record);
  /// Something else than a write has failed that belongs to it.
  void fail(const BrokerError& error) {
    if (!failure_) failure_ = error;
  }
  bool is_open() const { return open_; }
  /// Called between what was written and the commit; for tests.
  std::function<void()> before_offsets;
  /// For EpochRecord::attempt: another one each time, 0 with transactions.
  uint64_t next_attempt();
  /// Of a record that was written since it began.
  const std::optional<BrokerError>& failure() const { return failure_; }
  /// Everything that was written and these offsets, or nothing: with the fault `uncertain` nobody knows.
  /// At least once: everything that was written, then the offsets. After any failure the member has to join its group
  /// anew, so that what is still on its way is refused.
  BrokerStatus commit(const std::vector<OffsetToCommit>& offsets, BrokerGroup& group);
  /// Nothing of it. After `uncertain`, a new session settles it. Only with transactions.
  BrokerStatus abort();
  /// A new session has ended what was open.
  void forget();

 private:
  BrokerStatus begin();

  BrokerWriter& writer_;
  int64_t patience_us_;
  std::optional<uint64_t> attempts_;
  uint64_t attempt_ = 0;  ///< counts
  bool open_ = false;
  std::optional<BrokerError> failure_;
};

}  // namespace braid
