#include <set>

#include "compiler/plan/builder.h"
#include "runtime/data/kept_fields.h"

namespace braid::plan {

int Builder::latest(int at, std::vector<ExpressionRef> keys, bool versions, std::string label, std::string text,
                    Span span) {
  Node node{
      .content = LatestNode{versions, std::move(keys)}, .inputs = {at}, .row = row(at), .text = text, .span = span};
  if (deleted_column(node.row) >= 0) node.row.pop_back();
  node.row.push_back({std::string(kRetracted), bool_type()});
  node.state.label = std::move(label);
  return add(std::move(node));
}

int Builder::as_changes(int at, const typed::Relation& table, bool by_time, std::string label,
                        const typed::Step& step) {
  if (retracted_column(row(at)) >= 0) return at;
  if (by_time) return newest_by_time(at, table, label, step);
  return latest(at, table_key(at, table, step.span), true, std::move(label), step.text, step.span);
}

int Builder::net(int at, NetNode made, std::string text, std::string label, Span span) {
  const bool whole = made.whole;
  Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = std::move(text), .span = span};
  node.row.pop_back();
  const std::vector<Field> marks = change_marks(node.row, whole);
  node.row.insert(node.row.end(), marks.begin(), marks.end());
  node.state.label = std::move(label);
  return add(std::move(node));
}

int Builder::net_of_product(int at, const typed::Relation& product) {
  NetNode made{{}, product.change_form == ChangeForm::debezium};
  for (const std::vector<int>& path : product.key) made.keys.push_back(typed::read_path(row(at), path, product.span));
  return net(at, std::move(made), "changes of " + product.name, product.name + ": changes", product.span);
}

int Builder::ticks(const typed::TickStep& every, const typed::Step& step, const typed::Relation& owner) {
  std::vector<int> upstream;
  for (const typed::RelationId id : every.moved_by) upstream.push_back(relation(id));
  std::set<int> seen, sources;
  while (!upstream.empty()) {
    const int at = upstream.back();
    upstream.pop_back();
    if (!seen.insert(at).second) continue;
    const auto* source = std::get_if<SourceNode>(&plan_.nodes[at].content);
    if (source != nullptr && project_.relations[source->relation].has_time) sources.insert(at);
    for (const int input : plan_.nodes[at].inputs) upstream.push_back(input);
  }
  Node node{.content = TickNode{every.every_us},
            .inputs = {sources.begin(), sources.end()},
            .row = step.row,
            .text = step.text,
            .span = step.span};
  node.state.label = owner.name + ": " + step.text;
  return add(std::move(node));
}

int Builder::read_port(const typed::FromStep& from, const typed::Step& step) {
  relation(from.relation);
  const int published = published_.at(from.relation);
  const int product = std::get<PublishNode>(plan_.nodes[published].content).product;
  Node node{.content = PortNode{product, from.port},
            .inputs = {published},
            .row = step.row,
            .text = step.text,
            .span = step.span};
  // A flow that the checker has made once more reads a view of its name, which has its steps.
  for (typed::RelationId at = from.relation; at >= 0;) {
    if (const auto named = ports_.find({at, from.port}); named != ports_.end()) {
      node.row = named->second;
      break;
    }
    const typed::Relation& relation = project_.relations[at];
    const auto* read = relation.steps.empty() ? nullptr : std::get_if<typed::FromStep>(&relation.steps.front().content);
    const bool once_more = read != nullptr && project_.relations[read->relation].qualified() == relation.qualified();
    at = once_more ? read->relation : -1;
  }
  return add(std::move(node));
}

void Builder::note_port(const typed::Relation& owner, const std::string& port, int at) {
  if (!port.empty()) ports_[{id_of(owner), port}] = shown_fields(row(at));
}

