// Tables that change: what a step without a window keeps, the key of their rows, `last per`, and what a product made of
// one needs.
#include <utility>

#include "compiler/check/flow.h"
#include "runtime/base/overloaded.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/derived_findings.h"

namespace braid::checking {

std::optional<std::vector<int>> path_of_value(const typed::ExpressionRef& value) {
  if (const auto* column = std::get_if<typed::ColumnRead>(&value->node)) return std::vector<int>{column->index};
  const auto* field = std::get_if<typed::FieldRead>(&value->node);
  if (field == nullptr) return std::nullopt;
  std::optional<std::vector<int>> path = path_of_value(field->base);
  if (path) path->push_back(field->index);
  return path;
}

bool FlowChecker::bounded(const std::vector<ast::StatefulOption>& options, std::string_view step, Span span,
                          int64_t& retain_us) {
  for (const ast::StatefulOption& option : options) {
    const auto* retain = std::get_if<ast::Retain>(&option.node);
    if (retain == nullptr) continue;
    if (!retain->duration) return true;
    if (row_.table && !retains_rows(*retain, option.span)) return false;
    if (!row_.table && !row_.has_time && !row_.open) {
      context_.no_event_time(row_, row_.relation, std::string(step))
          .at(option.span, "so long after the last row of a key, by event time")
          .also(row_.relation_span, "its rows have none")
          .note("`retain forever` keeps every key");
      return false;
    }
    const std::optional<int64_t> length = context_.length_of(*retain->duration, "`retain`");
    retain_us = length.value_or(typed::kForever);
    if (length != 0) return length.has_value();
    context_.reporter.report(diag::RetainNothing{.length = retain->duration->text})
        .at(retain->duration->span, "no time at all")
        .note("`retain 30d` forgets a key 30 days after its last row, `retain forever` none");
    return false;
  }
  if (row_.table) return true;  // bounded by the rows that it has
  if (cut_off_) return false;
  auto report = context_.reporter.report(diag::NeedsRetain{.step = std::string(step)});
  report.at(context_.word(span, step), "kept for ever");
  report.note(step == "group" ? "`retain forever` says so, and `retain 30d` forgets a key 30 days after its last row; "
                                "`window tumbling 1h` before it makes a group per hour"
              : step == "top" ? "`retain forever` says so, and `retain 30d` forgets a key 30 days after its last row; "
                                "`window tumbling 1h` before it ranks the rows of each hour"
                              : "`retain forever` says so, and `retain 30d` forgets a key 30 days after its last row");
  report.fix(Applicability::likely, "keep every key", {{{span.file, span.end, span.end}, " retain forever"}});
  return false;
}

std::optional<std::vector<std::vector<int>>> FlowChecker::table_key(Span place) {
  std::vector<std::vector<int>> key;
  for (const KeyPart& part : row_.key) {
    if (part.column < 0) {
      auto report = context_.reporter.report(diag::TableKeyLost{.relation = row_.relation, .key = part.text});
      report.at(place, "tells the rows of a table apart by their key");
      if (!row_.relation_span.empty()) report.also(row_.relation_span, "its key is declared here");
      report.note("keep `" + part.text + "` in the row up to here");
      return std::nullopt;
    }
    key.push_back({part.column});
    key.back().insert(key.back().end(), part.path.begin(), part.path.end());
  }
  return key;
}

bool FlowChecker::use_untimed(const typed::Step& step, bool refers, Span place) {
  const auto* from = std::get_if<typed::FromStep>(&step.content);
  const auto* other = std::get_if<typed::UnionStep>(&step.content);
  if (from == nullptr && other == nullptr) return true;
  return use_untimed(from != nullptr ? from->relation : other->relation, refers, place);
}

bool FlowChecker::use_untimed(typed::RelationId id, bool refers, Span place) {
  typed::Relation& relation = context_.project.relations[static_cast<size_t>(id)];
  if (relation.kind == typed::RelationKind::view && !relation.changes) {
    for (const typed::Step& step : relation.steps)
      if (!use_untimed(step, refers, place)) return false;
    return true;
  }
  if (relation.kind != typed::RelationKind::table || relation.has_time) return true;
  (refers ? relation.referred : relation.followed) = true;
  if (!relation.referred || !relation.followed) return true;
  (refers ? relation.referred : relation.followed) = false;
  context_.reporter.report(diag::FollowedAndRead{.relation = relation.name})
      .at(place, refers ? "read whole before the rows that meet it" : "followed as it grows")
      .also(relation.span, "declared here, and read the other way elsewhere")
      .note("`join latest " + relation.name + "` meets what has come of it so far, however it is read elsewhere");
  return false;
}

bool FlowChecker::retains_rows(const ast::Retain& retain, Span place) {
  if (row_.open) return false;
  if (row_.changes) {
    // When a row changed last depends on how many of what it is made of came in one turn.
    context_.reporter.report(diag::RetainOfMadeTable{.length = retain.duration->text, .relation = row_.relation})
        .at(place, "since when a row stands unchanged depends on the turns")
        .also(row_.relation_span, "a step makes the table")
        .note("`retain " + retain.duration->text +
              "` behind the step that makes the table forgets its keys; so do rows that go from what it reads");
    return false;
  }
  if (row_.has_time) return true;
  context_.no_event_time(row_, row_.relation, "retain")
      .at(place, "from when on?")
      .also(row_.relation_span, "declared here without `time`");
  return false;
}

bool FlowChecker::table_as_changes(std::string_view step, Span place, Span span, int64_t* retain_us) {
  if (!row_.table || row_.changes) return true;
  if (reads_row_time(true)) add_row_time(span);
  const auto key = table_key(place);
  if (!key) return false;
  for (const typed::Step& step : made_.steps)
    if (!use_untimed(step, false, place)) return false;
  typed::LatestStep made;
  if (retain_us != nullptr) made.retain_us = std::exchange(*retain_us, typed::kForever);
  for (const std::vector<int>& path : *key) made.keys.push_back(typed::read_path(row_.types(), path, place));
  row_.changes = true;
  add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  return true;
}

void FlowChecker::last(const ast::Last& node, Span span) {
  const Span word = context_.word(span, "last");
  if (window_) return last_of_window(node, word, span);
  typed::LatestStep made;
  bool sound = bounded(node.options, "last", span, made.retain_us) && !row_.open;
  for (const ast::StatefulOption& option : node.options) {
    if (const auto* name = std::get_if<ast::StateName>(&option.node)) made.name = name->name.text;
    const auto* emit = std::get_if<ast::Emit>(&option.node);
    if (emit != nullptr && emit->kind == ast::EmitKind::final)
      context_.reporter.report(diag::NeverFinal{.step = "last"})
          .at(option.span, "the newest row may be followed by another");
    sound &= emit == nullptr || emit->kind != ast::EmitKind::final;
  }
  const bool of_table = row_.table;
  const int time = row_.time_field;
  if (of_table) {
    sound = newest_of_table("last", word) && sound && !has_elements(word) &&
            table_as_changes("last", word, span, &made.retain_us);
  } else if (!row_.has_time && !row_.open) {
    context_.no_event_time(row_, row_.relation, "last")
        .at(word, "the newest row by event time")
        .also(row_.relation_span, "declared here without `time`");
    sound = false;
  } else if (reads_row_time(false)) {
    add_row_time(span);
  }
  Expressions expressions(context_, place_, &row_);
  std::vector<KeyPart> key;
  for (const ast::ExprPtr& written : node.per) {
    if (written == nullptr) {
      sound = false;
      continue;
    }
    const typed::ExpressionRef value = expressions.check(*written);
    if (is_poison(value)) {
      sound = false;
      continue;
    }
    const auto path = path_of_value(value);
    made.keys.push_back(value);
    key.push_back(key_part(*written, path));
  }
  row_.key = std::move(key);
  row_.key_stated = !sound;
  row_.key_clause = span;
  row_.table = row_.changes = true;
  if (sound && of_table) {
    // Of the rows that stand the first by their time, from the newest.
    typed::TopStep first;
    first.windowed = false;
    first.keys = std::move(made.keys);
    first.orders.push_back(
        {typed::make(row_.fields[static_cast<size_t>(time)].type, word, typed::ColumnRead{time}), true});
    first.name = std::move(made.name);
    row_.time_field = -1;
    add({.content = std::move(first), .row = {}, .span = span, .text = step_text(span)});
  } else if (sound) {
    add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  }
  emit_every(node.options, sound);
}

bool FlowChecker::newest_of_table(std::string_view step, Span place) {
  if (row_.time_field >= 0 || row_.open) return !row_.open;
  auto report = context_.reporter.report(diag::NewestWithoutTime{.step = std::string(step), .relation = row_.relation});
  report.at(place, "the newest by which field?");
  report.note(
      row_.has_time
          ? "keep the field that `time` names in the row; or `top 1 by at desc per k`, which says by which field"
          : "`top 1 by at desc per k` says by which field");
  return false;
}

KeyPart FlowChecker::key_part(const ast::Expr& written, const std::optional<std::vector<int>>& path) const {
  KeyPart part{std::string(context_.text(written.span)), -1, {}, false, {}};
  if (!path) return part;
  part.column = path->front();
  part.path.assign(path->begin() + 1, path->end());
  return part;
}

void FlowChecker::emit_every(const std::vector<ast::StatefulOption>& options, bool sound) {
  for (const ast::StatefulOption& option : options) {
    const auto* emit = std::get_if<ast::Emit>(&option.node);
    if (emit == nullptr || emit->kind != ast::EmitKind::every) continue;
    if (!emit->wall && !row_.has_time && !row_.open && sound) {
      context_.reporter.report(diag::EmitWithoutTime{.relation = row_.relation})
          .at(option.span, "of event time, and there is none")
          .also(row_.relation_span, "declared here without `time`")
          .note("leave it out: each change goes out with its turn");
      continue;
    }
    const std::optional<int64_t> length =
        emit->period ? context_.length_of(*emit->period, "`emit every`") : std::nullopt;
    if (length == 0) {
      context_.reporter.report(diag::EmitEveryNothing{.length = emit->period->text})
          .at(emit->period->span, "no time at all")
          .note("`emit changes`, the default, gives each change");
    } else if (length && sound) {
      add({.content = typed::EmitStep{*length, emit->wall},
           .row = {},
           .span = option.span,
           .text = step_text(option.span)});
    }
  }
}

void FlowChecker::finish_table(const std::vector<ast::Clause>& clauses) {
  if (!row_.table || row_.open || has_elements(made_.span)) return;
  if (made_.kind != typed::RelationKind::product) {
    widen_key(clauses);
    made_.changes = row_.changes;
    if (!row_.changes) made_.version_key = whole_key(row_).value_or(std::vector<std::vector<int>>());
    return;
  }
  made_.changes = true;
  const auto key = table_key(made_.span);
  if (!row_.changes) {
    for (const typed::Step& step : made_.steps) use_untimed(step, false, from_relation_span_);
    if (key) made_.version_key = *key;
    row_.changes = true;
  }
  for (const ast::Clause& clause : clauses) {
    const auto* contract = std::get_if<ast::Contract>(&clause.node);
    if (contract == nullptr) continue;
    for (const ast::Promise& promise : contract->promises)
      if (std::holds_alternative<ast::Unique>(promise.node))
        context_.reporter.report(diag::UniqueOfTable{.relation = made_.name})
            .at(promise.span, "a table has one row of each key at a time")
            .note("leave the promise out");
  }
}

void FlowChecker::widen_key(const std::vector<ast::Clause>& clauses) {
  if (row_.changes || !row_.has_time || !whole_key(row_)) return;
  for (const ast::Clause& clause : clauses)
    if (const auto* key = std::get_if<ast::Key>(&clause.node); key != nullptr && key->fields.size() > row_.key.size())
      table_as_changes("key", clause.span, clause.span);
}

}  // namespace braid::checking
