// `last per` behind a `window`: of each window the newest row of each key. That is a group of which each field is the
// last one, so it waits for rows, closes and puts out changes as any group of windows does. Fields that nothing reads
// further down are not kept.
#include <algorithm>

#include "compiler/check/flow.h"
#include "compiler/check/step_words.h"
#include "runtime/data/row_change.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/change_diagnostics.def"
#undef BRAID_DIAGNOSTIC

namespace braid::checking {

void FlowChecker::last_of_window(const ast::Last& node, Span word, Span span) {
  const PendingWindow window = *window_;
  typed::GroupStep made;
  made.window = window.window;
  made.changes = group_options(node.options, &window.window, "last", made.name);
  bool sound = window.sound && !row_.open;
  std::vector<typed::ExpressionRef> ends;
  const bool of_span = made.window.kind == typed::WindowKind::span;
  if (of_span && row_.window != nullptr) ends = std::get<typed::MakeStruct>(row_.window->node).fields;
  made.keys = ends;
  Expressions expressions(context_, place_, &row_);
  std::vector<KeyPart> key;
  for (const ast::ExprPtr& written : node.per) {
    const typed::ExpressionRef value = written == nullptr ? nullptr : expressions.check(*written);
    if (value == nullptr || is_poison(value)) {
      sound = false;
      continue;
    }
    if (holds_null(value->type)) {
      context_.reporter.report(diag::NullWithoutType{}).at(value->span, "no key");
      sound = false;
    }
    made.keys.push_back(value);
    key.push_back(key_part(*written, path_of_value(value)));
  }
  if (const int before = row_.find("window"); before >= 0) {
    context_.reporter.report(diag::DuplicateField{.field = "window"})
        .at(window.word, "named again")
        .also(row_.fields[static_cast<size_t>(before)].declared, "first named here");
    sound = false;
  }

  Row next = row_;
  next.fields.clear();
  const auto key_count = static_cast<int>(made.keys.size());
  std::vector<int> moved(row_.fields.size(), -1);
  for (size_t i = 0; i < row_.fields.size(); ++i) {
    const RowField& field = row_.fields[i];
    if (field.name == kWindowField) continue;
    moved[i] = static_cast<int>(next.fields.size());
    made.finish.push_back(typed::make(field.type, span, typed::ColumnRead{key_count + moved[i]}));
    made.aggregates.push_back({.kind = typed::AggregateKind::last,
                               .argument = typed::make(field.type, span, typed::ColumnRead{static_cast<int>(i)}),
                               .by = nullptr,
                               .filter = nullptr,
                               .type = field.type,
                               .span = span});
    next.fields.push_back(field);
  }
  const auto column = static_cast<int>(next.fields.size());
  const auto end = [&](int which) { return typed::make(timestamp_type(), span, typed::ColumnRead{which}); };
  made.finish.push_back(of_span ? typed::make(window_type(), span, typed::MakeStruct{{end(0), end(1)}})
                                : typed::make(window_type(), span, typed::ColumnRead{key_count + column}));
  next.fields.push_back({"window", window_type(), true, window.word, -1});
  for (KeyPart& part : key)
    if (part.column >= 0) part.column = moved[static_cast<size_t>(part.column)];
  for (KeyPart& part : window_parts(window.window, made.changes, column, {})) key.push_back(std::move(part));
  next.key = std::move(key);
  next.key_stated = !sound;
  next.key_clause = span;
  next.in_window = next.in_session = false;
  next.window = nullptr;
  next.time_field = -1;
  for (auto& [name, field] : next.alias_columns)
    if (field >= 0) field = moved[static_cast<size_t>(field)];
  next.time_of_window = !made.changes;
  next.table = next.changes = made.changes;
  next.open |= !sound;
  const bool changes = made.changes;
  row_ = std::move(next);
  window_.reset();
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  if (changes) emit_every(node.options, sound);
}

}  // namespace braid::checking
