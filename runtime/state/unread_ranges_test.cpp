// Ranges of the store that have not been read: together they are all rows, each once.
#include "runtime/state/unread_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/state/memory_store.h"
#include "runtime/state/rocks_store.h"

namespace braid {
namespace {

constexpr uint32_t kLeft = 16, kRight = 17;

struct Row {
  uint32_t table;
  int64_t bucket;
  uint64_t hash;
  auto operator<=>(const Row&) const = default;
};

std::set<Row> random_rows(Rng& rng, StateBatch& batch) {
  std::set<Row> rows;
  for (int i = 0; i < 3000; ++i) {
    // Many at the ends of slices and ranges; a bucket of one table alone.
    uint64_t hash = rng.chance(4) ? rng.below(64) << 58 : rng.next();
    if (rng.chance(4)) hash = (hash | ((uint64_t{1} << 52) - 1)) - rng.below(2);
    const int64_t bucket = rng.between(-2, 2);
    rows.insert({bucket == 0 || rng.chance(2) ? kLeft : kRight, bucket, hash});
  }
  for (uint64_t hash : {uint64_t{0}, UINT64_MAX}) rows.insert({kRight, 2, hash});
  for (const Row& row : rows) batch.put(StateFamily::timed, timed_key(row.table, row.bucket, row.hash, "key"), "value");
  // Other tables, on both sides.
  batch.put(StateFamily::timed, timed_key(kLeft - 1, 0, UINT64_MAX, "key"), "value");
  batch.put(StateFamily::timed, timed_key(kRight + 1, 0, 0, "key"), "value");
  return rows;
}

class UnreadRangesOf : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      store_ = std::make_unique<MemoryStore>();
      return;
    }
    directory_ = testing::TempDir() + "unread_ranges_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(directory_.begin() + static_cast<std::ptrdiff_t>(testing::TempDir().size()), directory_.end(), '/',
                 '_');
    std::filesystem::remove_all(directory_);
    auto opened = open_rocks_store(directory_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
  }
  std::set<Row> read(UnreadRanges& unread, const std::vector<UnreadRanges::Run>& runs) {
    std::set<Row> rows;
    for (uint32_t table : {kLeft, kRight}) {
      const Status status = unread.scan(table, runs, [&](std::string_view key, std::string_view value) -> Status {
        const TimedKey place = parse_timed_key(key);
        EXPECT_TRUE(rows.insert({table, place.bucket, place.hash}).second);
        EXPECT_EQ(place.key, "key");
        EXPECT_EQ(value, "value");
        return {};
      });
      EXPECT_TRUE(status.ok());
    }
    return rows;
  }
  std::string directory_;
  std::unique_ptr<StateStore> store_;
};

TEST_P(UnreadRangesOf, are_all_rows_each_once_in_whatever_order) {
  Rng rng(3);
  StateBatch batch;
  const std::set<Row> all = random_rows(rng, batch);
  ASSERT_TRUE(store_->commit(batch).ok());
  for (const auto& [first_slice, end_slice] : {std::pair(0u, 64u), std::pair(10u, 11u), std::pair(32u, 64u)}) {
    std::set<Row> expected;
    for (const Row& row : all)
      if (slice_of(row.hash) >= first_slice && slice_of(row.hash) < end_slice) expected.insert(row);
    for (uint64_t range_bytes : {1u, 100u, 1u << 20}) {
      UnreadRanges unread(StateFamily::timed, {kLeft, kRight}, first_slice, end_slice, range_bytes);
      EXPECT_TRUE(unread.empty());
      ASSERT_TRUE(unread.begin(*store_).ok());
      EXPECT_GT(unread.rows(), 0u);
      EXPECT_EQ(unread.first_bucket(0), -2);
      EXPECT_FALSE(unread.had_rows(0, 1));
      std::set<Row> rows;
      auto take = [&](const std::vector<UnreadRanges::Run>& runs) {
        for (const Row& row : read(unread, runs)) {
          EXPECT_TRUE(rows.insert(row).second) << "a row was read twice";
          EXPECT_FALSE(unread.holds(row.hash, row.bucket));
        }
      };
      while (!unread.empty()) {
        switch (rng.below(3)) {
          case 0: {
            // What is wanted is read, and is then held no longer.
            std::vector<Row> wanted;
            for (const Row& row : expected)
              if (rng.chance(50)) wanted.push_back(row);
            for (const Row& row : wanted) {
              EXPECT_EQ(unread.holds(row.hash, row.bucket), !rows.contains(row));
              unread.want(row.hash, row.bucket);
            }
            take(unread.take_wanted());
            for (const Row& row : wanted) EXPECT_TRUE(rows.contains(row));
            break;
          }
          case 1:
            take(unread.take_next(rng.between(1, 40)));
            break;
          case 2:
            if (!rng.chance(10)) break;
            const int64_t bucket = rng.between(-2, 2);
            take(unread.take_bucket(bucket));
            EXPECT_FALSE(unread.holds_bucket(bucket));
        }
      }
      EXPECT_EQ(rows, expected) << range_bytes;
      EXPECT_EQ(unread.rows(), 0u);
    }
  }
}

