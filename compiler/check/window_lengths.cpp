// What the kinds of windows are made of: lengths, steps, gaps.
#include "compiler/check/constants.h"
#include "compiler/check/flow.h"
#include "runtime/data/time_text.h"
#include "runtime/report/window_findings.h"

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

bool window_length(Context& context, const KnownLength& length, const char* what, bool zoned) {
  const bool nothing = length.is_fixed ? length.fixed_us <= 0 : length.units <= 0;
  if (nothing) {
    context.reporter.report(diag::NoLength{.text = length.text, .what = what}).at(length.span, "no time at all");
    return false;
  } else if (!zoned && !length.is_fixed) {
    context.reporter.report(diag::CalendarNeedsZone{.length = length.text})
        .at(length.span, "how long this is depends on the date and the place")
        .note("`in \"Europe/Paris\"` says whose calendar counts");
    return false;
  } else if (zoned && length.unit == typed::CalendarUnit::none) {
    context.reporter.report(diag::ZoneNeedsDays{.length = length.text})
        .at(length.span, "the same everywhere")
        .note("leave out `in …`, or make the window whole days, weeks, months or years long");
    return false;
  }
  return true;
}

/// A length that is the same on every date; nothing after a report.
std::optional<KnownLength> steady_length(Context& context, const Place& place, const Row& row,
                                         const ast::Length& length, const std::string& what) {
  std::optional<KnownLength> made = known_length(context, place, row, length);
  if (!made) return std::nullopt;
  if (!made->is_fixed) {
    context.reporter.report(diag::CalendarUnit{.text = made->text, .what = what})
        .at(made->span, "how long this is depends on the date");
    return std::nullopt;
  }
  if (made->fixed_us > 0) return made;
  context.reporter.report(diag::NoLength{.text = made->text, .what = what}).at(made->span, "no time at all");
  return std::nullopt;
}

}  // namespace

bool FlowChecker::window_lengths(const ast::Window& node, Span span, typed::Window& made) {
  const auto* tumbling = std::get_if<ast::Tumbling>(&node.kind);
  const auto* hopping = std::get_if<ast::Hopping>(&node.kind);
  if (const auto* session = std::get_if<ast::Session>(&node.kind)) return session_lengths(*session, node, made);
  if (const auto* cumulative = std::get_if<ast::Cumulative>(&node.kind)) return cumulative_lengths(*cumulative, made);
  if (const auto* ends = std::get_if<ast::SpanWindow>(&node.kind)) {
    made.kind = typed::WindowKind::span;
    return span_ends(*ends, node, span);
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
    sound &= window_length(context_, *length, length == &*size ? "a window" : "the step of a window", zoned);
  }
  if (!sound) return false;
  bool gaps = false;
  if (zoned) {
    if (!in_common_unit(*size, *slide)) {
      // A hop may not be longer than the shortest window.
      auto in_days = [](const KnownLength& length, int64_t month) {
        return length.units * (length.unit == typed::CalendarUnit::day     ? 1
                               : length.unit == typed::CalendarUnit::week  ? 7
                               : length.unit == typed::CalendarUnit::month ? month
                                                                           : 12 * month);
      };
      gaps = in_days(*slide, 31) > in_days(*size, 28);
    } else {
      gaps = slide->units > size->units;
    }
    made.unit = size->unit;
    made.size_units = size->units;
    made.slide_unit = slide->unit;
    made.slide_units = slide->units;
  } else {
    made.size_us = size->fixed_us;
    made.slide_us = slide->fixed_us;
    gaps = made.slide_us > made.size_us;
  }
  if (gaps) {
    context_.reporter.report(diag::HopLeavesGaps{.length = size->text, .hop = slide->text})
        .at(slide->span, "longer than the window")
        .also(size->span, "the window's length");
    return false;
  }
  return true;
}

