#include "compiler/interpret/interpret.h"
#include "compiler/optimize/pass.h"

namespace braid::optimize {
namespace {

using typed::ExpressionRef;

const bool* constant_bool(const ExpressionRef& expression) {
  const auto* constant = std::get_if<typed::Constant>(&expression->node);
  return constant ? std::get_if<bool>(&constant->value.content) : nullptr;
}

class Folder {
 public:
  ExpressionRef fold(const ExpressionRef& expression) {
    if (!expression || std::holds_alternative<typed::Constant>(expression->node)) return expression;
    std::vector<ExpressionRef> parts = typed::parts(*expression);
    bool changed = false, constant = !parts.empty();
    for (ExpressionRef& part : parts) {
      ExpressionRef folded = fold(part);
      changed |= folded != part;
      constant &= std::holds_alternative<typed::Constant>(folded->node);
      part = std::move(folded);
    }
    ExpressionRef made = changed ? typed::with_parts(*expression, parts) : expression;
    if (const auto* choose = std::get_if<typed::Choose>(&made->node))
      if (const bool* taken = constant_bool(choose->condition)) return count(*taken ? choose->then : choose->otherwise);
    if (const auto* both = std::get_if<typed::Both>(&made->node))
      if (const bool* left = constant_bool(both->left); left && *left) return count(both->right);
    if (const auto* either = std::get_if<typed::Either>(&made->node))
      if (const bool* left = constant_bool(either->left); left && !*left) return count(either->right);
    if (!constant) return made;
    // What fails when computed now is left to fail for its row.
    if (auto value = interpret::evaluate_constant(*made))
      return count(typed::make(made->type, made->span, typed::Constant{std::move(*value)}));
    return made;
  }
  int changes() const { return changes_; }

 private:
  ExpressionRef count(ExpressionRef expression) {
    ++changes_;
    return expression;
  }
  int changes_ = 0;
};

}  // namespace

int fold_constants(plan::Plan& plan, const typed::Project&) {
  Folder folder;
  for (plan::Node& node : plan.nodes) {
    if (auto* keep = std::get_if<plan::KeepNode>(&node.content)) keep->condition = folder.fold(keep->condition);
    if (auto* project = std::get_if<plan::ProjectNode>(&node.content))
      for (ExpressionRef& column : project->columns) column = folder.fold(column);
    if (auto* alert = std::get_if<plan::AlertNode>(&node.content)) alert->condition = folder.fold(alert->condition);
    if (auto* join = std::get_if<plan::JoinNode>(&node.content)) {
      for (ExpressionRef& key : join->step.left_keys) key = folder.fold(key);
      for (ExpressionRef& key : join->step.right_keys) key = folder.fold(key);
      join->step.residual = folder.fold(join->step.residual);
      join->step.upper = folder.fold(join->step.upper);
    }
    if (auto* match = std::get_if<plan::MatchNode>(&node.content))
      for (plan::MatchNode::Element& element : match->elements) element.rest = folder.fold(element.rest);
    if (auto* top = std::get_if<plan::TopNode>(&node.content)) {
      for (ExpressionRef& key : top->step.keys) key = folder.fold(key);
      for (typed::Ordering& order : top->step.orders) order.value = folder.fold(order.value);
    }
    if (auto* running = std::get_if<plan::RunningNode>(&node.content)) {
      for (ExpressionRef& key : running->step.keys) key = folder.fold(key);
      for (typed::Aggregate& aggregate : running->step.aggregates)
        for (ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter}) *part = folder.fold(*part);
    }
    if (auto* group = std::get_if<plan::GroupNode>(&node.content)) {
      for (ExpressionRef& key : group->keys) key = folder.fold(key);
      for (typed::Aggregate& aggregate : group->aggregates)
        for (ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter}) *part = folder.fold(*part);
    }
  }
  return folder.changes();
}

}  // namespace braid::optimize