TEST_P(UnreadRangesOf, of_a_bucket_that_is_forgotten_are_gone) {
  Rng rng(5);
  StateBatch batch;
  std::set<Row> all = random_rows(rng, batch);
  ASSERT_TRUE(store_->commit(batch).ok());
  UnreadRanges unread(StateFamily::timed, {kLeft, kRight}, 0, 64, 100);
  ASSERT_TRUE(unread.begin(*store_).ok());
  EXPECT_GT(unread.ranges_of(1), 64u);
  unread.want(1, 1);
  EXPECT_LE(read(unread, unread.take_wanted()).size(), 10u);
  unread.forget(1);
  EXPECT_FALSE(unread.holds_bucket(1));
  EXPECT_FALSE(unread.holds(UINT64_MAX, 1));
  std::erase_if(all, [](const Row& row) { return row.bucket == 1; });
  EXPECT_EQ(read(unread, unread.take_all()), all);
  EXPECT_TRUE(unread.empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, UnreadRangesOf, testing::Bool(),
                         [](const auto& info) { return info.param ? "rocks" : "memory"; });

TEST(Leap, goes_on_where_it_is_told_to) {
  MemoryStore memory;
  const std::string directory = testing::TempDir() + "leap";
  std::filesystem::remove_all(directory);
  auto rocks = open_rocks_store(directory);
  ASSERT_TRUE(rocks.ok());
  StateBatch batch;
  for (int i = 0; i < 1000; ++i) batch.put(StateFamily::point, fmt::format("{:04}", i), std::to_string(i));
  for (StateStore* store : {static_cast<StateStore*>(&memory), rocks.value().get()}) {
    ASSERT_TRUE(store->commit(batch).ok());
    std::vector<std::string> met;
    ASSERT_TRUE(store
                    ->leap(StateFamily::point, "0005", "0900",
                           [&](std::string_view key, std::string_view value) -> Result<std::string> {
                             EXPECT_EQ(std::stoi(std::string(key)), std::stoi(std::string(value)));
                             met.emplace_back(key);
                             if (key == "0005") return std::string();  // the next one
                             if (key == "0006") return std::string("0008");
                             if (key == "0008") return std::string("05");  // far
                             return std::string("0900");
                           })
                    .ok());
    EXPECT_EQ(met, (std::vector<std::string>{"0005", "0006", "0008", "0500"}));
    std::string seen;
    const std::vector<KeyRange> ranges = {{"0001", "0003"}, {"0003", "0004"}, {"0100", "0100"}, {"0998", ""}};
    ASSERT_TRUE(store
                    ->scan_ranges(StateFamily::point, ranges,
                                  [&](size_t place, std::string_view key, std::string_view) -> Status {
                                    seen += std::to_string(place) + ":" + std::string(key) + " ";
                                    return {};
                                  })
                    .ok());
    EXPECT_EQ(seen, "0:0001 0:0002 1:0003 3:0998 3:0999 ");
  }
}

}  // namespace
}  // namespace braid
