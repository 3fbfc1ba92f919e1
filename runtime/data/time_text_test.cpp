#include "runtime/data/time_text.h"

#include <gtest/gtest.h>

#include "runtime/base/rng.h"

namespace braid {
namespace {

template <class Print>
std::string shown(Print print, int64_t value) {
  std::string text;
  print(text, value);
  return text;
}

TEST(TimeText, CalendarIsRightOnEveryDayOfEightHundredYears) {
  int64_t days = days_from_civil(1600, 1, 1);
  for (int64_t year = 1600; year < 2400; ++year)
    for (int32_t month = 1; month <= 12; ++month)
      for (int32_t day = 1; day <= days_in_month(year, month); ++day, ++days) {
        ASSERT_EQ(days_from_civil(year, month, day), days);
        CivilDate date = civil_from_days(days);
        ASSERT_TRUE(date.year == year && date.month == month && date.day == day) << year << "-" << month << "-" << day;
      }
  EXPECT_EQ(days_from_civil(1970, 1, 1), 0);
  EXPECT_EQ(days_from_civil(2000, 3, 1), 11017);
}

TEST(TimeText, Timestamps) {
  struct Case {
    std::string_view text, shown;
  };
  for (const Case& each : std::vector<Case>{{"2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
                                            {"2026-01-01t00:00:00z", "2026-01-01T00:00:00Z"},
                                            {"2026-01-01 02:30:00+02:30", "2026-01-01T00:00:00Z"},
                                            {"2025-12-31T23:30:00.25-00:30", "2026-01-01T00:00:00.25Z"},
                                            {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
                                            {"2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456Z"},
                                            {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
                                            {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"},
                                            {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"},
                                            {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"}}) {
    int64_t micros = 0;
    EXPECT_TRUE(parse_timestamp(each.text, &micros)) << each.text;
    EXPECT_EQ(shown(append_timestamp, micros), each.shown);
  }
  int64_t micros = 0;
  for (std::string_view bad : {"",
                               "2026-01-01",
                               "2026-01-01T00:00:00",
                               "2026-01-01T00:00Z",
                               "2026-13-01T00:00:00Z",
                               "2026-00-01T00:00:00Z",
                               "2026-02-29T00:00:00Z",
                               "2026-01-32T00:00:00Z",
                               "2026-01-01T24:00:00Z",
                               "2026-01-01T00:60:00Z",
                               "2026-01-01T00:00:61Z",
                               "2026-01-01T00:00:00.Z",
                               "2026-01-01T00:00:00+0100",
                               "2026-01-01T00:00:00+1:00",
                               "2026-01-01T00:00:00Zx",
                               "2026-1-01T00:00:00Z",
                               "2026-01-01X00:00:00Z",
                               "2o26-01-01T00:00:00Z",
                               "2026-01-01T00:00:00+24:00",
                               "+2026-01-01T00:00:00Z",
                               "2026/01/01T00:00:00Z",
                               "2026-01-01T00:00:0/Z"})
    EXPECT_FALSE(parse_timestamp(bad, &micros)) << bad;
  EXPECT_TRUE(parse_timestamp_literal("2026-01-01T00:00Z", &micros));
  EXPECT_EQ(micros, 1'767'225'600'000'000);
  EXPECT_TRUE(parse_local_timestamp("2026-01-01 12:30", &micros));
  EXPECT_TRUE(parse_local_timestamp("2026-01-01T12:30:15.5", &micros));
  EXPECT_FALSE(parse_local_timestamp("2026-01-01T12:30:15Z", &micros));
}

TEST(TimeText, EveryInstantReadsBack) {
  Rng rng(5);
  for (int i = 0; i < 100'000; ++i) {
    int64_t micros = rng.between(-62'167'219'200'000'000, 253'402'300'799'999'999), back = 0;
    std::string text = shown(append_timestamp, micros);
    ASSERT_TRUE(parse_timestamp(text, &back)) << text;
    ASSERT_EQ(back, micros) << text;
  }
  EXPECT_EQ(shown(append_timestamp, INT64_MIN), "-290308-12-21T19:59:05.224192Z");
  EXPECT_EQ(shown(append_timestamp, INT64_MAX), "+294247-01-10T04:00:54.775807Z");
}

TEST(TimeText, DatesAndTimes) {
  int32_t days = 0;
  int64_t micros = 0;
  EXPECT_TRUE(parse_date("1970-01-02", &days));
  EXPECT_EQ(days, 1);
  EXPECT_FALSE(parse_date("1970-01-02 ", &days));
  EXPECT_FALSE(parse_date("1970-1-2", &days));
  EXPECT_TRUE(parse_time("12:30", &micros));
  EXPECT_EQ(micros, 45'000'000'000);
  EXPECT_TRUE(parse_time("23:59:59.000001", &micros));
  EXPECT_EQ(shown(append_time, micros), "23:59:59.000001");
  for (std::string_view bad : {"", "12", "12:3", "12:60", "24:00", "12:30:", "12:30:60", "12:30:00.", "12:30Z"})
    EXPECT_FALSE(parse_time(bad, &micros)) << bad;
}

TEST(TimeText, Durations) {
  struct Case {
    int64_t micros;
    std::string_view literal, iso;
  };
  for (const Case& each : std::vector<Case>{{0, "0s", "PT0S"},
                                            {5'400'000'000, "1h30m", "PT1H30M"},
                                            {7 * kMicrosPerDay, "7d", "P7D"},
                                            {kMicrosPerDay + 1'500'000, "1d1s500ms", "P1DT1.5S"},
                                            {-300'000'000, "-5m", "-PT5M"},
                                            {1, "1us", "PT0.000001S"},
                                            {INT64_MAX, "106751991d4h54s775ms807us", "P106751991DT4H54.775807S"},
                                            {INT64_MIN, "-106751991d4h54s775ms808us", "-P106751991DT4H54.775808S"}}) {
    EXPECT_EQ(shown(append_duration_literal, each.micros), each.literal);
    EXPECT_EQ(shown(append_duration_iso, each.micros), each.iso);
    int64_t back = 1;
    EXPECT_TRUE(parse_duration_literal(each.literal, &back)) << each.literal;
    EXPECT_EQ(back, each.micros);
    EXPECT_TRUE(parse_duration_iso(each.iso, &back)) << each.iso;
    EXPECT_EQ(back, each.micros);
  }
  int64_t micros = 0;
  EXPECT_TRUE(parse_duration_literal("1_000ms", &micros));
  EXPECT_EQ(micros, 1'000'000);
  EXPECT_TRUE(parse_duration_iso("P2W", &micros));
  EXPECT_EQ(micros, 14 * kMicrosPerDay);
  for (std::string_view bad : {"", "-", "5", "5x", "1mo", "1y", "m", "9223372036854775807s", "1h 30m"})
    EXPECT_FALSE(parse_duration_literal(bad, &micros)) << bad;
  for (std::string_view bad : {"", "P", "PT", "P1", "P1Y", "P1M", "PT1D", "P1H", "1H", "PT1S1H", "PT1.5H", "PT1H1H",
                               "P1DT", "PTT1S", "PT.5S", "P99999999999999999999D"})
    EXPECT_FALSE(parse_duration_iso(bad, &micros)) << bad;
}

}  // namespace
}  // namespace braid
