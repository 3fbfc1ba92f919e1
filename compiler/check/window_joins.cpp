// `join … within window`. Rows that share a tumbling window have an equal beginning of the window and lie less than its
// length apart, so the join is one within that range, by one key more. What a `group` has made has the last instant of
// its window as its time: there the window itself is the key, within `0s..0s`.
//
// Of other windows, as hopping ones, a step in front of the join gives each row its windows, on this side the `window`,
// on the other a view that is made for it. A row goes on once for each, and the window is the key. There `late` is what
// a row may be behind: the watermarks behind these steps are lower by that.
#include <algorithm>
#include <utility>

#include "compiler/check/flow.h"
#include "runtime/report/window_findings.h"

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

/// The field is the window whose last instant is the time of the row.
bool is_window(const Row& row, int field) {
  return row.time_of_window && field >= 0 && same(row.fields[static_cast<size_t>(field)].type, window_type());
}

}  // namespace

bool is_within_window(const ast::Join& join) {
  return std::any_of(join.clauses.begin(), join.clauses.end(), [](const ast::JoinClause& clause) {
    return std::holds_alternative<ast::WithinWindow>(clause.node);
  });
}

typed::ExpressionRef FlowChecker::window_beginning(const Row& row, int64_t size_us, Span span) {
  Expressions expressions(context_, place_, &row);
  const ast::ExprPtr beginning = beginning_at(span, size_us);
  return expressions.check(*beginning);
}

/// A join of rows that share such a window needs the window of each. Of tumbling windows of one length the time tells
/// it; a session is of one side, and a span of each row.
bool FlowChecker::stands_in_windows(const typed::Window& window) {
  if (window.kind == typed::WindowKind::session || window.kind == typed::WindowKind::span) return false;
  return window.kind != typed::WindowKind::tumbling || window.unit != typed::CalendarUnit::none || window.late_us > 0;
}

RelationInfo* FlowChecker::stand_in_windows(const ast::Join& node, RelationInfo* right) {
  if (!window_ || !window_->sound || !window_->joined || !is_within_window(node)) return right;
  if (row_.open || row_.find("window") >= 0) return right;  // reported with the clause
  std::vector<Column> columns = unchanged();
  std::erase_if(columns, [](const Column& one) { return one.field.name == kWindowField; });
  columns.push_back({{"window", window_type(), true, window_->word, -1}, std::exchange(row_.window, nullptr)});
  project("let", std::move(columns), window_->word);
  // Each row is there once for each of its windows.
  if (window_->joined->kind != typed::WindowKind::tumbling) {
    row_.key.clear();
    row_.key_stated = true;
  }
  const bool own = is_window(right->row, right->row.find("window"));
  if (own || right->id < 0 || right->row.open || right->row.table || !right->row.has_time) return right;
  return in_windows(*right, *window_->joined);
}

RelationInfo* FlowChecker::in_windows(const RelationInfo& right, const typed::Window& window) {
  const std::string text = step_text(window.span);
  const std::string windows =
      fmt::format("{} {} {} {} {} {} {} {} {} {}", made_.domain, static_cast<int>(window.kind), window.size_us,
                  window.slide_us, static_cast<int>(window.unit), window.size_units, window.slide_units,
                  static_cast<int>(window.slide_unit), window.zone, window.late_us);
  RelationInfo& info = context_.windowed[{right.id, windows}];
  if (info.id >= 0) return &info;
  const typed::Relation& relation = context_.project.relations[static_cast<size_t>(right.id)];
  typed::Relation made{};
  made.kind = typed::RelationKind::view;
  made.domain = made_.domain;
  made.name = relation.name + " in windows";
  made.version = relation.version;
  made.row = right.row.types();
  made.has_time = true;
  made.time_field = right.row.time_field;
  made.span = relation.span;
  made.steps.push_back(
      {.content = typed::FromStep{right.id}, .row = made.row, .span = relation.span, .text = "from " + relation.name});
  made.row.push_back({std::string(kTheirWindow), window_type()});
  made.steps.push_back(
      {.content = typed::InWindowsStep{window, true}, .row = made.row, .span = window.span, .text = text});
  info = right;
  info.row.fields.push_back({std::string(kTheirWindow), window_type(), true, window.span, -1});
  info.id = static_cast<int>(context_.project.relations.size());
  context_.project.relations.push_back(std::move(made));
  return &info;
}

