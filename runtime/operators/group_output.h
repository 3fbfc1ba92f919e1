// The rows that a group puts out when windows close: keys, results of the aggregates, window. One that does not fit its
// type is rejected. Of `top`, its rows (top_rows.h). Belongs to one operator; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/operators/group_state.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/top_rows.h"
#include "runtime/state/key_format.h"
#include "runtime/time/windows.h"

namespace braid {

class GroupOutput {
 public:
  using Row = ClosedGroup;

  /// All of these outlive it.
  GroupOutput(const Services& services, const GroupState& state, const KeyFormat& key);

  /// At most kBlockRows rows, in order, as a block of the arena. `made`: OperatorNode::made. Keys and states are not
  /// needed any more.
  void put_out(std::span<const Row> rows, uint64_t& made, std::vector<Block>& out) const;

 private:
  const Services& services_;
  const Operator& self_;
  const GroupOperator& content_;
  const GroupState& state_;
  const KeyFormat& key_;
  std::vector<Leaf> leaves_;
  std::optional<TopOutput> top_;
};

}  // namespace braid
