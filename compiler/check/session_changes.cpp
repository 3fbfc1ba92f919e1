// `emit changes` of sessions that keys or aggregates read. The rows of a session are those of an endless `top` that
// puts out its changes: a row goes and comes again when its session grows. A `group` behind it follows them as it
// follows any table. The number that `top` gives a row says where it stands in its session, which changes alone do not.
#include "compiler/check/aggregate_findings.h"
#include "compiler/check/flow.h"

namespace braid::checking {
namespace {

typed::ExpressionRef both(const typed::ExpressionRef& first, const typed::ExpressionRef& second) {
  if (first == nullptr) return second;
  const Type type = struct_type({{"part0", first->type}, {"part1", second->type}});
  return typed::make(type, first->span, typed::MakeStruct{{first, second}});
}

typed::ExpressionRef negative(const typed::ExpressionRef& number) {
  return typed::make(number->type, number->span, typed::Operation{typed::Operator::negate, {number}});
}

/// What the rows of the group's session came to by event time, they come to by their number: where rows tie, the
/// earliest counts, with `last` the latest.
void by_number(typed::Aggregate& aggregate, const typed::ExpressionRef& number) {
  using Kind = typed::AggregateKind;
  switch (aggregate.kind) {
    case Kind::first:
      aggregate.kind = Kind::arg_min;
      aggregate.by = both(aggregate.by, number);
      return;
    case Kind::last:
      aggregate.kind = Kind::arg_max;
      aggregate.by = both(aggregate.by, number);
      return;
    case Kind::arg_max:
      aggregate.by = both(aggregate.by, negative(number));
      return;
    case Kind::arg_min:
    case Kind::collect:
    case Kind::string_agg:
      aggregate.by = both(aggregate.by, number);
      return;
    default:
      return;
  }
}

}  // namespace

bool FlowChecker::session_rows_may_go(const std::vector<typed::Aggregate>& aggregates) {
  bool sound = true;
  for (const typed::Aggregate& aggregate : aggregates) {
    const AggregateDeclaration* known = context_.input.functions.aggregate(typed::name_of(aggregate.kind));
    if (known == nullptr || known->over_tables.empty()) continue;
    context_.reporter.report(diag::RowsStay{.name = std::string(known->name)})
        .at(aggregate.span, "rows of a session go and come again when it grows")
        .note(std::string(known->over_tables));
    sound = false;
  }
  return sound;
}

void FlowChecker::group_session_changes(typed::GroupStep& group, std::vector<typed::Aggregate>& aggregates, int window,
                                        Span span) {
  const typed::ExpressionRef number = typed::make(int_type(), span, typed::ColumnRead{window + 1});
  for (typed::Aggregate& aggregate : aggregates) by_number(aggregate, number);
  group.keys.insert(group.keys.begin(), typed::make(window_type(), span, typed::ColumnRead{window}));
  group.window_key = 0;
  typed::Window closes{.kind = typed::WindowKind::span};
  closes.late_us = window_->window.late_us;
  closes.span = span;
  window_->window = std::move(closes);
}

}  // namespace braid::checking
