#include "compiler/optimize/pass.h"

namespace braid::optimize {
namespace {

using plan::Node;

bool can_fail(const Node& node) {
  const auto* project = std::get_if<plan::ProjectNode>(&node.content);
  if (!project) return true;
  for (const auto& column : project->columns)
    if (column->can_fail) return true;
  return false;
}

/// The condition over the input of `below`, if it may be asked before it; null if not.
typed::ExpressionRef pushed(const typed::ExpressionRef& condition, const Node& below,
                            const std::vector<Field>& row_before) {
  if (const auto* project = std::get_if<plan::ProjectNode>(&below.content)) {
    if (can_fail(below)) return nullptr;
    bool spares_work = false;
    for (const auto& column : project->columns) spares_work |= !std::holds_alternative<typed::ColumnRead>(column->node);
    if (!spares_work) return nullptr;
    // What the condition reads must be plain columns below: else its work would be done twice.
    for (const int column : typed::columns_read(condition))
      if (!std::holds_alternative<typed::ColumnRead>(project->columns[column]->node)) return nullptr;
    return typed::substitute_columns(condition, project->columns);
  }
  const auto* join = std::get_if<plan::JoinNode>(&below.content);
  if (!join || join->step.kind != typed::JoinKind::reference || !join->step.left || typed::makes_pairs(join->step) ||
      join->step.yield != typed::JoinYield::matches)
    return nullptr;
  if (join->step.residual && join->step.residual->can_fail) return nullptr;
  for (const auto& key : join->step.left_keys)
    if (key->can_fail) return nullptr;
  for (const int column : typed::columns_read(condition))
    if (column >= static_cast<int>(row_before.size())) return nullptr;
  return condition;
}

}  // namespace

int push_filters(plan::Plan& plan, const typed::Project&) {
  std::vector<int> readers(plan.nodes.size(), 0);
  for (const Node& node : plan.nodes)
    for (const int input : node.inputs) ++readers[input];
  int changes = 0;
  // A filter sinks step by step: going up through the nodes again and again until nothing moves.
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t i = 0; i < plan.nodes.size(); ++i) {
      const auto* keep = std::get_if<plan::KeepNode>(&plan.nodes[i].content);
      if (!keep || !keep->port.empty() || !keep->check.empty() || keep->condition->can_fail) continue;
      const int below = plan.nodes[i].inputs[0];
      if (readers[below] != 1 || plan.nodes[below].inputs.empty()) continue;
      const std::vector<Field> row_before = plan.nodes[plan.nodes[below].inputs[0]].row;
      const typed::ExpressionRef condition = pushed(keep->condition, plan.nodes[below], row_before);
      if (!condition) continue;
      // The two change places; their indexes, and so the order of inputs before readers, stay.
      Node filter = std::move(plan.nodes[i]);
      Node step = std::move(plan.nodes[below]);
      filter.inputs = {step.inputs[0]};
      filter.row = row_before;
      std::get<plan::KeepNode>(filter.content).condition = condition;
      step.inputs[0] = below;
      plan.nodes[below] = std::move(filter);
      plan.nodes[i] = std::move(step);
      ++changes;
      moved = true;
    }
  }
  return changes;
}

}  // namespace braid::optimize
