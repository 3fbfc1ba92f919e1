// `event_time()` of a row of a table: the newest time of the rows and versions that it is made of. It is a field of the
// row, under a name that no script can write, from the first step on that makes the table: so a row that goes has it as
// the one that came. Only where something reads it is it there. A view that makes a table is made once more with it.
#include <utility>

#include "compiler/check/flow.h"

namespace braid::checking {
namespace {

typed::ExpressionRef time_of_record(Span span) {
  return typed::make(timestamp_type(), span, typed::AmbientRead{typed::Ambient::event_time});
}

}  // namespace

bool FlowChecker::reads_row_time(bool here) const {
  return !time_lost_ && (keeps_time_ || time_read_ > static_cast<int>(step_) - (here ? 1 : 0));
}

typed::ExpressionRef FlowChecker::row_time(Span span) const {
  if (const int column = row_.find(kRowTime); column >= 0)
    return typed::make(timestamp_type(), span, typed::ColumnRead{column});
  return row_.changes || !row_.has_time ? nullptr : time_of_record(span);
}

void FlowChecker::add_row_time(Span span) {
  if (row_.open || row_.changes || !row_.has_time || row_.find(kRowTime) >= 0) return;
  std::vector<Column> columns = unchanged();
  columns.push_back({{kRowTime, timestamp_type(), true, span, -1}, time_of_record(span)});
  project("let", std::move(columns), span);
}

void FlowChecker::keep_row_time(std::vector<Column>& columns) const {
  const int time = row_.find(kRowTime);
  if (time < 0 || time_lost_ || (ends_ && !keeps_time_)) return;
  const bool stays =
      std::any_of(columns.begin(), columns.end(), [](const Column& column) { return column.field.name == kRowTime; });
  if (stays) return;
  const RowField& field = row_.fields[static_cast<size_t>(time)];
  columns.push_back({field, typed::make(field.type, field.declared, typed::ColumnRead{time})});
}

void FlowChecker::lose_row_time(Span span) {
  time_lost_ = true;
  const int time = row_.find(kRowTime);
  if (time < 0) return;
  std::vector<Column> columns = unchanged();
  columns.erase(columns.begin() + time);
  project("drop", std::move(columns), span);
}

RelationInfo* FlowChecker::with_row_time(const RelationInfo& table) {
  if (table.id < 0 || table.row.open || !table.row.has_time || !table.row.table) return nullptr;
  const auto [at, fresh] = context_.timed.try_emplace(table.id);
  RelationInfo& info = at->second;
  if (!fresh) return info.id >= 0 ? &info : nullptr;
  const typed::Relation relation = context_.project.relations[static_cast<size_t>(table.id)];
  info.declaration = table.declaration;
  if (!relation.changes) {
    info = table;
    info.id = static_cast<int>(context_.project.relations.size());
    info.row.fields.push_back({kRowTime, timestamp_type(), false, table.row.relation_span, -1});
    typed::Relation made{};
    made.kind = typed::RelationKind::view;
    made.domain = relation.domain;
    made.name = relation.name + " with time";
    made.row = info.row.types();
    made.key = relation.key;
    made.version_key = relation.version_key.empty() ? relation.key : relation.version_key;
    made.has_time = true;
    made.time_field = info.row.time_field;
    made.span = relation.span;
    typed::ProjectStep timed{"let", {}};
    for (size_t i = 0; i < table.row.fields.size(); ++i)
      timed.columns.push_back(typed::make(made.row[i].type, relation.span, typed::ColumnRead{static_cast<int>(i)}));
    timed.columns.push_back(time_of_record(relation.span));
    const std::string text = "from " + relation.name;
    made.steps.push_back(
        {.content = typed::FromStep{table.id}, .row = table.row.types(), .span = relation.span, .text = text});
    made.steps.push_back({.content = std::move(timed), .row = made.row, .span = relation.span, .text = text});
    context_.project.relations.push_back(std::move(made));
    return &info;
  }
  const auto* view = std::get_if<ast::View>(&table.declaration->item->node);
  if (view == nullptr || relation.name != table.declaration->name.text) return nullptr;
  // What it has to say it has said.
  const size_t findings = context_.reporter.size();
  FlowChecker checker(context_, info);
  checker.keeps_time_ = true;
  checker.run(view->clauses, view->flow);
  context_.reporter.truncate(findings);
  info.state = RelationInfo::State::done;
  if (info.row.fields.empty() || info.row.fields.back().name != kRowTime) info.id = -1;
  return info.id >= 0 ? &info : nullptr;
}

void FlowChecker::join_row_times(const std::string& alias, Span span) {
  const int ours = row_.find(kRowTime), joined = row_.find(alias);
  if (joined < 0) return;
  const Type type = row_.fields[static_cast<size_t>(joined)].type;
  const int theirs = find_field(without_optional(type)->fields, kRowTime);
  if (theirs < 0) return lose_row_time(span);
  std::vector<Column> columns = unchanged();
  Column& side = columns[static_cast<size_t>(joined)];
  side.value = changed_struct(side.value, {{{alias, span}, {kRowTime, span}}, span}, 1, {});
  if (ours < 0) {
    time_lost_ = true;
    return project("let", std::move(columns), span);
  }
  const auto made = [&](const Type& of, auto node) { return typed::make(of, span, std::move(node)); };
  const auto present = [&](int column, const Type& of) {
    const typed::ExpressionRef read = made(of, typed::ColumnRead{column});
    return is_optional(of) ? made(of->element, typed::Convert{typed::Conversion::unwrap, read}) : read;
  };
  const auto is_null = [&](int column, const Type& of) {
    return made(bool_type(), typed::IsNull{made(of, typed::ColumnRead{column})});
  };
  Column& time = columns[static_cast<size_t>(ours)];
  const Type own = time.value->type;
  const typed::ExpressionRef left = present(ours, own);
  const typed::ExpressionRef right = made(timestamp_type(), typed::FieldRead{present(joined, type), theirs});
  const typed::ExpressionRef less = made(bool_type(), typed::Operation{typed::Operator::less, {left, right}});
  typed::ExpressionRef later = made(timestamp_type(), typed::Choose{less, right, left});
  if (is_optional(type)) later = made(timestamp_type(), typed::Choose{is_null(joined, type), left, later});
  if (is_optional(own)) later = made(timestamp_type(), typed::Choose{is_null(ours, own), right, later});
  time.value = std::move(later);
  project("let", std::move(columns), span);
}

void FlowChecker::finish_row_time(Span span) {
  if (!keeps_time_ || row_.open) return;
  add_row_time(span);
  const int time = row_.find(kRowTime);
  if (time < 0 || static_cast<size_t>(time) + 1 == row_.fields.size()) return;
  std::vector<Column> columns = unchanged();
  std::rotate(columns.begin() + time, columns.begin() + time + 1, columns.end());
  project("let", std::move(columns), span);
}

}  // namespace braid::checking
