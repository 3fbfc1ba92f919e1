// `from every d`: a row for each multiple of d, from the first event time of its inputs on, made when their watermark
// has passed it. At the end of all inputs the rows up to the last event time are made. Which rows these are depends on
// the times of the records alone: what comes before the first row is made is not late, and no later record is older.
//
// Inputs are sources; their rows are looked at for their times until the first row is made, and are settled elsewhere.
// State: one point row with the first time and that of the next row. One thread.
#pragma once

#include <vector>

#include "runtime/operators/operator.h"

namespace braid {

class TickNode : public OperatorNode {
 public:
  explicit TickNode(const Services& services);
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void freeze() override;
  void take_frozen(StateBatch& batch) override { batch.append(frozen_); }
  Status restore(StateStore& store, uint64_t memory) override;
  StateSize state_size() const override { return {1, sizeof(*this)}; }

 private:
  /// Rows before that time are due.
  int64_t passed() const;

  const TickOperator& content_;
  std::vector<Leaf> leaves_;
  int64_t first_ = kEndTime;  ///< the least time of a record that was not late, before the first row is made
  int64_t next_ = kNoTime;    ///< the time of the next row; kNoTime: none is made yet
  bool changed_ = false;
  StateBatch frozen_;
};

}  // namespace braid
