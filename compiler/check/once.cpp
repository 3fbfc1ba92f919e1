// `distinct`, and what is asked of steps whose rows go on once, in the order of event time.
#include "compiler/check/flow.h"
#include "runtime/report/derived_findings.h"
#include "runtime/report/window_findings.h"

namespace braid::checking {

bool FlowChecker::goes_by_time(std::string_view step, Span word, std::string_view of_table, std::string_view why) {
  if (row_.table) {
    if (row_.open) return false;
    context_.reporter.report(diag::StepOverTable{.step = std::string(step), .relation = row_.relation})
        .at(word, "goes through rows in the order of their time")
        .also(row_.relation_span, "a table: its rows stand, and go again")
        .note(std::string(of_table));
    return false;
  }
  if (row_.has_time || row_.open) return !row_.open;
  context_.no_event_time(row_, row_.relation, std::string(step))
      .at(word, std::string(why))
      .also(row_.relation_span, "declared here without `time`");
  return false;
}

void FlowChecker::once_options(const std::vector<ast::StatefulOption>& options, std::string_view step,
                               std::string_view once, std::string_view bound, std::string& name) {
  for (const ast::StatefulOption& option : options) {
    if (const auto* given = std::get_if<ast::StateName>(&option.node)) name = given->name.text;
    const auto* emit = std::get_if<ast::Emit>(&option.node);
    if (emit != nullptr && emit->kind != ast::EmitKind::final) rows_go_once(option.span, *emit, step, once);
    if (std::holds_alternative<ast::Retain>(option.node))
      nothing_to_retain(option.span, "behind `" + std::string(step) + "`", bound);
  }
}

void FlowChecker::rows_go_once(Span place, const ast::Emit& emit, std::string_view step, std::string_view why) {
  const char* const what = emit.kind == ast::EmitKind::changes ? "emit changes" : "emit every";
  context_.reporter.report(diag::RowsGoOutOnce{.emit = what, .step = std::string(step)})
      .at(place, std::string(why))
      .fix(Applicability::likely, "leave it out", {{with_blanks_before(place), ""}});
}

void FlowChecker::nothing_to_retain(Span place, const std::string& where, std::string_view why) {
  context_.reporter.report(diag::NothingToRetain{.where = where})
      .at(place, std::string(why))
      .fix(Applicability::likely, "leave it out", {{with_blanks_before(place), ""}});
}

Span FlowChecker::with_blanks_before(Span place) const {
  auto blank = [&](uint32_t at) {
    const std::string_view text = context_.text({place.file, at, at + 1});
    return text == " " || text == "\n";
  };
  while (place.begin > 0 && blank(place.begin - 1)) --place.begin;
  return place;
}

bool FlowChecker::add_keys(const std::vector<ast::ExprPtr>& written, std::vector<typed::ExpressionRef>& keys) {
  bool sound = true;
  Expressions expressions(context_, place_, &row_);
  for (const ast::ExprPtr& each : written) {
    const typed::ExpressionRef value = each == nullptr ? nullptr : expressions.check(*each);
    sound &= value != nullptr && !is_poison(value);
    if (value != nullptr && !is_poison(value) && holds_null(value->type)) {
      context_.reporter.report(diag::NullWithoutType{}).at(value->span, "no key");
      sound = false;
    }
    keys.push_back(value);
  }
  return sound;
}

void FlowChecker::distinct(const ast::Distinct& node, Span span) {
  const Span word = context_.word(span, "distinct");
  typed::DistinctStep made;
  bool sound =
      goes_by_time("distinct", word, "a table has one row of each key at a time", "the first row by event time");
  const std::optional<int64_t> within = context_.length_of(node.within, "`distinct`");
  made.within_us = within.value_or(0);
  sound &= within.has_value();
  once_options(node.options, "distinct", "a row goes on once", "its length bounds the state already", made.name);
  sound &= add_keys(node.keys, made.keys);
  if (window_) sound &= add_window_keys("distinct", word, made.keys);
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
}

}  // namespace braid::checking
