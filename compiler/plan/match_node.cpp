// Conditions of patterns, and the rows over which they are asked.
#include "compiler/plan/match_node.h"

#include <algorithm>

namespace braid::plan {

Type match_type(const MatchNode& match, const MatchNode::Element& element, const std::vector<Field>& input) {
  std::vector<Field> row;
  for (const int field : match.fields) row.push_back(input[static_cast<size_t>(field)]);
  Type type = struct_type(std::move(row));
  if (element.list) return list_type(std::move(type));
  return element.least == 0 ? optional_type(std::move(type)) : type;
}

std::vector<Field> match_row(const MatchNode& match, const std::vector<Field>& input) {
  std::vector<Field> row = input;
  for (const MatchNode::Element& element : match.elements)
    if (element.kind != typed::ElementKind::absent) row.push_back({element.name, match_type(match, element, input)});
  return row;
}

bool holds_time_back(const MatchNode& match) {
  // Behind the last row that a match must have, rows may come that it may have.
  const MatchNode::Element& last = match.elements.back();
  return last.kind != typed::ElementKind::absent && last.most > last.least;
}

namespace {

void split(const typed::ExpressionRef& condition, std::vector<typed::ExpressionRef>& parts) {
  if (const auto* both = std::get_if<typed::Both>(&condition->node)) {
    split(both->left, parts);
    split(both->right, parts);
  } else {
    parts.push_back(condition);
  }
}

typed::ExpressionRef joined(std::span<const typed::ExpressionRef> parts) {
  typed::ExpressionRef all;
  for (const typed::ExpressionRef& part : parts)
    all = all ? typed::make(part->type, part->span, typed::Both{all, part}) : part;
  return all;
}

}  // namespace

SplitCondition split_condition(const typed::ExpressionRef& condition, int columns) {
  std::vector<typed::ExpressionRef> parts;
  split(condition, parts);
  const auto reads_elements = [&](const typed::ExpressionRef& part) {
    return std::ranges::any_of(typed::columns_read(part), [&](int column) { return column >= columns; });
  };
  const auto middle = std::ranges::find_if(parts, reads_elements);
  return {joined({parts.begin(), middle}), joined({middle, parts.end()})};
}

}  // namespace braid::plan
