#include "runtime/operators/running_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using ::testing::ElementsAre;

/// Rows of a key with what the store has of them.
class RunningRowsTest : public testing::Test {
 protected:
  void push(int64_t time) { rows_->push({time, pool_.copy(std::to_string(time))}, pool_); }
  void store() {
    WireWriter out;
    rows_->store(out, [&](uint32_t part, std::optional<std::string_view> bytes) {
      if (bytes)
        parts_[part] = *bytes;
      else
        EXPECT_EQ(parts_.erase(part), 1u);
    });
    head_ = out.take();
  }
  void restart() {
    rows_->clear(pool_);
    rows_ = std::make_unique<RunningRows>();
    WireReader in(head_);
    ASSERT_TRUE(rows_->load(in));
    for (uint32_t part = rows_->end_part(); part-- > rows_->first_part();) {
      ASSERT_TRUE(parts_.contains(part));
      ASSERT_TRUE(rows_->load_part(parts_[part]));
    }
    ASSERT_TRUE(rows_->loaded());
    ASSERT_TRUE(rows_->finish_load([](std::string_view) { return true; }, pool_));
  }
  std::vector<int64_t> times() const {
    std::vector<int64_t> times;
    for (const RunningRows::Kept& each : rows_->rows()) {
      EXPECT_EQ(each.row.view(), std::to_string(each.time));
      times.push_back(each.time);
    }
    return times;
  }

  BlobPool pool_;
  std::unique_ptr<RunningRows> rows_ = std::make_unique<RunningRows>();
  std::map<uint32_t, std::string> parts_;
  std::string head_;
};

TEST_F(RunningRowsTest, PartsGoWithTheirRows) {
  push(1);
  push(2);
  store();
  push(3);
  store();
  rows_->pop(pool_);
  store();
  EXPECT_EQ(parts_.size(), 2u);
  restart();
  EXPECT_THAT(times(), ElementsAre(2, 3));
  rows_->pop(pool_);
  push(4);
  store();
  EXPECT_EQ(parts_.size(), 2u);
  restart();
  EXPECT_THAT(times(), ElementsAre(3, 4));
}

TEST_F(RunningRowsTest, RowsThatGoBeforeTheyAreStoredAreInNoPart) {
  push(1);
  push(2);
  rows_->pop(pool_);
  store();
  restart();
  EXPECT_THAT(times(), ElementsAre(2));
  rows_->pop(pool_);
  push(3);
  rows_->pop(pool_);
  store();
  EXPECT_TRUE(parts_.empty());
  restart();
  EXPECT_TRUE(rows_->empty());
}

TEST_F(RunningRowsTest, APartOfAnotherNumberIsDamage) {
  push(1);
  store();
  push(2);
  store();
  rows_->clear(pool_);
  RunningRows fresh;
  WireReader in(head_);
  ASSERT_TRUE(fresh.load(in));
  ASSERT_TRUE(fresh.load_part(parts_[1]));
  EXPECT_FALSE(fresh.load_part(parts_[1]));
  EXPECT_FALSE(fresh.load_part("x"));
}

}  // namespace
}  // namespace braid
