// `emit every d` behind a step whose rows are changes: what comes waits until event time has passed the next multiple
// of d, or has ended, and goes on in the order in which it came. What the changes of a key come to goes out then.
// `emit every d wall` goes by the readings of the clock that are recorded with the input: in a turn of its own, or when
// event time has ended.
//
// The event time of a change is the last instant before it goes on. State: the changes that wait. One thread.
#pragma once

#include <vector>

#include "runtime/operators/held_rows.h"
#include "runtime/operators/operator.h"

namespace braid {

class EmitNode : public OperatorNode {
 public:
  explicit EmitNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void finish_release(std::vector<Block>&) override { waiting_.pass(gone_by()); }
  void begin_release_of_waited() override {
    if (content_.wall) read_ = *services_.wall;
  }
  std::optional<int64_t> next_due() override;
  void freeze() override { waiting_.freeze(); }
  bool copy_frozen(CopyBudget& budget) override { return waiting_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override { waiting_.take_frozen(batch); }
  Status restore(StateStore& store, uint64_t memory) override { return waiting_.restore(store, memory); }
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;

 private:
  /// Changes that wait up to there go on.
  int64_t gone_by() const { return !content_.wall || edges[0].ended ? edges[0].value() : read_; }
  /// The last instant before the changes go on that come now. It never goes back, so that they keep their order; before
  /// event time has begun nobody knows it.
  int64_t end_of_wait() const;
  static constexpr int64_t kNotKnown = kNoTime + 1;
  /// Event time has begun: so do the waits of the changes that came before.
  void begin_waits();

  const EmitOperator& content_;
  std::vector<Leaf> leaves_;
  StoredRows rows_;
  BlobPool pool_;
  HeldRows waiting_;
  std::vector<HeldRow> released_;
  int64_t read_ = kNoTime;  ///< `wall`: at which the last turn of its own was run
};

}  // namespace braid
