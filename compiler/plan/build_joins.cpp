#include <algorithm>

#include "compiler/plan/builder.h"

namespace braid::plan {

int Builder::optional_fields(int at, auto& join, const typed::Step& step) {
  at = read_all(at, "read", step.text, step.span);
  Node node{.content = ProjectNode{"optional", {}}, .inputs = {at}, .text = step.text, .span = step.span};
  std::vector<ExpressionRef> present;
  for (size_t i = 0; i < row(at).size(); ++i) {
    const Field& field = row(at)[i];
    if (is_hidden(field)) {
      std::get<ProjectNode>(node.content).columns.push_back(column(at, static_cast<int>(i), step.span));
      node.row.push_back(field);
      continue;
    }
    const bool plain = is_optional(field.type);
    const Type type = plain ? field.type : optional_type(field.type);
    ExpressionRef before = column(at, static_cast<int>(i), step.span);
    ExpressionRef after = typed::make(type, step.span, typed::ColumnRead{static_cast<int>(i)});
    std::get<ProjectNode>(node.content)
        .columns.push_back(
            plain ? before
                  : typed::make(type, step.span, typed::Convert{typed::Conversion::to_optional, std::move(before)}));
    node.row.push_back({field.name, type});
    present.push_back(
        plain ? after
              : typed::make(field.type, step.span, typed::Convert{typed::Conversion::unwrap, std::move(after)}));
  }
  for (ExpressionRef& key : join.left_keys) key = typed::substitute_columns(key, present);
  if constexpr (requires { join.upper; })
    if (join.upper) join.upper = typed::substitute_columns(join.upper, present);
  if (join.residual) {
    present.push_back(typed::make(without_optional(step.row.back().type), step.span,
                                  typed::ColumnRead{static_cast<int>(present.size())}));
    join.residual = typed::substitute_columns(join.residual, present);
  }
  return add(std::move(node));
}

int Builder::join(int at, const typed::JoinStep& join, const typed::Step& step, const typed::Relation& owner) {
  JoinNode made{join};
  // So that its condition cannot fail for a field that is broken: whether a match comes first would decide.
  if (join.yield != typed::JoinYield::matches && made.step.residual)
    at = read_columns(at, typed::columns_read(made.step.residual), step);
  if (join.right) {
    at = optional_fields(at, made.step, step);
  } else {
    for (ExpressionRef& key : made.step.left_keys) key = reading(key, row(at));
    if (made.step.upper) made.step.upper = reading(made.step.upper, row(at));
  }
  const bool as_of = join.kind == typed::JoinKind::as_of && !join.latest;
  int right = read_all(as_of ? history(join.relation) : relation(join.relation), "read", step.text, step.span);
  if (join.kind == typed::JoinKind::reference && follows(join.relation)) {
    // Said aloud with `latest`: what has come of it so far is state, as of a table that a step makes.
    made.step.kind = typed::JoinKind::as_of;
    made.step.latest = true;
    const typed::Relation& table = project_.relations[join.relation];
    right = latest(right, table_key(right, table, step.span), true, owner.name + ": " + step.text + ", " + table.name,
                   step.text, step.span);
  } else if (join.latest && pairs_tables(right)) {
    right = net_of_pairs(right, project_.relations[join.relation], step, owner);
  }
  if (typed::by_index(made.step)) right = by_other_columns(right, made, step, owner);
  if (made.step.residual)
    made.step.residual = reading(made.step.residual, condition_row(row(at), row(right), join.alias));
  Node joined{.content = std::move(made), .row = row(at), .text = step.text, .span = step.span};
  note_port(owner, join.port, at);
  joined.inputs = {carry(at, step.text, step.span), right};
  joined.row = row(at);
  joined.row.push_back(step.row.back());
  joined.state.label = owner.name + ": " + step.text;
  return add(std::move(joined));
}

bool Builder::follows(typed::RelationId id) const {
  const typed::Relation& relation = project_.relations[static_cast<size_t>(id)];
  if (relation.source) return relation.followed;
  return std::any_of(relation.steps.begin(), relation.steps.end(), [&](const typed::Step& step) {
    const auto* from = std::get_if<typed::FromStep>(&step.content);
    const auto* other = std::get_if<typed::UnionStep>(&step.content);
    return (from != nullptr && follows(from->relation)) || (other != nullptr && follows(other->relation));
  });
}

std::vector<ExpressionRef> Builder::table_key(int at, const typed::Relation& table, Span span) const {
  std::vector<ExpressionRef> key;
  for (const std::vector<int>& path : table.version_key.empty() ? table.key : table.version_key)
    key.push_back(typed::read_path(row(at), path, span));
  return key;
}

bool Builder::pairs_tables(int at) const {
  const Node& node = plan_.nodes[static_cast<size_t>(at)];
  return std::holds_alternative<TableJoinNode>(node.content) ||
         std::any_of(node.inputs.begin(), node.inputs.end(), [&](int input) { return pairs_tables(input); });
}

int Builder::net_of_pairs(int at, const typed::Relation& table, const typed::Step& step, const typed::Relation& owner) {
  const int change = static_cast<int>(row(at).size()) - 1;
  at = net(at, {table_key(at, table, step.span), false}, step.text,
           owner.name + ": " + step.text + ", changes of " + table.name, step.span);
  Node marked{.content = ProjectNode{"read", {}}, .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  auto& columns = std::get<ProjectNode>(marked.content).columns;
  for (int i = 0; i < change; ++i) columns.push_back(column(at, i, step.span));
  const ExpressionRef goes =
      typed::make(int_type(), step.span, typed::Constant{Value{static_cast<int64_t>(RowChange::goes)}});
  columns.push_back(typed::make(bool_type(), step.span,
                                typed::Operation{typed::Operator::equal, {column(at, change, step.span), goes}}));
  marked.row.back() = {std::string(kRetracted), bool_type()};
  return add(std::move(marked));
}

int Builder::by_other_columns(int right, JoinNode& join, const typed::Step& step, const typed::Relation& owner) {
  const typed::Relation& table = project_.relations[join.step.relation];
  join.table_key = table_key(right, table, step.span);
  for (ExpressionRef& key : join.step.right_keys) key = unless_deleted(right, key);
  // A change that goes has the columns that its key leaves.
  if (join.step.kind == typed::JoinKind::reference || retracted_column(row(right)) >= 0) return right;
  const int deleted = deleted_column(row(right));
  const ExpressionRef ends = deleted >= 0 ? column(right, deleted, step.span)
                                          : typed::make(bool_type(), step.span, typed::Constant{Value{false}});
  right = carry(right, step.text, step.span);
  Node& carried = plan_.nodes[right];
  auto& columns = std::get<ProjectNode>(carried.content).columns;
  if (deleted >= 0) {
    columns.pop_back();
    carried.row.pop_back();
  }
  MovesNode moves{join.table_key, static_cast<int>(columns.size()), static_cast<int>(join.step.right_keys.size())};
  auto add_column = [&](ExpressionRef value, std::string name) {
    carried.row.push_back({std::move(name), value->type});
    columns.push_back(std::move(value));
  };
  for (ExpressionRef& key : join.step.right_keys) {
    const int place = static_cast<int>(columns.size());
    add_column(key, fmt::format("{}by{}", kHiddenMark, place - moves.first));
    key = typed::make(key->type, key->span, typed::ColumnRead{place});
  }
  add_column(typed::make(int_type(), step.span, typed::Constant{Value{int64_t{0}}}), std::string(kMove));
  add_column(ends, std::string(kDeleted));
  Node node{.content = std::move(moves), .inputs = {right}, .row = row(right), .text = step.text, .span = step.span};
  node.state.label = owner.name + ": " + step.text + ", moves of " + table.name;
  return add(std::move(node));
}

int Builder::join_tables(int at, typed::TableJoinStep join, const typed::Step& step, const typed::Relation& owner,
                         bool by_time) {
  at = join.right ? optional_fields(at, join, step) : carry(at, step.text, step.span);
  int right = read_all(by_time ? history(join.relation) : relation(join.relation), "read", step.text, step.span);
  const typed::Relation& table = project_.relations[join.relation];
  const std::string label = owner.name + ": " + step.text + ", " + table.name;
  right = as_changes(right, table, by_time, label, step);
  if (by_time) {
    const int pair = pairs_++;
    at = instants(at, {false, join.left_keys, pair}, owner.name + ": " + step.text, step);
    right = instants(right, {false, join.right_keys, pair}, label, step);
  }
  Node node{.content = TableJoinNode{std::move(join)},
            .inputs = {at, right},
            .row = row(at),
            .text = step.text,
            .span = step.span};
  const Field mark = node.row.back();
  node.row.back() = step.row.back();
  node.row.push_back(mark);
  node.state.label = owner.name + ": " + step.text;
  return add(std::move(node));
}

}  // namespace braid::plan
