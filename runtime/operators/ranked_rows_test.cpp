#include "runtime/operators/ranked_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    rows_.change(values, entry, 1, pool_);
    rows_.trim(limit, pool_);
  }

  BlobPool pool_;
  RankedRows rows_;
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
  rows_.change("a", "x", -1, pool_);
  EXPECT_THAT(first(limit), ElementsAre("x", "x"));
}

TEST_F(RankedRowsTest, WhatGoesGivesItsChargeBack) {
  rows_.change("a", "x", 1, pool_);
  rows_.change("b", "y", 2, pool_);
  EXPECT_GT(pool_.bytes_used(), 0u);
  rows_.change("a", "x", -1, pool_);
  rows_.change("b", "y", -2, pool_);
  EXPECT_TRUE(rows_.empty());
  EXPECT_EQ(pool_.bytes_used(), 0u);
}

}  // namespace
}  // namespace braid
