#include "runtime/tasks/partitioning.h"

#include <gtest/gtest.h>

#include "runtime/engine/test_program.h"

namespace braid {
namespace {

using test::ProgramBuilder;

ProgramBuilder keyed(bool is_keyed = true) {
  ProgramBuilder b;
  for (const char* name : {"s", "t"}) {
    b.source(name, 10, 1'000'000, name[0] == 't');
    if (is_keyed) b.program.sources.back().key = {0};
  }
  return b;
}

TEST(Partitioning, KeyedStepsByTheKeyOfTheirSources) {
  ProgramBuilder b = keyed();
  b.publish(b.group(b.as_of_join(0, 1, true), 10, 10));
  const Partitioning found = partitioning_of(b.program);
  EXPECT_TRUE(found.by_number) << found.reason;
  EXPECT_TRUE(found.has_keys);
}

TEST(Partitioning, StepsWithoutKeysNeedNone) {
  ProgramBuilder b = keyed(false);
  b.publish(b.keep(0, [](int64_t) { return true; }));
  const Partitioning found = partitioning_of(b.program);
  EXPECT_TRUE(found.by_number);
  EXPECT_FALSE(found.has_keys);
}

TEST(Partitioning, AnotherKeyBringsPartitionsTogether) {
  ProgramBuilder b = keyed(false);
  b.publish(b.group(0, 10, 10));
  EXPECT_FALSE(partitioning_of(b.program).by_number);
  EXPECT_EQ(partitioning_of(b.program).reason, "window group");

  ProgramBuilder other = keyed();
  other.program.sources[0].key = {1};  // placed by v, grouped by k
  other.publish(other.group(0, 10, 10));
  EXPECT_FALSE(partitioning_of(other.program).by_number);
}

TEST(Partitioning, BothSidesOfAJoinAreToBePlacedAlike) {
  ProgramBuilder b = keyed();
  b.program.sources[1].key = {1};
  b.publish(b.as_of_join(0, 1, true));
  EXPECT_FALSE(partitioning_of(b.program).by_number);
  EXPECT_EQ(partitioning_of(b.program).reason, "join as of");
}

TEST(Partitioning, AKeyThatIsComputedAnewPlacesNothing) {
  ProgramBuilder b = keyed();
  const int kept = b.keep(0, [](int64_t) { return true; });
  std::get<RowsOperator>(b.program.operators[kept].content).passthrough[0] = -1;
  b.publish(b.group(kept, 10, 10));
  EXPECT_FALSE(partitioning_of(b.program).by_number);
}

TEST(Partitioning, AGroupIsPlacedAsItsKeysAre) {
  ProgramBuilder b = keyed();
  b.publish(b.unique(b.group(0, 10, 10), 5));
  EXPECT_TRUE(partitioning_of(b.program).by_number);
}

}  // namespace
}  // namespace braid
