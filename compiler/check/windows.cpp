// `window` and `group`: time zones, keys and aggregates of each window. Their lengths: window_lengths.cpp.
#include "compiler/check/aggregate_findings.h"
#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/flow.h"
#include "runtime/base/overloaded.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/derived_findings.h"
#include "runtime/report/window_findings.h"

namespace braid::checking {

Type window_type() {
  static const Type type = struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}});
  return type;
}

void FlowChecker::window(const ast::Window& node, Span span) {
  const Span word = context_.word(span, "window");
  if (window_)
    context_.reporter.report(diag::WindowInWindow{})
        .at(word, "a row is in one window of each kind or in the other, not in both")
        .also(window_->word, "the first")
        .note("a `group` behind the first folds its rows; a `window` may follow its results");
  PendingWindow made{{}, word};
  made.window.span = span;
  if (!row_.has_time && !row_.open && !row_.table) {
    context_.no_event_time(row_, row_.relation, "window")
        .at(word, "windows are of event time")
        .also(row_.relation_span, "declared here without `time`");
    made.sound = false;
  }
  if (row_.table) {
    if (!row_.open)
      context_.reporter.report(diag::StepOverTable{.step = "window", .relation = row_.relation})
          .at(word, "folds rows that stay in their window")
          .also(row_.relation_span, "a table: its rows stand, and go again")
          .note("a `window` of the stream before the table is made; or `group` by a time of the row, such as its day");
    made.sound = false;
  }
  for (const ast::WindowOption& option : node.options) {
    std::visit(
        Overloaded{
            [&](const ast::WindowZone& zone) {
              Span place = option.span;
              if (const auto* text = std::get_if<ast::Text>(&zone.zone)) {
                made.window.zone = text->value;
                place = text->span;
              } else {
                const auto& name = std::get<ast::Name>(zone.zone);
                place = name.span;
                const ast::Expr read{.span = name.span, .node = ast::NameExpr{name.text}};
                Expressions expressions(context_, place_, &row_);
                const typed::ExpressionRef value = expressions.check_as(read, string_type());
                const std::optional<Value> known = is_poison(value) ? std::nullopt : evaluate(value);
                if (!known) {
                  if (!is_poison(value))
                    context_.reporter.report(diag::NotConstant{.what = "the time zone of a window"}).at(name.span);
                  made.sound = false;
                  return;
                }
                made.window.zone = known->text();
              }
              if (!context_.input.knows_zone || context_.input.knows_zone(made.window.zone)) return;
              auto report = context_.reporter.report(diag::UnknownZone{.name = made.window.zone});
              report.at(place, "no time zone of the IANA database");
              if (context_.input.zone_names)
                if (const auto meant = closest(made.window.zone, context_.input.zone_names()))
                  report.fix(Applicability::likely, "use `\"" + *meant + "\"`", {{place, "\"" + *meant + "\""}});
              made.sound = false;
            },
            [&](const ast::WindowLate& late) {
              const std::optional<int64_t> length = context_.length_of(late.late, "`late`");
              made.sound &= length.has_value();
              made.window.late_us = length.value_or(0);
            },
            [&](const ast::WindowName& name) { made.window.name = name.name.text; },
            [&](const ast::ErrorClause&) { made.sound = false; },
        },
        option.node);
  }
  row_.window = nullptr;
  made.sound &= window_lengths(node, span, made.window);
  if (row_.window == nullptr && made.sound) row_.window = window_of_time(made.window, span);
  if (made.sound) made.longest_us = longest_us(made.window);
  window_ = std::move(made);
  row_.in_window = true;
  row_.in_session = window_->window.kind == typed::WindowKind::session;
  if (!window_->sound) return;
  const std::optional<WindowUse> use = window_use();
  const bool by_row =
      use && use->joined ? stands_in_windows(window_->window) : row_.window == nullptr && !row_.in_session;
  if (!use || !by_row) return;
  // In front of the step that goes by it where rows may meet others, and have another time, before that.
  window_->use = use;
  if (use->hands_on) give_windows(span, use->joined);
}

