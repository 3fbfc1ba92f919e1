// `top`: what it ranks by, in which windows, and the key of its rows.
#include "compiler/check/flow.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/change_diagnostics.def"
#include "runtime/report/rank_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {

int FlowChecker::window_of_group() const {
  if (!row_.time_of_window) return -1;
  // Behind the end of a view, its beginning stands for it in the key.
  for (const KeyPart& part : row_.key) {
    const bool whole = part.window ? part.path.empty() : part.path == std::vector<int>{0};
    if (whole && part.column >= 0 && same(row_.fields[static_cast<size_t>(part.column)].type, window_type()))
      return part.column;
  }
  return -1;
}

/// Rows of a window belong to that of a step `window` before, or to that which a `group` before says.
bool FlowChecker::top_windows(typed::TopStep& made, Span word) {
  if (window_) {
    made.windowed = made.adds_window = true;
    made.window = window_->window;
    if (made.window.kind == typed::WindowKind::span && row_.window != nullptr)
      made.keys = std::get<typed::MakeStruct>(row_.window->node).fields;
    return window_->sound;
  }
  const int column = window_of_group();
  made.windowed = column >= 0;
  if (!made.windowed) return true;
  made.window.kind = typed::WindowKind::span;
  made.window.span = word;
  const typed::ExpressionRef window = typed::make(window_type(), word, typed::ColumnRead{column});
  for (const int end : {0, 1}) made.keys.push_back(typed::make(timestamp_type(), word, typed::FieldRead{window, end}));
  return true;
}

bool FlowChecker::top_orders(const std::vector<ast::Ordering>& orders, typed::TopStep& made) {
  Expressions expressions(context_, place_, &row_);
  bool sound = true;
  for (const ast::Ordering& order : orders) {
    const typed::ExpressionRef value = order.value == nullptr ? nullptr : expressions.check(*order.value);
    if (value == nullptr || is_poison(value)) {
      sound = false;
    } else if (holds_null(value->type)) {
      context_.reporter.report(diag::NullWithoutType{}).at(value->span, "no order");
      sound = false;
    } else if (!is_ordered(without_optional(value->type))) {
      auto report = context_.reporter.report(diag::NotOrdered{.type = type_text(value->type), .operation = "top"});
      report.at(order.value->span, "no order");
      expressions.label_declaration(report, value);
      sound = false;
    } else {
      made.orders.push_back({value, order.direction == ast::Direction::descending});
    }
  }
  return sound;
}

bool FlowChecker::top_keys(const std::vector<ast::ExprPtr>& per, typed::TopStep& made, std::vector<KeyPart>& key) {
  Expressions expressions(context_, place_, &row_);
  bool sound = true;
  for (const ast::ExprPtr& written : per) {
    const typed::ExpressionRef value = written == nullptr ? nullptr : expressions.check(*written);
    if (value == nullptr || is_poison(value)) {
      sound = false;
    } else {
      made.keys.push_back(value);
      key.push_back(key_part(*written, path_of_value(value)));
    }
  }
  return sound;
}

/// Without a window: what keeps the rows, and what tells them apart.
bool FlowChecker::top_table(const ast::Top& node, typed::TopStep& made, Span word, Span span) {
  bool sound = bounded(node.options, "top", span, made.retain_us);
  for (const ast::StatefulOption& option : node.options) {
    const auto* emit = std::get_if<ast::Emit>(&option.node);
    if (emit == nullptr || emit->kind != ast::EmitKind::final) continue;
    context_.reporter.report(diag::NeverFinal{.step = "top"})
        .at(option.span, "a row may be pushed out by the next")
        .note("a `window` before it ranks the rows of each window, which are final");
    sound = false;
  }
  if (row_.table) return sound && !has_elements(word) && table_as_changes("top", word, span, &made.retain_us);
  if (!row_.has_time && !row_.open) {
    context_.no_event_time(row_, row_.relation, "top")
        .at(word, "rows that tie go by event time")
        .also(row_.relation_span, "declared here without `time`");
    sound = false;
  }
  if (reads_row_time(false)) add_row_time(span);
  return top_key(node, made, word) && sound;
}

bool FlowChecker::top_key(const ast::Top& node, const typed::TopStep& made, Span word) {
  if (made.numbered || (made.count == 1 && !made.with_ties)) return true;
  if (cut_off_) return false;
  const Span last = node.per.empty() || node.per.back() == nullptr ? node.by.back().span : node.per.back()->span;
  context_.reporter.report(diag::TopWithoutKey{})
      .at(word, "which row a change is of, nobody can say")
      .note("`numbered n` gives each row its number, and the key is what stands behind `per`, and `n`")
      .fix(Applicability::likely, "number the rows", {{{last.file, last.end, last.end}, " numbered position"}});
  return false;
}

void FlowChecker::top(const ast::Top& node, Span span) {
  const Span word = context_.word(span, "top");
  typed::TopStep made;
  made.count = node.count.value;
  made.with_ties = node.with_ties;
  made.numbered = node.numbered.has_value();
  bool sound = top_windows(made, word) && !row_.open;
  if (node.by.empty()) sound = false;
  made.changes = group_options(node.options, made.windowed ? &made.window : nullptr, "top", made.name);
  if (made.count < 1) {
    context_.reporter.report(diag::NoRowsAsked{.step = "top", .count = made.count}).at(node.count.span, "at least 1");
    sound = false;
  }
  const bool of_table = row_.table;
  if (!made.windowed && !node.by.empty()) sound &= top_table(node, made, word, span);
  if (made.changes && !node.by.empty()) sound &= top_key(node, made, word);
  std::vector<KeyPart> key;
  sound &= top_keys(node.per, made, key);
  sound &= top_orders(node.by, made);

  Row next = row_;
  auto add_field = [&](const std::string& name, const Type& type, Span place) {
    if (const int before = next.find(name); before >= 0) {
      context_.reporter.report(diag::DuplicateField{.field = name})
          .at(place, "named again")
          .also(next.fields[static_cast<size_t>(before)].declared, "first named here");
      sound = false;
    }
    next.fields.push_back({name, type, true, place, -1});
    return static_cast<int>(next.fields.size()) - 1;
  };
  if (made.adds_window) {
    for (KeyPart& part : window_parts(made.window, made.changes, add_field("window", window_type(), window_->word), {}))
      key.push_back(std::move(part));
  } else if (made.changes) {
    for (KeyPart& part : window_parts(made.window, true, window_of_group(), {})) key.push_back(std::move(part));
  } else if (made.windowed) {
    const int window = window_of_group();
    for (const KeyPart& part : row_.key)
      if (part.column == window) key.push_back(part);
  }
  if (node.numbered)
    key.push_back(
        {node.numbered->text, add_field(node.numbered->text, int_type(), node.numbered->span), {}, false, {}});
  // Rows of a table keep the key that they have, but where one row of each `per`, or of each number, is left.
  const bool own_key = made.windowed || !of_table || made.numbered || (made.count == 1 && !made.with_ties);
  if (own_key) {
    next.key = std::move(key);
    next.key_clause = span;
  }
  next.key_stated = !sound;
  next.in_window = next.in_session = false;
  next.window = nullptr;
  next.time_field = -1;
  const bool changes = !made.windowed || made.changes;
  next.time_of_window = !changes;
  next.table = next.changes = changes;
  row_ = std::move(next);
  if (!sound) row_.key.clear();
  window_.reset();
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  if (changes) emit_every(node.options, sound);
}

}  // namespace braid::checking
