// What the kinds of windows are made of: lengths, steps, gaps.
#include "compiler/check/constants.h"
#include "compiler/check/flow.h"
#include "runtime/data/time_text.h"

// The structs of these entries, as diagnostic.h has those of diagnostics.def.
#define BRAID_DIAGNOSTIC BRAID_DIAGNOSTIC_STRUCT
#include "runtime/report/window_diagnostics.def"
#undef BRAID_DIAGNOSTIC

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
  if (tumbling == nullptr && hopping == nullptr) {
    const std::string_view word = std::holds_alternative<ast::Cumulative>(node.kind) ? "cumulative" : "span";
    context_.not_yet(context_.word(span, word), "`window " + std::string(word) + "`",
                     "`tumbling`, `hopping` and `session` windows are there");
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
    made.slide_unit = slide->unit;
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

bool FlowChecker::without_zone(const ast::Window& window, std::string kind) {
  for (const ast::WindowOption& option : window.options) {
    if (!std::holds_alternative<ast::WindowZone>(option.node)) continue;
    context_.reporter.report(diag::WindowWithoutZone{.kind = std::move(kind)})
        .at(option.span, "counts no days")
        .fix(Applicability::likely, "leave it out", {{option.span, ""}});
    return false;
  }
  return true;
}

}  // namespace braid::checking
