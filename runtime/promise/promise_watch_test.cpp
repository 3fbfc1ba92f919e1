#include "runtime/promise/promise_watch.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000, kMinute = 60 * kSecond;
constexpr int64_t kStart = 1'700'000'000 * kSecond;

struct Fresh : testing::Test {
  PromiseWatch watch{{.text = "fresh within 1m", .bound_us = kMinute}, kStart};
  std::optional<PromiseState> at(int64_t now, int64_t newest, bool idle = false) {
    PromiseReading reading{.now = kStart + now, .idle = idle};
    if (newest != kNoTime) reading.counts.newest = kStart + newest;
    return watch.update(reading);
  }
};

TEST_F(Fresh, IsOkWhileRowsAreNew) {
  for (int64_t now = 0; now < 10 * kMinute; now += kSecond) EXPECT_FALSE(at(now, now - 5 * kSecond));
  EXPECT_EQ(watch.status().state, PromiseState::ok);
  EXPECT_EQ(watch.status().measured, 5);
  EXPECT_EQ(watch.status().breaches, 0u);
}

TEST_F(Fresh, IsAtRiskBreachedAndRecovers) {
  EXPECT_FALSE(at(0, 0));
  EXPECT_FALSE(at(46 * kSecond, 0));
  EXPECT_EQ(watch.status().state, PromiseState::at_risk);
  EXPECT_FALSE(at(60 * kSecond, 0));
  EXPECT_EQ(at(61 * kSecond, 0), PromiseState::at_risk);
  EXPECT_EQ(watch.status().state, PromiseState::breached);
  EXPECT_EQ(watch.status().since, kStart + 61 * kSecond);
  EXPECT_LT(watch.status().budget_left, 0);
  EXPECT_FALSE(at(62 * kSecond, 0));
  EXPECT_EQ(at(63 * kSecond, 60 * kSecond), PromiseState::breached);
  EXPECT_EQ(watch.status().state, PromiseState::ok);
  EXPECT_EQ(watch.status().breaches, 1u);
}

TEST_F(Fresh, StaysAsItWasWhileAllInputsAreIdle) {
  EXPECT_FALSE(at(0, 0));
  EXPECT_FALSE(at(5 * kMinute, 0, true));
  EXPECT_FALSE(at(9 * kMinute, 0, true));
  EXPECT_EQ(watch.status().state, PromiseState::ok);
  EXPECT_EQ(watch.status().idle_since, kStart + 5 * kMinute);
  EXPECT_TRUE(at(9 * kMinute + kSecond, 0));
  EXPECT_EQ(watch.status().state, PromiseState::breached);
  EXPECT_FALSE(watch.status().idle_since);
}

TEST_F(Fresh, CountsFromTheStartBeforeTheFirstRow) {
  EXPECT_FALSE(at(59 * kSecond, kNoTime));
  EXPECT_TRUE(at(61 * kSecond, kNoTime));
}

TEST_F(Fresh, TakesRowsOfLaterTimesThanTheClock) {
  EXPECT_FALSE(at(0, 30 * kSecond));
  EXPECT_EQ(watch.status().measured, 0);
  EXPECT_EQ(watch.status().budget_left, 1);
}

/// Counts as they grow, at seconds of the clock.
struct Share : testing::Test {
  PromiseWatch watch{
      {.text = "latency p90 < 2s", .bound_us = 2 * kSecond, .rule = PromiseSpec::Rule::latency, .share = 0.9}, kStart};
  int64_t rows = 0, missed = 0;
  std::optional<PromiseState> more(int64_t now, int64_t in_time, int64_t slow, bool idle = false) {
    rows += in_time + slow;
    missed += slow;
    return watch.update({.now = kStart + now, .idle = idle, .counts = {.rows = rows, .missed = missed, .periods = {}}});
  }
  PromiseState state() const { return watch.status().state; }
};

TEST_F(Share, HoldsWithoutRows) {
  EXPECT_FALSE(more(0, 0, 0));
  EXPECT_FALSE(watch.status().measured);
  EXPECT_EQ(measured_text(PromiseSpec::Rule::latency, watch.status()), "");
  EXPECT_EQ(watch.status().budget_left, 1);
}

