#include "runtime/operators/ranked_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "runtime/base/rng.h"

namespace braid {
namespace {

using ::testing::ElementsAre;

class RankedRowsTest : public testing::Test {
 protected:
  std::vector<std::string> first(const RankedRows::Limit& limit) const {
    std::vector<std::string> entries;
    rows_.visit_first(limit, [&](std::string_view entry) { entries.emplace_back(entry); });
    return entries;
  }
  void add(std::string_view values, std::string_view entry, const RankedRows::Limit& limit) {
    if (!rows_.admits(values, limit)) return;
    rows_.change(values, entry, 1, {pool_});
    rows_.trim(limit, {pool_}, [](std::string_view, std::string_view, int64_t) {});
  }

  BlobPool pool_;
  RankedRows rows_ = {};
};

TEST_F(RankedRowsTest, KeepsTheFirstByValuesAndThenByEntry) {
  const RankedRows::Limit limit{2, false};
  for (const auto& [values, entry] : {std::pair{"b", "3"}, {"c", "1"}, {"b", "1"}, {"b", "2"}, {"d", "0"}})
    add(values, entry, limit);
  EXPECT_THAT(first(limit), ElementsAre("1", "2"));
  EXPECT_EQ(rows_.entries(), 2u);
  add("a", "9", limit);
  EXPECT_THAT(first(limit), ElementsAre("9", "1"));
}

TEST_F(RankedRowsTest, RowsThatTieWithTheLastStayUntilABetterOneComes) {
  const RankedRows::Limit limit{2, true};
  for (const auto& [values, entry] : {std::pair{"b", "3"}, {"b", "1"}, {"b", "2"}, {"c", "0"}})
    add(values, entry, limit);
  EXPECT_THAT(first(limit), ElementsAre("1", "2", "3"));
  add("a", "5", limit);
  EXPECT_THAT(first(limit), ElementsAre("5", "1", "2", "3"));
  add("a", "6", limit);
  EXPECT_THAT(first(limit), ElementsAre("5", "6"));
}

TEST_F(RankedRowsTest, EqualRowsAreCounted) {
  const RankedRows::Limit limit{3, false};
  for (int i = 0; i < 5; ++i) add("a", "x", limit);
  EXPECT_THAT(first(limit), ElementsAre("x", "x", "x"));
  rows_.change("a", "x", -1, {pool_});
  EXPECT_THAT(first(limit), ElementsAre("x", "x"));
}

/// Against a map, with so many rows that there are pages.
TEST_F(RankedRowsTest, ManyRowsComeAndGo) {
  Rng rng(7);
  std::map<std::pair<std::string, std::string>, int64_t> all;
  for (int step = 0; step < 20'000; ++step) {
    const std::string values(1, static_cast<char>('a' + rng.below(20))), entry = std::to_string(rng.below(200));
    int64_t& count = all[{values, entry}];
    const int64_t by = count > 0 && rng.chance(step < 8000 ? 30 : 70) ? -1 : 1;
    if ((count += by) == 0) all.erase({values, entry});
    rows_.change(values, entry, by, {pool_});
    if (step % 500 != 0) continue;
    EXPECT_EQ(rows_.entries(), all.size());
    for (const bool with_ties : {false, true}) {
      std::vector<std::string> expected;
      std::string least;
      for (const auto& [place, times] : all)
        for (int64_t i = 0; i < times; ++i) {
          if (expected.size() >= 100 && (!with_ties || place.first != least)) break;
          least = place.first;
          expected.push_back(place.second);
        }
      ASSERT_EQ(first({100, with_ties}), expected);
    }
  }
  RankedRows trimmed = {};
  rows_.visit_all([&](std::string_view values, std::string_view entry, int64_t count) {
    trimmed.change(values, entry, count, {pool_});
  });
  int64_t left = 0;
  trimmed.trim({100, false}, {pool_}, [&](std::string_view, std::string_view, int64_t count) { left += count; });
  int64_t rows = 0;
  for (const auto& [place, times] : all) rows += times;
  EXPECT_EQ(left, rows - 100);
  std::vector<std::string> kept;
  trimmed.visit_first({1000, false}, [&](std::string_view entry) { kept.emplace_back(entry); });
  EXPECT_EQ(kept, first({100, false}));
  trimmed.clear({pool_});
  rows_.clear({pool_});
  EXPECT_EQ(pool_.bytes_used(), 0u);
}

TEST_F(RankedRowsTest, WhatGoesGivesItsChargeBack) {
  rows_.change("a", "x", 1, {pool_});
  rows_.change("b", "y", 2, {pool_});
  EXPECT_GT(pool_.bytes_used(), 0u);
  rows_.change("a", "x", -1, {pool_});
  rows_.change("b", "y", -2, {pool_});
  EXPECT_TRUE(rows_.empty());
  EXPECT_EQ(pool_.bytes_used(), 0u);
}

}  // namespace
}  // namespace braid
