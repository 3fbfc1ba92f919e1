// More of calendars: units of dates and instants, weeks and business days, time of day. Instants are in UTC here; zones
// are in zones.cpp.
#include "runtime/data/time_text.h"
#include "runtime/declare/native.h"
#include "stdlib/functions/time_units.h"

namespace braid {

using Text = std::string_view;
using time_units::Calendar;

static constexpr int64_t kFirstDay = days_from_civil(0, 1, 1), kLastDay = days_from_civil(9999, 12, 31);
static constexpr std::string_view kNoSuchYear = "the date would lie outside the years 0 to 9999";

static Fallible<Date> date_within(CallContext& context, int64_t days) {
  if (days < kFirstDay || days > kLastDay) return fails(context, kNoSuchYear);
  return Date{static_cast<int32_t>(days)};
}
static int64_t days_of(Timestamp at) {
  return floor_divide(at.micros, kMicrosPerDay);
}

// ---- units of dates ------------------------------------------------------------------------------------------------

/// The first day of the unit that contains a day.
static int64_t first_day(int64_t days, Calendar unit) {
  const CivilDate civil = civil_from_days(days);
  switch (unit) {
    case Calendar::week:
      return days + 1 - time_part::weekday(days);
    case Calendar::month:
      return days + 1 - civil.day;
    case Calendar::quarter:
      return days_from_civil(civil.year, (civil.month - 1) / 3 * 3 + 1, 1);
    case Calendar::year:
      return days_from_civil(civil.year, 1, 1);
    default:
      return days;
  }
}

/// The first day of the unit behind it.
static int64_t next_first_day(int64_t days, Calendar unit) {
  const int64_t first = first_day(days, unit);
  if (unit == Calendar::week) return first + 7;
  if (unit == Calendar::day) return first + 1;
  const int32_t months = unit == Calendar::month ? 1 : unit == Calendar::quarter ? 3 : 12;
  const CivilDate civil = civil_from_days(first);
  const int32_t month = civil.month + months;
  return month > 12 ? days_from_civil(civil.year + 1, month - 12, 1) : days_from_civil(civil.year, month, 1);
}

[[maybe_unused]] static std::string date_unit_problem(const CallShape& call) {
  const std::string& unit = call.constants[1].text();
  return time_units::calendar(unit) >= Calendar::day ? ""
                                                     : "`" + unit + "` is not a unit: day, week, month, quarter, year";
}

#define BRAID_DATE_UNIT \
  {"unit", "`day`, `week` (from Monday), `month`, `quarter` or `year`, a constant.", std::nullopt, true}

static Date truncate_date(Date date, Text unit) {
  const int64_t first = first_day(date.days, time_units::calendar(unit));
  return {first < INT32_MIN ? INT32_MIN : static_cast<int32_t>(first)};
}
BRAID_FUNCTION(dates, truncate_date,
               {.name = "truncate",
                .summary = "The first day of a date's calendar unit.",
                .parameters = {{"date", "Date."}, BRAID_DATE_UNIT},
                .problem = date_unit_problem,
                .examples = {{R"(truncate(@2026-05-17, "month"))", "@2026-05-01"},
                             {R"(truncate(@2026-05-17, "week"))", "@2026-05-11"},
                             {R"(truncate(@2026-05-17, "quarter"))", "@2026-04-01"}}})

static Date end_of_date(Date date, Text unit) {
  const int64_t last = next_first_day(date.days, time_units::calendar(unit)) - 1;
  return {last > INT32_MAX ? INT32_MAX : static_cast<int32_t>(last)};
}
BRAID_FUNCTION(dates, end_of_date,
               {.name = "end_of",
                .summary = "The last day of a date's calendar unit.",
                .parameters = {{"date", "Date."}, BRAID_DATE_UNIT},
                .problem = date_unit_problem,
                .examples = {{R"(end_of(@2024-02-10, "month"))", "@2024-02-29"},
                             {R"(end_of(@2026-05-17, "week"))", "@2026-05-17"},
                             {R"(end_of(@2026-05-17, "year"))", "@2026-12-31"}}})

static Timestamp end_of_instant(Timestamp at, Text unit_name) {
  const Calendar unit = time_units::calendar(unit_name);
  const int64_t step = unit == Calendar::second   ? kMicrosPerSecond
                       : unit == Calendar::minute ? kMicrosPerMinute
                       : unit == Calendar::hour   ? kMicrosPerHour
                                                  : 0;
  int128 next = 0;
  if (step > 0) {
    next = (static_cast<int128>(floor_divide(at.micros, step)) + 1) * step;
  } else {
    next = static_cast<int128>(next_first_day(days_of(at), unit)) * kMicrosPerDay;
  }
  return {next > INT64_MAX ? INT64_MAX : static_cast<int64_t>(next) - 1};
}
BRAID_FUNCTION(
    dates, end_of_instant,
    {.name = "end_of",
     .summary = "The last microsecond of an instant's calendar unit in UTC.",
     .parameters = {{"at", "Instant."},
                    {"unit",
                     "`second`, `minute`, `hour`, `day`, `week` (from Monday), `month`, `quarter` or `year`, a "
                     "constant.",
                     std::nullopt, true}},
     .problem = [](const CallShape& call) -> std::string {
       const std::string& unit = call.constants[1].text();
       if (time_units::calendar(unit) != Calendar::none) return "";
       return "`" + unit + "` is not a unit: second, minute, hour, day, week, month, quarter, year";
     },
     .examples = {{R"(end_of(@2026-05-17T10:44Z, "day"))", "@2026-05-17T23:59:59.999999Z"},
                  {R"(end_of(@2026-12-31T23:59:59Z, "year") + 1us)", "@2027-01-01T00:00Z"}}})

// ---- moved ---------------------------------------------------------------------------------------------------------

static Fallible<Date> add_weeks(CallContext& context, Date date, int64_t weeks) {
  const int128 days = date.days + static_cast<int128>(weeks) * 7;
  if (days < kFirstDay || days > kLastDay) return fails(context, kNoSuchYear);
  return Date{static_cast<int32_t>(days)};
}
BRAID_FUNCTION(dates, add_weeks,
               {.summary = "The date so many weeks later. Fails outside the years 0 to 9999.",
                .parameters = {{"date", "Date to start from."}, {"weeks", "How many; earlier if negative."}},
                .examples = {{"add_weeks(@2026-12-28, 1)", "@2027-01-04"},
                             {"add_weeks(@2026-01-01, -1)", "@2025-12-25"},
                             {"add_weeks(@9999-12-31, 1)", "fails"}}})

static bool month_later(int64_t days, int128 months, int64_t* made) {
  const CivilDate civil = civil_from_days(days);
  const int128 month = static_cast<int128>(civil.year) * 12 + civil.month - 1 + months;
  if (month < 0 || month >= 10000 * 12) return false;
  const auto year = static_cast<int64_t>(month / 12);
  const auto of_year = static_cast<int32_t>(month % 12) + 1;
  const int32_t last = days_in_month(year, of_year);
  *made = days_from_civil(year, of_year, civil.day < last ? civil.day : last);
  return true;
}

static Fallible<Date> add_years(CallContext& context, Date date, int64_t years) {
  int64_t days = 0;
  if (!month_later(date.days, static_cast<int128>(years) * 12, &days)) return fails(context, kNoSuchYear);
  return Date{static_cast<int32_t>(days)};
}
BRAID_FUNCTION(dates, add_years,
               {.summary = "The same day so many years later; the 28th of February for a 29th that is not there. Fails "
                           "outside the years 0 to 9999.",
                .parameters = {{"date", "Date to start from."}, {"years", "How many; earlier if negative."}},
                .examples = {{"add_years(@2024-02-29, 1)", "@2025-02-28"},
                             {"add_years(@2026-01-31, -26)", "@2000-01-31"},
                             {"add_years(@9999-12-31, 1)", "fails"}}})

static Fallible<Timestamp> add_months_to_instant(CallContext& context, Timestamp at, int64_t months) {
  int64_t days = 0;
  if (!month_later(days_of(at), months, &days)) return fails(context, kNoSuchYear);
  return Timestamp{days * kMicrosPerDay + at.micros - days_of(at) * kMicrosPerDay};
}
BRAID_FUNCTION(dates, add_months_to_instant,
               {.name = "add_months",
                .summary = "The same day and time so many months later in UTC, or the last day of that month if it is "
                           "shorter. Fails outside the years 0 to 9999.",
                .parameters = {{"at", "Instant to start from."}, {"months", "How many; earlier if negative."}},
                .examples = {{"add_months(@2026-01-31T12:00Z, 1)", "@2026-02-28T12:00Z"},
                             {"add_months(@2026-01-31T12:00Z, -1)", "@2025-12-31T12:00Z"},
                             {"add_months(@9999-12-31T00:00Z, 1)", "fails"}}})

// ---- what a date is ------------------------------------------------------------------------------------------------

static bool is_weekend_day(Date date) {
  return time_part::weekday(date.days) > 5;
}
BRAID_FUNCTION(dates, is_weekend_day,
               {.name = "is_weekend",
                .summary = "Whether a date is a Saturday or a Sunday.",
                .parameters = {{"date", "Date to look at."}},
                .examples = {{"is_weekend(@2026-03-14)", "true"}, {"is_weekend(@2026-03-16)", "false"}}})

static bool is_leap_year(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
BRAID_FUNCTION(dates, is_leap_year,
               {.summary = "Whether a year has a 29th of February.",
                .parameters = {{"year", "Year."}},
                .examples = {
                    {"is_leap_year(2024)", "true"}, {"is_leap_year(1900)", "false"}, {"is_leap_year(2000)", "true"}}})

static int64_t length_of_month(Date date) {
  const CivilDate civil = civil_from_days(date.days);
  return days_in_month(civil.year, civil.month);
}
BRAID_FUNCTION(dates, length_of_month,
               {.name = "days_in_month",
                .summary = "How many days a date's month has.",
                .parameters = {{"date", "Date in the month."}},
                .examples = {{"days_in_month(@2024-02-10)", "29"}, {"days_in_month(@2026-12-31)", "31"}}})

static int64_t iso_year(Date date) {
  return civil_from_days(int64_t{date.days} + 4 - time_part::weekday(date.days)).year;
}
BRAID_FUNCTION(dates, iso_year,
               {.summary = "The year that a date's week belongs to (ISO 8601), which `week` counts in.",
                .parameters = {{"date", "Date to look at."}},
                .examples = {{"iso_year(@2027-01-03)", "2026"}, {"iso_year(@2026-06-01)", "2026"}}})

static Fallible<Date> date_of_week(CallContext& context, int64_t year, int64_t week, int64_t weekday) {
  if (year < 0 || year > 9999 || week < 1 || week > 53 || weekday < 1 || weekday > 7)
    return fails(context, "there is no such week");
  const int64_t fourth = days_from_civil(year, 1, 4);  // always in the first week
  const int64_t monday = fourth + 1 - time_part::weekday(fourth) + (week - 1) * 7;
  if (week == 53 && civil_from_days(monday + 3).year != year) return fails(context, "there is no such week");
  return date_within(context, monday + weekday - 1);
}
BRAID_FUNCTION(dates, date_of_week,
               {.summary = "The date of a day in a week of ISO 8601. Fails if there is none.",
                .parameters = {{"year", "Year of the week, 0 to 9999."},
                               {"week", "Week, 1 to 53."},
                               {"weekday", "Day, 1 for Monday to 7 for Sunday.", "1"}},
                .examples = {{"date_of_week(2026, 1)", "@2025-12-29"},
                             {"date_of_week(2026, 53, 7)", "@2027-01-03"},
                             {"date_of_week(2025, 53)", "fails"}}})

static constexpr Text kWeekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
static constexpr Text kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};

static Text weekday_name(Date date) {
  return kWeekdays[time_part::weekday(date.days) - 1];
}
BRAID_FUNCTION(dates, weekday_name,
               {.summary = "The English name of a date's day of the week.",
                .parameters = {{"date", "Date to look at."}},
                .examples = {{"weekday_name(@2026-03-14)", R"("Saturday")"},
                             {"weekday_name(@1970-01-01)", R"("Thursday")"}}})

static Text month_name(Date date) {
  return kMonths[civil_from_days(date.days).month - 1];
}
BRAID_FUNCTION(dates, month_name,
               {.summary = "The English name of a date's month.",
                .parameters = {{"date", "Date to look at."}},
                .examples = {{"month_name(@2026-03-14)", R"("March")"}, {"month_name(@2026-12-31)", R"("December")"}}})

static Fallible<Date> next_weekday(CallContext& context, Date date, int64_t weekday) {
  if (weekday < 1 || weekday > 7) return fails(context, "a day of the week is 1 to 7");
  const int64_t ahead = (weekday - time_part::weekday(date.days) + 6) % 7 + 1;
  return date_within(context, date.days + ahead);
}
BRAID_FUNCTION(
    dates, next_weekday,
    {.summary = "The first date after another that is a certain day of the week. Fails unless the day is 1 to "
                "7, and outside the years 0 to 9999.",
     .parameters = {{"date", "Date to start from."}, {"weekday", "1 for Monday to 7 for Sunday."}},
     .examples = {{"next_weekday(@2026-03-14, 1)", "@2026-03-16"},
                  {"next_weekday(@2026-03-14, 6)", "@2026-03-21"},
                  {"next_weekday(@2026-03-14, 0)", "fails"}}})

static Fallible<Date> previous_weekday(CallContext& context, Date date, int64_t weekday) {
  if (weekday < 1 || weekday > 7) return fails(context, "a day of the week is 1 to 7");
  const int64_t back = (time_part::weekday(date.days) - weekday + 6) % 7 + 1;
  return date_within(context, date.days - back);
}
BRAID_FUNCTION(
    dates, previous_weekday,
    {.summary = "The last date before another that is a certain day of the week. Fails unless the day is 1 to "
                "7, and outside the years 0 to 9999.",
     .parameters = {{"date", "Date to start from."}, {"weekday", "1 for Monday to 7 for Sunday."}},
     .examples = {{"previous_weekday(@2026-03-14, 5)", "@2026-03-13"},
                  {"previous_weekday(@2026-03-14, 6)", "@2026-03-07"},
                  {"previous_weekday(@2026-03-14, 8)", "fails"}}})

static Fallible<Date> easter(CallContext& context, int64_t year) {
  if (year < 1583 || year > 9999) return fails(context, "Easter is known here from 1583 to 9999");
  // The anonymous Gregorian algorithm, as in J. Meeus, "Astronomical Algorithms".
  const int64_t a = year % 19, b = year / 100, c = year % 100;
  const int64_t h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
  const int64_t l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
  const int64_t rest = h + l - 7 * ((a + 11 * h + 22 * l) / 451) + 114;
  return Date{static_cast<int32_t>(
      days_from_civil(year, static_cast<int32_t>(rest / 31), static_cast<int32_t>(rest % 31 + 1)))};
}
BRAID_FUNCTION(dates, easter,
               {.summary = "Easter Sunday of a year, as western churches count. Fails outside 1583 to 9999.",
                .parameters = {{"year", "Year."}},
                .examples = {
                    {"easter(2026)", "@2026-04-05"}, {"easter(2000)", "@2000-04-23"}, {"easter(1500)", "fails"}}})

// ---- business days -------------------------------------------------------------------------------------------------

/// Monday to Friday before a day, counted from a Monday long ago; so the count between two days is a difference.
static int64_t workdays_before(int64_t days) {
  const int64_t since = days + 3, weeks = floor_divide(since, 7), rest = since - weeks * 7;
  return weeks * 5 + (rest < 5 ? rest : 5);
}
static bool is_workday(int64_t days) {
  return time_part::weekday(days) <= 5;
}

/// The workdays among the holidays that lie in [from, to), each once: sorted first, so that a day that comes twice
/// counts once.
static uint64_t free_days(CallContext& context, const ListOf<Date>& holidays, int32_t** made) {
  auto* const days = reinterpret_cast<int32_t*>(allocate(context, 2 * holidays.count * sizeof(int32_t)));
  int32_t *from = days, *to = days + holidays.count;
  uint64_t count = 0;
  for (uint64_t i = 0; i < holidays.count; ++i)
    if (is_workday(holidays.items[i].i32)) from[count++] = holidays.items[i].i32;
  for (uint64_t width = 1; width < count; width *= 2) {
    for (uint64_t start = 0; start < count; start += 2 * width) {
      const uint64_t middle = start + width < count ? start + width : count;
      const uint64_t end = start + 2 * width < count ? start + 2 * width : count;
      uint64_t left = start, right = middle;
      for (uint64_t out = start; out < end; ++out)
        to[out] = left < middle && (right >= end || from[left] <= from[right]) ? from[left++] : from[right++];
    }
    int32_t* const other = from;
    from = to;
    to = other;
  }
  uint64_t different = 0;
  for (uint64_t i = 0; i < count; ++i)
    if (i == 0 || from[i] != from[i - 1]) from[different++] = from[i];
  *made = from;
  return different;
}

static int64_t business_days_between(Date from, Date to) {
  return workdays_before(to.days) - workdays_before(from.days);
}
BRAID_FUNCTION(
    dates, business_days_between,
    {.summary = "Days from Monday to Friday from one date up to another, which is not counted; negative if the "
                "other is earlier.",
     .parameters = {{"from", "Date to count from."}, {"to", "Date to count to."}},
     .examples = {{"business_days_between(@2026-03-13, @2026-03-16)", "1"},
                  {"business_days_between(@2026-03-14, @2026-03-15)", "0"},
                  {"business_days_between(@2026-03-16, @2026-03-09)", "-5"}}})

static int64_t business_days_without(CallContext& context, Date from, Date to, ListOf<Date> holidays) {
  int32_t* days = nullptr;
  const uint64_t count = free_days(context, holidays, &days);
  const bool back = to.days < from.days;
  const int32_t first = back ? to.days : from.days, end = back ? from.days : to.days;
  int64_t free = 0;
  for (uint64_t i = 0; i < count; ++i) free += days[i] >= first && days[i] < end;
  return business_days_between(from, to) + (back ? free : -free);
}
BRAID_FUNCTION(dates, business_days_without,
               {.name = "business_days_between",
                .summary = "The same without holidays.",
                .parameters = {{"from", "Date to count from."},
                               {"to", "Date to count to."},
                               {"holidays", "Dates that do not count."}},
                .examples = {{"business_days_between(@2026-04-02, @2026-04-08, [@2026-04-03, @2026-04-06])", "2"},
                             {"business_days_between(@2026-04-08, @2026-04-02, [@2026-04-03])", "-3"}}})

static Fallible<Date> add_business_days(CallContext& context, Date date, int64_t count) {
  if (count < -5'000'000 || count > 5'000'000) return fails(context, kNoSuchYear);
  // From a weekend one starts as if from the workday before it, or behind it when going back.
  int64_t days = date.days;
  if (count == 0) return date_within(context, days);
  const int64_t weekday = time_part::weekday(days);
  if (weekday > 5) days += count > 0 ? 5 - weekday : 8 - weekday;
  const int64_t place = time_part::weekday(days) - 1 + count, weeks = floor_divide(place, 5);
  return date_within(context, days - (time_part::weekday(days) - 1) + weeks * 7 + place - weeks * 5);
}
BRAID_FUNCTION(dates, add_business_days,
               {.summary = "The date so many days from Monday to Friday later. Fails outside the years 0 to 9999.",
                .parameters = {{"date", "Date to start from."}, {"count", "How many; earlier if negative."}},
                .examples = {{"add_business_days(@2026-03-13, 1)", "@2026-03-16"},
                             {"add_business_days(@2026-03-14, 1)", "@2026-03-16"},
                             {"add_business_days(@2026-03-16, -1)", "@2026-03-13"},
                             {"add_business_days(@9999-12-31, 1)", "fails"}}})

static Fallible<Date> add_business_days_without(CallContext& context, Date date, int64_t count, ListOf<Date> holidays) {
  int32_t* free = nullptr;
  const uint64_t holidays_count = free_days(context, holidays, &free);
  Fallible<Date> made = add_business_days(context, date, count);
  if (made.code != CallFailure::none || count == 0) return made;
  // Each holiday on the way moves the end by a day; in order, so that the end never passes one unseen.
  if (count > 0) {
    for (uint64_t i = 0; i < holidays_count; ++i) {
      if (free[i] <= date.days) continue;
      if (free[i] > made.value.days) break;
      made = add_business_days(context, made.value, 1);
      if (made.code != CallFailure::none) return made;
    }
  } else {
    for (uint64_t i = holidays_count; i-- > 0;) {
      if (free[i] >= date.days) continue;
      if (free[i] < made.value.days) break;
      made = add_business_days(context, made.value, -1);
      if (made.code != CallFailure::none) return made;
    }
  }
  return made;
}
BRAID_FUNCTION(dates, add_business_days_without,
               {.name = "add_business_days",
                .summary = "The same without holidays. Fails outside the years 0 to 9999.",
                .parameters = {{"date", "Date to start from."},
                               {"count", "How many; earlier if negative."},
                               {"holidays", "Dates that do not count."}},
                .examples = {{"add_business_days(@2026-04-02, 1, [@2026-04-03, @2026-04-06])", "@2026-04-07"},
                             {"add_business_days(@2026-04-07, -1, [@2026-04-03, @2026-04-06])", "@2026-04-02"},
                             {"add_business_days(@9999-12-30, 1, [@9999-12-31])", "fails"}}})

// ---- numbers and dates ---------------------------------------------------------------------------------------------

static int64_t epoch_days(Date date) {
  return date.days;
}
BRAID_FUNCTION(dates, epoch_days,
               {.summary = "Days since 1970-01-01; negative before.",
                .parameters = {{"date", "Date."}},
                .examples = {{"epoch_days(@1970-01-02)", "1"}, {"epoch_days(@1969-12-31)", "-1"}}})

static Fallible<Date> date_from_epoch_days(CallContext& context, int64_t days) {
  return date_within(context, days);
}
BRAID_FUNCTION(dates, date_from_epoch_days,
               {.summary = "The date so many days after 1970-01-01. Fails outside the years 0 to 9999.",
                .parameters = {{"days", "How many; earlier if negative."}},
                .examples = {{"date_from_epoch_days(20454)", "@2026-01-01"},
                             {"date_from_epoch_days(-1)", "@1969-12-31"},
                             {"date_from_epoch_days(9_999_999)", "fails"}}})

static Fallible<Timestamp> from_excel(CallContext& context, double serial) {
  if (!(serial >= 1 && serial < 2'958'466)) return fails(context, "a day number of a spreadsheet is 1 to 2958465");
  if (serial >= 60 && serial < 61) return fails(context, "the day 60 of a spreadsheet, 1900-02-29, has never been");
  // Spreadsheets take 1900 for a leap year, so the days before March 1900 are one less.
  const auto days = static_cast<int64_t>(serial);
  const double part = serial - static_cast<double>(days);
  const int64_t first = days_from_civil(1899, 12, serial < 60 ? 31 : 30);
  const auto millis = static_cast<int64_t>(part * 86'400'000.0 + 0.5);
  return Timestamp{(first + days) * kMicrosPerDay + millis * 1000};
}
BRAID_FUNCTION(
    dates, from_excel,
    {.summary = "The instant of a spreadsheet's day number, to the millisecond, as if in UTC. Fails outside 1 to "
                "2958465, and for the day 60, which has never been.",
     .parameters = {{"serial", "Day number, with the time as its fraction."}},
     .examples = {{"from_excel(46023e0)", "@2026-01-01T00:00Z"},
                  {"from_excel(1.5e0)", "@1900-01-01T12:00Z"},
                  {"from_excel(0e0)", "fails"}}})

static Fallible<Timestamp> from_unix_float(double seconds) {
  const double micros = seconds * 1e6;
  if (!(micros >= -9.2e18 && micros <= 9.2e18)) return overflow();
  return Timestamp{static_cast<int64_t>(__builtin_floor(micros + 0.5))};
}
BRAID_FUNCTION(
    dates, from_unix_float,
    {.name = "from_unix",
     .summary = "The instant so many seconds, with a fraction, after 1970-01-01T00:00Z, to the microsecond. Fails "
                "for NaN, and if there is none so far away.",
     .parameters = {{"value", "Number of seconds."}},
     .examples = {{"from_unix(1767225600.25e0)", "@2026-01-01T00:00:00.25Z"},
                  {"from_unix(-0.5e0)", "@1969-12-31T23:59:59.5Z"},
                  {"from_unix(1e300)", "fails"}}})

static Fallible<ListOf<Date>> date_range(CallContext& context, Date from, Date to, int64_t days) {
  if (days < 1) return fails(context, "the step must be at least one day");
  if (from.days > to.days) return ListOf<Date>{nullptr, 0};
  const uint64_t count = (static_cast<uint64_t>(int64_t{to.days} - from.days)) / static_cast<uint64_t>(days) + 1;
  if (count > kLongestText / sizeof(Slot)) return too_long();
  Slot* const items = allocate_slots(context, count);
  for (uint64_t i = 0; i < count; ++i)
    items[i] = native::slot_i32(static_cast<int32_t>(from.days + static_cast<int64_t>(i) * days));
  return ListOf<Date>{items, count};
}
BRAID_FUNCTION(
    dates, date_range,
    {.summary = "The dates from one to another, both among them. Fails for a step below 1, and if the list takes "
                "more than 16 MiB.",
     .parameters = {{"from", "First date."},
                    {"to", "Date that is not passed."},
                    {"days", "Days from one to the next.", "1"}},
     .examples = {{"date_range(@2026-02-27, @2026-03-01)", "[@2026-02-27, @2026-02-28, @2026-03-01]"},
                  {"date_range(@2026-01-01, @2026-01-20, 14)", "[@2026-01-01, @2026-01-15]"},
                  {"date_range(@2026-01-02, @2026-01-01).length()", "0"},
                  {"date_range(@2026-01-01, @2026-01-02, 0)", "fails"}}})

// ---- time of day, instants -----------------------------------------------------------------------------------------

static Fallible<TimeOfDay> make_time(CallContext& context, int64_t hour, int64_t minute, int64_t second) {
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return fails(context, "there is no such time of day");
  return TimeOfDay{hour * kMicrosPerHour + minute * kMicrosPerMinute + second * kMicrosPerSecond};
}
BRAID_FUNCTION(
    dates, make_time,
    {.summary = "The time of day of an hour, minute and second. Fails if there is none.",
     .parameters = {{"hour", "Hour, 0 to 23."}, {"minute", "Minute, 0 to 59."}, {"second", "Second, 0 to 59.", "0"}},
     .examples = {
         {"make_time(18, 30)", "@18:30"}, {"make_time(0, 0, 59)", "@00:00:59"}, {"make_time(24, 0)", "fails"}}})

static TimeOfDay shift_time(TimeOfDay time, Duration by) {
  const int64_t moved = (time.micros + by.micros % kMicrosPerDay) % kMicrosPerDay;
  return {moved < 0 ? moved + kMicrosPerDay : moved};
}
BRAID_FUNCTION(dates, shift_time,
               {.summary = "A time of day so much later; behind midnight it goes on with the next day.",
                .parameters = {{"time", "Time of day."}, {"by", "How much later; earlier if negative."}},
                .examples = {{"shift_time(@23:30, 1h)", "@00:30"}, {"shift_time(@00:15, -30m)", "@23:45"}}})

static int64_t microsecond_of_day(TimeOfDay time) {
  return time.micros;
}
BRAID_FUNCTION(dates, microsecond_of_day,
               {.summary = "Microseconds since midnight.",
                .parameters = {{"time", "Time of day to measure."}},
                .examples = {{"microsecond_of_day(@00:01)", "60000000"}, {"microsecond_of_day(@00:00)", "0"}}})

static int64_t millisecond(Timestamp at) {
  const int64_t rest = at.micros % kMicrosPerSecond;
  return (rest < 0 ? rest + kMicrosPerSecond : rest) / 1000;
}
BRAID_FUNCTION(dates, millisecond,
               {.summary = "The millisecond in an instant's second, 0 to 999.",
                .parameters = {{"at", "Instant to look at."}},
                .examples = {{"millisecond(@2026-01-01T00:00:07.25Z)", "250"},
                             {"millisecond(@1970-01-01T00:00Z - 1us)", "999"}}})

static Fallible<Timestamp> ceil_instant(CallContext& context, Timestamp at, Duration step) {
  if (step.micros <= 0) return fails(context, "the step must be longer than 0");
  const int64_t rest = at.micros % step.micros;
  if (rest == 0) return at;
  int64_t end = 0;
  if (__builtin_add_overflow(at.micros, rest < 0 ? -rest : step.micros - rest, &end)) return overflow();
  return Timestamp{end};
}
BRAID_FUNCTION(
    dates, ceil_instant,
    {.name = "ceil",
     .summary = "The first multiple of a duration since 1970-01-01T00:00Z that is not before the instant. Fails "
                "unless the duration is longer than 0.",
     .parameters = {{"at", "Instant."}, {"step", "Distance of the multiples."}},
     .examples = {{"ceil(@2026-01-01T10:44Z, 15m)", "@2026-01-01T10:45Z"},
                  {"ceil(@2026-01-01T10:45Z, 15m)", "@2026-01-01T10:45Z"},
                  {"ceil(@2026-01-01T10:44Z, 0s)", "fails"}}})

static Fallible<Timestamp> floor_from(CallContext& context, Timestamp at, Duration step, Timestamp origin) {
  if (step.micros <= 0) return fails(context, "the step must be longer than 0");
  const int128 distance = static_cast<int128>(at.micros) - origin.micros;
  const int128 rest = distance % step.micros;
  const int128 start = at.micros - (rest < 0 ? rest + step.micros : rest);
  if (start < INT64_MIN) return overflow();
  return Timestamp{static_cast<int64_t>(start)};
}
BRAID_FUNCTION(
    dates, floor_from,
    {.name = "floor",
     .summary = "The last of the instants in steps from an origin that is not after the instant. Fails unless the "
                "step is longer than 0.",
     .parameters = {{"at", "Instant."}, {"step", "Distance of the instants."}, {"origin", "One of these instants."}},
     .examples = {{"floor(@2026-01-01T10:44Z, 1h, @2026-01-01T00:20Z)", "@2026-01-01T10:20Z"},
                  {"floor(@2025-12-31T23:00Z, 1d, @2026-01-01T06:00Z)", "@2025-12-31T06:00Z"},
                  {"floor(@2026-01-01T10:44Z, 0s, @2026-01-01T00:00Z)", "fails"}}})

static bool overlap(Timestamp a_from, Timestamp a_to, Timestamp b_from, Timestamp b_to) {
  return a_from.micros < b_to.micros && b_from.micros < a_to.micros && a_from.micros < a_to.micros &&
         b_from.micros < b_to.micros;
}
BRAID_FUNCTION(dates, overlap,
               {.summary = "Whether two spans of time share an instant; their ends do not belong to them.",
                .parameters = {{"a_from", "Beginning of the one."},
                               {"a_to", "Its end."},
                               {"b_from", "Beginning of the other."},
                               {"b_to", "Its end."}},
                .examples = {
                    {"overlap(@2026-01-01T00:00Z, @2026-01-02T00:00Z, @2026-01-01T12:00Z, @2026-01-03T00:00Z)", "true"},
                    {"overlap(@2026-01-01T00:00Z, @2026-01-02T00:00Z, @2026-01-02T00:00Z, @2026-01-03T00:00Z)",
                     "false"}}})

static int64_t fiscal_year(Date date, int64_t first_month) {
  const CivilDate civil = civil_from_days(date.days);
  return first_month > 1 && civil.month >= first_month ? civil.year + 1 : civil.year;
}
[[maybe_unused]] static std::string month_problem(const CallShape& call) {
  const int64_t month = call.constants[1].integer();
  return month >= 1 && month <= 12 ? "" : "a month is 1 to 12";
}
BRAID_FUNCTION(dates, fiscal_year,
               {.summary = "The business year of a date, named after the calendar year in which it ends.",
                .parameters = {{"date", "Date to look at."},
                               {"first_month", "Month in which the year begins, a constant.", std::nullopt, true}},
                .problem = month_problem,
                .examples = {{"fiscal_year(@2026-10-01, 10)", "2027"}, {"fiscal_year(@2026-09-30, 10)", "2026"}}})

static int64_t fiscal_quarter(Date date, int64_t first_month) {
  return (civil_from_days(date.days).month - first_month + 12) % 12 / 3 + 1;
}
BRAID_FUNCTION(dates, fiscal_quarter,
               {.summary = "The quarter of the business year of a date, 1 to 4.",
                .parameters = {{"date", "Date to look at."},
                               {"first_month", "Month in which the year begins, a constant.", std::nullopt, true}},
                .problem = month_problem,
                .examples = {{"fiscal_quarter(@2026-10-01, 10)", "1"}, {"fiscal_quarter(@2026-09-30, 10)", "4"}}})

BRAID_GROUP(dates)

}  // namespace braid
