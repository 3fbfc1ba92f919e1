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

TEST(WindowAssigner, a_span_is_the_ends_of_all_windows_of_its_instants) {
  constexpr int64_t kHour = 3'600'000'000;
  constexpr int64_t kMarch = 1'711'000'000'000'000;  // a week with a change of clocks in Paris
  WindowCut days{.calendar = true, .size = 3, .slide = 1, .unit = CalendarUnit::day, .zone = "Europe/Paris"};
  WindowCut weeks{.calendar = true, .size = 2, .slide = 2, .unit = CalendarUnit::week, .zone = "Europe/Paris"};
  WindowCut months{.calendar = true, .size = 3, .slide = 2, .unit = CalendarUnit::month, .zone = "UTC"};
  for (const WindowCut& cut :
       {WindowCut{.size = 10, .slide = 4}, WindowCut{.size = 12, .slide = 3}, WindowCut{.size = 7, .slide = 7},
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