int Builder::read_changes(const typed::FromStep& from, const typed::Step& step, const typed::Relation& owner) {
  relation(from.relation);
  const typed::Relation& table = project_.relations[from.relation];
  const auto known = versions_of_.find(from.relation);
  const int versions = known != versions_of_.end() ? known->second : history(from.relation);
  if (retracted_column(row(versions)) >= 0) return net_by_instants(versions, table, step, owner);
  const Type side = step.row[1].type;
  const auto made = [&](const Type& type, auto node) { return typed::make(type, step.span, std::move(node)); };

  // The keys, and the row that stands from then on, or null.
  Node sides{.content = ProjectNode{"read", {}}, .inputs = {versions}, .text = step.text, .span = step.span};
  auto& columns = std::get<ProjectNode>(sides.content).columns;
  typed::RunningStep running;
  for (ExpressionRef& key : table_key(versions, table, step.span)) {
    columns.push_back(std::move(key));
    const int place = static_cast<int>(sides.row.size());
    sides.row.push_back({fmt::format("key{}", place), columns.back()->type});
    running.keys.push_back(made(columns.back()->type, typed::ColumnRead{place}));
  }
  std::vector<ExpressionRef> fields;
  for (size_t i = 0; i < side->element->fields.size(); ++i)
    fields.push_back(column(versions, static_cast<int>(i), step.span));
  ExpressionRef stands = made(
      side, typed::Convert{typed::Conversion::to_optional, made(side->element, typed::MakeStruct{std::move(fields)})});
  if (const int deleted = deleted_column(row(versions)); deleted >= 0)
    stands = made(side, typed::Choose{column(versions, deleted, step.span), made(side, typed::Constant{Value{Null{}}}),
                                      std::move(stands)});
  const int after = static_cast<int>(sides.row.size()), before = after + 1;
  columns.push_back(std::move(stands));
  sides.row.push_back({"after", side});
  typed::Step previous{.content = running, .row = sides.row, .span = step.span, .text = step.text};
  previous.row.push_back({"before", side});
  int at = add(std::move(sides));

  running.aggregates.push_back({.kind = typed::AggregateKind::last,
                                .argument = made(side, typed::ColumnRead{after}),
                                .by = nullptr,
                                .filter = nullptr,
                                .type = side,
                                .span = step.span,
                                .before = true});
  at = this->running(at, running, previous, owner);

  const ExpressionRef stood = made(side, typed::ColumnRead{before}), now = made(side, typed::ColumnRead{after});
  const ExpressionRef alike = made(bool_type(), typed::Operation{typed::Operator::equal, {stood, now}});
  at = add({.content = KeepNode{made(bool_type(), typed::Not{alike}), "", ""},
            .inputs = {at},
            .row = row(at),
            .text = step.text,
            .span = step.span});
  return add(changes_row(at, stood, now, step));
}

Node Builder::changes_row(int at, const ExpressionRef& before, const ExpressionRef& after, const typed::Step& step) {
  const auto made = [&](const Type& type, auto node) { return typed::make(type, step.span, std::move(node)); };
  const auto word = [&](RowChange change) {
    static constexpr const char* kWords[] = {"c", "u", "d"};
    return made(string_type(), typed::Constant{Value{std::string(kWords[static_cast<size_t>(change)])}});
  };
  const ExpressionRef goes = made(string_type(), typed::Choose{made(bool_type(), typed::IsNull{after}),
                                                               word(RowChange::goes), word(RowChange::becomes)});
  const ExpressionRef op =
      made(string_type(), typed::Choose{made(bool_type(), typed::IsNull{before}), word(RowChange::comes), goes});
  return {.content = ProjectNode{"read", {op, before, after}},
          .inputs = {at},
          .row = step.row,
          .text = step.text,
          .span = step.span};
}

int Builder::net_by_instants(int at, const typed::Relation& table, const typed::Step& step,
                             const typed::Relation& owner) {
  at = carry(at, step.text, step.span);
  NetNode made_of{{}, true};
  for (const std::vector<int>& path : table.key) made_of.keys.push_back(typed::read_path(row(at), path, step.span));
  const int change = static_cast<int>(row(at).size()) - 1;
  at = net(at, std::move(made_of), step.text, owner.name + ": " + step.text, step.span);

  const Type side = step.row[1].type;
  const auto made = [&](const Type& type, auto content) { return typed::make(type, step.span, std::move(content)); };
  std::vector<ExpressionRef> fields;
  for (int i = 0; i < change; ++i) fields.push_back(column(at, i, step.span));
  const ExpressionRef row_there = made(
      side, typed::Convert{typed::Conversion::to_optional, made(side->element, typed::MakeStruct{std::move(fields)})});
  const ExpressionRef gone = made(
      bool_type(), typed::Operation{typed::Operator::equal,
                                    {column(at, change, step.span),
                                     made(int_type(), typed::Constant{Value{static_cast<int64_t>(RowChange::goes)}})}});
  const ExpressionRef none = made(side, typed::Constant{Value{Null{}}});
  const ExpressionRef before = made(side, typed::Choose{gone, row_there, column(at, change + 1, step.span)});
  const ExpressionRef after = made(side, typed::Choose{gone, none, row_there});
  return add(changes_row(at, before, after, step));
}

}  // namespace braid::plan
