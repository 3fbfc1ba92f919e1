#include <algorithm>

#include "compiler/plan/plan.h"
#include "runtime/base/check.h"

namespace braid::plan {

using typed::ExpressionRef;

namespace {

/// `tried`: below a `try` that stands directly on the field.
ExpressionRef reading_parts(const ExpressionRef& expression, const std::vector<Field>& row, bool tried) {
  if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) {
    const Type& type = row[column->index].type;
    if (!is(type, TypeKind::checked)) return expression;
    return typed::make(type->element, expression->span,
                       typed::Convert{tried ? typed::Conversion::tried_read : typed::Conversion::checked_read,
                                      typed::make(type, expression->span, *column)});
  }
  if (const auto* attempt = std::get_if<typed::Attempt>(&expression->node)) tried = attempt->of_field;
  std::vector<ExpressionRef> parts = typed::parts(*expression);
  if (parts.empty()) return expression;
  for (ExpressionRef& part : parts) part = reading_parts(part, row, tried);
  return typed::with_parts(*expression, std::move(parts));
}

}  // namespace

ExpressionRef reading(const ExpressionRef& expression, const std::vector<Field>& row) {
  bool any = false;
  for (const int column : typed::columns_read(expression)) any |= is(row[column].type, TypeKind::checked);
  return any ? reading_parts(expression, row, false) : expression;
}

int deleted_column(const std::vector<Field>& row) {
  return !row.empty() && row.back().name == kDeleted ? static_cast<int>(row.size()) - 1 : -1;
}

int retracted_column(const std::vector<Field>& row) {
  return !row.empty() && row.back().name == kRetracted ? static_cast<int>(row.size()) - 1 : -1;
}

int ending_column(const std::vector<Field>& row) {
  return std::max(deleted_column(row), retracted_column(row));
}

bool is_hidden(const Field& field) {
  return field.name.starts_with(kHiddenMark);
}

std::vector<Field> joined_fields(const std::vector<Field>& row) {
  std::vector<Field> fields = row;
  while (!fields.empty() && is_hidden(fields.back())) fields.pop_back();
  return fields;
}

std::vector<Field> condition_row(const std::vector<Field>& left, const std::vector<Field>& right,
                                 const std::string& alias) {
  std::vector<Field> row = joined_fields(left);
  row.push_back({alias, struct_type(joined_fields(right))});
  return row;
}

Type unnested_type(const UnnestNode& node, const Type& list) {
  Type element = without_optional(list)->element;
  if (node.fields) {
    std::vector<Field> fields;
    for (const int field : *node.fields) fields.push_back(without_optional(element)->fields[field]);
    const Type narrowed = struct_type(std::move(fields));
    element = is_optional(element) ? optional_type(narrowed) : narrowed;
  }
  return node.left ? optional_type(element) : element;
}

bool changes_sessions(const GroupNode& group) {
  return !group.windowed && group.window.kind == typed::WindowKind::session;
}

bool changes_sessions(const TopNode& top) {
  return !top.step.windowed && top.step.window.kind == typed::WindowKind::session;
}

bool stateful(const Node& node) {
  return std::holds_alternative<TickNode>(node.content) || std::holds_alternative<JoinNode>(node.content) ||
         std::holds_alternative<GroupNode>(node.content) || std::holds_alternative<TopNode>(node.content) ||
         std::holds_alternative<RunningNode>(node.content) || std::holds_alternative<LatestNode>(node.content) ||
         std::holds_alternative<MovesNode>(node.content) || std::holds_alternative<TableJoinNode>(node.content) ||
         std::holds_alternative<NetNode>(node.content) || std::holds_alternative<EmitNode>(node.content) ||
         std::holds_alternative<InstantsNode>(node.content) || std::holds_alternative<InWindowsNode>(node.content) ||
         std::holds_alternative<InOrderNode>(node.content) || std::holds_alternative<RetimeNode>(node.content) ||
         std::holds_alternative<UniqueNode>(node.content) || std::holds_alternative<MatchNode>(node.content) ||
         (std::holds_alternative<LookupNode>(node.content) && retracted_column(node.row) >= 0);
}

void annotate(Plan& plan) {
  for (Node& node : plan.nodes) {
    node.products.clear();
    const bool made_here =
        std::holds_alternative<TickNode>(node.content) || std::holds_alternative<GroupNode>(node.content) ||
        std::holds_alternative<TopNode>(node.content) || std::holds_alternative<LatestNode>(node.content) ||
        std::holds_alternative<TableJoinNode>(node.content) || std::holds_alternative<NetNode>(node.content) ||
        std::holds_alternative<MatchNode>(node.content) || std::holds_alternative<UnnestNode>(node.content) ||
        std::holds_alternative<InWindowsNode>(node.content) ||
        (std::holds_alternative<JoinNode>(node.content) && typed::makes_pairs(std::get<JoinNode>(node.content).step));
    const size_t flow_inputs = std::holds_alternative<UnionNode>(node.content) ? node.inputs.size()
                               : node.inputs.empty()                           ? 0
                                                                               : 1;
    node.derived = made_here;
    for (size_t i = 0; i < flow_inputs; ++i) {
      const Node& input = plan.nodes[node.inputs[i]];
      node.derived |= input.derived && !std::holds_alternative<PublishNode>(input.content);
    }
  }
  for (size_t i = plan.nodes.size(); i-- > 0;) {
    Node& node = plan.nodes[i];
    // What reads a product begins its own ledger: the product's own steps count for the product alone.
    if (const auto* publish = std::get_if<PublishNode>(&node.content)) node.products = {publish->product};
    for (const int input : node.inputs) {
      if (std::holds_alternative<PublishNode>(plan.nodes[input].content)) continue;
      auto& products = plan.nodes[input].products;
      for (const int product : node.products)
        if (std::find(products.begin(), products.end(), product) == products.end()) products.push_back(product);
      std::sort(products.begin(), products.end());
    }
  }
}

}  // namespace braid::plan