bool FlowChecker::group_options(const std::vector<ast::StatefulOption>& options, const typed::Window* window,
                                std::string_view step, std::string& name) {
  const bool windowed = window != nullptr;
  bool changes = false;
  for (const ast::StatefulOption& option : options) {
    std::visit(Overloaded{
                   [&](const ast::Emit& emit) {
                     switch (emit.kind) {
                       case ast::EmitKind::final:
                         if (!windowed && step == "group")  // of `top`: top.cpp
                           context_.reporter.report(diag::FinalNeverComes{})
                               .at(option.span, "each row may change with the next");
                         return;
                       case ast::EmitKind::changes:
                       case ast::EmitKind::every:  // emit_every() judges its length
                         changes = windowed;
                         return;
                     }
                   },
                   [&](const ast::Retain&) {
                     if (windowed)
                       nothing_to_retain(option.span, "of a windowed `" + std::string(step) + "`",
                                         "the state of a window goes when it has closed");
                   },
                   [&](const ast::StateName& state) { name = state.name.text; },
                   [](const ast::ErrorClause&) {},
               },
               option.node);
  }
  return changes;
}

std::vector<KeyPart> FlowChecker::window_parts(const typed::Window& window, bool changes, int column,
                                               std::set<int> derived) {
  if (!changes) return {{"window", column, {}, true, std::move(derived)}};
  const KeyPart start{"window.start", column, {0}, false, {}}, end{"window.end", column, {1}, false, {}};
  if (window.kind == typed::WindowKind::span) return {start, end};
  // Several windows may begin together; their ends tell them apart.
  if (window.kind == typed::WindowKind::cumulative || window.slide_unit != window.unit) return {end};
  return {start};
}

bool FlowChecker::of_rows_that_go(typed::Aggregate& aggregate) {
  const std::string name(typed::name_of(aggregate.kind));
  by_time_field(aggregate);
  if (aggregate.kind == typed::AggregateKind::first || aggregate.kind == typed::AggregateKind::last) {
    const bool first = aggregate.kind == typed::AggregateKind::first;
    context_.reporter.report(diag::NewestWithoutTime{.step = name, .relation = row_.relation})
        .at(aggregate.span, first ? "the oldest by which field?" : "the newest by which field?")
        .note(first ? "`arg_min(x, at)` gives the `x` of the least `at`"
                    : "`arg_max(x, at)` gives the `x` of the greatest `at`");
    return false;
  }
  if (typed::goes_by_time(aggregate) && !by_table_key(aggregate)) return false;
  const AggregateDeclaration* known = context_.input.functions.aggregate(name);
  if (known == nullptr || known->over_tables.empty()) return true;
  context_.reporter.report(diag::RowsStay{.name = name})
      .at(aggregate.span, "rows of a table go again")
      .note(std::string(known->over_tables));
  return false;
}

/// Of rows that stand, the first and the last by the time that they have in the row.
void FlowChecker::by_time_field(typed::Aggregate& aggregate) const {
  using Kind = typed::AggregateKind;
  if (aggregate.by || row_.time_field < 0 || (aggregate.kind != Kind::first && aggregate.kind != Kind::last)) return;
  aggregate.kind = aggregate.kind == Kind::first ? Kind::arg_min : Kind::arg_max;
  const Type& type = row_.fields[static_cast<size_t>(row_.time_field)].type;
  aggregate.by = typed::make(type, aggregate.span, typed::ColumnRead{row_.time_field});
}