TEST_F(Share, UsesUpItsBudgetAndRecovers) {
  EXPECT_FALSE(more(0, 100, 0));
  EXPECT_FALSE(more(kSecond, 98, 2));  // 2 of 200, of which 20 may be slow
  EXPECT_EQ(state(), PromiseState::ok);
  EXPECT_NEAR(watch.status().budget_left, 0.9, 1e-9);
  EXPECT_FALSE(more(2 * kSecond, 82, 18));  // 20 of 300
  EXPECT_EQ(state(), PromiseState::ok);
  EXPECT_FALSE(more(3 * kSecond, 0, 10));  // 30 of 310
  EXPECT_EQ(state(), PromiseState::at_risk);
  EXPECT_TRUE(more(4 * kSecond, 0, 10));  // 40 of 320
  EXPECT_EQ(state(), PromiseState::breached);
  EXPECT_EQ(measured_text(PromiseSpec::Rule::latency, watch.status()), "87.50% of 320 rows in time");
  EXPECT_EQ(more(5 * kSecond, 80, 0), PromiseState::breached);  // 40 of 400: all that may be
  EXPECT_EQ(watch.status().budget_left, 0);
  EXPECT_EQ(state(), PromiseState::at_risk);
  EXPECT_EQ(watch.status().breaches, 1U);
}

TEST_F(Share, IsOfTheLastHour) {
  EXPECT_TRUE(more(0, 0, 10));
  EXPECT_EQ(state(), PromiseState::breached);
  EXPECT_FALSE(more(59 * kMinute, 10, 0));
  EXPECT_EQ(state(), PromiseState::breached);
  EXPECT_TRUE(more(61 * kMinute, 0, 0));
  EXPECT_EQ(state(), PromiseState::ok);
  EXPECT_EQ(watch.status().rows, 10);
  EXPECT_EQ(watch.status().all_rows, 20);
  EXPECT_FALSE(more(120 * kMinute, 0, 0));
  EXPECT_EQ(watch.status().rows, 0);
}

TEST_F(Share, GoesOnWhileInputsAreIdle) {
  EXPECT_TRUE(more(0, 0, 10, true));
  EXPECT_TRUE(more(61 * kMinute, 0, 0, true));
  EXPECT_FALSE(watch.status().idle_since);
}

TEST_F(Share, DoesNotCountWhatLeavesTwice) {
  more(0, 100, 0);
  rows = 10, missed = 0;  // a task has gone with its counts
  EXPECT_FALSE(more(kSecond, 0, 0));
  EXPECT_EQ(watch.status().rows, 100);
  more(2 * kSecond, 5, 0);
  EXPECT_EQ(watch.status().rows, 105);
}

TEST(ShareOfAll, HasNoBudget) {
  PromiseWatch watch({.text = "complete a >= 100%", .rule = PromiseSpec::Rule::complete, .share = 1}, kStart);
  EXPECT_FALSE(watch.update({.now = kStart, .counts = {.rows = 1'000'000}}));
  EXPECT_TRUE(watch.update({.now = kStart, .counts = {.rows = 2'000'000, .missed = 1}}));
  EXPECT_EQ(watch.status().state, PromiseState::breached);
}

struct Volume : testing::Test {
  PromiseWatch watch{
      {.text = "volume 10..20 per 1m", .bound_us = kMinute, .rule = PromiseSpec::Rule::volume, .least = 10, .most = 20},
      kStart};
  std::map<int64_t, int64_t> periods;
  int64_t from = kNoTime;
  int64_t first = kStart / kMinute * kMinute;  ///< a period in which the watch begins
  std::optional<PromiseState> at(int64_t watermark, bool idle = false, bool others = false) {
    const int64_t w = watermark == kNoTime || watermark == kEndTime ? watermark : first + watermark;
    return watch.update(
        {.now = kStart,
         .idle = idle,
         .counts = {.rows = 0, .missed = 0, .periods = periods, .watermark = w, .newest = kNoTime, .from = from},
         .others = others});
  }
  void rows(int64_t minute, int64_t count) { periods[first + minute * kMinute] += count; }
};

TEST_F(Volume, IsJudgedPeriodByPeriod) {
  rows(0, 1);  // began in the middle
  EXPECT_FALSE(at(kSecond));
  rows(1, 15);
  EXPECT_FALSE(at(kMinute + kSecond));
  EXPECT_FALSE(watch.status().measured);
  EXPECT_FALSE(at(2 * kMinute));
  EXPECT_EQ(watch.status().measured, 15);
  EXPECT_EQ(watch.status().state, PromiseState::ok);
  rows(2, 9);
  EXPECT_FALSE(at(3 * kMinute - 1));
  EXPECT_TRUE(at(3 * kMinute));
  EXPECT_EQ(watch.status().measured, 9);
  rows(3, 11);
  EXPECT_EQ(at(4 * kMinute), PromiseState::breached);
  EXPECT_EQ(watch.status().state, PromiseState::at_risk);  // a tenth above the least
  EXPECT_TRUE(at(6 * kMinute));                            // a period without rows
  EXPECT_EQ(watch.status().measured, 0);
  EXPECT_EQ(watch.status().breaches, 2U);
}

