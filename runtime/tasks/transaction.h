// What one member of a job writes: a transaction after the other. The first record begins one. A failure is remembered
// until the end, since rows are written in the middle of turns; nothing is written behind it.
//
// The writer outlives it. One thread.
#pragma once

#include <optional>
#include <vector>

#include "runtime/broker/broker.h"

namespace braid {

class Transaction {
 public:
  Transaction(BrokerWriter& writer, int64_t patience_us) : writer_(writer), patience_us_(patience_us) {}

  void write(const NewRecord& record);
  /// Something else than a write has failed that belongs to it.
  void fail(const BrokerError& error) {
    if (!failure_) failure_ = error;
  }
  bool is_open() const { return open_; }
  /// Of a record that was written since it began.
  const std::optional<BrokerError>& failure() const { return failure_; }
  /// Everything that was written and these offsets, or nothing: with the fault `uncertain` nobody knows.
  BrokerStatus commit(const std::vector<OffsetToCommit>& offsets, const BrokerGroup::Membership& membership);
  /// Nothing of it. After `uncertain`, a new session settles it.
  BrokerStatus abort();
  /// A new session has ended what was open.
  void forget();

 private:
  BrokerStatus begin();

  BrokerWriter& writer_;
  int64_t patience_us_;
  bool open_ = false;
  std::optional<BrokerError> failure_;
};

}  // namespace braid
