// `window` and `group`: lengths, time zones, keys and aggregates of each window.
#include "compiler/check/closest.h"
#include "compiler/check/constants.h"
#include "compiler/check/flow.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/time_text.h"

namespace braid::checking {
namespace {

constexpr int64_t kMostUnits = kLongestUs / kMicrosPerDay;

/// A length as written or as a param has it.
struct KnownLength {
  std::string text;
  Span span;
  int64_t fixed_us = 0;
  bool is_fixed = true;
  /// Of lengths of whole days, weeks, months or years: one unit and how many of it.
  typed::CalendarUnit unit = typed::CalendarUnit::none;
  int64_t units = 0;
};

std::optional<KnownLength> known_length(Context& context, const Place& place, const Row& row,
                                        const ast::Length& length) {
  KnownLength made;
  if (const auto* name = std::get_if<ast::Name>(&length)) {
    const ast::Expr read{.span = name->span, .node = ast::NameExpr{name->text}};
    made.text = name->text;
    made.span = name->span;
    Expressions expressions(context, place, &row);
    const std::optional<int64_t> value = expressions.constant_duration(read, "the length of a window");
    if (!value) return std::nullopt;
    made.fixed_us = *value;
    if (*value % kMicrosPerDay == 0) {
      made.unit = typed::CalendarUnit::day;
      made.units = *value / kMicrosPerDay;
    }
    return made;
  }
  const auto& duration = std::get<ast::Duration>(length);
  made.text = duration.text;
  made.span = duration.span;
  made.is_fixed = !is_calendar(duration);
  if (made.is_fixed) {
    const std::optional<int64_t> fixed = context.length_of(duration, "a window");
    if (!fixed) return std::nullopt;
    made.fixed_us = *fixed;
  }
  for (const ast::DurationPart& part : duration.parts) {
    // Days, the shortest of what a calendar counts; also keeps sums of units in 64 bits.
    if (made.is_fixed || part.count <= kMostUnits) continue;
    context.reporter.report(diag::NumberDoesNotFit{.number = duration.text, .type = "duration"})
        .at(duration.span, "longer than 10,000 years");
    return std::nullopt;
  }
  if (duration.parts.size() == 1) {
    made.units = duration.parts[0].count;
    switch (duration.parts[0].unit) {
      case ast::DurationUnit::d:
        made.unit = typed::CalendarUnit::day;
        break;
      case ast::DurationUnit::w:
        made.unit = typed::CalendarUnit::week;
        break;
      case ast::DurationUnit::mo:
        made.unit = typed::CalendarUnit::month;
        break;
      case ast::DurationUnit::y:
        made.unit = typed::CalendarUnit::year;
        break;
      case ast::DurationUnit::us:
      case ast::DurationUnit::ms:
      case ast::DurationUnit::s:
      case ast::DurationUnit::m:
      case ast::DurationUnit::h:
        made.units = 0;
        break;
    }
  }
  return made;
}

/// Days, or months: what both lengths of a calendar window are counted in.
bool in_common_unit(KnownLength& a, KnownLength& b) {
  if (a.unit == b.unit) return true;
  auto days = [](const KnownLength& l) {
    return l.unit == typed::CalendarUnit::day || l.unit == typed::CalendarUnit::week;
  };
  if (days(a) != days(b)) return false;
  for (KnownLength* length : {&a, &b}) {
    if (length->unit == typed::CalendarUnit::week) length->unit = typed::CalendarUnit::day, length->units *= 7;
    if (length->unit == typed::CalendarUnit::year) length->unit = typed::CalendarUnit::month, length->units *= 12;
  }
  return true;
}

}  // namespace

Type window_type() {
  static const Type type = struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}});
  return type;
}

bool FlowChecker::window_lengths(const ast::Window& node, Span span, typed::Window& made) {
  const auto* tumbling = std::get_if<ast::Tumbling>(&node.kind);
  const auto* hopping = std::get_if<ast::Hopping>(&node.kind);
  if (tumbling == nullptr && hopping == nullptr) {
    const std::string_view word = std::holds_alternative<ast::Cumulative>(node.kind) ? "cumulative"
                                  : std::holds_alternative<ast::Session>(node.kind)  ? "session"
                                                                                     : "span";
    context_.not_yet(context_.word(span, word), "`window " + std::string(word) + "`",
                     "`tumbling` and `hopping` windows are there");
    return false;
  }
  made.kind = tumbling != nullptr ? typed::WindowKind::tumbling : typed::WindowKind::hopping;
  std::optional<KnownLength> size =
      known_length(context_, place_, row_, tumbling != nullptr ? tumbling->length : hopping->length);
  std::optional<KnownLength> slide = size;
  if (hopping != nullptr) slide = known_length(context_, place_, row_, hopping->every);
  if (!size || !slide) return false;
  const bool zoned = !made.zone.empty();
  bool sound = true;
  for (const KnownLength* length : {&*size, &*slide}) {
    if (length == &*slide && hopping == nullptr) continue;
    const bool nothing = length->is_fixed ? length->fixed_us <= 0 : length->units <= 0;
    if (nothing) {
      context_.reporter
          .report(diag::NoLength{.text = length->text, .what = length == &*size ? "a window" : "the step of a window"})
          .at(length->span, "no time at all");
      sound = false;
    } else if (!zoned && !length->is_fixed) {
      context_.reporter.report(diag::CalendarNeedsZone{.length = length->text})
          .at(length->span, "how long this is depends on the date and the place")
          .note("`in \"Europe/Paris\"` says whose calendar counts");
      sound = false;
    } else if (zoned && length->unit == typed::CalendarUnit::none) {
      context_.reporter.report(diag::ZoneNeedsDays{.length = length->text})
          .at(length->span, "the same everywhere")
          .note("leave out `in …`, or make the window whole days, weeks, months or years long");
      sound = false;
    }
  }
  if (!sound) return false;
  if (zoned) {
    if (!in_common_unit(*size, *slide)) {
      context_.not_yet(slide->span, "a window of months that begins by days",
                       "both lengths in days or weeks, or both in months or years");
      return false;
    }
    made.unit = size->unit;
    made.size_units = size->units;
    made.slide_units = slide->units;
  } else {
    made.size_us = size->fixed_us;
    made.slide_us = slide->fixed_us;
  }
  if (zoned ? made.slide_units > made.size_units : made.slide_us > made.size_us) {
    context_.reporter.report(diag::HopLeavesGaps{.length = size->text, .hop = slide->text})
        .at(slide->span, "longer than the window")
        .also(size->span, "the window's length");
    return false;
  }
  return true;
}