bool FlowChecker::share_window(const RelationInfo& right, Span clause, typed::JoinStep& made) {
  const typed::Window& window = *window_->joined;
  int theirs = right.row.find(kTheirWindow);
  if (theirs < 0 && is_window(right.row, right.row.find("window"))) theirs = right.row.find("window");
  const std::optional<int64_t> longest = longest_us(window);
  const int ours = row_.find("window");
  if (ours < 0 || theirs < 0 || !longest) return false;
  auto end_of = [&](int field, int end) {
    const typed::ExpressionRef read = typed::make(window_type(), clause, typed::ColumnRead{field});
    return typed::make(timestamp_type(), clause, typed::FieldRead{read, end});
  };
  for (const int end : {0, 1}) {
    made.left_keys.push_back(end_of(ours, end));
    made.right_keys.push_back(end_of(theirs, end));
  }
  if (!window_->lost.empty()) {
    context_.reporter.report(diag::WindowLost{.step = window_->lost})
        .at(clause, "a row may be later than its window here")
        .also(window_->lost_span, "the time of a pair is that of its later row")
        .note("put this join in front of that one, or `window` behind that one");
    return false;
  }
  made.lower_us = 1 - *longest - window_->moved_us;
  if (window.unit == typed::CalendarUnit::none) {
    made.upper_us = *longest - 1;
    return true;
  }
  // A day or a month may be shorter: then it is over sooner.
  auto minus = [&](typed::ExpressionRef a, typed::ExpressionRef b) {
    return typed::make(duration_type(), clause,
                       typed::Operation{typed::Operator::subtract, {std::move(a), std::move(b)}});
  };
  const typed::ExpressionRef time =
      typed::make(timestamp_type(), clause, typed::AmbientRead{typed::Ambient::event_time});
  made.upper =
      minus(minus(end_of(ours, 1), time), typed::make(duration_type(), clause, typed::Constant{Value{int64_t{1}}}));
  return true;
}

void FlowChecker::drop_their_window(const std::string& alias, Span span) {
  const int joined = row_.find(alias);
  if (joined < 0 || is_error(row_.fields[static_cast<size_t>(joined)].type)) return;
  std::vector<Column> columns = unchanged();
  Column& column = columns[static_cast<size_t>(joined)];
  const ast::Path path{{{alias, span}, {std::string(kTheirWindow), span}}, span};
  column.value = changed_struct(column.value, path, 1, std::nullopt);
  column.field.type = column.value->type;
  // The window is the last field, as behind a join of plain tumbling windows.
  const auto window = std::ranges::find_if(columns, [](const Column& one) { return one.field.name == "window"; });
  if (window != columns.end()) std::rotate(window, window + 1, columns.end());
  project("let", std::move(columns), span);
}

bool FlowChecker::within_window(const RelationInfo& right, Span clause, typed::JoinStep& made) {
  if (window_ && window_->sound && window_->joined && !row_.open && row_.window == nullptr)
    return share_window(right, clause, made);
  const int ours = row_.find("window"), theirs = right.row.find("window");
  if (!window_) {
    const bool both = is_window(row_, ours) && is_window(right.row, theirs);
    if (!both) {
      if (row_.open || right.row.open) return false;
      const bool one = is_window(row_, ours);
      auto report =
          context_.reporter.report(diag::WithinNoWindow{.relation = one ? right.row.relation : row_.relation});
      report.at(clause, one ? "the other side is not in windows" : "within which window?");
      if (one)
        report.note(
            "a `window` and `group` in a view of the other side, as on this side; or a range, as `within -1h..0s`");
      else
        report.note("`window tumbling 1h` in front of the join; or two sides that are windows of a `group` each");
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
  if (row_.in_session || (window.kind == typed::WindowKind::span && row_.find(kWindowField) < 0)) {
    context_.reporter
        .report(diag::WindowOfOneSide{.kind = row_.in_session ? "session" : "span", .relation = row_.relation})
        .at(clause, row_.in_session ? "which sessions are the same?" : "no row of the other side has this span")
        .also(window_->word, row_.in_session ? "the rows of a key until it falls silent" : "each row says its own")
        .note(row_.in_session ? "a range says how far rows may lie apart, as `within -10m..10m`"
                              : "a range may end where the row says: `within 0s..until - at`");
    return false;
  }
  if (row_.open || stands_in_windows(window)) return false;  // of rows in error nothing more is said
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
