#include "runtime/tasks/epoch_tree.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

/// Adds the record of another attempt behind `before`, and returns its epoch.
class EpochTreeTest : public testing::Test {
 protected:
  EpochChain grow(const EpochChain& before) {
    EpochRecord record;
    record.before = before;
    record.attempt = ++attempts_;
    tree_.add(record);
    return record.after();
  }
  EpochTree tree_;
  uint64_t attempts_ = 0;
};

TEST_F(EpochTreeTest, LeadsFromTheBeginToEachEnd) {
  const EpochChain one = grow({}), two = grow(one), dead = grow(two), other = grow(one), live = grow(other);
  const EpochPath path = tree_.path_to(live);
  EXPECT_EQ(path.first(), 0u);
  for (const EpochChain& epoch : {EpochChain(), one, other, live}) EXPECT_TRUE(path.has(epoch)) << epoch.epoch;
  for (const EpochChain& epoch : {two, dead}) EXPECT_FALSE(path.has(epoch)) << epoch.epoch;
  EXPECT_TRUE(tree_.path_to(dead).has(two));
  EXPECT_FALSE(tree_.path_to(two).has(dead));
  EXPECT_TRUE(tree_.path_to({}).has({}));
}

TEST_F(EpochTreeTest, LeadsAsFarBackAsThereAreRecords) {
  EXPECT_EQ(tree_.first(), 0u);
  const EpochChain cut{.epoch = 7, .digest = 70}, eight = grow(cut), nine = grow(eight);
  const EpochPath path = tree_.path_to(nine);
  EXPECT_EQ(path.first(), 7u);
  for (const EpochChain& epoch : {cut, eight, nine}) EXPECT_TRUE(path.has(epoch)) << epoch.epoch;
  EXPECT_FALSE(path.has({.epoch = 6, .digest = 60}));
  EXPECT_FALSE(path.has({}));
  EXPECT_FALSE(tree_.knows(cut));
  EXPECT_EQ(tree_.first(), 8u);
  EXPECT_TRUE(tree_.knows(eight));
  const EpochChain unknown{.epoch = 4, .digest = 40};
  EXPECT_EQ(tree_.path_to(unknown).first(), 4u);
  EXPECT_TRUE(tree_.path_to(unknown).has(unknown));
}

TEST_F(EpochTreeTest, FindsTheLastErasureOnAPath) {
  const auto erase = [&](const EpochChain& before, const std::string& note) {
    EpochRecord record;
    record.before = before;
    record.attempt = ++attempts_;
    record.events.push_back({.kind = EpochEvent::Kind::erased, .name = note});
    tree_.add(record);
    return record.after();
  };
  const EpochChain one = grow({});
  EXPECT_EQ(tree_.last_erasure(tree_.path_to(one)), nullptr);
  const EpochChain first = erase(one, "first"), other = erase(one, "of another branch"), three = grow(first);
  const EpochChain second = erase(three, "second"), last = grow(second);
  const auto* of_last = tree_.last_erasure(tree_.path_to(last));
  ASSERT_NE(of_last, nullptr);
  EXPECT_EQ(of_last->note, "second");
  EXPECT_EQ(of_last->at, second);
  EXPECT_EQ(tree_.last_erasure(tree_.path_to(three))->note, "first");
  EXPECT_EQ(tree_.last_erasure(tree_.path_to(other))->note, "of another branch");
}

}  // namespace
}  // namespace braid
