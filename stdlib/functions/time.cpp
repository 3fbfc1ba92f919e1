// Dates, times of day, instants in UTC, durations. What depends on a time zone is in calendar.cpp.
#include "runtime/data/time_text.h"
#include "runtime/declare/native.h"
#include "stdlib/functions/time_units.h"

namespace braid {

using Text = std::string_view;

static Date date_of(Timestamp at) {
  return {static_cast<int32_t>(floor_divide(at.micros, kMicrosPerDay))};
}
static int64_t of_day(Timestamp at) {
  const int64_t rest = at.micros % kMicrosPerDay;
  return rest < 0 ? rest + kMicrosPerDay : rest;
}

// ---- parts of dates and instants -----------------------------------------------------------------------------------

/// A part of a date, and of an instant's date in UTC.
#define BRAID_DATE_PART(part, of_what, date_text, date_result, instant_text, instant_result)                           \
  static int64_t part##_of_date(Date date) {                                                                           \
    return time_part::part(date.days);                                                                                 \
  }                                                                                                                    \
  BRAID_FUNCTION(time, part##_of_date,                                                                                 \
                 {.name = #part,                                                                                       \
                  .summary = of_what " of a date.",                                                                    \
                  .parameters = {{"date", "Date to look at."}},                                                        \
                  .examples = {{#part "(" date_text ")", date_result}, {#part "(@1970-01-01)", first_of_1970::part}}}) \
  static int64_t part##_of_instant(Timestamp at) {                                                                     \
    return time_part::part(date_of(at).days);                                                                          \
  }                                                                                                                    \
  BRAID_FUNCTION(time, part##_of_instant,                                                                              \
                 {.name = #part,                                                                                       \
                  .summary = of_what " of an instant, in UTC.",                                                        \
                  .parameters = {{"at", "Instant to look at."}},                                                       \
                  .examples = {{#part "(" instant_text ")", instant_result},                                           \
                               {#part "(@1970-01-01T00:00Z)", first_of_1970::part}}})

/// What each part is for 1970-01-01, a Thursday.
namespace first_of_1970 {
[[maybe_unused]] constexpr std::string_view year = "1970", month = "1", day = "1", weekday = "4", day_of_year = "1",
                                            week = "1", quarter = "1";
}

BRAID_DATE_PART(year, "The year", "@2026-03-14", "2026", "@2025-12-31T23:59Z", "2025")
BRAID_DATE_PART(quarter, "The quarter, 1 to 4,", "@2026-12-01", "4", "@2026-03-31T23:59Z", "1")
BRAID_DATE_PART(month, "The month, 1 to 12,", "@2026-03-14", "3", "@2026-03-31T23:59Z", "3")
BRAID_DATE_PART(week, "The week of ISO 8601, 1 to 53,", "@2027-01-03", "53", "@2026-12-28T00:00Z", "53")
BRAID_DATE_PART(day, "The day of the month", "@2026-03-14", "14", "@2026-03-31T23:59Z", "31")
BRAID_DATE_PART(day_of_year, "The day of the year, 1 to 366,", "@2024-12-31", "366", "@2026-02-01T00:00Z", "32")
BRAID_DATE_PART(weekday, "The day of the week, 1 for Monday to 7 for Sunday,", "@2026-03-14", "6", "@2026-03-15T23:59Z",
                "7")
#undef BRAID_DATE_PART

static int64_t hour_of_instant(Timestamp at) {
  return of_day(at) / kMicrosPerHour;
}
BRAID_FUNCTION(time, hour_of_instant,
               {.name = "hour",
                .summary = "The hour of an instant, 0 to 23, in UTC.",
                .parameters = {{"at", "Instant to look at."}},
                .examples = {{"hour(@2026-01-01T18:59Z)", "18"}, {"hour(@1969-12-31T23:00Z)", "23"}}})

static int64_t minute_of_instant(Timestamp at) {
  return of_day(at) / kMicrosPerMinute % 60;
}
BRAID_FUNCTION(time, minute_of_instant,
               {.name = "minute",
                .summary = "The minute of an instant, 0 to 59, in UTC.",
                .parameters = {{"at", "Instant to look at."}},
                .examples = {{"minute(@2026-01-01T18:59Z)", "59"}, {"minute(@1969-12-31T23:01Z)", "1"}}})

static int64_t second_of_instant(Timestamp at) {
  return of_day(at) / kMicrosPerSecond % 60;
}
BRAID_FUNCTION(time, second_of_instant,
               {.name = "second",
                .summary = "The second of an instant, 0 to 59.",
                .parameters = {{"at", "Instant to look at."}},
                .examples = {{"second(@2026-01-01T00:00:07Z)", "7"}, {"second(@1970-01-01T00:00Z - 1us)", "59"}}})

static int64_t hour_of_time(TimeOfDay time) {
  return time.micros / kMicrosPerHour;
}
BRAID_FUNCTION(time, hour_of_time,
               {.name = "hour",
                .summary = "The hour of a time of day, 0 to 23.",
                .parameters = {{"time", "Time of day to look at."}},
                .examples = {{"hour(@18:59)", "18"}, {"hour(@00:00)", "0"}}})

static int64_t minute_of_time(TimeOfDay time) {
  return time.micros / kMicrosPerMinute % 60;
}
BRAID_FUNCTION(time, minute_of_time,
               {.name = "minute",
                .summary = "The minute of a time of day, 0 to 59.",
                .parameters = {{"time", "Time of day to look at."}},
                .examples = {{"minute(@18:59)", "59"}, {"minute(@00:00)", "0"}}})

static int64_t second_of_time(TimeOfDay time) {
  return time.micros / kMicrosPerSecond % 60;
}
BRAID_FUNCTION(time, second_of_time,
               {.name = "second",
                .summary = "The second of a time of day, 0 to 59.",
                .parameters = {{"time", "Time of day to look at."}},
                .examples = {{R"(second(time("18:59:07.5")))", "7"}, {"second(@00:00)", "0"}}})

static Date date_of_instant(Timestamp at) {
  return date_of(at);
}
BRAID_FUNCTION(time, date_of_instant,
               {.name = "date",
                .summary = "The date of an instant in UTC.",
                .parameters = {{"at", "Instant to look at."}},
                .examples = {{"date(@2026-01-01T23:59Z)", "@2026-01-01"},
                             {"date(@1970-01-01T00:00Z - 1us)", "@1969-12-31"}}})

static TimeOfDay time_of_instant(Timestamp at) {
  return {of_day(at)};
}
BRAID_FUNCTION(time, time_of_instant,
               {.name = "time",
                .summary = "The time of day of an instant in UTC.",
                .parameters = {{"at", "Instant to look at."}},
                .examples = {{"time(@2026-01-01T23:59Z)", "@23:59"}, {"time(@1969-12-31T12:00Z)", "@12:00"}}})

// ---- dates ---------------------------------------------------------------------------------------------------------

static Fallible<Date> make_date(CallContext& context, int64_t year, int64_t month, int64_t day) {
  if (year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(year, static_cast<int32_t>(month)))
    return fails(context, "there is no such date");
  return Date{static_cast<int32_t>(days_from_civil(year, static_cast<int32_t>(month), static_cast<int32_t>(day)))};
}
BRAID_FUNCTION(
    time, make_date,
    {.summary = "The date of a year, month and day. Fails if there is none.",
     .parameters = {{"year", "Year, 0 to 9999."}, {"month", "Month, 1 to 12."}, {"day", "Day of the month."}},
     .examples = {{"make_date(2024, 2, 29)", "@2024-02-29"}, {"make_date(2025, 2, 29)", "fails"}}})

static Fallible<Date> moved(CallContext& context, int64_t days) {
  if (days < days_from_civil(0, 1, 1) || days > days_from_civil(9999, 12, 31))
    return fails(context, "the date would lie outside the years 0 to 9999");
  return Date{static_cast<int32_t>(days)};
}

static Fallible<Date> add_days(CallContext& context, Date date, int64_t days) {
  int64_t moved_days = 0;
  if (__builtin_add_overflow(int64_t{date.days}, days, &moved_days)) return overflow();
  return moved(context, moved_days);
}
BRAID_FUNCTION(time, add_days,
               {.summary = "The date so many days later. Fails outside the years 0 to 9999.",
                .parameters = {{"date", "Date to start from."}, {"days", "How many; earlier if negative."}},
                .examples = {{"add_days(@2024-02-28, 2)", "@2024-03-01"},
                             {"add_days(@2026-01-01, -1)", "@2025-12-31"},
                             {"add_days(@9999-12-31, 1)", "fails"}}})

static Fallible<Date> add_months(CallContext& context, Date date, int64_t months) {
  const CivilDate civil = civil_from_days(date.days);
  int64_t month = 0;
  if (__builtin_add_overflow(civil.year * 12 + civil.month - 1, months, &month)) return overflow();
  const int64_t year = floor_divide(month, 12);
  if (year < 0 || year > 9999) return fails(context, "the date would lie outside the years 0 to 9999");
  const auto of_year = static_cast<int32_t>(month - year * 12 + 1);
  const int32_t last = days_in_month(year, of_year);
  return Date{static_cast<int32_t>(days_from_civil(year, of_year, civil.day < last ? civil.day : last))};
}
BRAID_FUNCTION(
    time, add_months,
    {.summary = "The same day so many months later, or the last of that month if it is shorter. Fails outside "
                "the years 0 to 9999.",
     .parameters = {{"date", "Date to start from."}, {"months", "How many; earlier if negative."}},
     .examples = {{"add_months(@2026-01-31, 1)", "@2026-02-28"},
                  {"add_months(@2026-01-31, -12)", "@2025-01-31"},
                  {"add_months(@9999-12-31, 1)", "fails"}}})

static int64_t days_between(Date from, Date to) {
  return int64_t{to.days} - from.days;
}
BRAID_FUNCTION(time, days_between,
               {.summary = "Days from one date to another; negative if the other is earlier.",
                .parameters = {{"from", "Date to count from."}, {"to", "Date to count to."}},
                .examples = {{"days_between(@2024-02-28, @2024-03-01)", "2"},
                             {"days_between(@2026-01-02, @2026-01-01)", "-1"}}})

static int64_t months_between(Date from, Date to) {
  const bool back = to.days < from.days;
  const CivilDate early = civil_from_days(back ? to.days : from.days),
                  late = civil_from_days(back ? from.days : to.days);
  int64_t months = (late.year - early.year) * 12 + late.month - early.month;
  // A month is full on its day, or on the last of a month that is too short for it.
  if (late.day < early.day && late.day < days_in_month(late.year, late.month)) --months;
  return back ? -months : months;
}
BRAID_FUNCTION(time, months_between,
               {.summary = "Full months from one date to another; negative if the other is earlier.",
                .parameters = {{"from", "Date to count from."}, {"to", "Date to count to."}},
                .examples = {{"months_between(@2026-01-31, @2026-02-28)", "1"},
                             {"months_between(@2026-01-15, @2026-03-14)", "1"},
                             {"months_between(@2026-03-15, @2026-01-15)", "-2"}}})

static int64_t years_between(Date from, Date to) {
  return months_between(from, to) / 12;
}
BRAID_FUNCTION(time, years_between,
               {.summary = "Full years from one date to another, such as an age; negative if the other is earlier.",
                .parameters = {{"from", "Date to count from."}, {"to", "Date to count to."}},
                .examples = {{"years_between(@2000-02-29, @2018-02-28)", "18"},
                             {"years_between(@2000-06-15, @2018-06-14)", "17"},
                             {"years_between(@2018-01-01, @2017-01-01)", "-1"}}})

static Date last_of_month(Date date) {
  const CivilDate civil = civil_from_days(date.days);
  const int64_t last = int64_t{date.days} + days_in_month(civil.year, civil.month) - civil.day;
  return {last < INT32_MAX ? static_cast<int32_t>(last) : INT32_MAX};
}
BRAID_FUNCTION(time, last_of_month,
               {.summary = "The last day of a date's month.",
                .parameters = {{"date", "Date in the month."}},
                .examples = {{"last_of_month(@2024-02-10)", "@2024-02-29"},
                             {"last_of_month(@2026-01-31)", "@2026-01-31"}}})

static Fallible<Timestamp> timestamp_of_date(Date date) {
  int64_t micros = 0;
  if (__builtin_mul_overflow(int64_t{date.days}, kMicrosPerDay, &micros)) return overflow();
  return Timestamp{micros};
}
BRAID_FUNCTION(time, timestamp_of_date,
               {.name = "timestamp",
                .summary = "The instant at which a date begins in UTC. Fails if there is none so far away.",
                .parameters = {{"date", "Date."}},
                .examples = {{"timestamp(@2026-01-01)", "@2026-01-01T00:00Z"},
                             {"timestamp(@1969-12-31)", "@1969-12-31T00:00Z"}}})

// ---- instants ------------------------------------------------------------------------------------------------------

static Fallible<Timestamp> floor_instant(CallContext& context, Timestamp at, Duration step) {
  if (step.micros <= 0) return fails(context, "the step must be longer than 0");
  const int64_t rest = at.micros % step.micros;
  int64_t start = 0;
  if (__builtin_sub_overflow(at.micros, rest < 0 ? rest + step.micros : rest, &start)) return overflow();
  return Timestamp{start};
}
BRAID_FUNCTION(
    time, floor_instant,
    {.name = "floor",
     .summary = "The last multiple of a duration since 1970-01-01T00:00Z that is not after the instant. Fails "
                "unless the duration is longer than 0.",
     .parameters = {{"at", "Instant."}, {"step", "Distance of the multiples."}},
     .examples = {{"floor(@2026-01-01T10:44Z, 15m)", "@2026-01-01T10:30Z"},
                  {"floor(@1969-12-31T23:59Z, 1h)", "@1969-12-31T23:00Z"},
                  {"floor(@2026-01-01T10:44Z, 0s)", "fails"}}})

[[maybe_unused]] static std::string unit_problem(const CallShape& call) {
  const std::string& unit = call.constants[1].text();
  return time_units::calendar(unit) != time_units::Calendar::none
             ? ""
             : "`" + unit + "` is not a unit: second, minute, hour, day, week, month, quarter, year";
}

static Timestamp truncate(Timestamp at, Text unit) {
  return {time_units::truncate(at.micros, time_units::calendar(unit))};
}
BRAID_FUNCTION(time, truncate,
               {.summary = "The instant at which the calendar unit began in UTC.",
                .parameters = {{"at", "Instant."},
                               {"unit",
                                "`second`, `minute`, `hour`, `day`, `week` (from Monday), `month`, `quarter` or "
                                "`year`, a constant.",
                                std::nullopt, true}},
                .problem = unit_problem,
                .examples = {{R"(truncate(@2026-05-17T10:44Z, "month"))", "@2026-05-01T00:00Z"},
                             {R"(truncate(@2026-05-17T10:44Z, "week"))", "@2026-05-11T00:00Z"},
                             {R"(truncate(@1969-12-31T23:59Z, "hour"))", "@1969-12-31T23:00Z"}}})

[[maybe_unused]] static std::string unix_problem(const CallShape& call) {
  const std::string& unit = call.constants[1].text();
  return unit == "s" || unit == "ms" || unit == "us" || unit == "ns" ? ""
                                                                     : "`" + unit + "` is not a unit: s, ms, us, ns";
}

static Fallible<Timestamp> from_unix(int64_t value, Text unit) {
  if (unit == "ns") return Timestamp{floor_divide(value, 1000)};
  const int64_t factor = unit == "s" ? kMicrosPerSecond : unit == "ms" ? 1000 : 1;
  int64_t micros = 0;
  if (__builtin_mul_overflow(value, factor, &micros)) return overflow();
  return Timestamp{micros};
}
BRAID_FUNCTION(time, from_unix,
               {.summary = "The instant so long after 1970-01-01T00:00Z. Fails if there is none so far away.",
                .parameters = {{"value", "Number of units."},
                               {"unit", "`s`, `ms`, `us` or `ns`, a constant.", R"("s")", true}},
                .problem = unix_problem,
                .examples = {{"from_unix(1_767_225_600)", "@2026-01-01T00:00Z"},
                             {R"(from_unix(-1, "ms"))", "@1969-12-31T23:59:59.999Z"},
                             {"from_unix(9_223_372_036_854_775_807)", "fails"}}})

static int64_t to_unix(Timestamp at, Text unit) {
  return floor_divide(at.micros, unit == "s" ? kMicrosPerSecond : unit == "ms" ? 1000 : 1);
}
BRAID_FUNCTION(time, to_unix,
               {.summary = "Units since 1970-01-01T00:00Z, cut to whole ones towards the past.",
                .parameters = {{"at", "Instant."}, {"unit", "`s`, `ms` or `us`, a constant.", R"("s")", true}},
                .problem = [](const CallShape& call) -> std::string {
                  return call.constants[1].text() == "ns" ? "an instant has no nanoseconds: s, ms, us"
                                                          : unix_problem(call);
                },
                .examples = {{"to_unix(@2026-01-01T00:00Z)", "1767225600"},
                             {R"(to_unix(@1970-01-01T00:00Z - 1us, "ms"))", "-1"}}})

// ---- durations -----------------------------------------------------------------------------------------------------

/// Whole units of a duration, and the same with what is left over.
#define BRAID_DURATION_UNIT(unit, micros_each, whole_text, whole_result, float_text, float_result) \
  static int64_t unit(Duration duration) {                                                         \
    return duration.micros / micros_each;                                                          \
  }                                                                                                \
  BRAID_FUNCTION(time, unit,                                                                       \
                 {.summary = "Whole " #unit " of a duration, cut towards zero.",                   \
                  .parameters = {{"duration", "Duration to measure."}},                            \
                  .examples = {{#unit "(" whole_text ")", whole_result}, {#unit "(0s)", "0"}}})    \
  static double in_##unit(Duration duration) {                                                     \
    return static_cast<double>(duration.micros) / micros_each;                                     \
  }                                                                                                \
  BRAID_FUNCTION(time, in_##unit,                                                                  \
                 {.summary = "A duration in " #unit ", as a float.",                               \
                  .parameters = {{"duration", "Duration to measure."}},                            \
                  .examples = {{"in_" #unit "(" float_text ")", float_result}, {"in_" #unit "(0s)", "0e0"}}})

BRAID_DURATION_UNIT(days, kMicrosPerDay, "47h", "1", "36h", "1.5e0")
BRAID_DURATION_UNIT(hours, kMicrosPerHour, "-90m", "-1", "90m", "1.5e0")
BRAID_DURATION_UNIT(minutes, kMicrosPerMinute, "1h59s", "60", "30s", "0.5e0")
BRAID_DURATION_UNIT(seconds, kMicrosPerSecond, "1500ms", "1", "250ms", "0.25e0")
BRAID_DURATION_UNIT(milliseconds, 1000, "1500us", "1", "250us", "0.25e0")
#undef BRAID_DURATION_UNIT

BRAID_GROUP(time)

}  // namespace braid
