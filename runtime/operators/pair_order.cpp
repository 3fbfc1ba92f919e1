#include "runtime/operators/pair_order.h"

#include <vector>

#include "runtime/operators/product_places.h"

namespace braid {
namespace {

/// It takes rows of one instant in the order of their places.
bool goes_by_place(const Operator& op) {
  return std::holds_alternative<UniqueOperator>(op.content) || std::holds_alternative<RunningOperator>(op.content) ||
         std::holds_alternative<InOrderOperator>(op.content) || std::holds_alternative<MatchOperator>(op.content) ||
         std::holds_alternative<LatestOperator>(op.content);
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
    // Rows that a step makes have places of their own.
    if (!goes_by_place(self) && (makes_rows(self) || !shows[op])) continue;
    for (const int input : self.inputs) shows[static_cast<size_t>(input)] = true;
  }
  return shows[static_cast<size_t>(join)];
}

}  // namespace braid