bool FlowChecker::by_table_key(typed::Aggregate& aggregate) {
  const auto key = table_key(aggregate.span);
  if (!key) return false;
  const Span span = aggregate.span;
  std::vector<Field> fields;
  std::vector<typed::ExpressionRef> values;
  auto add_part = [&](const typed::ExpressionRef& value) {
    fields.push_back({fmt::format("part{}", fields.size()), value->type});
    values.push_back(value);
  };
  for (const std::vector<int>& path : *key) {
    const typed::ExpressionRef value = typed::read_path(row_.types(), path, span);
    if (!is_optional(value->type)) {
      add_part(value);
      continue;
    }
    // Nulls come last.
    const Type& type = value->type->element;
    const typed::ExpressionRef none = typed::make(bool_type(), span, typed::IsNull{value});
    add_part(none);
    add_part(typed::make(type, span,
                         typed::Choose{none, typed::make(type, span, typed::Constant{typed::zero_value(type)}),
                                       typed::make(type, span, typed::Convert{typed::Conversion::unwrap, value})}));
  }
  if (values.empty()) add_part(typed::make(int_type(), span, typed::Constant{Value{int64_t{0}}}));
  aggregate.by = values.size() == 1 ? values.front()
                                    : typed::make(struct_type(fields), span, typed::MakeStruct{std::move(values)});
  return true;
}

