// Rows wait until time has passed them and go on instant by instant: in a round all rows of one event time, with what
// the steps behind make of them, and in the next round those of the next. So a step that makes changes gives, for each
// instant at which a key's row changes, one that goes and one that comes: the history of the table, which no arrival
// shows in.
//
// Before a join of two tables each side has such a step. They go through their instants together, up to the lesser of
// their watermarks: the left one decides which instant is next, and the right one follows in the same round.
//
// Rows of a stream that come late leave. Versions of a table that come late count from the watermark on, as for a join
// (versions.h). State: the rows that wait, and up to when the end of the input has decided. One thread.
#pragma once

#include <vector>

#include "runtime/operators/held_rows.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/sealed_time.h"

namespace braid {

class InstantsNode : public OperatorNode {
 public:
  explicit InstantsNode(const Services& services);
  void begin_round() override;
  void take(int input, const Block& block, std::vector<Block>& out) override;
  /// Releases the rows of the next instant that is due; false: there was none.
  bool advance(std::vector<Block>& out) override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override { return waiting_.copy_frozen(budget); }
  void take_frozen(StateBatch& batch) override;
  Status restore(StateStore& store, uint64_t memory) override;
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;
  int64_t sealed() const override { return sealed_.time(); }
  void seal(int64_t time) override { sealed_.seal(time); }

 private:
  /// What the left one of a pair has decided.
  enum class Pace : uint8_t { unknown, instant, over };
  static constexpr uint32_t kWaitingTable = 0;
  static constexpr uint32_t kSealedTable = 1;
  /// Takes rows before `bound` out of the store and the queue, if none of those taken is left. False: none is due.
  bool take_due(int64_t bound);
  /// Those of one instant, which is not after the next one.
  void release(int64_t instant, std::vector<Block>& out);
  bool lead(std::vector<Block>& out);
  bool follow(std::vector<Block>& out);

  const InstantsOperator& content_;
  std::vector<Leaf> leaves_;
  StoredRows rows_;
  BlobPool pool_;
  HeldRows waiting_;
  SealedTime sealed_{table(kSealedTable)};
  StateBatch frozen_seal_;
  std::vector<HeldRow> due_;  ///< in order
  size_t next_ = 0;           ///< of these to be released

  // Of a pair.
  InstantsNode* leader_ = nullptr;
  InstantsNode* follower_ = nullptr;
  uint64_t arrived_ = 0;  ///< the turn in which all rows of the input were here
  Pace pace_ = Pace::unknown;
  int64_t instant_ = 0;
};

/// For each operator, whether it takes the rows of one instant in a round, and gives what they come to in that round.
/// The last of them nets the changes, which are a stream then.
std::vector<bool> by_instants(const Program& program);
/// The same with the steps that such a stream goes on to.
std::vector<bool> behind_instants(const Program& program);

}  // namespace braid