void FlowChecker::window(const ast::Window& node, Span span) {
  const Span word = context_.word(span, "window");
  if (window_)
    context_.not_yet(word, "a `window` in a window", "a `group` ends the first; a window can follow its rows");
  PendingWindow made{{}, word};
  made.window.span = span;
  if (!row_.has_time && !row_.open) {
    context_.no_event_time(row_, row_.relation, "window")
        .at(word, "windows are of event time")
        .also(row_.relation_span, "declared here without `time`");
    made.sound = false;
  }
  if (row_.table) {
    context_.not_yet(word, "a `window` over a table", "a window folds the rows of a stream");
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
  made.sound &= window_lengths(node, span, made.window);
  window_ = std::move(made);
  row_.in_window = true;
}

void FlowChecker::group_options(const std::vector<ast::StatefulOption>& options, bool windowed, std::string& name) {
  for (const ast::StatefulOption& option : options) {
    std::visit(
        Overloaded{
            [&](const ast::Emit& emit) {
              switch (emit.kind) {
                case ast::EmitKind::final:
                  if (!windowed)
                    context_.reporter.report(diag::FinalNeverComes{})
                        .at(option.span, "each row may change with the next");
                  return;
                case ast::EmitKind::changes:
                  return context_.not_yet(option.span, "`emit changes`",
                                          "`emit final`, the default, gives each row once, when its window has closed");
                case ast::EmitKind::every:
                  return context_.not_yet(option.span, "`emit every`",
                                          "`window hopping … every …` gives figures in between");
              }
            },
            [&](const ast::Retain&) {
              if (windowed)
                context_.not_yet(option.span, "`retain` of a windowed group", "its window bounds the state already");
            },
            [&](const ast::StateName& state) { name = state.name.text; },
            [](const ast::ErrorClause&) {},
        },
        option.node);
  }
}

void FlowChecker::group(const ast::Group& node, Span span) {
  const Span word = context_.word(span, "group");
  typed::GroupStep made;
  group_options(node.options, window_.has_value(), made.name);
  const bool final_stated =
      std::any_of(node.options.begin(), node.options.end(), [](const ast::StatefulOption& option) {
        const auto* emit = std::get_if<ast::Emit>(&option.node);
        return emit != nullptr && emit->kind == ast::EmitKind::final;
      });
  if (!window_ && !final_stated && !row_.open)
    context_.not_yet(word, "a `group` without a window", "`window tumbling 1h` before it makes a group per hour");
  bool sound = window_ && window_->sound;

  // Keys see the window as a field at the end of the row.
  Row with_window = row_;
  with_window.in_window = false;
  const int window_column = static_cast<int>(row_.fields.size());
  if (row_.find("window") < 0) with_window.fields.push_back({"window", window_type(), true, {}, -1});
  Expressions expressions(context_, place_, &with_window);
  GroupScope scope;
  scope.window = window_type();
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
  bool open = false;  // after a mistake other keys and entries may have been meant
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
    } else if (typed::columns_read(value).size() > 1) {
      context_.not_yet(entry.span, "a key made of the window and the row", "two keys, one of each");
      sound = false;
    }
    keys.push_back(std::move(key));
  }

  // Entries.
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
  for (const typed::Aggregate& aggregate : scope.aggregates)
    for (const typed::ExpressionRef& part : {aggregate.argument, aggregate.by, aggregate.filter})
      if (part != nullptr && reads_window(part)) {
        context_.not_yet(aggregate.span, "an aggregate that reads `window`", "`event_time()` and the keys are there");
        sound = false;
      }

  // Provisional columns → [keys…, aggregates…, window].
  const int key_count = static_cast<int>(made.keys.size());
  const int aggregate_count = static_cast<int>(scope.aggregates.size());
  const typed::ExpressionRef window_read =
      typed::make(window_type(), span, typed::ColumnRead{key_count + aggregate_count});
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
  next.in_window = false;
  for (auto& [name, column] : next.alias_columns) column = -1;
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
  made.aggregates = std::move(scope.aggregates);
  if (window_ && add_field({"window", window_type(), true, window_->word, -1}, window_->word)) {
    made.finish.push_back(window_read);
    next.key.push_back({"window", static_cast<int>(fields.size()) - 1, {}, true, of_window});
  }
  next.fields = std::move(fields);
  next.time_field = -1;
  next.time_of_window = window_.has_value();
  next.key_clause = cover(word, keys_end);
  const bool known = window_.has_value();
  if (window_) made.window = window_->window;
  next.open |= open;
  row_ = std::move(next);
  if (!known || open) {
    row_.key.clear();
    row_.key_stated = true;
  }
  window_.reset();
  if (sound) add({.content = std::move(made), .row = {}, .span = span, .text = step_text(span)});
}

}  // namespace braid::checking