void FlowChecker::group(const ast::Group& node, Span span) {
  const Span word = context_.word(span, "group");
  typed::GroupStep made;
  made.changes = group_options(node.options, window_ ? &window_->window : nullptr, "group", made.name);
  const bool final_stated =
      std::any_of(node.options.begin(), node.options.end(), [](const ast::StatefulOption& option) {
        const auto* emit = std::get_if<ast::Emit>(&option.node);
        return emit != nullptr && emit->kind == ast::EmitKind::final;
      });
  made.windowed = window_.has_value();
  bool sound = !final_stated && !row_.open &&
               (made.windowed || (bounded(node.options, "group", span, made.retain_us) &&
                                  table_as_changes("group", word, span, &made.retain_us)));
  if (made.windowed) sound = window_->sound;

  // Keys see the window as a field at the end of the row.
  Row with_window = row_;
  with_window.in_window = with_window.in_session = false;
  with_window.window = nullptr;
  const int window_column = static_cast<int>(row_.fields.size());
  if (made.windowed && row_.find("window") < 0) with_window.fields.push_back({"window", window_type(), true, {}, -1});
  Expressions expressions(context_, place_, &with_window);
  GroupScope scope;
  if (made.windowed) scope.window = window_type();
  struct KeyColumn {
    std::string name;
    typed::ExpressionRef value;
    Span declared;
    int place = -1;  ///< among the real keys; -1: computed from the window
    bool script = false;
  };
  std::vector<KeyColumn> keys;
  Span keys_end = word;
  auto reads_window = [&](const typed::ExpressionRef& value) {
    const std::vector<int> columns = typed::columns_read(value);
    return std::find(columns.begin(), columns.end(), window_column) != columns.end();
  };
  // What reads the window and the row as well is computed for each row, where a row knows its window.
  const bool of_span = window_ && window_->window.kind == typed::WindowKind::span;
  const bool of_session = window_ && window_->window.kind == typed::WindowKind::session;
  auto over_row = [&](const typed::ExpressionRef& value) {
    std::vector<typed::ExpressionRef> columns;
    for (const RowField& field : row_.fields)
      columns.push_back(typed::make(field.type, field.declared, typed::ColumnRead{static_cast<int>(columns.size())}));
    columns.push_back(typed::shift_locals(row_.window, typed::highest_local(value) + 1));
    return typed::substitute_columns(value, columns);
  };
  if (of_span && sound && row_.window != nullptr) made.keys = std::get<typed::MakeStruct>(row_.window->node).fields;
  bool open = false;  // after a mistake other keys and entries may have been meant
  bool reads_session = false;
  for (const ast::Entry& entry : node.keys) {
    keys_end = entry.span;
    const ast::ExprPtr* written = nullptr;
    std::optional<std::string> name;
    if (const auto* named = std::get_if<ast::NamedEntry>(&entry.node)) {
      name = named->name.text;
      written = &named->value;
    } else if (const auto* plain = std::get_if<ast::PlainEntry>(&entry.node)) {
      written = &plain->value;
      if (*written != nullptr) name = expressions.entry_name(**written);
    }
    if (written == nullptr || *written == nullptr || !name) {
      sound = false;
      open = true;
      continue;
    }
    const typed::ExpressionRef value = expressions.check(**written);
    const std::string path = Expressions::path_of(**written);
    scope.keys.push_back({path.empty() ? *name : path, *name, value->type});
    KeyColumn key{*name, value, expressions.declaration_of(value), -1,
                  std::holds_alternative<ast::NamedEntry>(entry.node)};
    if (key.declared.empty()) key.declared = entry.span;
    if (is_poison(value)) {
      sound = false;
    } else if (holds_null(value->type)) {
      context_.reporter.report(diag::NullWithoutType{}).at(value->span, "no key");
      sound = false;
    } else if (!reads_window(value)) {
      key.place = static_cast<int>(made.keys.size());
      made.keys.push_back(value);
    } else if (typed::columns_read(value).size() > 1 && row_.window != nullptr) {
      key.place = static_cast<int>(made.keys.size());
      made.keys.push_back(over_row(value));
    } else if (typed::columns_read(value).size() > 1 && !of_session) {
      made.reads_window = true;
      key.place = static_cast<int>(made.keys.size());
      made.keys.push_back(value);
    } else if (typed::columns_read(value).size() > 1) {
      reads_session = true;
      key.place = static_cast<int>(made.keys.size());
      made.keys.push_back(value);
    }
    keys.push_back(std::move(key));
  }

  // Entries.
  scope.entries = &node.aggregates;
  scope.behind_keys = {keys_end.file, keys_end.end, keys_end.end};
  expressions.enter_group(&scope);
  std::vector<Expressions::Entry> entries = expressions.entries(node.aggregates, open);
  std::vector<RowField> fields;
  auto add_field = [&](RowField field, Span place) {
    for (const RowField& before : fields)
      if (before.name == field.name) {
        context_.reporter.report(diag::DuplicateField{.field = field.name})
            .at(place, "named again")
            .also(before.declared, "first named here");
        return false;
      }
    fields.push_back(std::move(field));
    return true;
  };
  if (!made.windowed && row_.changes)
    for (typed::Aggregate& aggregate : scope.aggregates) sound &= of_rows_that_go(aggregate);
  for (typed::Aggregate& aggregate : scope.aggregates)
    for (typed::ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter})
      if (*part != nullptr && reads_window(*part) && row_.window != nullptr) {
        *part = over_row(*part);
      } else if (*part != nullptr && reads_window(*part) && !of_session) {
        made.reads_window = true;
      } else if (*part != nullptr && reads_window(*part)) {
        reads_session = true;
      }
  const std::vector<RowField> row_before = row_.fields;
  bool of_ends = of_span;  // the first two keys are where the window begins and ends
  const typed::Window stated = window_ ? window_->window : typed::Window{};
  if (reads_session && made.changes) sound &= session_rows_may_go(scope.aggregates);
  if (reads_session && sound) {
    std::vector<typed::ExpressionRef> of_rows;
    for (const typed::ExpressionRef& key : made.keys)
      if (!reads_window(key)) of_rows.push_back(key);
    group_session_rows(made, std::move(of_rows), scope.aggregates, span);
    for (KeyColumn& key : keys)
      if (key.place >= 0) key.place += made.changes ? 1 : 2;
    of_ends = !made.changes;
  }

  const bool gives_table = !made.windowed || made.changes;
  const typed::ExpressionRef time = gives_table && sound && reads_row_time(false) ? row_time(word) : nullptr;
  if (time != nullptr)
    scope.aggregates.push_back({.kind = typed::AggregateKind::maximum,
                                .argument = time,
                                .by = nullptr,
                                .filter = nullptr,
                                .type = timestamp_type(),
                                .span = word});

  // Provisional columns → [keys…, aggregates…, window].
  const int key_count = static_cast<int>(made.keys.size());
  const int aggregate_count = static_cast<int>(scope.aggregates.size());
  typed::ExpressionRef window_read = typed::make(window_type(), span, typed::ColumnRead{key_count + aggregate_count});
  if (made.window_key >= 0) {
    window_read = typed::make(window_type(), span, typed::ColumnRead{made.window_key});
  } else if (of_ends) {
    const auto end = [&](int key) { return typed::make(timestamp_type(), span, typed::ColumnRead{key}); };
    window_read = typed::make(window_type(), span, typed::MakeStruct{{end(0), end(1)}});
  }
  std::vector<typed::ExpressionRef> replacements;
  std::vector<typed::ExpressionRef> over_window(static_cast<size_t>(window_column) + 1);
  for (int i = 0; i <= window_column; ++i) over_window[static_cast<size_t>(i)] = window_read;
  for (const KeyColumn& key : keys) {
    if (is_poison(key.value))
      replacements.push_back(key.value);
    else if (key.place >= 0)
      replacements.push_back(typed::make(key.value->type, key.value->span, typed::ColumnRead{key.place}));
    else
      replacements.push_back(typed::substitute_columns(key.value, over_window));
  }
  replacements.push_back(window_read);
  for (int i = 0; i < aggregate_count; ++i) {
    const typed::Aggregate& aggregate = scope.aggregates[static_cast<size_t>(i)];
    replacements.push_back(typed::make(aggregate.type, aggregate.span, typed::ColumnRead{key_count + i}));
  }
  std::set<int> of_window;
  Row next = row_;
  next.key.clear();
  next.key_stated = false;
  next.present.clear();
  next.in_window = next.in_session = false;
  next.window = nullptr;
  next.lose_alias(word, true);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!add_field({keys[i].name, keys[i].value->type, keys[i].script, keys[i].declared, -1}, keys[i].declared)) {
      sound = false;
      continue;
    }
    made.finish.push_back(replacements[i]);
    const int column = static_cast<int>(fields.size()) - 1;
    if (keys[i].place >= 0)
      next.key.push_back({keys[i].name, column, {}, false, {}});
    else if (!is_poison(keys[i].value))
      of_window.insert(column);
  }
  for (Expressions::Entry& entry : entries) {
    if (!add_field({entry.name, entry.value->type, true, entry.span, -1}, entry.span)) {
      sound = false;
      continue;
    }
    if (is_poison(entry.value)) {
      sound = false;
      made.finish.push_back(entry.value);
    } else if (holds_null(entry.value->type)) {
      context_.reporter.report(diag::NullWithoutType{}).at(entry.value->span, "of which type?");
      sound = false;
    } else {
      made.finish.push_back(typed::substitute_columns(entry.value, replacements));
    }
  }
  if (time != nullptr && add_field({kRowTime, timestamp_type(), true, word, -1}, word))
    made.finish.push_back(replacements.back());
  made.aggregates = std::move(scope.aggregates);
  if (window_ && add_field({"window", window_type(), true, window_->word, -1}, window_->word)) {
    made.finish.push_back(window_read);
    for (KeyPart& part : window_parts(stated, made.changes, static_cast<int>(fields.size()) - 1, std::move(of_window)))
      next.key.push_back(std::move(part));
  }
  next.fields = std::move(fields);
  next.time_field = -1;
  next.time_of_window = made.windowed && !made.changes;
  next.key_clause = cover(word, keys_end);
  const bool known = made.windowed || sound;
  const bool changes = !made.windowed || made.changes;
  next.table = next.changes = changes;
  next.unnested = {};
  if (window_) made.window = window_->window;
  next.open |= open;
  const std::vector<RowField>& before = row_before;
  const bool goes = row_.changes;  // its rows have no order that `last` could follow
  row_ = std::move(next);
  std::vector<std::string> now(before.size());
  for (const KeyColumn& key : keys)
    if (const auto* read = std::get_if<typed::ColumnRead>(&key.value->node);
        read != nullptr && static_cast<size_t>(read->index) < now.size())
      now[static_cast<size_t>(read->index)] = key.name;
  note_gone(before, now, "group", span,
            node.aggregates.entries.empty() || goes ? Span{} : node.aggregates.entries.back().span, true);
  for (GoneField& gone : row_.gone)
    for (const GroupScope::Key& key : scope.keys)
      if (key.text.starts_with(gone.name + ".")) gone.kept.emplace_back(key.text, key.name);
  if (!known || open) {
    row_.key.clear();
    row_.key_stated = true;
  }
  window_.reset();
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
  if (changes) emit_every(node.options, sound);
}

}  // namespace braid::checking
