#include "runtime/engine/first_ways.h"

#include <gtest/gtest.h>

#include "runtime/engine/test_program.h"

namespace braid {
namespace {

using test::ProgramBuilder;

int unite(ProgramBuilder& b, int first, int second) {
  Operator both;
  both.content = UnionOperator{};
  both.inputs = {first, second};
  both.row = b.row(first);
  both.text = "union";
  return b.add(std::move(both));
}

int keep(ProgramBuilder& b, int input) {
  return b.keep(input, [](int64_t) { return true; });
}

using Others = std::vector<FirstWays::Other>;

TEST(FirstWays, GoThroughTheLeftSideAndTheFirstInput) {
  ProgramBuilder b;
  const int s = b.source("s", 10);
  // The second input runs before the first.
  const int second = keep(b, s), first = keep(b, s);
  const int both = unite(b, first, second);
  const int joined = b.as_of_join(both, s, true);
  const int published = b.publish(joined);
  test::find_products(b.program);
  const FirstWays ways(b.program);
  EXPECT_EQ(ways.others(first, 0), Others());
  EXPECT_EQ(ways.others(joined, 0), Others());
  EXPECT_EQ(ways.others(published, 0), Others());
  EXPECT_EQ(ways.others(second, 0), (Others{{0, 0}}));
  EXPECT_EQ(ways.others(joined, 1), (Others{{0, 0}}));
  EXPECT_EQ(ways.others(both, 1), Others());  // they have parted before
}

TEST(FirstWays, AreThoseOfEachProductAndRelation) {
  ProgramBuilder b;
  const int s = b.source("s", 10), t = b.source("t", 10);
  const int one = keep(b, s), other = keep(b, s);
  b.publish(unite(b, one, other), "a");
  const int with_t = unite(b, unite(b, other, one), t);
  b.publish(with_t, "b");
  test::find_products(b.program);
  const FirstWays ways(b.program);
  EXPECT_EQ(ways.others(one, 0), (Others{{1, 0}}));
  EXPECT_EQ(ways.others(other, 0), (Others{{0, 0}}));
  EXPECT_EQ(ways.others(with_t, 1), Others());
}

TEST(FirstWays, BeginAnewBehindAProduct) {
  ProgramBuilder b;
  const int s = b.source("s", 10);
  const int kept = keep(b, s), published = b.publish(kept, "a");
  const int joined = b.interval_join(published, published, true, false, -5, 5);
  b.publish(joined, "b");
  test::find_products(b.program);
  for (const int op : {s, kept, published}) b.program.operators[static_cast<size_t>(op)].products = {0};
  const FirstWays ways(b.program);
  EXPECT_EQ(ways.others(joined, 0), Others());
  EXPECT_EQ(ways.others(joined, 1), (Others{{1, 1}}));  // the relation behind the source
  EXPECT_EQ(ways.others(kept, 0), Others());
}

}  // namespace
}  // namespace braid
