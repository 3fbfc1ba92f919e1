#include "runtime/promise/promise_watch.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000, kMinute = 60 * kSecond;
constexpr int64_t kStart = 1'700'000'000 * kSecond;

struct Fresh : testing::Test {
  PromiseWatch watch{{.text = "fresh within 1m", .bound_us = kMinute}, kStart};
  std::optional<PromiseState> at(int64_t now, int64_t newest, bool idle = false) {
    return watch.update({.now = kStart + now, .newest = newest == kNoTime ? kNoTime : kStart + newest, .idle = idle});
  }
};

TEST_F(Fresh, IsOkWhileRowsAreNew) {
  for (int64_t now = 0; now < 10 * kMinute; now += kSecond) EXPECT_FALSE(at(now, now - 5 * kSecond));
  EXPECT_EQ(watch.status().state, PromiseState::ok);
  EXPECT_EQ(watch.status().age_us, 5 * kSecond);
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
  EXPECT_EQ(watch.status().age_us, 0);
  EXPECT_EQ(watch.status().budget_left, 1);
}

}  // namespace
}  // namespace braid