bool FlowChecker::cumulative_lengths(const ast::Cumulative& node, typed::Window& made) {
  made.kind = typed::WindowKind::cumulative;
  const bool zoned = !made.zone.empty();
  std::optional<KnownLength> size = known_length(context_, place_, row_, node.length);
  std::optional<KnownLength> step = known_length(context_, place_, row_, node.every);
  if (!size || !step) return false;
  bool sound = window_length(context_, *size, "a window", zoned);
  // Steps of a calendar window may be shorter than a day.
  sound &= window_length(context_, *step, "the step of a window", zoned && step->unit != typed::CalendarUnit::none);
  if (!sound) return false;
  made.size_us = zoned ? 0 : size->fixed_us;
  made.slide_us = step->fixed_us;
  bool even = true;
  if (!zoned) {
    even = made.size_us % made.slide_us == 0;
  } else if (step->unit == typed::CalendarUnit::none) {
    even = kMicrosPerDay % made.slide_us == 0;
  } else {
    made.slide_us = 0;
    const bool common = in_common_unit(*size, *step);
    const bool by_days = step->unit == typed::CalendarUnit::day || step->unit == typed::CalendarUnit::week;
    even = common ? size->units % step->units == 0 : by_days;
    made.slide_unit = step->unit;
    made.slide_units = step->units;
  }
  if (zoned) {
    made.unit = size->unit;
    made.size_units = size->units;
  }
  if (even) return true;
  context_.reporter.report(diag::UnevenSteps{.length = size->text, .every = step->text})
      .at(step->span, "the last step would be shorter")
      .also(size->span, "the window's length");
  return false;
}

bool FlowChecker::session_lengths(const ast::Session& node, const ast::Window& window, typed::Window& made) {
  made.kind = typed::WindowKind::session;
  bool sound = without_zone(window, "session");
  const std::optional<KnownLength> gap = steady_length(context_, place_, row_, node.gap, "the gap of sessions");
  std::optional<KnownLength> most;
  if (node.max) most = steady_length(context_, place_, row_, *node.max, "a session");
  if (!gap || (node.max && !most)) return false;
  made.gap_us = gap->fixed_us;
  if (!most) return sound;
  made.max_us = most->fixed_us;
  if (made.max_us > made.gap_us) return sound;
  context_.reporter.report(diag::GapNeverCounts{.max = most->text, .gap = gap->text})
      .at(most->span, "not longer than the gap")
      .also(gap->span, "the gap");
  return false;
}

bool FlowChecker::span_ends(const ast::SpanWindow& node, const ast::Window& window, Span span) {
  const bool sound = without_zone(window, "span");
  if (node.first == nullptr || node.last == nullptr) return false;
  Expressions expressions(context_, place_, &row_);
  const typed::ExpressionRef first = expressions.check_as(*node.first, timestamp_type());
  const typed::ExpressionRef last = expressions.check_as(*node.last, timestamp_type());
  if (is_poison(first) || is_poison(last)) return false;
  // In the row's window: { start, end }, its end is behind its last instant. One that has no instant rejects the row.
  const Span place = cover(node.first->span, node.last->span);
  auto make = [&](const Type& type, decltype(typed::Expression::node) content) {
    return typed::make(type, place, std::move(content));
  };
  const bool included = node.end == ast::RangeEnd::included;
  typed::ExpressionRef end = last;
  if (included)
    end = make(timestamp_type(), typed::Operation{typed::Operator::add,
                                                  {last, make(duration_type(), typed::Constant{Value{int64_t{1}}})}});
  const typed::ExpressionRef shifted = typed::shift_locals(first, typed::highest_local(end) + 1);
  const typed::ExpressionRef holds = make(bool_type(), typed::Operation{typed::Operator::less, {shifted, end}});
  const typed::ExpressionRef message =
      make(string_type(), typed::Constant{Value{std::string("the span ends before it begins")}});
  end = make(timestamp_type(), typed::Choose{holds, end, make(timestamp_type(), typed::Fail{message})});
  row_.window = typed::make(window_type(), span, typed::MakeStruct{{first, end}});
  return sound;
}

bool FlowChecker::without_zone(const ast::Window& window, std::string kind) {
  for (const ast::WindowOption& option : window.options) {
    if (!std::holds_alternative<ast::WindowZone>(option.node)) continue;
    Span gone = option.span;
    while (gone.begin > 0 && context_.text({gone.file, gone.begin - 1, gone.begin}) == " ") --gone.begin;
    context_.reporter.report(diag::WindowWithoutZone{.kind = std::move(kind)})
        .at(option.span, "counts no days")
        .fix(Applicability::likely, "leave it out", {{gone, ""}});
    return false;
  }
  return true;
}

}  // namespace braid::checking
