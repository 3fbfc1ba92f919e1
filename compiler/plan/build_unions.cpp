#include "compiler/plan/builder.h"

namespace braid::plan {
namespace {

/// Where the row of a united table comes from: 0 is the flow's own, then each `union` in turn.
constexpr std::string_view kBranch = "?branch";

/// A `union` of tables; null: it is another step.
const typed::UnionStep* of_tables(const typed::Step& step) {
  const auto* other = std::get_if<typed::UnionStep>(&step.content);
  return other != nullptr && other->of_tables ? other : nullptr;
}

}  // namespace

int Builder::align(int right, const typed::UnionStep& other, int at, const typed::Step& step) {
  Node align{.content = ProjectNode{"align", {}}, .inputs = {right}, .text = step.text, .span = step.span};
  for (size_t i = 0; i < other.columns.size(); ++i) {
    std::get<ProjectNode>(align.content).columns.push_back(column(right, other.columns[i], step.span));
    align.row.push_back({row(at)[i].name, row(right)[other.columns[i]].type});
  }
  return add(std::move(align));
}

int Builder::unite(int at, const typed::UnionStep& other, const typed::Step& step) {
  // Both sides carry a column checked only where both have it so: else they are converted first.
  int right = relation(other.relation);
  bool equal = true;
  for (size_t i = 0; i < other.columns.size(); ++i) equal &= same(row(at)[i].type, row(right)[other.columns[i]].type);
  if (!equal) {
    at = read_all(at, "read", step.text, step.span);
    right = read_all(right, "read", step.text, step.span);
  }
  const int aligned = align(right, other, at, step);
  at = carry(at, step.text, step.span);
  return add({.content = UnionNode{}, .inputs = {at, aligned}, .row = row(at), .text = step.text, .span = step.span});
}

void Builder::add_branch(int at, int mark_of, int64_t branch, Span span) {
  Node& node = plan_.nodes[at];
  auto& columns = std::get<ProjectNode>(node.content).columns;
  if (retracted_column(node.row) >= 0) {
    columns.pop_back();
    node.row.pop_back();
  }
  columns.push_back(typed::make(int_type(), span, typed::Constant{Value{branch}}));
  node.row.push_back({std::string(kBranch), int_type()});
  const int mark = retracted_column(row(mark_of));
  columns.push_back(column(mark_of, mark, span));
  node.row.push_back(row(mark_of)[mark]);
}

int Builder::unite_tables(int at, const typed::UnionStep& other, const typed::Step& step, const typed::Relation& owner,
                          bool by_time) {
  const typed::Relation& table = project_.relations[other.relation];
  const std::string label = owner.name + ": " + step.text;
  int right = read_all(by_time ? history(other.relation) : relation(other.relation), "read", step.text, step.span);
  right = as_changes(right, table, by_time, label + ", " + table.name, step);
  // Of several unions in a row one step chooses; but two sides at most go through their instants together.
  const size_t place = static_cast<size_t>(&step - owner.steps.data());
  int64_t branch = 1;
  while (!by_time && static_cast<size_t>(branch) < place && of_tables(owner.steps[place - static_cast<size_t>(branch)]))
    ++branch;
  if (branch == 1) {
    const int before = at;
    at = read_all(at, "read", step.text, step.span);
    add_branch(at, before, 0, step.span);
  }
  int aligned = align(right, other, at, step);
  add_branch(aligned, right, branch, step.span);
  if (by_time) {
    const int pair = pairs_++;
    at = instants(at, {false, other.keys, pair}, label, step);
    aligned = instants(aligned, {false, other.keys, pair}, label + ", " + table.name, step);
  }
  at = carry(at, step.text, step.span);
  at = add({.content = UnionNode{}, .inputs = {at, aligned}, .row = row(at), .text = step.text, .span = step.span});
  const bool more = place + 1 < owner.steps.size() && of_tables(owner.steps[place + 1]);
  return more && !by_time ? at : first_branch(at, other, step, label);
}

int Builder::first_branch(int at, const typed::UnionStep& other, const typed::Step& step, const std::string& label) {
  at = carry(at, step.text, step.span);
  const int branch = retracted_column(row(at)) - 1;
  typed::TopStep first;
  first.windowed = false;
  first.keys = other.keys;
  first.orders.push_back({column(at, branch, step.span), false});
  Node node{.content = TopNode{std::move(first)}, .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  node.state.label = label;
  at = carry(add(std::move(node)), step.text, step.span);
  Node& kept = plan_.nodes[at];
  std::get<ProjectNode>(kept.content).columns.erase(std::get<ProjectNode>(kept.content).columns.begin() + branch);
  kept.row.erase(kept.row.begin() + branch);
  return at;
}

}  // namespace braid::plan
