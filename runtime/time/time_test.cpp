#include <gtest/gtest.h>

#include "runtime/time/edge_time.h"
#include "runtime/time/partition_clock.h"
#include "runtime/time/windows.h"

namespace braid {
namespace {

PartitionClock clock_with(int64_t within, int64_t ahead) {
  PartitionClock clock;
  clock.within = within;
  clock.ahead = ahead;
  return clock;
}

TEST(PartitionClock, the_first_record_is_a_candidate_that_the_second_confirms) {
  PartitionClock clock = clock_with(10, 100);
  EXPECT_EQ(clock.watermark(), kNoTime);
  clock.observe(50);
  EXPECT_EQ(clock.watermark(), kNoTime);
  clock.observe(70);
  EXPECT_EQ(clock.max, 50);
  EXPECT_EQ(clock.watermark(), 40);
  clock.observe(70);
  EXPECT_EQ(clock.watermark(), 60);
  clock.observe(20);
  EXPECT_EQ(clock.watermark(), 60);
}

TEST(PartitionClock, a_leap_needs_the_next_record_to_agree) {
  PartitionClock clock = clock_with(0, 100);
  clock.advance(50);
  clock.observe(151);
  EXPECT_EQ(clock.max, 50);
  clock.observe(150);  // just within the line: no agreement
  EXPECT_EQ(clock.max, 150);
  EXPECT_EQ(clock.leaps_discarded, 1u);
  clock.observe(900);
  clock.observe(700);
  EXPECT_EQ(clock.max, 700);
}

TEST(PartitionClock, times_at_the_ends_do_not_wrap) {
  EXPECT_EQ(subtract_time(INT64_MIN + 5, 10), kNoTime + 1);
  EXPECT_EQ(add_time(INT64_MAX - 5, 10), kEndTime - 1);
  EXPECT_EQ(add_time(kNoTime, 10), kNoTime);
  EXPECT_EQ(subtract_time(kEndTime, 10), kEndTime);
}

TEST(EdgeWatermark, takes_the_least_of_the_active_and_never_goes_back) {
  PartitionClock slow = clock_with(0, 0), fast = clock_with(0, 0);
  slow.advance(10);
  fast.advance(20);
  EdgeWatermark edge;
  edge.move(EdgeTime::of(slow) + EdgeTime::of(fast));
  EXPECT_EQ(edge.value(), 10);
  slow.idle = true;
  edge.move(EdgeTime::of(slow) + EdgeTime::of(fast));
  EXPECT_EQ(edge.value(), 20);
  slow.idle = false;
  edge.move(EdgeTime::of(slow) + EdgeTime::of(fast));
  EXPECT_EQ(edge.value(), 20);
  slow.idle = true;
  fast.ended = true;
  edge.move(EdgeTime::of(slow) + EdgeTime::of(fast));
  EXPECT_EQ(edge.value(), 20);  // all idle or ended: time stands still
  slow.ended = true;
  edge.move(EdgeTime::of(slow) + EdgeTime::of(fast));
  EXPECT_EQ(edge.value(), kEndTime);
  EXPECT_EQ(edge.finite, 20);
}

std::vector<std::pair<int64_t, int64_t>> windows_of(const WindowCut& cut, int64_t time) {
  auto assigner = WindowAssigner::make(cut);
  EXPECT_TRUE(assigner.ok());
  std::vector<WindowRange> ranges;
  assigner->assign(time, ranges);
  std::vector<std::pair<int64_t, int64_t>> windows;
  for (const WindowRange& range : ranges) windows.emplace_back(range.start, range.end);
  return windows;
}

using Windows = std::vector<std::pair<int64_t, int64_t>>;

TEST(WindowAssigner, fixed_windows_are_aligned_to_1970_on_both_sides) {
  EXPECT_EQ(windows_of({.size = 10, .slide = 10}, 25), (Windows{{20, 30}}));
  EXPECT_EQ(windows_of({.size = 10, .slide = 10}, -1), (Windows{{-10, 0}}));
  EXPECT_EQ(windows_of({.size = 10, .slide = 4}, 13), (Windows{{4, 14}, {8, 18}, {12, 22}}));
  EXPECT_EQ(windows_of({.size = 4, .slide = 4}, 4), (Windows{{4, 8}}));
}

TEST(WindowAssigner, calendar_days_have_the_zones_length) {
  constexpr int64_t kHour = 3'600'000'000;
  constexpr int64_t kMarch31 = 1'711'839'600'000'000;  // 2024-03-31T00:00 in Paris: 23 hours long
  WindowCut day{.calendar = true, .size = 1, .slide = 1, .unit = CalendarUnit::day, .zone = "Europe/Paris"};
  EXPECT_EQ(windows_of(day, kMarch31 + 5 * kHour), (Windows{{kMarch31, kMarch31 + 23 * kHour}}));
  day.size = 2;
  EXPECT_EQ(windows_of(day, kMarch31 + kHour),
            (Windows{{kMarch31 - 24 * kHour, kMarch31 + 23 * kHour}, {kMarch31, kMarch31 + 47 * kHour}}));
  day.zone = "Nowhere/Atlantis";
  EXPECT_FALSE(WindowAssigner::make(day).ok());
}

TEST(WindowAssigner, cumulative_windows_end_after_each_step_and_with_their_length) {
  EXPECT_EQ(windows_of({.cumulative = true, .size = 12, .slide = 4}, 13), (Windows{{12, 16}, {12, 20}, {12, 24}}));
  EXPECT_EQ(windows_of({.cumulative = true, .size = 12, .slide = 4}, -1), (Windows{{-12, 0}}));
  constexpr int64_t kHour = 3'600'000'000;
  constexpr int64_t kMarch31 = 1'711'839'600'000'000;  // 2024-03-31T00:00 in Paris: 23 hours long
  WindowCut day{.calendar = true, .cumulative = true, .size = 1, .slide = 6 * kHour, .zone = "Europe/Paris"};
  day.fixed_slide = true;
  EXPECT_EQ(windows_of(day, kMarch31 + 13 * kHour),
            (Windows{{kMarch31, kMarch31 + 18 * kHour}, {kMarch31, kMarch31 + 23 * kHour}}));
  WindowCut month{.calendar = true, .cumulative = true, .size = 1, .slide = 1, .unit = CalendarUnit::month};
  month.slide_unit = CalendarUnit::week;
  month.zone = "UTC";
  constexpr int64_t kMay = 1'714'521'600'000'000, kDay = 24 * kHour;  // 2024-05-01, a Wednesday
  EXPECT_EQ(windows_of(month, kMay + 19 * kDay), (Windows{{kMay, kMay + 26 * kDay}, {kMay, kMay + 31 * kDay}}));
}

TEST(WindowAssigner, months_that_move_on_by_days_end_with_each_and_begin_at_their_dates) {
  constexpr int64_t kDay = 86'400'000'000, kMarch = 1'709'251'200'000'000;  // 2024-03-01T00:00Z
  WindowCut month{.calendar = true, .size = 1, .slide = 1, .unit = CalendarUnit::month, .zone = "UTC"};
  month.slide_unit = CalendarUnit::day;
  // 29 February is the start of the windows that end on 29, 30 and 31 March.
  const Windows windows = windows_of(month, kMarch - kDay / 2);
  ASSERT_EQ(windows.size(), 31);
  EXPECT_EQ(windows[0], std::pair(kMarch - 29 * kDay, kMarch));
  EXPECT_EQ(windows[1], std::pair(kMarch - 28 * kDay, kMarch + kDay));
  EXPECT_EQ(windows[28], std::pair(kMarch - kDay, kMarch + 28 * kDay));
  EXPECT_EQ(windows[29], std::pair(kMarch - kDay, kMarch + 29 * kDay));
  EXPECT_EQ(windows[30], std::pair(kMarch - kDay, kMarch + 30 * kDay));
  EXPECT_EQ(windows_of(month, kMarch).size(), 31);
}

TEST(WindowAssigner, a_span_is_the_ends_of_all_windows_of_its_instants) {
  constexpr int64_t kHour = 3'600'000'000;
  constexpr int64_t kMarch = 1'711'000'000'000'000;  // a week with a change of clocks in Paris
  WindowCut days{.calendar = true, .size = 3, .slide = 1, .unit = CalendarUnit::day, .zone = "Europe/Paris"};
  WindowCut weeks{.calendar = true, .size = 2, .slide = 2, .unit = CalendarUnit::week, .zone = "Europe/Paris"};
  WindowCut months{.calendar = true, .size = 3, .slide = 2, .unit = CalendarUnit::month, .zone = "UTC"};
  WindowCut of_days = months, growing = days, growing_months = months;
  of_days.size = 1;
  of_days.slide_unit = CalendarUnit::day;
  growing.cumulative = growing.fixed_slide = true;
  growing.slide = 5 * kHour;
  growing_months.cumulative = true;
  growing_months.slide_unit = CalendarUnit::day;
  for (const WindowCut& cut :
       {of_days, growing, growing_months, WindowCut{.cumulative = true, .size = 12, .slide = 3},
        WindowCut{.size = 10, .slide = 4}, WindowCut{.size = 12, .slide = 3}, WindowCut{.size = 7, .slide = 7},
        WindowCut{.size = 10, .slide = 9}, days, weeks, months}) {
    auto assigner = WindowAssigner::make(cut);
    ASSERT_TRUE(assigner.ok());
    const int64_t step = cut.calendar ? kHour / 2 : 1, base = cut.calendar ? kMarch : -40;
    for (int64_t time = base; time < base + 1'000 * step; time += step) {
      const WindowSpan span = assigner->span(time);
      ASSERT_TRUE(span.from <= time && time < span.to) << time;
      for (int64_t at : {span.from, time, span.to - 1}) {
        const Windows windows = windows_of(cut, at);
        ASSERT_EQ(windows.front().second, span.first_end) << at;
        ASSERT_EQ(windows.back().second, span.last_end) << at;
        for (const auto& [start, end] : windows) ASSERT_EQ(assigner->start_of(end), start);
        for (size_t i = 1; i < windows.size(); ++i)
          ASSERT_EQ(assigner->next_end(windows[i - 1].second), windows[i].second);
      }
      // Behind a span are others.
      const Windows next = windows_of(cut, span.to);
      ASSERT_TRUE(next.front().second != span.first_end || next.back().second != span.last_end);
    }
  }
}

}  // namespace
}  // namespace braid
