#include "runtime/promise/volume_counts.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000;

class VolumeCounts : public testing::Test {
 protected:
  VolumeCounts() {
    for (int i = 0; i < 2; ++i)
      specs_.push_back({.text = "volume", .bound_us = (i + 1) * 10 * kSecond, .rule = PromiseSpec::Rule::volume});
    for (const PromiseSpec& each : specs_) promises_.push_back(&each);
  }
  static PromiseCounts counts(int64_t watermark, std::map<int64_t, int64_t> periods, int64_t from = kNoTime) {
    PromiseCounts made;
    made.watermark = watermark;
    made.periods = std::move(periods);
    made.from = from;
    return made;
  }

  std::vector<PromiseSpec> specs_;
  std::vector<const PromiseSpec*> promises_;
};

TEST_F(VolumeCounts, AreReadAsTheyWereWritten) {
  const std::vector<PromiseCounts> written{
      counts(1'700'000'012'345'678, {{1'700'000'000 * kSecond, 12}, {1'700'000'010 * kSecond, 1}}),
      counts(kEndTime, {{-20 * kSecond, 3}}, 40 * kSecond)};
  const std::string text = volumes_text(written, promises_);
  EXPECT_EQ(text, "10000000,1700000012345678,-,170000000=12,170000001=1,;20000000,+,40000000,-1=3,;");
  EXPECT_EQ(read_volumes(text, promises_), written);
  EXPECT_EQ(read_volumes(volumes_text(no_volumes(2), promises_), promises_), no_volumes(2));
}

TEST_F(VolumeCounts, NameOnlyTheNewestPeriodsAndSayFromWhenOn) {
  std::map<int64_t, int64_t> periods;
  for (int64_t i = 0; i < 20; ++i)
    if (i != 12) periods[i * 10 * kSecond] = i;
  const auto read = read_volumes(volumes_text(std::vector{counts(0, periods), counts(0, {})}, promises_), promises_);
  ASSERT_TRUE(read);
  ASSERT_EQ((*read)[0].periods.size(), kMostVolumePeriods);
  EXPECT_EQ((*read)[0].periods.begin()->first, 11 * 10 * kSecond);
  EXPECT_EQ((*read)[0].from, 11 * 10 * kSecond);
  EXPECT_EQ((*read)[1].from, kNoTime);
}

TEST_F(VolumeCounts, AreShortHoweverManyThereAre) {
  std::map<int64_t, int64_t> periods;
  for (int64_t i = 0; i < 100; ++i) periods[INT64_C(9'000'000'000'000'000'000) + i * 10] = INT64_MAX;
  std::vector<PromiseSpec> specs(kMostVolumePromises, {.bound_us = 10, .rule = PromiseSpec::Rule::volume});
  std::vector<const PromiseSpec*> promises;
  for (const PromiseSpec& each : specs) promises.push_back(&each);
  const std::vector<PromiseCounts> all(promises.size(), counts(INT64_MAX - 1, periods, INT64_MIN + 1));
  const std::string text = volumes_text(all, promises);
  EXPECT_LE(text.size(), kLongestVolumes);
  const auto read = read_volumes(text, promises);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->back().periods.empty());
  promises.push_back(&specs[0]);
  EXPECT_EQ(volumes_text(std::vector(promises.size(), all[0]), promises), "");
}

TEST_F(VolumeCounts, ThatAreNotOfThesePromisesAreNone) {
  const std::vector<PromiseCounts> one{counts(0, {})};
  const std::span first(promises_.data(), 1);
  EXPECT_FALSE(read_volumes(volumes_text(one, first), promises_));
  const std::string a = "10000000,1,2,", b = "20000000,1,2,;";
  EXPECT_TRUE(read_volumes(a + ";" + b, promises_));
  for (const std::string& wrong : {std::string(), std::string("x"), std::string("1,;"), a + "3;" + b, a + "3=;" + b,
                                   a + "a=1,;" + b, "1,2,;" + b, "x,1,2,;" + b, a + ";" + b + b})
    EXPECT_FALSE(read_volumes(wrong, promises_)) << wrong;
}

/// A contract that counts by the hour, and then by the day.
TEST_F(VolumeCounts, OfPeriodsOfAnotherLengthAreNone) {
  const std::string text = volumes_text(no_volumes(2), promises_);
  specs_[1].bound_us *= 24;
  EXPECT_FALSE(read_volumes(text, promises_));
}

}  // namespace
}  // namespace braid
