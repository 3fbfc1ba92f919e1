#include "runtime/operators/match_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using testing::ElementsAre;
using Element = MatchOperator::Element;
using Mask = MatchPattern::Mask;

constexpr int64_t kWithin = 1'000'000;

/// A pattern over rows of which each is one of the elements in a mask, a microsecond after the row before.
class Pattern {
 public:
  explicit Pattern(std::vector<Element> elements) : content_(made(std::move(elements))), pattern_(content_) {}

  /// False: the row is refused.
  bool row(Mask fits) {
    ++time_;
    pattern_.expire(matches_, time_, done_);
    std::vector<Mask> holds(matches_.open.size(), fits);
    bool used = false;
    if (!pattern_.step(matches_, matches_.next_number(), holds, (fits & MatchPattern::kFirst) != 0, done_, used))
      return false;
    if (used) matches_.rows.push_back({time_, {}});
    return true;
  }
  void pass(int64_t time) {
    time_ += time;
    pattern_.expire(matches_, time_, done_);
  }
  /// Numbers of the rows that matches have used, from the first on.
  std::vector<std::vector<uint64_t>> done() {
    std::vector<std::vector<uint64_t>> rows;
    for (const MatchPattern::Done& each : done_) rows.push_back(each.match.rows);
    done_.clear();
    return rows;
  }
  size_t open() const { return matches_.open.size(); }

 private:
  static MatchOperator made(std::vector<Element> elements) {
    MatchOperator content;
    content.within_us = kWithin;
    content.elements = std::move(elements);
    return content;
  }
  MatchOperator content_;
  MatchPattern pattern_;
  OpenMatches matches_;
  std::vector<MatchPattern::Done> done_;
  int64_t time_ = 0;
};

Element some(uint32_t least, uint32_t most) {
  return {.shape = Element::Shape::list, .least = least, .most = most};
}
Element no() {
  return {.kind = Element::Kind::absent};
}

TEST(MatchPattern, TheRowThatCompletesAMatchEndsAllThatBeganBefore) {
  Pattern pattern({{}, {}});
  pattern.row(0b01);
  pattern.row(0b01);
  EXPECT_EQ(pattern.open(), 2u);
  pattern.row(0b10);
  EXPECT_THAT(pattern.done(), ElementsAre(ElementsAre(0, 2)));
  EXPECT_EQ(pattern.open(), 0u);
}

TEST(MatchPattern, AQuantityTakesMoreWhereBothWaysLeadOn) {
  Pattern pattern({some(1, 9), {}, {}});
  for (const Mask fits : {0b001, 0b011, 0b011, 0b100}) pattern.row(fits);
  EXPECT_THAT(pattern.done(), ElementsAre(ElementsAre(0, 1, 2, 3)));
}

TEST(MatchPattern, AForbiddenRowEndsWhatItLiesIn) {
  Pattern pattern({{}, no(), {}});
  for (const Mask fits : {0b001, 0b010, 0b001, 0b110}) pattern.row(fits);
  EXPECT_THAT(pattern.done(), ElementsAre(ElementsAre(1, 2)));
}

TEST(MatchPattern, NextTakesTheNextRowOnly) {
  Pattern pattern({{}, {.kind = Element::Kind::next}});
  for (const Mask fits : {0b01, 0b00, 0b10, 0b01, 0b10}) pattern.row(fits);
  EXPECT_THAT(pattern.done(), ElementsAre(ElementsAre(1, 2)));
}

TEST(MatchPattern, WhatMayBeAbsentAtTheEndIsWaitedFor) {
  Pattern pattern({{}, {.shape = Element::Shape::optional, .least = 0, .most = 1}});
  pattern.row(0b01);
  EXPECT_THAT(pattern.done(), ElementsAre());
  pattern.pass(kWithin);
  EXPECT_THAT(pattern.done(), ElementsAre());
  pattern.pass(1);
  EXPECT_THAT(pattern.done(), ElementsAre(ElementsAre(0)));
}

TEST(MatchPattern, ARowTooManyIsRefusedAndChangesNothing) {
  Pattern pattern({{}, {}, {}});
  for (size_t i = 0; i < kMostOpenMatches; ++i) ASSERT_TRUE(pattern.row(0b001));
  EXPECT_FALSE(pattern.row(0b001));
  EXPECT_EQ(pattern.open(), kMostOpenMatches);
  ASSERT_TRUE(pattern.row(0b010));
  ASSERT_TRUE(pattern.row(0b100));
  EXPECT_THAT(pattern.done(), ElementsAre(ElementsAre(0, kMostOpenMatches, kMostOpenMatches + 1)));
}

TEST(MatchPattern, AHostilePatternStaysWithinItsBound) {
  Pattern pattern({some(1, 1000), some(1, 1000), {}});
  size_t refused = 0;
  for (int i = 0; i < 300; ++i) refused += pattern.row(0b011) ? 0 : 1;
  EXPECT_LE(pattern.open(), kMostOpenMatches);
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace braid
