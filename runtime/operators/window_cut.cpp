#include "runtime/operators/window_cut.h"

#include "runtime/base/check.h"

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

}  // namespace braid
