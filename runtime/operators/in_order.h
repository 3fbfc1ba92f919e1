// In front of a step that goes through the rows of a key in the order of time: rows wait until time has passed them,
// and go on in the order of (time, source, partition, position), and of those by a time that they have, if the step
// names one. A row that time has passed before is late.
//
// State: the rows that wait, and up to where the end of the inputs has let all go. One thread.
#pragma once

#include <vector>

#include "runtime/operators/held_rows.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/sealed_time.h"

namespace braid {

class InOrderNode : public OperatorNode {
 public:
  explicit InOrderNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override { return waiting_.next_release(edges[0].value()); }
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override { return waiting_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override;
  Status restore(StateStore& store, uint64_t memory) override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;

 private:
  const InOrderOperator& content_;
  int by_column_ = -1;
  std::vector<Leaf> leaves_;
  StoredRows rows_;
  BlobPool pool_;
  HeldRows waiting_;
  std::vector<HeldRow> released_;
  SealedTime sealed_{table(1)};
  StateBatch sealed_batch_;
};

}  // namespace braid
