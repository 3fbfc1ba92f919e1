#include "runtime/report/suggest.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(EditDistance, CountsASwapOfNeighboursOnce) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("wehre", "where"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("Amount", "amount"), 0u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);
}

TEST(Closest, FindsWhatWasMeant) {
  EXPECT_EQ(closest("amonut", {"id", "amount", "account"}), "amount");
  EXPECT_EQ(closest("captred", {"authorised", "captured"}), "captured");
  EXPECT_EQ(closest("fil", {"file", "topic"}), "file");
  EXPECT_EQ(closest("ID", {"id", "at"}), "id");
}

TEST(Closest, IsSilentWhenNothingIsClose) {
  EXPECT_EQ(closest("zoog", {"null", "id", "amount"}), std::nullopt);
  EXPECT_EQ(closest("risk_score", {"id", "amount", "at"}), std::nullopt);
  EXPECT_EQ(closest("x", {"y", "at", "id"}), std::nullopt);
  EXPECT_EQ(closest("at", {"ad", "it"}), std::nullopt);
  EXPECT_EQ(closest("amount", {}), std::nullopt);
}

TEST(Closest, AsksTheFilter) {
  const std::vector<std::string> names = {"retune", "returned"};
  EXPECT_EQ(closest("retuned", names, [](const std::string& name) { return name == "returned"; }), "returned");
  EXPECT_EQ(closest("retuned", names, [](const std::string&) { return false; }), std::nullopt);
}

TEST(Closest, DoesNotDependOnTheOrderOfCandidates) {
  EXPECT_EQ(closest("colum", {"colux", "colub"}), closest("colum", {"colub", "colux"}));
  EXPECT_EQ(closest("colum", {"colux", "colub"}), "colub");
  EXPECT_EQ(closest("prise", {"arise", "price"}), "price") << "a common beginning goes before a common end";
}

}  // namespace
}  // namespace braid
