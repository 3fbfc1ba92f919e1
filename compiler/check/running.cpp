// `running`: over which rows, for how long a key is kept, and the entries, in which the row stands beside aggregates.
#include <algorithm>

#include "compiler/check/aggregate_findings.h"
#include "compiler/check/flow.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/row_change.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/rank_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {

/// What bounds the state: a duration, or else a `retain`.
bool FlowChecker::running_range(const ast::Running& node, typed::RunningStep& made, Span span) {
  bool sound = true;
  const auto* rows = std::get_if<ast::Int>(&node.over);
  if (rows != nullptr) made.rows = rows->value;
  if (rows != nullptr && rows->value < 1) {
    context_.reporter.report(diag::NoRowsAsked{.step = "running over", .count = rows->value})
        .at(rows->span, "at least 1: the row itself");
    sound = false;
  }
  const auto* duration = std::get_if<ast::Duration>(&node.over);
  if (duration != nullptr) {
    const std::optional<int64_t> length = context_.length_of(*duration, "`running`");
    made.within_us = length.value_or(0);
    sound &= length.has_value();
  }
  bool retained = false;
  for (const ast::StatefulOption& option : node.options) {
    if (const auto* name = std::get_if<ast::StateName>(&option.node)) made.name = name->name.text;
    const auto* emit = std::get_if<ast::Emit>(&option.node);
    if (emit != nullptr && emit->kind != ast::EmitKind::final) {
      rows_go_once(option.span, *emit, "running", "a row goes on with what the rows up to it make");
      sound = false;
    }
    const auto* retain = std::get_if<ast::Retain>(&option.node);
    if (retain == nullptr) continue;
    retained = true;
    if (duration != nullptr) {
      nothing_to_retain(option.span, "behind `running over` a length of time", "its rows go when they are that old");
      sound = false;
    } else if (retain->duration) {
      const std::optional<int64_t> length = context_.length_of(*retain->duration, "`retain`");
      made.retain_us = length.value_or(typed::kForever);
      sound &= length.has_value();
    }
  }
  // No row comes to a key behind its window.
  if (window_ && window_->longest_us && duration == nullptr)
    made.retain_us = std::min(made.retain_us, *window_->longest_us);
  if (window_ && (window_->longest_us || !window_->sound || row_.in_session)) return sound;
  if (duration != nullptr || retained) return sound;
  if (cut_off_) return false;
  context_.reporter.report(diag::RunningNeedsRetain{.kept = rows == nullptr ? "its aggregates" : "the last rows"})
      .at(context_.word(span, "running"), "kept for ever")
      .note(
          "`retain 30d` forgets a key 30 days after its last row, `retain forever` none; `over 7d` is of the rows of "
          "a week")
      .fix(Applicability::likely, "keep every key", {{{span.file, span.end, span.end}, " retain forever"}});
  return false;
}

/// Rows that are out of range are taken out again.
bool FlowChecker::of_rows_in_range(const typed::Aggregate& aggregate) {
  const AggregateDeclaration* known = context_.input.functions.aggregate(typed::name_of(aggregate.kind));
  if (known == nullptr || known->over_tables.empty()) return true;
  context_.reporter.report(diag::RowsStay{.name = std::string(known->name)})
      .at(aggregate.span, "rows of `over` go again")
      .note(std::string(known->over_tables));
  return false;
}

void FlowChecker::running_entries(const ast::Struct& aggregates, typed::RunningStep made, bool sound, Span span) {
  bool open = false;
  GroupScope scope;
  scope.running = true;
  scope.columns = row_.fields.size();
  Expressions expressions(context_, place_, &row_);
  expressions.enter_group(&scope);
  std::vector<Expressions::Entry> entries = expressions.entries(aggregates, open);
  sound &= !open;

  // Those of the rows before come first.
  const size_t before = row_.fields.size();
  std::vector<typed::ExpressionRef> columns;
  for (const Column& column : unchanged()) columns.push_back(column.value);
  columns.resize(before + scope.aggregates.size());
  if (made.rows > 0 || made.within_us > 0)
    for (const typed::Aggregate& aggregate : scope.aggregates) sound &= of_rows_in_range(aggregate);
  for (const bool earlier : {true, false})
    for (size_t i = 0; i < scope.aggregates.size(); ++i) {
      const typed::Aggregate& aggregate = scope.aggregates[i];
      if (aggregate.before != earlier) continue;
      columns[before + i] = typed::make(aggregate.type, aggregate.span,
                                        typed::ColumnRead{static_cast<int>(before + made.aggregates.size())});
      made.aggregates.push_back(aggregate);
    }
  for (Expressions::Entry& entry : entries) {
    if (is_poison(entry.value)) {
      sound = false;
    } else if (holds_null(entry.value->type)) {
      context_.reporter.report(diag::NullWithoutType{}).at(entry.value->span, "of which type?");
      entry.value = expressions.poison(entry.value->span);
      sound = false;
    } else {
      entry.value = typed::substitute_columns(entry.value, columns);
    }
  }

  for (const typed::Aggregate& aggregate : made.aggregates)
    row_.fields.push_back({std::string(1, kHiddenMark) + std::to_string(row_.fields.size() - before), aggregate.type,
                           true, aggregate.span, -1});
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  std::vector<Column> after = unchanged();
  after.resize(before);
  std::set<std::string> named;
  for (Expressions::Entry& entry : entries) {
    if (entry.spread) continue;
    const int known = row_.find(entry.name);
    if (!named.insert(entry.name).second) {
      context_.reporter.report(diag::DuplicateField{.field = entry.name}).at(entry.span, "named again");
      continue;
    }
    if (known >= 0 && !replaceable(entry.name, known, entry.span)) continue;
    Column column{{entry.name, entry.value->type, true, entry.span, -1}, entry.value};
    if (known >= 0)
      after[static_cast<size_t>(known)] = std::move(column);
    else
      after.push_back(std::move(column));
  }
  project("running", std::move(after), span);
  row_.open |= open;
}

void FlowChecker::running(const ast::Running& node, Span span) {
  const Span word = context_.word(span, "running");
  typed::RunningStep made;
  bool sound = running_range(node, made, span) && !row_.open;
  if (row_.table) {
    auto report = context_.reporter.report(diag::RunningOverTable{.relation = row_.relation});
    report.at(word, "rows of a table only stand");
    if (!row_.relation_span.empty()) report.also(row_.relation_span, "declared here");
    report.note(
        "`group` over a table follows its changes; `running` over the stream that it is made from goes in order");
    sound = false;
  } else if (!row_.has_time && !row_.open) {
    context_.no_event_time(row_, row_.relation, "running")
        .at(word, "goes in the order of event time")
        .also(row_.relation_span, "declared here without `time`");
    sound = false;
  }
  sound &= add_keys(node.per, made.keys);
  if (window_) sound &= add_window_keys("running", word, made.keys);
  running_entries(node.aggregates, std::move(made), sound, span);
}

}  // namespace braid::checking
