// `join … within window`. Rows that share a tumbling window have an equal beginning of the window and lie less than its
// length apart, so the join is one within that range, by one key more. What a `group` has made has the last instant of
// its window as its time: there the window itself is the key, within `0s..0s`.
#include "compiler/check/flow.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/join_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {
namespace {

ast::ExprPtr expression_at(Span span, decltype(ast::Expr::node) node, int height) {
  auto made = std::make_unique<ast::Expr>();
  made->span = span;
  made->node = std::move(node);
  made->height = height;
  return made;
}

ast::ExprPtr duration_at(Span span, int64_t us) {
  return expression_at(span, ast::Literal{ast::Duration{"", {{us, ast::DurationUnit::us}}, span}}, 1);
}

/// `floor(event_time(), size)`
ast::ExprPtr beginning_at(Span span, int64_t size_us) {
  ast::Call time{{"event_time", span}, {{}, span}};
  ast::Call floor{{"floor", span}, {{}, span}};
  floor.arguments.list.push_back({std::nullopt, expression_at(span, std::move(time), 1), span});
  floor.arguments.list.push_back({std::nullopt, duration_at(span, size_us), span});
  return expression_at(span, std::move(floor), 2);
}

}  // namespace

typed::ExpressionRef FlowChecker::window_beginning(const Row& row, int64_t size_us, Span span) {
  Expressions expressions(context_, place_, &row);
  const ast::ExprPtr beginning = beginning_at(span, size_us);
  return expressions.check(*beginning);
}

bool FlowChecker::within_window(const RelationInfo& right, Span clause, typed::JoinStep& made) {
  const int ours = row_.find("window"), theirs = right.row.find("window");
  if (!window_) {
    auto is_window = [](const Row& row, int field) {
      return row.time_of_window && field >= 0 && same(row.fields[static_cast<size_t>(field)].type, window_type());
    };
    const bool both = is_window(row_, ours) && is_window(right.row, theirs);
    if (!both) {
      context_.not_yet(clause, "`within window` without a `window` before the join",
                       "`window tumbling 1h` in front of it, or two sides that are windows of a `group` each");
      return false;
    }
    auto end_of = [&](int field, int end) {
      const typed::ExpressionRef window = typed::make(window_type(), clause, typed::ColumnRead{field});
      return typed::make(timestamp_type(), clause, typed::FieldRead{window, end});
    };
    for (const int end : {0, 1}) {
      made.left_keys.push_back(end_of(ours, end));
      made.right_keys.push_back(end_of(theirs, end));
    }
    made.lower_us = made.upper_us = 0;
    return true;
  }
  if (!window_->sound) return false;
  const typed::Window& window = window_->window;
  if (ours >= 0) {
    context_.reporter.report(diag::WindowBesideWindow{.relation = row_.relation})
        .at(clause, "would give the row a field `window`, and it has one")
        .note("`rename window to …` in front of it keeps what the row has");
    return false;
  }
  std::string what;
  if (window.kind != typed::WindowKind::tumbling) what = "`within window` of hopping windows";
  if (window.unit != typed::CalendarUnit::none) what = "`within window` of windows in a time zone";
  if (window.late_us > 0) what = "`within window` of windows that stay open longer";
  if (!what.empty()) {
    context_.not_yet(clause, what, "windows of one length: `window tumbling 1h`; or a range, as `within -1h..0s`");
    return false;
  }
  made.left_keys.push_back(window_beginning(row_, window.size_us, clause));
  made.right_keys.push_back(window_beginning(right.row, window.size_us, clause));
  made.lower_us = 1 - window.size_us;
  made.upper_us = window.size_us - 1;
  return !is_poison(made.left_keys.back()) && !is_poison(made.right_keys.back());
}

/// Behind the join: the window that all of a row lies in, whichever sides it has.
void FlowChecker::add_window(const typed::Window& window, Span span) {
  const typed::ExpressionRef start = window_beginning(row_, window.size_us, span);
  if (is_poison(start)) return;
  Expressions expressions(context_, place_, &row_);
  ast::Binary sum{.op = ast::BinaryOperator::add,
                  .op_span = span,
                  .left = beginning_at(span, window.size_us),
                  .right = duration_at(span, window.size_us)};
  const ast::ExprPtr sum_at = expression_at(span, std::move(sum), 3);
  const typed::ExpressionRef end = expressions.check(*sum_at);
  if (is_poison(end)) return;
  std::vector<Column> columns = unchanged();
  columns.push_back(
      {{"window", window_type(), true, span, -1}, typed::make(window_type(), span, typed::MakeStruct{{start, end}})});
  project("let", std::move(columns), span);
}

}  // namespace braid::checking
