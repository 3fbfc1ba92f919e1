#include "runtime/operators/pair_order.h"

#include <algorithm>
#include <vector>

#include "runtime/operators/product_places.h"

namespace braid {
namespace {

/// It chooses a row of a group, or has its rows in their order. Those of a table have none.
bool has_order(const AggregateSpec& aggregate) {
  switch (aggregate.kind) {
    case AggregateKind::first:
    case AggregateKind::last:
    case AggregateKind::arg_min:
    case AggregateKind::arg_max:
    case AggregateKind::collect:
    case AggregateKind::string_agg:
      return true;
    default:
      return false;
  }
}

/// It takes rows of one instant in the order of their places.
bool goes_by_place(const Operator& op) {
  if (const auto* group = std::get_if<GroupOperator>(&op.content))
    return group->retracted < 0 && std::ranges::any_of(group->aggregates, has_order);
  if (const auto* top = std::get_if<TopOperator>(&op.content)) return top->group.retracted < 0;
  return std::holds_alternative<UniqueOperator>(op.content) || std::holds_alternative<RunningOperator>(op.content) ||
         std::holds_alternative<InOrderOperator>(op.content) || std::holds_alternative<MatchOperator>(op.content) ||
         std::holds_alternative<LatestOperator>(op.content);
}

/// A row of its left side meets one of several right rows, or is rejected for the first that fails.
bool chooses_right_row(const Operator& op) {
  const auto* join = std::get_if<IntervalJoinOperator>(&op.content);
  if (join == nullptr) return false;
  return join->nearest || (join->shape.yield != JoinYield::matches && !join->shape.residual.empty());
}

}  // namespace

bool pair_order_shows(const Program& program, int join) {
  if (program.whole != nullptr) {
    const uint64_t identity = program.operators[static_cast<size_t>(join)].state.identity;
    for (size_t op = 0; op < program.whole->operators.size(); ++op)
      if (program.whole->operators[op].state.identity == identity)
        return pair_order_shows(*program.whole, static_cast<int>(op));
  }
  std::vector<bool> shows(program.operators.size(), false);
  for (size_t op = program.operators.size(); op-- > static_cast<size_t>(join);) {
    const Operator& self = program.operators[op];
    if (chooses_right_row(self)) shows[static_cast<size_t>(self.inputs[1])] = true;
    // Rows that a step makes have places of their own.
    if (!goes_by_place(self) && (makes_rows(self) || !shows[op])) continue;
    for (const int input : self.inputs) shows[static_cast<size_t>(input)] = true;
  }
  return shows[static_cast<size_t>(join)];
}

}  // namespace braid
