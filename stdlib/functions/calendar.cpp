// Wall-clock time of time zones, and times as text by a pattern. A zone is a constant (an IANA name), checked when the
// script is compiled and loaded once per call site.
#include "runtime/data/time_zone.h"
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/time_pattern.h"
#include "stdlib/functions/time_units.h"

namespace braid {

using Text = std::string_view;

static const TimeZone& zone_of(const CallSite<TimeZone>& site, Text name) {
  return CallSite<TimeZone>(site).get([name] {
    std::unique_ptr<TimeZone> zone = load_time_zone(name);
    BRAID_CHECK(zone != nullptr, "a time zone is checked before its first use");
    return zone;
  });
}

static std::string zone_problem(const std::string& name) {
  return load_time_zone(name) != nullptr ? "" : "there is no time zone `" + name + "`";
}
/// Arguments: at, zone.
static std::string check_zone(const CallShape& call) {
  return zone_problem(call.constants[1].text());
}

#define BRAID_ZONE_PARAMETER {"zone", "Time zone by its IANA name, a constant.", std::nullopt, true}

// ---- parts ---------------------------------------------------------------------------------------------------------

/// Within these bounds no offset and no calendar unit leads out of 64 bits; beyond (290,000 years away) UTC has to do.
static constexpr int64_t kFarthest = INT64_MAX - 1000 * kMicrosPerDay;
static bool near(int64_t micros) {
  return micros > -kFarthest && micros < kFarthest;
}

static int64_t local_time(const TimeZone& zone, Timestamp at) {
  return near(at.micros) ? zone.to_local(at.micros) : at.micros;
}
static int64_t local_days(const TimeZone& zone, Timestamp at) {
  return floor_divide(local_time(zone, at), kMicrosPerDay);
}
static int64_t local_of_day(const TimeZone& zone, Timestamp at) {
  const int64_t rest = local_time(zone, at) % kMicrosPerDay;
  return rest < 0 ? rest + kMicrosPerDay : rest;
}

#define BRAID_ZONED_PART(part, of_what, expression, text, result, other_text, other_result) \
  static int64_t part##_in_zone(CallSite<TimeZone> site, Timestamp at, Text zone_name) {    \
    const TimeZone& zone = zone_of(site, zone_name);                                        \
    return expression;                                                                      \
  }                                                                                         \
  BRAID_FUNCTION(calendar, part##_in_zone,                                                  \
                 {.name = #part,                                                            \
                  .summary = of_what " of an instant, by the clocks of a time zone.",       \
                  .parameters = {{"at", "Instant to look at."}, BRAID_ZONE_PARAMETER},      \
                  .problem = check_zone,                                                    \
                  .examples = {{#part "(" text ")", result}, {#part "(" other_text ")", other_result}}})

BRAID_ZONED_PART(year, "The year", time_part::year(local_days(zone, at)), R"(@2026-01-01T00:00Z, "America/New_York")",
                 "2025", R"(@2025-12-31T23:30Z, "Europe/Paris")", "2026")
BRAID_ZONED_PART(quarter, "The quarter, 1 to 4,", time_part::quarter(local_days(zone, at)),
                 R"(@2026-04-01T00:00Z, "America/New_York")", "1", R"(@2026-03-31T23:30Z, "Europe/Paris")", "2")
BRAID_ZONED_PART(month, "The month, 1 to 12,", time_part::month(local_days(zone, at)),
                 R"(@2026-04-01T00:00Z, "America/New_York")", "3", R"(@2026-03-31T23:30Z, "Europe/Paris")", "4")
BRAID_ZONED_PART(week, "The week of ISO 8601, 1 to 53,", time_part::week(local_days(zone, at)),
                 R"(@2026-01-05T00:00Z, "America/New_York")", "1", R"(@2026-01-04T23:30Z, "Europe/Paris")", "2")
BRAID_ZONED_PART(day, "The day of the month", time_part::day(local_days(zone, at)),
                 R"(@2026-04-01T00:00Z, "America/New_York")", "31", R"(@2026-03-31T23:30Z, "Europe/Paris")", "1")
BRAID_ZONED_PART(day_of_year, "The day of the year, 1 to 366,", time_part::day_of_year(local_days(zone, at)),
                 R"(@2025-01-01T00:00Z, "America/New_York")", "366", R"(@2025-12-31T23:30Z, "Europe/Paris")", "1")
BRAID_ZONED_PART(weekday, "The day of the week, 1 for Monday to 7 for Sunday,",
                 time_part::weekday(local_days(zone, at)), R"(@2026-03-16T00:00Z, "America/New_York")", "7",
                 R"(@2026-03-15T23:30Z, "Europe/Paris")", "1")
BRAID_ZONED_PART(hour, "The hour, 0 to 23,", local_of_day(zone, at) / kMicrosPerHour,
                 R"(@2026-07-01T12:00Z, "America/New_York")", "8", R"(@2026-01-01T12:00Z, "America/New_York")", "7")
BRAID_ZONED_PART(minute, "The minute, 0 to 59,", local_of_day(zone, at) / kMicrosPerMinute % 60,
                 R"(@2026-01-01T12:00Z, "Asia/Kolkata")", "30", R"(@2026-01-01T12:10Z, "Europe/Paris")", "10")
#undef BRAID_ZONED_PART

static Date date_in_zone(CallSite<TimeZone> site, Timestamp at, Text zone_name) {
  return {static_cast<int32_t>(local_days(zone_of(site, zone_name), at))};
}
BRAID_FUNCTION(calendar, date_in_zone,
               {.name = "date",
                .summary = "The date of an instant, by the clocks of a time zone.",
                .parameters = {{"at", "Instant to look at."}, BRAID_ZONE_PARAMETER},
                .problem = check_zone,
                .examples = {{R"(date(@2026-01-01T00:00Z, "America/New_York"))", "@2025-12-31"},
                             {R"(date(@2025-12-31T23:30Z, "Europe/Paris"))", "@2026-01-01"}}})

static TimeOfDay time_in_zone(CallSite<TimeZone> site, Timestamp at, Text zone_name) {
  return {local_of_day(zone_of(site, zone_name), at)};
}
BRAID_FUNCTION(calendar, time_in_zone,
               {.name = "time",
                .summary = "The time of day of an instant, by the clocks of a time zone.",
                .parameters = {{"at", "Instant to look at."}, BRAID_ZONE_PARAMETER},
                .problem = check_zone,
                .examples = {{R"(time(@2026-07-01T12:00Z, "America/New_York"))", "@08:00"},
                             {R"(time(@2026-01-01T12:00Z, "Asia/Kolkata"))", "@17:30"}}})

// ---- instants of wall-clock time -----------------------------------------------------------------------------------

static Fallible<Timestamp> timestamp_in_zone(CallSite<TimeZone> site, Date date, Text zone_name) {
  int64_t local = 0;
  if (__builtin_mul_overflow(int64_t{date.days}, kMicrosPerDay, &local) || !near(local)) return overflow();
  return Timestamp{zone_of(site, zone_name).from_local(local)};
}
BRAID_FUNCTION(
    calendar, timestamp_in_zone,
    {.name = "timestamp",
     .summary = "The instant at which a date begins by the clocks of a time zone. Fails if there is none so far "
                "away.",
     .parameters = {{"date", "Date."}, BRAID_ZONE_PARAMETER},
     .problem = check_zone,
     .examples = {{R"(timestamp(@2026-07-01, "America/New_York"))", "@2026-07-01T04:00Z"},
                  {R"(timestamp(@2026-01-01, "America/New_York"))", "@2026-01-01T05:00Z"}}})

static Fallible<Timestamp> timestamp_of_parts(CallSite<TimeZone> site, Date date, TimeOfDay time, Text zone_name) {
  int64_t local = 0;
  if (__builtin_mul_overflow(int64_t{date.days}, kMicrosPerDay, &local) ||
      __builtin_add_overflow(local, time.micros, &local) || !near(local))
    return overflow();
  return Timestamp{zone_of(site, zone_name).from_local(local)};
}
BRAID_FUNCTION(
    calendar, timestamp_of_parts,
    {.name = "timestamp",
     .summary = "The instant of a date and a time of day by the clocks of a time zone. A time that the clocks "
                "skip is the instant of the change, one that comes twice the earlier. Fails if there is none so "
                "far away.",
     .parameters = {{"date", "Date."},
                    {"time", "Time of day."},
                    {"zone", "Time zone by its IANA name, a constant.", R"("UTC")", true}},
     .problem = [](const CallShape& call) { return zone_problem(call.constants[2].text()); },
     .examples = {{R"(timestamp(@2026-01-01, @12:30))", "@2026-01-01T12:30Z"},
                  {R"(timestamp(@2026-03-29, @02:30, "Europe/Paris"))", "@2026-03-29T01:00Z"},
                  {R"(timestamp(@2026-10-25, @02:30, "Europe/Paris"))", "@2026-10-25T00:30Z"}}})

static Timestamp truncate_in_zone(CallSite<TimeZone> site, Timestamp at, Text unit_name, Text zone_name) {
  const TimeZone& zone = zone_of(site, zone_name);
  const time_units::Calendar unit = time_units::calendar(unit_name);
  if (!near(at.micros)) return {time_units::truncate(at.micros, unit)};
  const int64_t local = zone.to_local(at.micros), start = time_units::truncate(local, unit);
  // Hours and less lie on the same side of a change of the clocks, or begin with it; days and more begin as the zone
  // says.
  if (unit >= time_units::Calendar::day) return {zone.from_local(start)};
  const int64_t instant = at.micros - (local - start);
  return {zone.to_local(instant) == start ? instant : zone.from_local(start)};
}
BRAID_FUNCTION(calendar, truncate_in_zone,
               {.name = "truncate",
                .summary = "The instant at which the calendar unit began by the clocks of a time zone.",
                .parameters = {{"at", "Instant."},
                               {"unit",
                                "`second`, `minute`, `hour`, `day`, `week` (from Monday), `month`, `quarter` or "
                                "`year`, a constant.",
                                std::nullopt, true},
                               BRAID_ZONE_PARAMETER},
                .problem = [](const CallShape& call) -> std::string {
                  const std::string& unit = call.constants[1].text();
                  if (time_units::calendar(unit) == time_units::Calendar::none)
                    return "`" + unit + "` is not a unit: second, minute, hour, day, week, month, quarter, year";
                  return zone_problem(call.constants[2].text());
                },
                .examples = {{R"(truncate(@2026-07-01T02:00Z, "day", "America/New_York"))", "@2026-06-30T04:00Z"},
                             {R"(truncate(@2026-10-25T01:40Z, "hour", "Europe/Paris"))", "@2026-10-25T01:00Z"}}})

// ---- by a pattern --------------------------------------------------------------------------------------------------

static constexpr std::string_view kPatternText =
    "Pattern, a constant: `yyyy` `yy` year, `MM` `M` month, `MMM` `MMMM` its name, `dd` `d` day, `DDD` day of the "
    "year, "
    "`EEE` `EEEE` weekday, `HH` `H` hour, `hh` `h` with `a` hour of twelve, `mm` minute, `ss` second, `S…` fraction, "
    "`XXX` "
    "offset, `'text'` as it stands.";

/// Arguments: at or text, pattern, zone.
template <time_pattern::Use use>
static std::string check_pattern_and_zone(const CallShape& call) {
  const std::string wrong = time_pattern::problem(call.constants[1].text(), use);
  return !wrong.empty() || call.constants.size() < 3 ? wrong : zone_problem(call.constants[2].text());
}

static Text format_instant(CallContext& context, CallSite<TimeZone> site, Timestamp at, Text pattern, Text zone_name) {
  const int64_t offset = zone_name == "UTC" || !near(at.micros) ? 0 : zone_of(site, zone_name).offset_at(at.micros);
  const int64_t local = at.micros + offset;
  const int64_t rest = local % kMicrosPerDay, days = floor_divide(local, kMicrosPerDay);
  return make_text(context, [&](std::string& out) {
    time_pattern::append(out, pattern, days, rest < 0 ? rest + kMicrosPerDay : rest, offset);
  });
}
BRAID_FUNCTION(calendar, format_instant,
               {.name = "format",
                .summary = "An instant as text, by a pattern and the clocks of a time zone.",
                .parameters = {{"at", "Instant to write."},
                               {"pattern", kPatternText, std::nullopt, true},
                               {"zone", "Time zone by its IANA name, a constant.", R"("UTC")", true}},
                .problem = check_pattern_and_zone<time_pattern::Use::format_instant>,
                .examples = {{R"(format(@2026-03-05T14:07Z, "yyyy-MM-dd HH:mm"))", R"("2026-03-05 14:07")"},
                             {R"(format(@2026-03-05T14:07Z, "d MMM, h:mm a XXX", "America/New_York"))",
                              R"("5 Mar, 9:07 AM -05:00")"},
                             {R"(format(@1969-12-31T23:59Z, "EEEE 'the' DDD"))", R"("Wednesday the 365")"}}})

static Text format_date(CallContext& context, Date date, Text pattern) {
  return make_text(context, [&](std::string& out) { time_pattern::append(out, pattern, date.days, 0, 0); });
}
BRAID_FUNCTION(calendar, format_date,
               {.name = "format",
                .summary = "A date as text, by a pattern.",
                .parameters = {{"date", "Date to write."}, {"pattern", kPatternText, std::nullopt, true}},
                .problem = check_pattern_and_zone<time_pattern::Use::format_date>,
                .examples = {{R"(format(@2026-03-05, "dd.MM.yy"))", R"("05.03.26")"},
                             {R"(format(@2026-03-05, "EEE, d MMMM"))", R"("Thu, 5 March")"}}})

static Fallible<Timestamp> parse_instant(CallContext& context, CallSite<TimeZone> site, Text text, Text pattern,
                                         Text zone_name) {
  const std::optional<time_pattern::Parsed> parsed = time_pattern::parse(text, pattern);
  if (!parsed) return cannot_convert(context, text);
  if (parsed->offset) return Timestamp{parsed->local - *parsed->offset};
  return Timestamp{zone_name == "UTC" ? parsed->local : zone_of(site, zone_name).from_local(parsed->local)};
}
BRAID_FUNCTION(
    calendar, parse_instant,
    {.name = "parse_timestamp",
     .summary = "The instant that a text spells by a pattern. A time that the clocks skip is the instant of the "
                "change, one that comes twice the earlier. Fails for anything else.",
     .parameters = {{"text", "Text to read, all of it."},
                    {"pattern", kPatternText, std::nullopt, true},
                    {"zone",
                     "Time zone whose clocks the text was written by, a constant; an offset in the text "
                     "goes before it.",
                     R"("UTC")", true}},
     .problem = check_pattern_and_zone<time_pattern::Use::parse_instant>,
     .examples = {
         {R"(parse_timestamp("05/03/2026 14:07", "dd/MM/yyyy HH:mm"))", "@2026-03-05T14:07Z"},
         {R"(parse_timestamp("2026-07-01 08:00", "yyyy-MM-dd HH:mm", "America/New_York"))", "@2026-07-01T12:00Z"},
         {R"(parse_timestamp("31/02/2026", "dd/MM/yyyy"))", "fails"}}})

static Fallible<Date> parse_date_by(CallContext& context, Text text, Text pattern) {
  const std::optional<time_pattern::Parsed> parsed = time_pattern::parse(text, pattern);
  if (!parsed) return cannot_convert(context, text);
  return Date{static_cast<int32_t>(parsed->local / kMicrosPerDay - (parsed->local % kMicrosPerDay < 0))};
}
BRAID_FUNCTION(calendar, parse_date_by,
               {.name = "parse_date",
                .summary = "The date that a text spells by a pattern. Fails for anything else.",
                .parameters = {{"text", "Text to read, all of it."}, {"pattern", kPatternText, std::nullopt, true}},
                .problem = check_pattern_and_zone<time_pattern::Use::parse_date>,
                .examples = {{R"(parse_date("5 march 2026", "d MMMM yyyy"))", "@2026-03-05"},
                             {R"(parse_date("2026-13-01", "yyyy-MM-dd"))", "fails"}}})

BRAID_GROUP(calendar)

}  // namespace braid
