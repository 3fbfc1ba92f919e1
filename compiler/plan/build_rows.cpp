#include "compiler/plan/builder.h"

namespace braid::plan {

ExpressionRef Builder::column(int node, int index, Span span) const {
  return typed::make(row(node)[index].type, span, typed::ColumnRead{index});
}

int Builder::close_unless(int at, const ExpressionRef& condition, const typed::Step& step) {
  Node node{.content = ProjectNode{"where", {}}, .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
  auto& columns = std::get<ProjectNode>(node.content).columns;
  const int deleted = deleted_column(row(at));
  for (size_t i = 0; i < row(at).size(); ++i) columns.push_back(column(at, static_cast<int>(i), step.span));
  ExpressionRef fails = typed::make(bool_type(), step.span, typed::Not{reading(condition, row(at))});
  if (deleted >= 0) {
    columns[deleted] = typed::make(bool_type(), step.span, typed::Either{columns[deleted], fails});
  } else {
    columns.push_back(fails);
    node.row.push_back({std::string(kDeleted), bool_type()});
  }
  return add(std::move(node));
}

ExpressionRef Builder::unless_deleted(int at, ExpressionRef expression) const {
  const int deleted = deleted_column(row(at));
  if (deleted < 0 || !expression->can_fail) return expression;
  ExpressionRef nothing =
      typed::make(expression->type, expression->span, typed::Constant{typed::zero_value(expression->type)});
  return typed::make(expression->type, expression->span,
                     typed::Choose{column(at, deleted, expression->span), nothing, expression});
}

int Builder::carry(int input, std::string text, Span span) {
  Node node{
      .content = ProjectNode{"carry", {}}, .inputs = {input}, .row = row(input), .text = std::move(text), .span = span};
  for (size_t i = 0; i < row(input).size(); ++i)
    std::get<ProjectNode>(node.content)
        .columns.push_back(typed::make(row(input)[i].type, span, typed::ColumnRead{static_cast<int>(i)}));
  return add(std::move(node));
}

int Builder::read_all(int input, std::string word, std::string text, Span span) {
  bool any = false;
  for (const Field& field : row(input)) any |= is(field.type, TypeKind::checked);
  if (!any) return carry(input, std::move(text), span);
  Node node{.content = ProjectNode{std::move(word), {}}, .inputs = {input}, .text = std::move(text), .span = span};
  auto& columns = std::get<ProjectNode>(node.content).columns;
  for (size_t i = 0; i < row(input).size(); ++i) {
    const Field& field = row(input)[i];
    columns.push_back(reading(typed::make(field.type, span, typed::ColumnRead{static_cast<int>(i)}), row(input)));
    node.row.push_back({field.name, columns.back()->type});
  }
  return add(std::move(node));
}

int Builder::read_columns(int input, const std::vector<int>& columns, const typed::Step& step) {
  Node node{.content = ProjectNode{"read", {}}, .inputs = {input}, .text = step.text, .span = step.span};
  for (size_t i = 0; i < row(input).size(); ++i) {
    const Field& field = row(input)[i];
    ExpressionRef read = typed::make(field.type, step.span, typed::ColumnRead{static_cast<int>(i)});
    if (std::find(columns.begin(), columns.end(), static_cast<int>(i)) != columns.end())
      read = reading(read, row(input));
    node.row.push_back({field.name, read->type});
    std::get<ProjectNode>(node.content).columns.push_back(std::move(read));
  }
  return add(std::move(node));
}

int Builder::unnest(int at, const typed::UnnestStep& unnest, const typed::Step& step) {
  const int mark = retracted_column(row(at));
  const ExpressionRef list = reading(unnest.list, row(at));
  Node node{.content = UnnestNode{unnest.left, {}}, .row = row(at), .text = step.text, .span = step.span};
  if (mark >= 0) node.row.pop_back();
  node.row.push_back({step.row.back().name, unnested_type(std::get<UnnestNode>(node.content), list->type)});
  if (mark >= 0) node.row.push_back(row(at)[mark]);
  at = carry(at, step.text, step.span);
  Node& carried = plan_.nodes[at];
  std::get<ProjectNode>(carried.content).columns.push_back(list);
  carried.row.push_back({std::string(kList), list->type});
  node.inputs = {at};
  return add(std::move(node));
}

int Builder::lookup(int at, const typed::LookupStep& lookup, const typed::Step& step, const typed::Relation& owner) {
  LookupNode made{lookup};
  made.step.arguments.clear();
  made.step.keys.clear();
  std::vector<ExpressionRef> asked;
  for (const auto* part : {&lookup.arguments, &lookup.keys})
    for (const ExpressionRef& value : *part) asked.push_back(reading(value, row(at)));
  note_port(owner, lookup.port, at);
  Node node{.content = std::move(made), .row = row(at), .text = step.text, .span = step.span};
  const int mark = retracted_column(row(at));
  node.row.insert(node.row.end() - (mark >= 0 ? 1 : 0), step.row.back());
  if (mark >= 0) node.state.label = owner.name + ": " + step.text;
  at = carry(at, step.text, step.span);
  Node& carried = plan_.nodes[at];
  std::vector<ExpressionRef>& columns = std::get<ProjectNode>(carried.content).columns;
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto behind = static_cast<std::ptrdiff_t>(mark >= 0 ? 1 : 0);
    columns.insert(columns.end() - behind, asked[i]);
    carried.row.insert(carried.row.end() - behind, {fmt::format("{}{}", kArgument, i), asked[i]->type});
  }
  node.inputs = {at};
  return add(std::move(node));
}

void Builder::carry_mark(int at, std::vector<ExpressionRef>& columns, std::vector<Field>& fields, Span span) const {
  const int mark = ending_column(row(at));
  if (mark < 0) return;
  columns.push_back(column(at, mark, span));
  fields.push_back(row(at)[mark]);
}

}  // namespace braid::plan