TEST_F(Volume, HasTooManyRowsAtOnce) {
  EXPECT_FALSE(at(kSecond));
  rows(1, 21);
  EXPECT_TRUE(at(kMinute + kSecond));
  EXPECT_FALSE(at(2 * kMinute));
  rows(2, 14);
  EXPECT_EQ(at(3 * kMinute), PromiseState::breached);
}

TEST_F(Volume, StaysAsItWasWhileTimeStands) {
  EXPECT_FALSE(at(kNoTime));
  EXPECT_FALSE(at(kSecond));
  EXPECT_FALSE(at(10 * kMinute, true));
  EXPECT_EQ(watch.status().idle_since, kStart);
  EXPECT_FALSE(at(kEndTime));
  EXPECT_TRUE(at(10 * kMinute));
}

TEST_F(Volume, IsNotJudgedWhereOthersHaveRowsThatNobodyKnows) {
  EXPECT_FALSE(at(kSecond));
  EXPECT_FALSE(at(10 * kMinute, false, true));
  EXPECT_TRUE(watch.status().apart);
  from = first + 11 * kMinute + kSecond;  // what is counted begins in the middle again
  EXPECT_FALSE(at(12 * kMinute));
  EXPECT_FALSE(watch.status().apart);
  EXPECT_FALSE(watch.status().measured);
  EXPECT_TRUE(at(13 * kMinute));
  EXPECT_EQ(watch.status().state, PromiseState::breached);
}

/// One row with a wrong year does not end the watch for years.
TEST_F(Volume, IsJudgedThoughARowIsOfTheFarFuture) {
  from = first + 1'000'000 * kMinute;
  EXPECT_FALSE(at(kSecond));
  EXPECT_TRUE(at(2 * kMinute));
}

/// While somebody could not be asked, nothing is lost: what they have counted is known later.
TEST_F(Volume, IsJudgedLaterWhereOthersCouldNotBeAsked) {
  EXPECT_FALSE(at(kSecond));
  rows(1, 15), rows(2, 9), rows(3, 15);
  EXPECT_FALSE(at(4 * kMinute, false, true));
  EXPECT_FALSE(at(4 * kMinute));
  EXPECT_EQ(watch.status().measured, 15);
  EXPECT_EQ(watch.status().state, PromiseState::ok);
}

TEST_F(Volume, LooksAtTheLastPeriodsBehindALeap) {
  EXPECT_FALSE(at(kSecond));
  EXPECT_TRUE(at(int64_t{1'000'000'000} * kSecond * 60));
}

TEST(Unique, IsBreachedByTheFirstRepeatedKeyUntilTheHourIsOver) {
  PromiseWatch watch({.text = "unique id", .bound_us = kMinute, .rule = PromiseSpec::Rule::unique, .share = 1}, kStart);
  PromiseReading reading{.now = kStart};
  reading.counts.rows = 1000;
  EXPECT_FALSE(watch.update(reading));
  reading.counts = {.rows = 1001, .missed = 1, .periods = {}};
  EXPECT_EQ(watch.update(reading), PromiseState::ok);
  EXPECT_EQ(measured_text(PromiseSpec::Rule::unique, watch.status()), "1 of 1001 rows repeat a key");
  reading.now += PromiseWatch::kWindowUs + PromiseWatch::kPartUs;
  EXPECT_EQ(watch.update(reading), PromiseState::breached);
  EXPECT_EQ(watch.status().state, PromiseState::ok);
}

TEST(StateSize, IsComparedWithItsBound) {
  PromiseWatch watch({.text = "state <= 1KB", .rule = PromiseSpec::Rule::state, .most = 1024}, kStart);
  EXPECT_FALSE(watch.update({.now = kStart}));
  EXPECT_FALSE(watch.status().measured);
  EXPECT_FALSE(watch.update({.now = kStart, .state_bytes = 512}));
  EXPECT_FALSE(watch.update({.now = kStart, .state_bytes = 1024}));
  EXPECT_EQ(watch.status().state, PromiseState::at_risk);
  EXPECT_TRUE(watch.update({.now = kStart, .state_bytes = 1025}));
  EXPECT_TRUE(watch.update({.now = kStart, .state_bytes = 0}));
  EXPECT_EQ(watch.status().state, PromiseState::ok);
}

}  // namespace
}  // namespace braid
