// Tables that change: what a step without a window keeps, the key of their rows, `last per`, and what a product made of
// one needs.
#include "compiler/check/flow.h"
#include "runtime/base/overloaded.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/change_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {
namespace {}  // namespace

std::optional<std::vector<int>> path_of_value(const typed::ExpressionRef& value) {
  if (const auto* column = std::get_if<typed::ColumnRead>(&value->node)) return std::vector<int>{column->index};
  const auto* field = std::get_if<typed::FieldRead>(&value->node);
  if (field == nullptr) return std::nullopt;
  std::optional<std::vector<int>> path = path_of_value(field->base);
  if (path) path->push_back(field->index);
  return path;
}

bool FlowChecker::bounded(const std::vector<ast::StatefulOption>& options, std::string_view step, Span span) {
  for (const ast::StatefulOption& option : options) {
    const auto* retain = std::get_if<ast::Retain>(&option.node);
    if (retain == nullptr) continue;
    if (retain->duration) {
      context_.not_yet(option.span, "`retain` with a length behind `" + std::string(step) + "`",
                       "`retain forever` keeps every key, and a window forgets them");
      return false;
    }
    return true;
  }
  if (row_.table) return true;  // bounded by the rows that it has
  if (cut_off_) return false;
  auto report = context_.reporter.report(diag::NeedsRetain{.step = std::string(step)});
  report.at(context_.word(span, step), "kept for ever");
  report.note(step == "group" ? "`retain forever` says so; `window tumbling 1h` before it makes a group per hour"
              : step == "top" ? "`retain forever` says so; `window tumbling 1h` before it ranks the rows of each hour"
                              : "`retain forever` says so");
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

bool FlowChecker::table_as_changes(std::string_view step, Span place, Span span) {
  if (!row_.table || row_.changes) return true;
  if (!row_.has_time) {
    context_.not_yet(place, "`" + std::string(step) + "` over a table without `time`",
                     "`time … within …` in the header of the table gives its rows a history");
    return false;
  }
  const auto key = table_key(place);
  if (!key) return false;
  typed::LatestStep made;
  for (const std::vector<int>& path : *key) made.keys.push_back(typed::read_path(row_.types(), path, place));
  row_.changes = true;
  add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  return true;
}

void FlowChecker::last(const ast::Last& node, Span span) {
  const Span word = context_.word(span, "last");
  if (window_) {
    later("last", span, "`window` with `group … { x: last(x) }` gives the newest row of each window", false);
    return;
  }
  typed::LatestStep made;
  bool sound = bounded(node.options, "last", span) && !row_.open;
  for (const ast::StatefulOption& option : node.options) {
    if (const auto* name = std::get_if<ast::StateName>(&option.node)) made.name = name->name.text;
    const auto* emit = std::get_if<ast::Emit>(&option.node);
    if (emit != nullptr && emit->kind == ast::EmitKind::final)
      context_.reporter.report(diag::NeverFinal{.step = "last"})
          .at(option.span, "the newest row may be followed by another");
    sound &= emit == nullptr || emit->kind != ast::EmitKind::final;
  }
  if (row_.table) {
    context_.not_yet(word, "`last` over a table", "a `group` over a table follows its changes");
    sound = false;
  } else if (!row_.has_time && !row_.open) {
    context_.no_event_time(row_, row_.relation, "last")
        .at(word, "the newest row by event time")
        .also(row_.relation_span, "declared here without `time`");
    sound = false;
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
    if (!path) {
      context_.not_yet(written->span, "a key of `last` that is computed", "`let` before it gives the key a name");
      sound = false;
      continue;
    }
    made.keys.push_back(value);
    key.push_back(
        {std::string(context_.text(written->span)), path->front(), {path->begin() + 1, path->end()}, false, {}});
  }
  row_.key = std::move(key);
  row_.key_stated = !sound;
  row_.key_clause = span;
  row_.table = row_.changes = true;
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  emit_every(node.options, sound);
}

void FlowChecker::emit_every(const std::vector<ast::StatefulOption>& options, bool sound) {
  for (const ast::StatefulOption& option : options) {
    const auto* emit = std::get_if<ast::Emit>(&option.node);
    if (emit == nullptr || emit->kind != ast::EmitKind::every) continue;
    if (emit->wall) {
      context_.not_yet(option.span, "`emit every … wall`", "`emit every 10s`: of event time");
      continue;
    }
    const std::optional<int64_t> length =
        emit->period ? context_.length_of(*emit->period, "`emit every`") : std::nullopt;
    if (length == 0) {
      context_.reporter.report(diag::EmitEveryNothing{.length = emit->period->text})
          .at(emit->period->span, "no time at all")
          .note("`emit changes`, the default, gives each change");
    } else if (length && sound) {
      add({.content = typed::EmitStep{*length}, .row = {}, .span = option.span, .text = step_text(option.span)});
    }
  }
}

void FlowChecker::finish_table(const std::vector<ast::Clause>& clauses) {
  if (!row_.table || row_.open || has_elements(made_.span)) return;
  if (made_.kind != typed::RelationKind::product) {
    made_.changes = row_.changes;
    return;
  }
  made_.changes = true;
  const auto key = table_key(made_.span);
  if (!row_.changes) {
    if (!row_.has_time)
      context_.not_yet(info_.from_span, "a product made from a table without `time`",
                       "`time … within …` in the header of the table gives its rows a history");
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

}  // namespace braid::checking
