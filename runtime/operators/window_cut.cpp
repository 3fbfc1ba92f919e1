#include "runtime/operators/window_cut.h"

#include "runtime/base/check.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

CalendarUnit unit_of(WindowSpec::Calendar calendar) {
  switch (calendar) {
    case WindowSpec::Calendar::none:
    case WindowSpec::Calendar::day:
      return CalendarUnit::day;
    case WindowSpec::Calendar::week:
      return CalendarUnit::week;
    case WindowSpec::Calendar::month:
      return CalendarUnit::month;
    case WindowSpec::Calendar::year:
      return CalendarUnit::year;
  }
  BRAID_UNREACHABLE("calendar unit");
}

}  // namespace

WindowCut cut_of(const WindowSpec& spec) {
  const bool slides = spec.hopping || spec.cumulative;
  WindowCut cut;
  cut.zone = spec.zone;
  cut.cumulative = spec.cumulative;
  if (spec.span) {
    cut.size = cut.slide = 1;  // rows bring their windows with them
    return cut;
  }
  cut.calendar = spec.calendar != WindowSpec::Calendar::none;
  if (!cut.calendar) {
    cut.size = spec.size_us;
    cut.slide = slides ? spec.slide_us : spec.size_us;
    return cut;
  }
  cut.unit = unit_of(spec.calendar);
  cut.size = spec.size_units;
  cut.slide = slides ? spec.slide_units : spec.size_units;
  cut.fixed_slide = slides && spec.slide_calendar == WindowSpec::Calendar::none;
  if (cut.fixed_slide) {
    cut.slide = spec.slide_us;
  } else if (slides) {
    cut.slide_unit = unit_of(spec.slide_calendar);
  }
  return cut;
}

RowReason span_is_over(int64_t end, int64_t passed) {
  constexpr uint32_t kLateRow = 6301;
  ReasonArguments arguments(2);
  arguments[0].first = "time";
  append_timestamp(arguments[0].second, end - 1);
  arguments[1].first = "watermark";
  append_timestamp(arguments[1].second, passed);
  return {.code = kLateRow, .arguments = std::move(arguments)};
}

}  // namespace braid
