// The window of each row, between `window` and its `group`: where it follows from the row, where a step gives it to the
// row, and where only a session's end tells it.
#include <algorithm>

#include "compiler/check/constants.h"
#include "compiler/check/flow.h"
#include "compiler/check/step_words.h"
#include "runtime/data/time_text.h"
#include "runtime/report/window_findings.h"

namespace braid::checking {
namespace {

/// Whether the text reads `window`: has the word outside of comments, and not in `within window`.
bool reads_window(std::string_view text) {
  constexpr std::string_view kWord = "window", kWithin = "within";
  std::string_view before;
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("//")) {
      at = std::min(text.find('\n', at), text.size());
    } else if (text[at] == '"') {
      // A text may have `{window.start}` in it.
      ++at;
    } else if (is_of_word(text[at])) {
      size_t end = at;
      while (end < text.size() && is_of_word(text[end])) ++end;
      const std::string_view word = text.substr(at, end - at);
      const bool field = at > 0 && text[at - 1] == '.' && !(at > 1 && text[at - 2] == '.');
      if (word == kWord && before != kWithin && !field) return true;
      before = word;
      at = end;
    } else {
      ++at;
    }
  }
  return false;
}

typed::ExpressionRef window_at(int column, Span span) {
  const typed::ExpressionRef window = typed::make(window_type(), span, typed::ColumnRead{column});
  const auto end = [&](int which) { return typed::make(timestamp_type(), span, typed::FieldRead{window, which}); };
  return typed::make(window_type(), span, typed::MakeStruct{{end(0), end(1)}});
}

/// The most that a window of the calendar may last.
int64_t longest_of(typed::CalendarUnit unit, int64_t count) {
  int64_t days = 1;
  if (unit == typed::CalendarUnit::week) days = 7;
  if (unit == typed::CalendarUnit::month) days = 31;
  if (unit == typed::CalendarUnit::year) days = 366;
  // Two more, for what a time zone may add.
  return (std::min(count, kLongestUs / kMicrosPerDay / days) * days + 2) * kMicrosPerDay;
}

typed::ExpressionRef with_event_time(const typed::ExpressionRef& expression, const typed::ExpressionRef& time) {
  const auto* ambient = std::get_if<typed::AmbientRead>(&expression->node);
  if (ambient != nullptr) return ambient->what == typed::Ambient::event_time ? time : expression;
  std::vector<typed::ExpressionRef> parts = typed::parts(*expression);
  if (parts.empty()) return expression;
  for (typed::ExpressionRef& part : parts) part = with_event_time(part, time);
  return typed::with_parts(*expression, std::move(parts));
}

}  // namespace

typed::ExpressionRef FlowChecker::window_of_time(const typed::Window& window, Span span) const {
  if (window.kind != typed::WindowKind::tumbling || window.unit != typed::CalendarUnit::none) return nullptr;
  const FunctionDeclaration* floor = nullptr;
  for (const FunctionDeclaration* each : context_.input.functions.overloads("floor"))
    if (each->parameters.size() == 2 && is(each->parameters[0].type, TypeKind::timestamp)) floor = each;
  if (floor == nullptr) return nullptr;
  auto make = [&](const Type& type, decltype(typed::Expression::node) content) {
    return typed::make(type, span, std::move(content));
  };
  const typed::ExpressionRef length = make(duration_type(), typed::Constant{Value{window.size_us}});
  const typed::ExpressionRef time = make(timestamp_type(), typed::AmbientRead{typed::Ambient::event_time});
  const typed::ExpressionRef start = make(timestamp_type(), typed::FunctionCall{floor, {time, length}});
  const typed::ExpressionRef end = make(timestamp_type(), typed::Operation{typed::Operator::add, {start, length}});
  return make(window_type(), typed::MakeStruct{{start, end}});
}

