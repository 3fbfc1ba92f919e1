// Calendar arithmetic by the clocks of a time zone, and full units between instants. A zone is a constant, checked when
// the script is compiled and loaded once per call site. A local time that a zone skips is the instant of the change,
// one that comes twice the earlier.
#include "runtime/data/time_zone.h"
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/time_units.h"

namespace braid {

using Text = std::string_view;
using time_units::Calendar;

namespace {

const TimeZone& zone_of(const CallSite<TimeZone>& site, Text name) {
  return CallSite<TimeZone>(site).get([name] {
    std::unique_ptr<TimeZone> zone = load_time_zone(name);
    BRAID_CHECK(zone != nullptr, "a time zone is checked before its first use");
    return zone;
  });
}

/// The zone is the last argument.
std::string check_zone(const CallShape& call) {
  const std::string& name = call.constants.back().text();
  return load_time_zone(name) != nullptr ? "" : "there is no time zone `" + name + "`";
}

/// Years 0 to 9999, in which no calendar arithmetic leaves 64 bits.
constexpr int64_t kFirst = days_from_civil(0, 1, 1) * kMicrosPerDay,
                  kLast = days_from_civil(10000, 1, 1) * kMicrosPerDay;
constexpr std::string_view kOutside = "the instant would lie outside the years 0 to 9999";

bool in_years(int64_t micros) {
  return micros >= kFirst && micros < kLast;
}
Fallible<Timestamp> instant_within(CallContext& context, int128 micros) {
  if (micros < kFirst || micros >= kLast) return fails(context, kOutside);
  return Timestamp{static_cast<int64_t>(micros)};
}

/// Moves a local time by months, to the last day of a month that is shorter; false outside the years.
bool move_months(int64_t local, int64_t months, int64_t* made) {
  const int64_t days = floor_divide(local, kMicrosPerDay);
  const CivilDate civil = civil_from_days(days);
  const int128 month = static_cast<int128>(civil.year) * 12 + civil.month - 1 + months;
  if (month < 0 || month >= 10000 * 12) return false;
  const auto year = static_cast<int64_t>(month / 12);
  const auto of_year = static_cast<int32_t>(month % 12) + 1;
  const int32_t last = days_in_month(year, of_year);
  const int64_t moved = days_from_civil(year, of_year, civil.day < last ? civil.day : last);
  *made = moved * kMicrosPerDay + local - days * kMicrosPerDay;
  return true;
}

/// Full months from one local time to a later one.
int64_t full_months(int64_t from, int64_t to) {
  const CivilDate a = civil_from_days(floor_divide(from, kMicrosPerDay)),
                  b = civil_from_days(floor_divide(to, kMicrosPerDay));
  int64_t months = (b.year - a.year) * 12 + b.month - a.month;
  const int64_t of_day_a = from - floor_divide(from, kMicrosPerDay) * kMicrosPerDay;
  const int64_t of_day_b = to - floor_divide(to, kMicrosPerDay) * kMicrosPerDay;
  const bool last = b.day == days_in_month(b.year, b.month);
  if (b.day < a.day ? !last || of_day_b < of_day_a : b.day == a.day && of_day_b < of_day_a) --months;
  return months;
}

int64_t units_of(int64_t from, int64_t to, Calendar unit) {
  switch (unit) {
    case Calendar::month:
      return full_months(from, to);
    case Calendar::quarter:
      return full_months(from, to) / 3;
    case Calendar::year:
      return full_months(from, to) / 12;
    default:
      break;
  }
  const int64_t step = unit == Calendar::second   ? kMicrosPerSecond
                       : unit == Calendar::minute ? kMicrosPerMinute
                       : unit == Calendar::hour   ? kMicrosPerHour
                       : unit == Calendar::day    ? kMicrosPerDay
                                                  : 7 * kMicrosPerDay;
  return static_cast<int64_t>((static_cast<int128>(to) - from) / step);
}

std::string check_unit(const CallShape& call, size_t place) {
  const std::string& unit = call.constants[place].text();
  return time_units::calendar(unit) != Calendar::none
             ? ""
             : "`" + unit + "` is not a unit: second, minute, hour, day, week, month, quarter, year";
}

}  // namespace

#define BRAID_ZONE_PARAMETER {"zone", "Time zone by its IANA name, a constant.", std::nullopt, true}
#define BRAID_UNIT_PARAMETER \
  {"unit", "`second`, `minute`, `hour`, `day`, `week`, `month`, `quarter` or `year`, a constant.", std::nullopt, true}

static int64_t units_between(Timestamp from, Timestamp to, Text unit_name) {
  const Calendar unit = time_units::calendar(unit_name);
  return from.micros <= to.micros ? units_of(from.micros, to.micros, unit) : -units_of(to.micros, from.micros, unit);
}
BRAID_FUNCTION(
    zones, units_between,
    {.summary = "Full units from one instant to another, in UTC; negative if the other is earlier.",
     .parameters = {{"from", "Instant to count from."}, {"to", "Instant to count to."}, BRAID_UNIT_PARAMETER},
     .problem = [](const CallShape& call) { return check_unit(call, 2); },
     .examples = {{R"(units_between(@2026-01-31T12:00Z, @2026-02-28T12:00Z, "month"))", "1"},
                  {R"(units_between(@2026-01-01T00:00Z, @2026-01-01T23:59Z, "day"))", "0"},
                  {R"(units_between(@2026-01-08T00:00Z, @2026-01-01T00:00Z, "week"))", "-1"}}})

static int64_t local_units_between(CallSite<TimeZone> site, Timestamp from, Timestamp to, Text unit_name,
                                   Text zone_name) {
  const Calendar unit = time_units::calendar(unit_name);
  const bool back = to.micros < from.micros;
  int64_t early = back ? to.micros : from.micros, late = back ? from.micros : to.micros;
  if (unit >= Calendar::day && in_years(early) && in_years(late)) {
    const TimeZone& zone = zone_of(site, zone_name);
    early = zone.to_local(early);
    late = zone.to_local(late);
    // The clock may go back between them.
    if (late < early) late = early;
  }
  const int64_t units = units_of(early, late, unit);
  return back ? -units : units;
}
BRAID_FUNCTION(
    zones, local_units_between,
    {.name = "units_between",
     .summary = "Full units from one instant to another, days and more by the clocks of a time zone; negative if "
                "the other is earlier.",
     .parameters = {{"from", "Instant to count from."},
                    {"to", "Instant to count to."},
                    BRAID_UNIT_PARAMETER,
                    BRAID_ZONE_PARAMETER},
     .problem =
         [](const CallShape& call) {
           const std::string wrong = check_unit(call, 2);
           return wrong.empty() ? check_zone(call) : wrong;
         },
     .examples = {{R"(units_between(@2026-03-28T12:00Z, @2026-03-29T11:00Z, "day", "Europe/Paris"))", "1"},
                  {R"(units_between(@2026-03-28T12:00Z, @2026-03-29T11:00Z, "hour", "Europe/Paris"))", "23"}}})

static Duration zone_offset(CallSite<TimeZone> site, Timestamp at, Text zone_name) {
  return {zone_of(site, zone_name).offset_at(at.micros)};
}
BRAID_FUNCTION(zones, zone_offset,
               {.summary = "How far the clocks of a time zone are before UTC at an instant.",
                .parameters = {{"at", "Instant."}, BRAID_ZONE_PARAMETER},
                .problem = check_zone,
                .examples = {{R"(zone_offset(@2026-07-01T12:00Z, "America/New_York"))", "-4h"},
                             {R"(zone_offset(@2026-01-01T12:00Z, "Asia/Kolkata"))", "5h30m"}}})

static Fallible<Timestamp> add_local_days(CallContext& context, CallSite<TimeZone> site, Timestamp at, int64_t days,
                                          Text zone_name) {
  if (!in_years(at.micros)) return fails(context, kOutside);
  const TimeZone& zone = zone_of(site, zone_name);
  const int128 moved = zone.to_local(at.micros) + static_cast<int128>(days) * kMicrosPerDay;
  const Fallible<Timestamp> local = instant_within(context, moved);
  if (local.code != CallFailure::none) return local;
  return Timestamp{zone.from_local(local.value.micros)};
}
BRAID_FUNCTION(
    zones, add_local_days,
    {.name = "add_days",
     .summary = "The instant at which the clocks of a time zone show the same so many days later. Fails outside "
                "the years 0 to 9999.",
     .parameters = {{"at", "Instant to start from."}, {"days", "How many; earlier if negative."}, BRAID_ZONE_PARAMETER},
     .problem = check_zone,
     .examples = {{R"(add_days(@2026-03-28T12:00Z, 1, "Europe/Paris"))", "@2026-03-29T11:00Z"},
                  {R"(add_days(@2026-03-28T12:00Z, -1, "UTC"))", "@2026-03-27T12:00Z"},
                  {R"(add_days(@2026-01-01T00:00Z, 9_999_999, "UTC"))", "fails"}}})

static Fallible<Timestamp> add_local_months(CallContext& context, CallSite<TimeZone> site, Timestamp at, int64_t months,
                                            Text zone_name) {
  if (!in_years(at.micros)) return fails(context, kOutside);
  const TimeZone& zone = zone_of(site, zone_name);
  int64_t local = 0;
  if (!move_months(zone.to_local(at.micros), months, &local)) return fails(context, kOutside);
  return Timestamp{zone.from_local(local)};
}
BRAID_FUNCTION(
    zones, add_local_months,
    {.name = "add_months",
     .summary = "The instant at which the clocks of a time zone show the same so many months later, or on the "
                "last day of that month if it is shorter. Fails outside the years 0 to 9999.",
     .parameters = {{"at", "Instant to start from."},
                    {"months", "How many; earlier if negative."},
                    BRAID_ZONE_PARAMETER},
     .problem = check_zone,
     .examples = {{R"(add_months(@2026-02-28T12:00Z, 1, "Europe/Paris"))", "@2026-03-28T12:00Z"},
                  {R"(add_months(@2026-03-28T12:00Z, 1, "Europe/Paris"))", "@2026-04-28T11:00Z"},
                  {R"(add_months(@2026-01-01T00:00Z, 999_999, "UTC"))", "fails"}}})

static Timestamp end_of_local(CallSite<TimeZone> site, Timestamp at, Text unit_name, Text zone_name) {
  const Calendar unit = time_units::calendar(unit_name);
  const TimeZone& zone = zone_of(site, zone_name);
  if (!in_years(at.micros)) return at;
  const int64_t local = zone.to_local(at.micros), start = time_units::truncate(local, unit);
  int64_t next = start;
  if (unit <= Calendar::hour) {
    next += unit == Calendar::second ? kMicrosPerSecond : unit == Calendar::minute ? kMicrosPerMinute : kMicrosPerHour;
    return {at.micros + (next - local) - 1};
  }
  if (unit == Calendar::day || unit == Calendar::week) {
    next += (unit == Calendar::day ? 1 : 7) * kMicrosPerDay;
  } else {
    const CivilDate civil = civil_from_days(start / kMicrosPerDay - (start % kMicrosPerDay < 0));
    const int32_t month = civil.month + (unit == Calendar::month ? 1 : unit == Calendar::quarter ? 3 : 12);
    next = (month > 12 ? days_from_civil(civil.year + 1, month - 12, 1) : days_from_civil(civil.year, month, 1)) *
           kMicrosPerDay;
  }
  return {zone.from_local(next) - 1};
}
BRAID_FUNCTION(
    zones, end_of_local,
    {.name = "end_of",
     .summary = "The last microsecond of an instant's calendar unit by the clocks of a time zone; outside the "
                "years 0 to 9999 the instant itself.",
     .parameters = {{"at", "Instant."}, BRAID_UNIT_PARAMETER, BRAID_ZONE_PARAMETER},
     .problem =
         [](const CallShape& call) {
           const std::string wrong = check_unit(call, 1);
           return wrong.empty() ? check_zone(call) : wrong;
         },
     .examples = {{R"(end_of(@2026-07-01T02:00Z, "day", "America/New_York") + 1us)", "@2026-07-01T04:00Z"},
                  {R"(end_of(@2026-03-29T12:00Z, "month", "Europe/Paris") + 1us)", "@2026-03-31T22:00Z"}}})

static bool is_local_weekend(CallSite<TimeZone> site, Timestamp at, Text zone_name) {
  const int64_t local = in_years(at.micros) ? zone_of(site, zone_name).to_local(at.micros) : at.micros;
  return time_part::weekday(floor_divide(local, kMicrosPerDay)) > 5;
}
BRAID_FUNCTION(zones, is_local_weekend,
               {.name = "is_weekend",
                .summary = "Whether it is Saturday or Sunday at an instant, by the clocks of a time zone.",
                .parameters = {{"at", "Instant to look at."}, BRAID_ZONE_PARAMETER},
                .problem = check_zone,
                .examples = {{R"(is_weekend(@2026-03-13T23:30Z, "Europe/Paris"))", "true"},
                             {R"(is_weekend(@2026-03-13T23:30Z, "UTC"))", "false"}}})

static std::optional<Timestamp> next_clock_time(CallSite<TimeZone> site, Timestamp at, TimeOfDay time, Text zone_name) {
  if (!in_years(at.micros)) return std::nullopt;
  const TimeZone& zone = zone_of(site, zone_name);
  const int64_t day = floor_divide(zone.to_local(at.micros), kMicrosPerDay);
  for (int64_t next = day - 1; next <= day + 2; ++next) {
    const int64_t instant = zone.from_local(next * kMicrosPerDay + time.micros);
    if (instant > at.micros) return Timestamp{instant};
  }
  return std::nullopt;
}
BRAID_FUNCTION(
    zones, next_clock_time,
    {.summary = "The next instant at which the clocks of a time zone show a time of day; null outside the years 0 "
                "to 9999.",
     .parameters = {{"at", "Instant to start from, which does not count."},
                    {"time", "Time of day."},
                    BRAID_ZONE_PARAMETER},
     .problem = check_zone,
     .examples = {{R"(next_clock_time(@2026-07-01T12:00Z, @09:00, "America/New_York"))", "@2026-07-01T13:00Z"},
                  {R"(next_clock_time(@2026-07-01T13:00Z, @09:00, "America/New_York"))", "@2026-07-02T13:00Z"}}})

BRAID_GROUP(zones)

}  // namespace braid
