#include "runtime/data/time_text.h"
#include "stdlib/functions/calling.h"

namespace braid {
namespace {

using Text = std::string_view;

Timestamp at(Text text) {
  int64_t micros = 0;
  EXPECT_TRUE(parse_timestamp_literal(text, &micros)) << text;
  return {micros};
}
Date on(Text text) {
  int32_t days = 0;
  EXPECT_TRUE(parse_date(text, &days)) << text;
  return {days};
}
std::string written(Timestamp instant) {
  std::string out;
  append_timestamp(out, instant.micros);
  return out;
}
std::string written(Date date) {
  std::string out;
  append_date(out, date.days);
  return out;
}

int64_t part(Text symbol, Timestamp instant) {
  return Call("time_" + std::string(symbol))(instant).as<int64_t>();
}
int64_t part(Text symbol, Timestamp instant, Text zone) {
  return Call("calendar_" + std::string(symbol))(instant, zone).as<int64_t>();
}

TEST(Time, PartsInUtc) {
  const Timestamp instant = at("2026-03-14T18:59:07Z"), early = {-1};
  EXPECT_EQ(part("year_of_instant", instant), 2026);
  EXPECT_EQ(part("quarter_of_instant", instant), 1);
  EXPECT_EQ(part("month_of_instant", instant), 3);
  EXPECT_EQ(part("day_of_instant", instant), 14);
  EXPECT_EQ(part("weekday_of_instant", instant), 6);
  EXPECT_EQ(part("day_of_year_of_instant", instant), 73);
  EXPECT_EQ(part("hour_of_instant", instant), 18);
  EXPECT_EQ(part("minute_of_instant", instant), 59);
  EXPECT_EQ(part("second_of_instant", instant), 7);
  EXPECT_EQ(part("year_of_instant", early), 1969);
  EXPECT_EQ(part("hour_of_instant", early), 23);
  EXPECT_EQ(part("weekday_of_instant", early), 3);
  EXPECT_EQ(part("second_of_instant", early), 59);
  EXPECT_EQ(Call("time_week_of_date")(on("2027-01-03")).as<int64_t>(), 53);
  EXPECT_EQ(Call("time_week_of_date")(on("2024-12-30")).as<int64_t>(), 1);
  EXPECT_EQ(Call("time_hour_of_time")(TimeOfDay{86'399'999'999}).as<int64_t>(), 23);
  EXPECT_EQ(written(Call("time_date_of_instant")(early).as<Date>()), "1969-12-31");
  EXPECT_EQ(Call("time_time_of_instant")(early).as<TimeOfDay>().micros, 86'399'999'999);
}

TEST(Time, PartsInZones) {
  const Text york = "America/New_York";
  EXPECT_EQ(part("hour_in_zone", at("2026-07-01T12:00Z"), york), 8);
  EXPECT_EQ(part("hour_in_zone", at("2026-01-01T12:00Z"), york), 7);
  EXPECT_EQ(part("hour_in_zone", at("2026-03-08T06:59Z"), york), 1);  // clocks go forward at 07:00Z
  EXPECT_EQ(part("hour_in_zone", at("2026-03-08T07:00Z"), york), 3);
  EXPECT_EQ(part("minute_in_zone", at("2026-01-01T12:00Z"), "Asia/Kolkata"), 30);
  EXPECT_EQ(part("year_in_zone", at("2026-01-01T00:00Z"), york), 2025);
  EXPECT_EQ(part("weekday_in_zone", at("2026-03-16T00:00Z"), york), 7);
  EXPECT_EQ(written(Call("calendar_date_in_zone")(at("2026-01-01T00:00Z"), york).as<Date>()), "2025-12-31");
  EXPECT_EQ(Call("calendar_time_in_zone")(at("2026-01-01T00:00Z"), york).as<TimeOfDay>().micros, 19 * kMicrosPerHour);
  for (const FunctionDeclaration* hour : all_groups().overloads("hour")) {
    if (!hour->problem) continue;
    EXPECT_EQ(hour->problem({{timestamp_type(), string_type()}, {Value{Null()}, Value{std::string("Mars/Base")}}}),
              "there is no time zone `Mars/Base`");
  }
}

TEST(Time, DatesMoveByTheCalendar) {
  EXPECT_EQ(written(Call("time_make_date")(int64_t{2024}, int64_t{2}, int64_t{29}).as<Date>()), "2024-02-29");
  EXPECT_EQ(Call("time_make_date")(int64_t{2025}, int64_t{2}, int64_t{29}).code(), 6106u);
  EXPECT_EQ(Call("time_make_date")(INT64_MAX, INT64_MAX, INT64_MAX).code(), 6106u);
  EXPECT_EQ(written(Call("time_add_days")(on("2024-02-28"), int64_t{2}).as<Date>()), "2024-03-01");
  EXPECT_EQ(Call("time_add_days")(on("2024-02-28"), INT64_MAX).code(), 6101u);
  EXPECT_EQ(Call("time_add_days")(on("9999-12-31"), int64_t{1}).code(), 6106u);
  EXPECT_EQ(written(Call("time_add_months")(on("2026-01-31"), int64_t{1}).as<Date>()), "2026-02-28");
  EXPECT_EQ(written(Call("time_add_months")(on("2026-01-31"), int64_t{-2}).as<Date>()), "2025-11-30");
  EXPECT_EQ(Call("time_add_months")(on("2026-01-31"), INT64_MAX).code(), 6101u);
  EXPECT_EQ(Call("time_days_between")(on("2024-02-28"), on("2024-03-01")).as<int64_t>(), 2);
  const auto months = [](Text from, Text to) { return Call("time_months_between")(on(from), on(to)).as<int64_t>(); };
  EXPECT_EQ(months("2026-01-31", "2026-02-28"), 1);
  EXPECT_EQ(months("2026-01-15", "2026-03-14"), 1);
  EXPECT_EQ(months("2026-03-14", "2026-01-15"), -1);
  EXPECT_EQ(months("2026-01-15", "2026-01-15"), 0);
  EXPECT_EQ(Call("time_years_between")(on("2000-02-29"), on("2018-02-28")).as<int64_t>(), 18);
  EXPECT_EQ(Call("time_years_between")(on("2000-06-15"), on("2018-06-14")).as<int64_t>(), 17);
  EXPECT_EQ(written(Call("time_last_of_month")(on("2024-02-10")).as<Date>()), "2024-02-29");
  EXPECT_EQ(Call("time_timestamp_of_date")(Date{INT32_MAX}).code(), 6101u);
  EXPECT_EQ(written(Call("time_timestamp_of_date")(on("1969-12-31")).as<Timestamp>()), "1969-12-31T00:00:00Z");
}

TEST(Time, InstantsAreCut) {
  Call floor("time_floor_instant");
  EXPECT_EQ(written(floor(at("2026-01-01T10:44Z"), Duration{15 * kMicrosPerMinute}).as<Timestamp>()),
            "2026-01-01T10:30:00Z");
  EXPECT_EQ(written(floor(at("1969-12-31T23:59Z"), Duration{kMicrosPerHour}).as<Timestamp>()), "1969-12-31T23:00:00Z");
  EXPECT_EQ(floor(at("2026-01-01T10:44Z"), Duration{0}).code(), 6106u);
  EXPECT_EQ(floor(Timestamp{INT64_MIN}, Duration{INT64_MAX}).code(), 6101u);
  const auto truncate = [](Text text, Text unit) {
    return written(Call("time_truncate")(at(text), unit).as<Timestamp>());
  };
  EXPECT_EQ(truncate("2026-05-17T10:44:31Z", "minute"), "2026-05-17T10:44:00Z");
  EXPECT_EQ(truncate("2026-05-17T10:44Z", "day"), "2026-05-17T00:00:00Z");
  EXPECT_EQ(truncate("2026-05-17T10:44Z", "week"), "2026-05-11T00:00:00Z");
  EXPECT_EQ(truncate("2026-05-17T10:44Z", "quarter"), "2026-04-01T00:00:00Z");
  EXPECT_EQ(truncate("1969-12-31T23:59Z", "year"), "1969-01-01T00:00:00Z");
  const auto in_zone = [](Text text, Text unit, Text zone) {
    return written(Call("calendar_truncate_in_zone")(at(text), unit, zone).as<Timestamp>());
  };
  EXPECT_EQ(in_zone("2026-07-01T02:00Z", "day", "America/New_York"), "2026-06-30T04:00:00Z");
  EXPECT_EQ(in_zone("2026-07-01T02:00Z", "month", "America/New_York"), "2026-06-01T04:00:00Z");
  EXPECT_EQ(in_zone("2026-10-25T00:40Z", "hour", "Europe/Paris"), "2026-10-25T00:00:00Z");  // the first 02:40 …
  EXPECT_EQ(in_zone("2026-10-25T01:40Z", "hour", "Europe/Paris"), "2026-10-25T01:00:00Z");  // … and the second
  EXPECT_EQ(in_zone("2026-01-01T12:10Z", "hour", "Asia/Kolkata"), "2026-01-01T11:30:00Z");
}

TEST(Time, UnixTime) {
  EXPECT_EQ(written(Call("time_from_unix")(int64_t{1'767'225'600}, "s"sv).as<Timestamp>()), "2026-01-01T00:00:00Z");
  EXPECT_EQ(Call("time_from_unix")(int64_t{-1}, "ns"sv).as<Timestamp>().micros, -1);
  EXPECT_EQ(Call("time_from_unix")(INT64_MAX, "ms"sv).code(), 6101u);
  EXPECT_EQ(Call("time_to_unix")(Timestamp{-1}, "s"sv).as<int64_t>(), -1);
  EXPECT_EQ(Call("time_to_unix")(Timestamp{1999}, "ms"sv).as<int64_t>(), 1);
}

TEST(Time, DurationsInUnits) {
  EXPECT_EQ(Call("time_hours")(Duration{-90 * kMicrosPerMinute}).as<int64_t>(), -1);
  EXPECT_EQ(Call("time_in_hours")(Duration{-90 * kMicrosPerMinute}).as<double>(), -1.5);
  EXPECT_EQ(Call("time_days")(Duration{47 * kMicrosPerHour}).as<int64_t>(), 1);
  EXPECT_EQ(Call("time_minutes")(Duration{INT64_MAX}).as<int64_t>(), INT64_MAX / kMicrosPerMinute);
  EXPECT_EQ(Call("time_in_seconds")(Duration{0}).as<double>(), 0.0);
  EXPECT_EQ(Call("time_milliseconds")(Duration{1500}).as<int64_t>(), 1);
}

TEST(Calendar, InstantsOfWallClocks) {
  const auto of = [](Text date, Text time, Text zone) {
    int64_t micros = 0;
    EXPECT_TRUE(parse_time(time, &micros));
    return written(Call("calendar_timestamp_of_parts")(on(date), TimeOfDay{micros}, zone).as<Timestamp>());
  };
  EXPECT_EQ(of("2026-01-01", "12:30", "UTC"), "2026-01-01T12:30:00Z");
  EXPECT_EQ(of("2026-03-29", "02:30", "Europe/Paris"), "2026-03-29T01:00:00Z");  // skipped
  EXPECT_EQ(of("2026-10-25", "02:30", "Europe/Paris"), "2026-10-25T00:30:00Z");  // twice
  Call day("calendar_timestamp_in_zone");
  EXPECT_EQ(written(day(on("2026-07-01"), "America/New_York"sv).as<Timestamp>()), "2026-07-01T04:00:00Z");
  EXPECT_EQ(day(Date{INT32_MIN}, "America/New_York"sv).code(), 6101u);
}

std::string format(Text text, Text pattern, Text zone = "UTC") {
  return std::string(Call("calendar_format_instant")(at(text), pattern, zone).as<Text>());
}

TEST(Calendar, FormatsByPattern) {
  EXPECT_EQ(format("2026-03-05T14:07:09Z", "yyyy-MM-dd HH:mm:ss"), "2026-03-05 14:07:09");
  EXPECT_EQ(format("2026-03-05T14:07Z", "d/M/yy h:m a"), "5/3/26 2:7 PM");
  EXPECT_EQ(format("2026-03-05T00:07Z", "hh a"), "12 AM");
  EXPECT_EQ(format("2026-03-05T12:07Z", "hh a"), "12 PM");
  EXPECT_EQ(format("2026-03-05T14:07Z", "EEE EEEE MMM MMMM DDD"), "Thu Thursday Mar March 064");
  EXPECT_EQ(format("2026-03-05T14:07Z", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "America/New_York"),
            "2026-03-05T09:07:00.000-05:00");
  EXPECT_EQ(format("2026-03-05T14:07Z", "XXX"), "Z");
  EXPECT_EQ(format("2026-03-05T14:07Z", "HH 'o''clock'''"), "14 oclock'");
  EXPECT_EQ(format("1969-12-31T23:59Z", "yyyy MM dd HH"), "1969 12 31 23");
  EXPECT_EQ(Call("calendar_format_instant")(Timestamp{1'234'567}, "s.SSSSSS SS"sv, "UTC"sv).as<Text>(), "1.234567 23");
  EXPECT_EQ(Call("calendar_format_date")(on("2026-03-05"), "dd.MM.yy"sv).as<Text>(), "05.03.26");
}

std::string parsed(Text text, Text pattern, Text zone = "UTC") {
  Call call("calendar_parse_instant");
  call(text, pattern, zone);
  return call.code() == 0 ? written(call.as<Timestamp>()) : "fails";
}

TEST(Calendar, ParsesByPattern) {
  EXPECT_EQ(parsed("05/03/2026 14:07", "dd/MM/yyyy HH:mm"), "2026-03-05T14:07:00Z");
  EXPECT_EQ(parsed("5 mar 26 2:07 pm", "d MMM yy h:mm a"), "2026-03-05T14:07:00Z");
  EXPECT_EQ(parsed("12:00 AM 2026-03-05", "hh:mm a yyyy-MM-dd"), "2026-03-05T00:00:00Z");
  EXPECT_EQ(parsed("2026-07-01 08:00", "yyyy-MM-dd HH:mm", "America/New_York"), "2026-07-01T12:00:00Z");
  EXPECT_EQ(parsed("2026-07-01T08:00:00.250+02:00", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "America/New_York"),
            "2026-07-01T06:00:00.25Z");
  EXPECT_EQ(parsed("2024-366", "yyyy-DDD"), "2024-12-31T00:00:00Z");
  EXPECT_EQ(parsed("2025-366", "yyyy-DDD"), "fails");
  EXPECT_EQ(parsed("31/02/2026", "dd/MM/yyyy"), "fails");
  EXPECT_EQ(parsed("1/02/2026", "dd/MM/yyyy"), "fails") << "two letters are two digits";
  EXPECT_EQ(parsed("01/02/2026 ", "dd/MM/yyyy"), "fails");
  EXPECT_EQ(parsed("", "dd/MM/yyyy"), "fails");
  EXPECT_EQ(parsed("24:00 2026-01-01", "HH:mm yyyy-MM-dd"), "fails");
  EXPECT_EQ(parsed("13:00 pm 2026-01-01", "hh:mm a yyyy-MM-dd"), "fails");
  EXPECT_EQ(written(Call("calendar_parse_date_by")("5 march 2026"sv, "d MMMM yyyy"sv).as<Date>()), "2026-03-05");
  EXPECT_EQ(written(Call("calendar_parse_date_by")("1969-12-31"sv, "yyyy-MM-dd"sv).as<Date>()), "1969-12-31");
  EXPECT_EQ(Call("calendar_parse_date_by")("2026-13-01"sv, "yyyy-MM-dd"sv).code(), 6104u);
}

TEST(Calendar, PatternsAreCheckedWhenCompiling) {
  const auto problem = [](Text name, size_t overload, const char* pattern) {
    const FunctionDeclaration& function = *all_groups().overloads(name)[overload];
    CallShape shape{{}, {Value{Null()}, Value{std::string(pattern)}}};
    if (function.parameters.size() > 2) shape.constants.push_back(Value{std::string("UTC")});
    return function.problem(shape);
  };
  EXPECT_EQ(problem("format", 0, "yyyy-MM-dd HH:mm"), "");
  EXPECT_EQ(problem("format", 0, "YYYY"), "`YYYY` is not part of a time; the year is `yyyy`");
  EXPECT_EQ(problem("format", 0, "yyy"), "`yyy` is not part of a time");
  EXPECT_EQ(problem("format", 0, "HH 'h"), "the pattern has a quote without its end");
  EXPECT_EQ(problem("format", 0, ""), "the pattern is empty");
  EXPECT_EQ(problem("format", 1, "yyyy HH"), "`HH` is not part of a date");
  EXPECT_EQ(problem("parse_timestamp", 0, "HH:mm"), "a pattern to read by needs at least a year and a day");
  EXPECT_EQ(problem("parse_timestamp", 0, "yyyy-MM-dd hh"),
            "`h` and `a` go together; `H` is the hour of the whole day");
}

}  // namespace
}  // namespace braid