typed::ExpressionRef FlowChecker::moved_window(const std::function<int(int)>& moved_to, std::vector<Column>& columns,
                                               Span step) {
  std::vector<int> places(row_.fields.size(), -1);
  for (const int column : typed::columns_read(row_.window)) {
    places[static_cast<size_t>(column)] = moved_to(column);
    if (places[static_cast<size_t>(column)] >= 0) continue;
    columns.push_back({{std::string(kWindowField), window_type(), true, step, -1}, row_.window});
    return window_at(static_cast<int>(columns.size()) - 1, step);
  }
  return typed::remap_columns(row_.window, places);
}

std::optional<FlowChecker::WindowUse> FlowChecker::window_use() const {
  if (flow_ == nullptr) return std::nullopt;
  const bool own = row_.find("window") >= 0;  // that is what `window` means then
  std::optional<WindowUse> use;
  bool hands_on = true;
  for (size_t i = step_ + 1; i < flow_->steps.size(); ++i) {
    const ast::Step& step = flow_->steps[i];
    const auto* join = std::get_if<ast::Join>(&step.node);
    if (join != nullptr && is_within_window(*join))
      return WindowUse{use ? use->step : i, true, use ? use->hands_on : hands_on};
    if (std::holds_alternative<ast::Group>(step.node) || std::holds_alternative<ast::Window>(step.node)) return use;
    const bool goes_by_it = std::holds_alternative<ast::Running>(step.node) ||
                            std::holds_alternative<ast::Distinct>(step.node) ||
                            std::holds_alternative<ast::Match>(step.node);
    if (!use && (goes_by_it || (!own && reads_window(context_.text(step.span))))) use = WindowUse{i, false, hands_on};
    const bool ends = std::holds_alternative<ast::Top>(step.node) || std::holds_alternative<ast::Last>(step.node) ||
                      std::holds_alternative<ast::Match>(step.node) ||
                      std::holds_alternative<ast::ErrorStep>(step.node);
    if (ends) return use;
    hands_on &= join == nullptr && !std::holds_alternative<ast::Union>(step.node);
  }
  return use;
}

void FlowChecker::give_windows_before(size_t step) {
  if (!window_ || !window_->sound || !window_->use || window_->use->step != step || row_.open) return;
  give_windows(window_->window.span, window_->use->joined);
}

std::optional<int64_t> FlowChecker::longest_us(const typed::Window& window) {
  if (window.kind == typed::WindowKind::session || window.kind == typed::WindowKind::span) return std::nullopt;
  return window.unit == typed::CalendarUnit::none ? window.size_us : longest_of(window.unit, window.size_units);
}

void FlowChecker::give_windows(Span span, bool joined) {
  window_->use.reset();
  if (joined) window_->joined = window_->window;
  row_.fields.push_back({std::string(kWindowField), window_type(), true, span, -1});
  add({.content = typed::InWindowsStep{window_->window, joined}, .row = {}, .span = span, .text = step_text(span)});
  row_.window = window_at(static_cast<int>(row_.fields.size()) - 1, span);
  typed::Window given{.kind = typed::WindowKind::span};
  given.late_us = window_->window.late_us;
  given.name = window_->window.name;
  given.span = span;
  window_->window = std::move(given);
}

bool FlowChecker::add_window_keys(std::string_view step, Span word, std::vector<typed::ExpressionRef>& keys) {
  window_->read = true;
  if (row_.in_session) {
    context_.reporter.report(diag::SessionUnknown{.what = "`" + std::string(step) + "`"})
        .at(word, "where a session ends depends on rows that come")
        .also(window_->word, "the sessions of a `group`, by its keys")
        .note(step == "running"
                  ? "`running … retain 10m` without a `window` begins anew when a key was silent for so long"
              : step == "match" ? "the `within` of a `match` without a `window` bounds its rows"
                                : "`distinct … within 10m` without a `window` forgets a row when it is so old");
    window_->sound = false;
    return false;
  }
  if (!window_->sound || row_.window == nullptr) return false;
  const auto& ends = std::get<typed::MakeStruct>(row_.window->node).fields;
  keys.push_back(ends[0]);
  // Windows of one length that follow one another differ in their beginnings.
  if (window_->window.kind == typed::WindowKind::span) keys.push_back(ends[1]);
  return true;
}

