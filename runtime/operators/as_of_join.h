// A stream joined with a table of versions: a row of time t is joined with the version valid at t. It waits, in state,
// until the table's watermark has passed t, and is released in order (t, turn, ordinal). If the watermark has already
// passed t, the row is joined at once. Late left rows leave; late versions are valid from the watermark on.
//
// With `wait at most d` a row waits no longer than d by the wall clock: a turn for that releases it early, joined with
// what is there. While rows wait, time behind the join stays where the table's is, so that none is late there.
//
// With `latest` no row waits or is late: it meets the newest version that has come, the right side of its turn
// included.
// By the table's key a row meets one version at most, which Versions has; by other columns that of each key that has
// equal ones, which VersionIndex has: the join then makes a row of each.
#pragma once

#include <type_traits>

#include "runtime/operators/held_rows.h"
#include "runtime/operators/join_rows.h"
#include "runtime/operators/version_index.h"
#include "runtime/operators/versions.h"
#include "runtime/state/key_format.h"

namespace braid {

template <class History>
class AsOfJoinNode : public OperatorNode {
 public:
  explicit AsOfJoinNode(const Services& services);
  void begin_round() override { pool_.release_pending(); }
  void take(int input, const Block& block, std::vector<Block>& out) override;
  std::optional<ReleasePoint> next_release() override { return waiting_.next_release(edges[1].value()); }
  void begin_release_of_waited() override;
  std::optional<int64_t> next_due() override;
  uint64_t release_before(const ReleasePoint& point, std::vector<Block>& out) override;
  void put_released(std::vector<Block>& out) override;
  void finish_release(std::vector<Block>& out) override;
  EdgeTime output_time(std::span<const EdgeTime> inputs) const override;
  void freeze() override;
  bool copy_frozen(CopyBudget& budget) override;
  void take_frozen(StateBatch& batch) override;
  void committed() override { versions_.committed(); }
  Status restore(StateStore& store, uint64_t memory) override;
  void read_ahead() override { note(versions_.read_ahead()); }
  Status evict(uint64_t bytes) override;
  StateSize state_size() const override;

 private:
  static constexpr uint32_t kVersionTable = 0;
  static constexpr uint32_t kWaitingTable = 1;
  static constexpr bool kIndexed = std::is_same_v<History, VersionIndex>;
  void take_version(const Block& block);
  void take_left(const Block& block, std::vector<Block>& out);
  /// What the row, which has a key, meets at that time.
  void meet(uint32_t row, const KeyBlock& keys, int64_t time);
  void finish(const Block& block, std::vector<Block>& out);
  void join_released(bool early, std::vector<Block>& out);

  const AsOfJoinOperator& content_;
  JoinRows rows_;
  KeyFormat left_key_, right_key_;
  KeyFormat table_key_;  ///< of a right row, where it is not right_key_
  int delete_column_ = -1;
  bool of_changes_ = false;  ///< versions are changes of a table that steps make: of one time the last that comes holds
  std::vector<Leaf> left_leaves_;
  StoredRows left_rows_;
  BlobPool pool_;
  History versions_;
  HeldRows waiting_;
  JoinPairs pairs_;
  std::vector<HeldRow> released_;  ///< in this round, not joined yet
};

}  // namespace braid
