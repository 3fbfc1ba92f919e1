#include "compiler/plan/right_filters.h"

namespace braid::plan {
namespace {

using typed::ExpressionRef;

/// The expression, which reads fields of the struct column `joined`, over the row that this was made of. Null if it
/// reads anything else of the row or beside it.
ExpressionRef over_right_row(const ExpressionRef& expression, int joined) {
  if (const auto* field = std::get_if<typed::FieldRead>(&expression->node)) {
    const auto* column = std::get_if<typed::ColumnRead>(&field->base->node);
    if (column != nullptr && column->index == joined)
      return typed::make(expression->type, expression->span, typed::ColumnRead{field->index});
  }
  const bool beside = std::holds_alternative<typed::AmbientRead>(expression->node);
  if (beside || std::holds_alternative<typed::ColumnRead>(expression->node)) return nullptr;
  std::vector<ExpressionRef> parts = typed::parts(*expression);
  if (parts.empty()) return expression;
  for (ExpressionRef& part : parts) {
    part = over_right_row(part, joined);
    if (!part) return nullptr;
  }
  return typed::with_parts(*expression, std::move(parts));
}

/// Of the conditions that are joined by `and`, those over the right row, up to the first that may fail: what stands
/// behind that one is asked only where it has not failed.
class RightPart {
 public:
  explicit RightPart(int joined) : joined_(joined) {}

  /// Null: none.
  ExpressionRef of(const ExpressionRef& condition) {
    const auto* both = std::get_if<typed::Both>(&condition->node);
    if (both == nullptr) {
      failed_ |= condition->can_fail;
      return failed_ || typed::columns_read(condition).empty() ? nullptr : over_right_row(condition, joined_);
    }
    ExpressionRef left = of(both->left);
    if (failed_) return left;
    ExpressionRef right = of(both->right);
    if (!left || !right) return left ? left : right;
    return typed::make(condition->type, condition->span, typed::Both{std::move(left), std::move(right)});
  }

 private:
  int joined_;
  bool failed_ = false;  ///< one that may fail has been passed
};

/// A pair of the join is a row of its own, counted as made and, if the filter drops it, as filtered.
bool may_have_filter(const JoinNode& join) {
  return join.step.kind == typed::JoinKind::interval && typed::makes_pairs(join.step) && !join.step.left &&
         !join.step.right && !join.step.upper && !join.step.residual;
}

}  // namespace

void find_right_filters(Plan& plan) {
  std::vector<int> readers(plan.nodes.size(), 0);
  for (const Node& node : plan.nodes)
    for (const int input : node.inputs) ++readers[input];
  for (const Node& node : plan.nodes) {
    const auto* keep = std::get_if<KeepNode>(&node.content);
    if (keep == nullptr || !keep->port.empty() || !keep->check.empty()) continue;
    const int below = node.inputs[0];
    auto* join = std::get_if<JoinNode>(&plan.nodes[below].content);
    if (join == nullptr || readers[below] != 1 || !may_have_filter(*join)) continue;
    join->right_filter = RightPart(static_cast<int>(node.row.size()) - 1).of(keep->condition);
  }
}

}  // namespace braid::plan