void FlowChecker::end_window(Span flow) {
  if (!window_) return;
  // Where something behind it is in error, that may be what it was for.
  const auto& findings = context_.reporter.findings();
  const bool told = std::any_of(findings.begin(), findings.end(), [&](const Diagnostic& each) {
    return each.severity == Severity::error && !each.labels.empty() && each.labels[0].span.file == flow.file &&
           each.labels[0].span.begin > window_->word.begin && each.labels[0].span.end <= flow.end;
  });
  if (window_->sound && !row_.open && !told && !(window_->read && window_->window.late_us == 0)) {
    auto report = context_.reporter.report(diag::WindowFoldsNothing{});
    report.at(window_->word, window_->read ? "nothing waits for rows that are `late`" : "its rows go on as they are");
    report.note("a `group` or `top` behind it makes a result of the rows of each window");
  }
  window_.reset();
  row_.in_window = row_.in_session = false;
  row_.window = nullptr;
}

void FlowChecker::group_session_rows(typed::GroupStep& group, std::vector<typed::ExpressionRef> rows,
                                     std::vector<typed::Aggregate>& aggregates, Span span) {
  const size_t window = row_.fields.size();
  std::vector<typed::ExpressionRef*> reads;
  for (typed::ExpressionRef& key : rows) reads.push_back(&key);
  const size_t of_rows = reads.size();
  for (typed::ExpressionRef& key : group.keys) reads.push_back(&key);
  for (typed::Aggregate& aggregate : aggregates)
    for (typed::ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter})
      if (*part != nullptr) reads.push_back(part);
  // Only what is read is kept of a row: a field that nothing reads rejects none. And its time, because rows of a
  // session have that of its end.
  std::vector<int> places(window + 1, -1);
  for (const typed::ExpressionRef* each : reads)
    for (const int column : typed::columns_read(*each)) places[static_cast<size_t>(column)] = 0;
  typed::ProjectStep kept{"let", {}};
  std::vector<RowField> fields;
  for (size_t i = 0; i < window; ++i) {
    if (places[i] < 0) continue;
    places[i] = static_cast<int>(fields.size());
    fields.push_back(row_.fields[i]);
    kept.columns.push_back(typed::make(fields.back().type, span, typed::ColumnRead{static_cast<int>(i)}));
  }
  const auto beside = static_cast<int>(fields.size());
  fields.push_back({std::string(1, kHiddenMark) + "time", timestamp_type(), true, span, -1});
  kept.columns.push_back(typed::make(timestamp_type(), span, typed::AmbientRead{typed::Ambient::event_time}));
  row_.fields = std::move(fields);
  add({.content = std::move(kept), .row = {}, .span = span, .text = step_text(span)});

  places[window] = beside + 1;
  const typed::ExpressionRef time = typed::make(timestamp_type(), span, typed::ColumnRead{beside});
  for (size_t i = 0; i < reads.size(); ++i) {
    *reads[i] = typed::remap_columns(*reads[i], places);
    if (i >= of_rows) *reads[i] = with_event_time(*reads[i], time);
  }
  typed::TopStep all;
  all.window = window_->window;
  all.adds_window = true;
  all.keys = std::move(rows);
  all.orders.push_back({time, false});
  all.count = typed::kAllRows;
  all.name = group.name;
  all.changes = all.numbered = group.changes;
  row_.fields.push_back({"window", window_type(), true, span, -1});
  if (group.changes) row_.fields.push_back({std::string(1, kHiddenMark) + "number", int_type(), true, span, -1});
  add({.content = std::move(all), .row = {}, .span = span, .text = step_text(span)});
  if (group.changes) return group_session_changes(group, aggregates, beside + 1, span);

  const typed::ExpressionRef read = window_at(beside + 1, span);
  const auto& ends = std::get<typed::MakeStruct>(read->node).fields;
  group.keys.insert(group.keys.begin(), ends.begin(), ends.end());
  window_->window = typed::Window{.kind = typed::WindowKind::span};
  window_->window.span = span;
}

}  // namespace braid::checking
