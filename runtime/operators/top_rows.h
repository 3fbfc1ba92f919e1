// `top` in a window: the first rows of each group are its state, as an aggregate of a group is, and all of them go out
// when the window has closed. Rows of one group stand in their order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/operators/group_state.h"
#include "runtime/operators/operator.h"
#include "runtime/operators/ranked_rows.h"
#include "runtime/state/key_format.h"
#include "runtime/state/stored_rows.h"
#include "runtime/time/windows.h"

namespace braid {

/// What a step keeps of each group of a window: aggregates, or the first rows.
GroupState state_of_groups(const Operator& op, const std::vector<Field>& input_row);

/// A group whose window has closed.
struct ClosedGroup {
  uint64_t hash;
  std::string_view key;
  const char* state;
  WindowRange window;  ///< of `span`, its end alone
};

/// Record::position of a row of a group, which tells the rows of one group apart and keeps their order.
inline int64_t ranked_position(uint64_t hash, uint64_t number) {
  constexpr uint64_t kNumbers = (uint64_t{1} << 20) - 1;
  return static_cast<int64_t>((hash >> 1 & ~kNumbers) | std::min(number, kNumbers));
}

/// The first rows of a state: `visit(number, entry)`, numbers from 1. An entry is a place, then the row
/// (RankOrder::row_behind_place).
void visit_ranked(const TopOperator& top, const char* state,
                  const std::function<void(uint64_t number, std::string_view entry)>& visit);

class TopOutput {
 public:
  /// All of these outlive it.
  TopOutput(const Services& services, const KeyFormat& key);
  /// As blocks of the arena. `made`: OperatorNode::made. Keys and states are not needed any more.
  void put_out(std::span<const ClosedGroup> groups, uint64_t& made, std::vector<Block>& out) const;

 private:
  struct Row {
    const ClosedGroup* group;
    WindowRange window;
    uint64_t number;  ///< from 1
    std::string_view bytes;
  };
  WindowRange window_of(const ClosedGroup& group) const;
  void put_out_rows(std::span<const Row> rows, uint64_t& made, std::vector<Block>& out) const;

  const Services& services_;
  const Operator& self_;
  const TopOperator& content_;
  const KeyFormat& key_;
  StoredRows stored_;
  std::vector<Leaf> leaves_, key_leaves_;
};

}  // namespace braid
