#include "runtime/data/time_zone.h"

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/data/time_text.h"

namespace braid {
namespace {

int64_t instant(std::string_view text) {
  int64_t micros = 0;
  EXPECT_TRUE(parse_timestamp_literal(text, &micros)) << text;
  return micros;
}
int64_t local(std::string_view text) {
  int64_t micros = 0;
  EXPECT_TRUE(parse_local_timestamp(text, &micros)) << text;
  return micros;
}
std::string shown(int64_t micros) {
  return timestamp_text(micros);
}

TEST(TimeZone, UnknownNames) {
  EXPECT_EQ(load_time_zone("Europe/Pariss"), nullptr);
  EXPECT_EQ(load_time_zone(""), nullptr);
  EXPECT_NE(load_time_zone("UTC"), nullptr);
  std::vector<std::string> names = time_zone_names();
  EXPECT_TRUE(std::binary_search(names.begin(), names.end(), "America/New_York"));
}

TEST(TimeZone, SkippedAndRepeatedHours) {
  auto zone = load_time_zone("America/New_York");
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->to_local(instant("2013-07-01T12:00Z")), local("2013-07-01T08:00"));
  EXPECT_EQ(zone->to_local(instant("2013-01-01T12:00Z")), local("2013-01-01T07:00"));
  EXPECT_EQ(shown(zone->from_local(local("2013-03-10T02:30"))), "2013-03-10T07:00:00Z") << "skipped: the change itself";
  EXPECT_EQ(shown(zone->from_local(local("2013-03-10T03:00"))), "2013-03-10T07:00:00Z");
  EXPECT_EQ(shown(zone->from_local(local("2013-11-03T01:30"))), "2013-11-03T05:30:00Z") << "twice: the earlier";
  EXPECT_EQ(shown(zone->from_local(local("2013-11-03T02:00"))), "2013-11-03T07:00:00Z");
  EXPECT_EQ(shown(zone->from_local(local("1850-01-01T00:00"))), "1850-01-01T04:56:02Z") << "local mean time";
}

TEST(TimeZone, DaysHaveTwentyThreeToTwentyFiveHours) {
  auto zone = load_time_zone("Europe/Paris");
  ASSERT_TRUE(zone);
  int64_t start = zone->floor(instant("2026-03-29T12:00Z"), CalendarUnit::day, 1);
  EXPECT_EQ(shown(start), "2026-03-28T23:00:00Z");
  EXPECT_EQ(shown(zone->next(start, CalendarUnit::day, 1)), "2026-03-29T22:00:00Z");
  start = zone->floor(instant("2026-10-25T12:00Z"), CalendarUnit::day, 1);
  EXPECT_EQ(zone->next(start, CalendarUnit::day, 1) - start, 25 * kMicrosPerHour);
}

TEST(TimeZone, WeeksMonthsAndYears) {
  auto zone = load_time_zone("UTC");
  int64_t at = instant("2026-08-13T10:00Z");  // a Thursday
  EXPECT_EQ(shown(zone->floor(at, CalendarUnit::week, 1)), "2026-08-10T00:00:00Z");
  EXPECT_EQ(shown(zone->next(at, CalendarUnit::week, 1)), "2026-08-17T00:00:00Z");
  EXPECT_EQ(shown(zone->floor(at, CalendarUnit::month, 1)), "2026-08-01T00:00:00Z");
  EXPECT_EQ(shown(zone->floor(at, CalendarUnit::month, 3)), "2026-07-01T00:00:00Z");
  EXPECT_EQ(shown(zone->next(at, CalendarUnit::month, 3)), "2026-10-01T00:00:00Z");
  EXPECT_EQ(shown(zone->floor(at, CalendarUnit::year, 1)), "2026-01-01T00:00:00Z");
  EXPECT_EQ(shown(zone->next(at, CalendarUnit::year, 10)), "2030-01-01T00:00:00Z");
  EXPECT_EQ(shown(zone->floor(-1, CalendarUnit::day, 1)), "1969-12-31T00:00:00Z");
  EXPECT_EQ(shown(zone->floor(-1, CalendarUnit::month, 1)), "1969-12-01T00:00:00Z");
}

/// Periods follow one another without gap or overlap, also where midnight is skipped (São Paulo, Beirut) or comes
/// twice (Havana), or a whole day is left out (Apia).
TEST(TimeZone, PeriodsTileTime) {
  Rng rng(9);
  for (const char* name : {"America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Asia/Beirut", "America/New_York",
                           "Australia/Lord_Howe", "Africa/Monrovia"}) {
    auto zone = load_time_zone(name);
    ASSERT_TRUE(zone) << name;
    for (CalendarUnit unit : {CalendarUnit::day, CalendarUnit::week, CalendarUnit::month, CalendarUnit::year}) {
      for (int round = 0; round < 3000; ++round) {
        int64_t at = rng.between(instant("1960-01-01T00:00Z"), instant("2036-01-01T00:00Z"));
        if (unit == CalendarUnit::day && round % 2 == 0) at -= at % kMicrosPerHour;
        int64_t count = rng.between(1, 3);
        int64_t start = zone->floor(at, unit, count), end = zone->next(at, unit, count);
        ASSERT_TRUE(start <= at && at < end) << name << " " << shown(at);
        ASSERT_EQ(zone->floor(start, unit, count), start) << name << " " << shown(at);
        ASSERT_EQ(zone->floor(end, unit, count), end) << name << " " << shown(at);
        ASSERT_EQ(zone->floor(end - 1, unit, count), start) << name << " " << shown(at);
        ASSERT_EQ(zone->next(start, unit, count), end) << name << " " << shown(at);
      }
    }
  }
}

}  // namespace
}  // namespace braid
