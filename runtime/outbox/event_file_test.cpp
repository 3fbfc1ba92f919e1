// Events in a file, and the bound of those that wait.
#include "runtime/outbox/event_file.h"

#include <gtest/gtest.h>

#include "runtime/base/sim_fs.h"

namespace braid {
namespace {

TEST(EventQueues, DropTheOldestOfTooMany) {
  EventQueue queue;
  for (size_t i = 0; i < EventQueue::kMost + 3; ++i) queue.add(std::to_string(i));
  EXPECT_EQ(queue.counts.dropped, 3U);
  EXPECT_EQ(queue.take(), "3");
}

TEST(EventQueues, DropTheOldestOfTooLongOnes) {
  EventQueue queue;
  const std::string long_one(EventQueue::kMostBytes / 2, 'x');
  for (int i = 0; i < 3; ++i) queue.add(long_one + std::to_string(i));
  EXPECT_EQ(queue.counts.dropped, 2U);
  EXPECT_EQ(queue.front().back(), '2');
  queue.add(long_one + long_one);
  EXPECT_EQ(queue.counts.dropped, 3U);
  EXPECT_FALSE(queue.empty());
}

TEST(EventFiles, GrowByALineForEachEvent) {
  SimFs fs(1);
  ManualClock clock{0};
  EventFile file("/events/lineage.ndjson", fs, clock);
  file.add("{\"a\":1}");
  file.add("{\"a\":2}");
  EXPECT_FALSE(file.at_rest());
  file.work(1'000'000);
  EXPECT_TRUE(file.at_rest());
  EXPECT_EQ(*fs.read_file("/events/lineage.ndjson"), "{\"a\":1}\n{\"a\":2}\n");
  EventFile again("/events/lineage.ndjson", fs, clock);
  again.add("{\"a\":3}");
  again.work(1'000'000);
  EXPECT_EQ(*fs.read_file("/events/lineage.ndjson"), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
  EXPECT_EQ(file.counts().sent, 2U);
}

TEST(EventFiles, AreTriedAgain) {
  SimFs fs(1);
  ManualClock clock{0};
  ASSERT_TRUE(fs.make_directories("/events/lineage.ndjson").ok());  // a folder is in the way
  EventFile file("/events/lineage.ndjson", fs, clock);
  file.add("{}");
  file.work(1'000'000);
  EXPECT_FALSE(file.at_rest());
  EXPECT_NE(file.problem(), "");
  ASSERT_TRUE(fs.remove("/events/lineage.ndjson").ok());
  file.work(1'000'000);  // not yet
  EXPECT_FALSE(file.at_rest());
  clock.advance_us(EventFile::kPauseUs);
  file.work(1'000'000);
  EXPECT_TRUE(file.at_rest());
  EXPECT_EQ(file.problem(), "");
  EXPECT_EQ(*fs.read_file("/events/lineage.ndjson"), "{}\n");
}

}  // namespace
}  // namespace braid
