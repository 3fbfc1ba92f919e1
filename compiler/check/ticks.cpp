// `from every d`: a stream of ticks, whose time is that of the other inputs of the flow.
#include "compiler/check/flow.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/tick_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {

bool FlowChecker::from_every(const ast::From& from, const ast::FromEvery& every) {
  const std::optional<int64_t> length = context_.length_of(every.period, "`from every`");
  row_.relation = "every " + every.period.text;
  row_.relation_span = from.span;
  row_.without_record = {WithoutRecord::Why::tick, row_.relation, from.span};
  row_.fields.push_back({"at", timestamp_type(), false, from.span, -1});
  row_.has_time = true;
  row_.time_field = 0;
  row_.key.push_back({"at", 0, {}, false, {}});
  if (from.as) {
    row_.alias = from.as->text;
    row_.alias_columns.emplace_back("at", 0);
  }
  if (!length) return false;
  if (*length == 0) {
    context_.reporter.report(diag::NoLength{.text = every.period.text, .what = "the length of `from every`"})
        .at(every.period.span, "no time at all")
        .note("`from every 5m` gives a row for each five minutes");
    return false;
  }
  add({.content = typed::TickStep{*length, {}}, .row = {}, .span = from.span, .text = step_text(from.span)});
  return true;
}

void FlowChecker::move_ticks(const ast::From& from) {
  auto* ticks = made_.steps.empty() ? nullptr : std::get_if<typed::TickStep>(&made_.steps.front().content);
  if (ticks == nullptr || row_.open) return;
  for (const typed::Step& step : made_.steps) {
    typed::RelationId other = -1;
    if (const auto* join = std::get_if<typed::JoinStep>(&step.content)) other = join->relation;
    if (const auto* united = std::get_if<typed::UnionStep>(&step.content)) other = united->relation;
    if (other >= 0 && context_.project.relations[static_cast<size_t>(other)].has_time) ticks->moved_by.push_back(other);
  }
  if (!ticks->moved_by.empty()) return;
  const std::string length = std::get<ast::FromEvery>(from.node).period.text;
  context_.reporter.report(diag::TicksWithoutTime{.length = length})
      .at(from.span, "event time, not a clock")
      .note("the flow has to join a stream, or a table with `time`: their rows move time on");
}

}  // namespace braid::checking
