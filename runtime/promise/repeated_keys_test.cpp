#include "runtime/promise/repeated_keys.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000;

TEST(RepeatedKeys, RepeatWithinTheirTimeAlone) {
  RepeatedKeys keys(60 * kSecond);
  EXPECT_FALSE(keys.repeats(1, 100 * kSecond));
  EXPECT_FALSE(keys.repeats(2, 100 * kSecond));
  EXPECT_TRUE(keys.repeats(1, 159 * kSecond));
  EXPECT_TRUE(keys.repeats(1, 218 * kSecond));   // of the one that repeated
  EXPECT_FALSE(keys.repeats(1, 278 * kSecond));  // not of one that is 60 s older
  EXPECT_TRUE(keys.repeats(1, 250 * kSecond));   // rows may come out of order
  EXPECT_FALSE(keys.repeats(2, 160 * kSecond));
}

TEST(RepeatedKeys, AreForgottenWhenTheirTimeHasGone) {
  RepeatedKeys keys(64 * kSecond);
  for (int64_t second = 0; second < 10'000; ++second) {
    EXPECT_FALSE(keys.repeats(static_cast<uint64_t>(second), second * kSecond));
    EXPECT_LE(keys.keys(), 66U);
  }
}

TEST(RepeatedKeys, StayWhileTheyComeAgain) {
  RepeatedKeys keys(64 * kSecond);
  EXPECT_FALSE(keys.repeats(7, 0));
  for (int64_t second = 50; second < 5000; second += 50) EXPECT_TRUE(keys.repeats(7, second * kSecond));
  EXPECT_EQ(keys.keys(), 1U);
}

TEST(RepeatedKeys, OfAllTimesAreBounded) {
  RepeatedKeys keys(INT64_MAX);
  EXPECT_FALSE(keys.repeats(1, 0));
  EXPECT_TRUE(keys.repeats(1, 1'000'000'000 * kSecond));
  for (uint64_t key = 0; key < RepeatedKeys::kMostKeys + 10; ++key) keys.repeats(key, 0);
  EXPECT_LE(keys.keys(), RepeatedKeys::kMostKeys);
}

}  // namespace
}  // namespace braid
