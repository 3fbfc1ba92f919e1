// `event_time()` of a row of a table: the newest time of the rows and versions that it is made of. It is a field of the
// row, under a name that no script can write, from the first step on that makes the table: so a row that goes has it as
// the one that came. Only where something reads it is it there. A view that makes a table is made once more with it. So
// is a product that is a table: what it publishes does not change, and flows that ask read a view with its steps and
// checks.
#include <algorithm>
#include <utility>

#include "compiler/check/flow.h"
#include "runtime/report/change_findings.h"

namespace braid::checking {
namespace {

typed::ExpressionRef time_of_record(Span span) {
  return typed::make(timestamp_type(), span, typed::AmbientRead{typed::Ambient::event_time});
}

}  // namespace

void Expressions::without_row_time(Span span) {
  if (row_->open) return;
  if (row_->find(kRowTime) >= 0) {
    context_.reporter.report(diag::NotAggregated{.name = "event_time()"})
        .at(span, "which of the group's rows?")
        .note("fold it: `max(event_time())` is the time of the newest");
    return;
  }
  if (!row_->has_time) {
    auto report = context_.no_event_time(*row_, row_->relation, "event_time()");
    report.at(span, "no event time here");
    if (!row_->relation_span.empty()) report.also(row_->relation_span, "declared here without `time`");
    return;
  }
  auto report = context_.reporter.report(diag::RowTimeUnknown{.relation = row_->relation});
  report.at(span, "the time of which rows?");
  if (row_->time_lost.empty()) {
    report.note("`let changed = event_time()` in the flow that makes the table is a field of its rows");
    return;
  }
  report.also(row_->time_lost, "adds rows of a table without `time`");
  report.note(
      "give that table a `time`; or `let changed = event_time()` before the step has the time of the rows there");
}

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
  row_.time_lost = span;
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
  if (!relation.changes)
    time_versions(table, relation, info);
  else if (relation.eyes_of >= 0)
    time_seen(table, relation, info);
  else
    time_flow(table, relation, info);
  return info.id >= 0 ? &info : nullptr;
}

void FlowChecker::time_versions(const RelationInfo& table, const typed::Relation& relation, RelationInfo& info) {
  info = table;
  info.id = static_cast<int>(context_.project.relations.size());
  info.row.fields.push_back({kRowTime, timestamp_type(), false, table.row.relation_span, -1});
  typed::Relation made{};
  made.kind = typed::RelationKind::view;
  made.domain = relation.domain;
  made.name = relation.name + kTimedName;
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
}

void FlowChecker::time_seen(const RelationInfo& seen, typed::Relation made, RelationInfo& info) {
  const RelationInfo& whole = context_.relations[static_cast<size_t>(seen.declaration->index)];
  const RelationInfo* timed = whole.id == made.eyes_of ? with_row_time(whole) : nullptr;
  if (timed == nullptr) return;
  info = seen;
  info.row.fields.push_back({kRowTime, timestamp_type(), false, seen.row.relation_span, -1});
  made.name += kTimedName;
  std::get<typed::FromStep>(made.steps.front().content).relation = timed->id;
  made.row.push_back({kRowTime, timestamp_type()});
  // Its steps filter and mask: they hand on what stands behind.
  for (typed::Step& step : made.steps) {
    auto* project = std::get_if<typed::ProjectStep>(&step.content);
    if (project != nullptr)
      project->columns.push_back(
          typed::make(timestamp_type(), step.span, typed::ColumnRead{static_cast<int>(step.row.size())}));
    step.row.push_back({kRowTime, timestamp_type()});
  }
  info.id = static_cast<int>(context_.project.relations.size());
  context_.project.relations.push_back(std::move(made));
}

void FlowChecker::time_flow(const RelationInfo& table, const typed::Relation& relation, RelationInfo& info) {
  const Declaration& declaration = *table.declaration;
  RelationInfo flow;
  flow.declaration = &declaration;
  // What it has to say it has said.
  const size_t findings = context_.reporter.size();
  if (relation.name == declaration.name.text) {
    FlowChecker checker(context_, info);
    checker.keeps_time_ = true;
    checker.run_declared();
  } else if (const auto port = std::ranges::find_if(context_.port_views,
                                                    [&](const auto& view) { return view.second.id == table.id; });
             port != context_.port_views.end()) {
    FlowChecker checker(context_, flow);
    checker.keeps_time_ = true;
    checker.timed_port_ = port->first.second;
    checker.port_info_ = &info;
    checker.run_declared();
  }
  context_.reporter.truncate(findings);
  info.state = RelationInfo::State::done;
  if (info.row.find(kRowTime) < 0) info.id = -1;
  if (info.id >= 0 && !context_.project.relations[static_cast<size_t>(info.id)].changes) follow_versions(info);
}

void FlowChecker::follow_versions(RelationInfo& info) {
  const typed::Relation versions = context_.project.relations[static_cast<size_t>(info.id)];
  typed::Relation made{};
  made.kind = typed::RelationKind::view;
  made.domain = versions.domain;
  made.name = versions.name;
  made.row = versions.row;
  made.key = versions.key;
  made.has_time = versions.has_time;
  made.time_field = versions.time_field;
  made.changes = true;
  made.span = versions.span;
  typed::LatestStep latest;
  for (const std::vector<int>& path : versions.version_key)
    latest.keys.push_back(typed::read_path(versions.row, path, versions.span));
  made.steps.push_back({.content = typed::FromStep{info.id},
                        .row = versions.row,
                        .span = versions.span,
                        .text = "from " + versions.name});
  made.steps.push_back(
      {.content = std::move(latest), .row = versions.row, .span = versions.span, .text = "table " + versions.name});
  info.id = static_cast<int>(context_.project.relations.size());
  context_.project.relations.push_back(std::move(made));
}

void FlowChecker::end_form_of_product() {
  const typed::ProjectStep all = [&] {
    typed::ProjectStep made{"select", {}};
    for (size_t i = 0; i < row_.fields.size(); ++i)
      made.columns.push_back(typed::make(row_.fields[i].type, made_.span, typed::ColumnRead{static_cast<int>(i)}));
    return made;
  }();
  made_.kind = typed::RelationKind::view;
  if (!made_.version_key.empty()) {
    // Its rows are versions, as those of the product are up to its checks, and a version that cannot be published is
    // rejected.
    made_.changes = false;
    made_.steps.push_back(
        {.content = all, .row = row_.types(), .span = made_.span, .text = "product " + info_.declaration->name.text});
  }
  std::erase_if(made_.checks,
                [](const typed::Check& check) { return check.otherwise == typed::Check::Otherwise::alert; });
  made_.uniques.clear();
  made_.promises = {};
  made_.to.reset();
  made_.is_public = made_.draft = false;
  made_.deprecated.reset();
  made_.migration.reset();
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
    row_.time_lost = span;
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
