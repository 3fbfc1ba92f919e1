// Calendar arithmetic on days since 1970-01-01 and on microseconds of one time line: UTC, or a zone's wall clock. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/data/time_text.h"

namespace braid::time_part {

inline int64_t year(int64_t days) {
  return civil_from_days(days).year;
}
inline int64_t month(int64_t days) {
  return civil_from_days(days).month;
}
inline int64_t quarter(int64_t days) {
  return (civil_from_days(days).month + 2) / 3;
}
inline int64_t day(int64_t days) {
  return civil_from_days(days).day;
}
inline int64_t day_of_year(int64_t days) {
  return days - days_from_civil(civil_from_days(days).year, 1, 1) + 1;
}
/// 1 for Monday to 7 for Sunday; day 0 was a Thursday.
inline int64_t weekday(int64_t days) {
  return days + 3 - floor_divide(days + 3, 7) * 7 + 1;
}
/// A week belongs to the year that has its Thursday.
inline int64_t week(int64_t days) {
  return (day_of_year(days + 4 - weekday(days)) - 1) / 7 + 1;
}

}  // namespace braid::time_part

namespace braid::time_units {

enum class Calendar : uint8_t { none, second, minute, hour, day, week, month, quarter, year };

inline Calendar calendar(std::string_view unit) {
  if (unit == "second") return Calendar::second;
  if (unit == "minute") return Calendar::minute;
  if (unit == "hour") return Calendar::hour;
  if (unit == "day") return Calendar::day;
  if (unit == "week") return Calendar::week;
  if (unit == "month") return Calendar::month;
  if (unit == "quarter") return Calendar::quarter;
  if (unit == "year") return Calendar::year;
  return Calendar::none;
}

/// The beginning of the unit that contains `micros`; the least instant if it began before all instants.
inline int64_t truncate(int64_t micros, Calendar unit) {
  const auto at_day = [](int64_t days) {
    int64_t start = 0;
    return __builtin_mul_overflow(days, kMicrosPerDay, &start) ? INT64_MIN : start;
  };
  const auto multiple = [micros](int64_t step) {
    const int64_t rest = micros % step;
    int64_t start = 0;
    return __builtin_sub_overflow(micros, rest < 0 ? rest + step : rest, &start) ? INT64_MIN : start;
  };
  const int64_t days = floor_divide(micros, kMicrosPerDay);
  const CivilDate date = civil_from_days(days);
  switch (unit) {
    case Calendar::none:
      return micros;
    case Calendar::second:
      return multiple(kMicrosPerSecond);
    case Calendar::minute:
      return multiple(kMicrosPerMinute);
    case Calendar::hour:
      return multiple(kMicrosPerHour);
    case Calendar::day:
      return at_day(days);
    case Calendar::week:
      return at_day(days + 1 - time_part::weekday(days));
    case Calendar::month:
      return at_day(days_from_civil(date.year, date.month, 1));
    case Calendar::quarter:
      return at_day(days_from_civil(date.year, (date.month - 1) / 3 * 3 + 1, 1));
    case Calendar::year:
      return at_day(days_from_civil(date.year, 1, 1));
  }
  __builtin_unreachable();
}

}  // namespace braid::time_units
