#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <tuple>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/state/cold_table.h"
#include "runtime/state/group_table.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"
#include "runtime/state/memory_store.h"
#include "runtime/state/time_queue.h"

namespace braid {
namespace {

TEST(KeyTable, behaves_as_a_map_under_random_changes) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Rng rng(seed);
    BlobPool pool;
    KeyTable<int> table(pool);
    std::map<std::pair<int64_t, std::string>, int> model;
    for (int i = 0; i < 20'000; ++i) {
      std::string key = std::to_string(rng.below(300));
      auto bucket = static_cast<int64_t>(rng.below(4)) * 3'600'000'000;
      // Few hashes, so that chains form.
      uint64_t hash = key_hash(key) & 0xF00000000000001F;
      auto* found = table.find(hash, key, bucket);
      auto known = model.find({bucket, key});
      ASSERT_EQ(found != nullptr, known != model.end());
      if (found != nullptr) ASSERT_EQ(found->value, known->second);
      if (found != nullptr && rng.chance(2)) {
        table.erase(*found);
        model.erase(known);
      } else {
        bool added = false;
        table.find_or_add(hash, key, &added, bucket).value = i;
        model[{bucket, key}] = i;
      }
      if (rng.chance(50)) pool.release_pending();
      ASSERT_EQ(table.size(), model.size());
    }
  }
}

/// Groups against a map, also with hashes that agree in many bits, and of a worker's slices.
void expect_map(GroupTable& table, GroupRows& rows, uint64_t hash_mask, uint64_t hash_base, int keys, uint64_t seed) {
  Rng rng(seed);
  std::map<std::pair<uint64_t, std::string>, int64_t> model;
  for (int64_t i = 1; i < 6 * keys; ++i) {
    std::string key = std::to_string(1'000'000 + rng.below(static_cast<uint64_t>(keys)));
    uint64_t hash = hash_base | (key_hash(key) & hash_mask);
    RowHandle row = table.find(hash, key);
    auto known = model.find({hash, key});
    ASSERT_EQ(row != kNoRow, known != model.end());
    if (row != kNoRow) {
      ASSERT_EQ(*reinterpret_cast<int64_t*>(rows.value(row)), known->second);
    }
    if (row != kNoRow && rng.chance(4)) {
      table.erase(row);
      model.erase(known);
      continue;
    }
    bool added = false;
    row = table.find_or_add(hash, key, &added);
    ASSERT_EQ(added, known == model.end());
    *reinterpret_cast<int64_t*>(rows.value(row)) = i;
    model[{hash, key}] = i;
  }
  ASSERT_EQ(table.size(), model.size());
  ASSERT_EQ(rows.size(), model.size());
  std::vector<RowHandle> all = table.in_order();
  ASSERT_EQ(all.size(), model.size());
  auto expected = model.begin();
  for (RowHandle row : all) {
    ASSERT_EQ(rows.head(row).hash, expected->first.first);
    ASSERT_EQ(rows.key(row), expected->first.second);
    ASSERT_EQ(*reinterpret_cast<int64_t*>(rows.value(row)), expected->second);
    ++expected;
  }
  table.clear();
  for (RowHandle row : all) rows.erase(row);
  ASSERT_EQ(rows.size(), 0u);
}

TEST(GroupTable, behaves_as_a_map_in_the_order_of_hash_and_key) {
  constexpr uint64_t kSlice = uint64_t{1} << 58;
  struct Case {
    uint32_t first, end, key_size;
    uint64_t mask, base;
    int keys;
  };
  for (const Case& each :
       {Case{0, 64, 7, UINT64_MAX, 0, 40'000}, Case{0, 64, GroupRows::kAnySize, UINT64_MAX, 0, 5'000},
        Case{21, 42, 7, kSlice * 16 - 1, kSlice * 24, 40'000},
        Case{63, 64, GroupRows::kAnySize, kSlice - 1, kSlice * 63, 20'000}, Case{0, 64, 7, 0xF00000000000001F, 0, 500},
        Case{0, 64, 7, 0xFFF, 0, 3'500}}) {
    BlobPool pool;
    HashRange range(each.first, each.end);
    GroupRows rows(pool, each.key_size, 24, 8);
    {
      GroupTable table(rows, range, pool);
      for (uint64_t seed = 1; seed <= 2; ++seed) expect_map(table, rows, each.mask, each.base, each.keys, seed);
    }
    EXPECT_EQ(pool.bytes_used(), 0u);
  }
}

TEST(GroupTable, rows_are_cleared_and_aligned) {
  BlobPool pool;
  for (uint64_t alignment : {8, 16}) {
    for (uint32_t key_size : {0u, 1u, 8u, 13u, GroupRows::kAnySize}) {
      GroupRows rows(pool, key_size, 48, alignment);
      std::string key(key_size == GroupRows::kAnySize ? 100 : key_size, 'k');
      for (int round = 0; round < 2; ++round) {
        std::vector<RowHandle> made;
        for (int i = 0; i < 2'000; ++i) {
          made.push_back(rows.add(7, key));
          char* value = rows.value(made.back());
          ASSERT_EQ(reinterpret_cast<uintptr_t>(value) % alignment, 0u);
          ASSERT_TRUE(std::all_of(value, value + 48, [](char byte) { return byte == 0; }));
          std::memset(value, 1, 48);
          ASSERT_EQ(rows.key(made.back()), key);
        }
        for (RowHandle row : made) rows.erase(row);
      }
    }
  }
}

TEST(BlobPool, hands_out_what_it_got_back) {
  Rng rng(3);
  BlobPool pool;
  std::vector<std::pair<Bytes, char>> held;
  for (int i = 0; i < 20'000; ++i) {
    if (!held.empty() && rng.chance(2)) {
      size_t at = rng.below(held.size());
      for (char c : held[at].first.view()) ASSERT_EQ(c, held[at].second);
      pool.release(held[at].first);
      held[at] = held.back();
      held.pop_back();
    } else {
      std::string bytes(rng.chance(100) ? 50'000 : rng.below(400), static_cast<char>('a' + rng.below(26)));
      char content = bytes.empty() ? 'a' : bytes[0];
      held.emplace_back(pool.copy(bytes), content);
    }
  }
  for (auto& [bytes, content] : held) pool.release(bytes);
  EXPECT_EQ(pool.bytes_used(), 0u);
}

TEST(StateKey, orders_by_bucket_across_the_sign) {
  std::string before = timed_key(7, -5, 1, "b"), after = timed_key(7, 3, 1, "a");
  EXPECT_LT(before, after);
  EXPECT_TRUE(before.starts_with(table_prefix(7)));
  TimedKey parsed = parse_timed_key(before);
  EXPECT_EQ(parsed.bucket, -5);
  EXPECT_EQ(parsed.hash, 1u);
  EXPECT_EQ(parsed.key, "b");
}

TEST(KeyFormat, equal_keys_have_equal_bytes_and_come_back) {
  std::vector<Field> row = {{"t", string_type()}, {"f", optional_type(float_type())}};
  Arena arena;
  Block block = allocate_block(flatten(row), 4, arena);
  block.rows = 4;
  const double values[] = {0.0, -0.0, 1.5, 0.0};
  for (uint32_t i = 0; i < 4; ++i) {
    block.columns[0].as<Bytes>()[i] = {"key", 3};
    block.columns[1].as<uint8_t>()[i] = i != 3;
    block.columns[2].as<double>()[i] = values[i];
  }
  std::vector<int> fields = {0, 1};
  KeyFormat group(row, fields, KeyFormat::Nulls::group), join(row, fields, KeyFormat::Nulls::match_nothing);
  KeyBlock keys = group.encode(block, arena);
  EXPECT_EQ(keys.keys[0].view(), keys.keys[1].view());
  EXPECT_EQ(keys.hashes[0], keys.hashes[1]);
  EXPECT_NE(keys.keys[0].view(), keys.keys[2].view());
  EXPECT_NE(keys.keys[0].view(), keys.keys[3].view());
  EXPECT_EQ(join.encode(block, arena).has_null[3], 1);
  EXPECT_EQ(join.encode(block, arena).has_null[0], 0);
  Block back = allocate_block(flatten(row), 1, arena);
  group.decode(keys.keys[2].view(), back, 0, 0, arena);
  EXPECT_EQ(back.columns[0].as<Bytes>()[0].view(), "key");
  EXPECT_EQ(back.columns[2].as<double>()[0], 1.5);
}

TEST(ColdFilter, forgets_nothing_and_lets_few_pass) {
  Rng rng(5);
  ColdFilter filter;
  std::vector<uint64_t> added;
  for (int i = 0; i < 200'000; ++i) {
    added.push_back(rng.next());
    filter.add(added.back());
  }
  for (uint64_t hash : added) ASSERT_TRUE(filter.may_hold(hash));
  int passed = 0;
  for (int i = 0; i < 100'000; ++i) passed += filter.may_hold(rng.next());
  EXPECT_LT(passed, 4000);
  EXPECT_LT(filter.bytes(), 200'000u * 8);
}

TEST(ColdTable, what_is_gone_stays_so_until_the_erasure_is_durable) {
  MemoryStore store;
  ColdTable cold(StateFamily::point, {1}, 0, 64);
  EXPECT_FALSE(cold.attached());
  cold.attach(&store);
  cold.add(7);
  cold.add(9);
  EXPECT_TRUE(cold.may_hold(7, "a"));
  cold.remove();  // 7 is back in memory, then erased
  cold.gone(7, "a");
  EXPECT_FALSE(cold.may_hold(7, "a"));
  EXPECT_TRUE(cold.may_hold(7, "another of that hash"));
  cold.collected();
  EXPECT_FALSE(cold.may_hold(7, "a"));
  cold.committed();
  EXPECT_TRUE(cold.may_hold(7, "a"));  // the store is asked and has it no longer
  cold.remove();
  EXPECT_TRUE(cold.empty());
  EXPECT_FALSE(cold.may_hold(9, "b"));
}

TEST(ColdTable, a_new_filter_holds_the_rows_of_all_tables) {
  MemoryStore store;
  StateBatch batch;
  batch.put(StateFamily::timed, timed_key(1, 5, 7, "left"), "");
  batch.put(StateFamily::timed, timed_key(2, 5, 9, "right"), "");
  ASSERT_TRUE(store.commit(batch).ok());
  ColdTable cold(StateFamily::timed, {1, 2}, 0, 64);
  cold.attach(&store);
  constexpr uint64_t kMany = 1 << 17;
  for (uint64_t hash = 100; hash < 100 + kMany; ++hash) cold.add(hash, 5);
  cold.remove(kMany);
  cold.add(7, 5);
  cold.add(9, 5);
  for (uint64_t hash = 100; hash < 100 + kMany; ++hash) cold.add(hash, 5);
  cold.remove(kMany);
  // One key at a time; what goes cold meanwhile is in the new one, too.
  ASSERT_TRUE(cold.renew(1).ok());
  cold.add(11, 5);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(cold.renew(1).ok());
  EXPECT_TRUE(cold.may_hold(11, "new", 5));
  EXPECT_TRUE(cold.may_hold(7, "left", 5));
  EXPECT_TRUE(cold.may_hold(9, "right", 5));
  uint64_t passed = 0;
  for (uint64_t hash = 100; hash < 100 + kMany; ++hash) passed += cold.may_hold(hash, "", 5) ? 1 : 0;
  EXPECT_LT(passed, kMany / 10);
}

struct Due {
  int64_t time;
  int number;
  bool operator==(const Due&) const = default;
};
struct ByTimeThenNumber {
  int64_t time(const Due& due) const { return due.time; }
  bool before(const Due& a, const Due& b) const { return std::tie(a.time, a.number) < std::tie(b.time, b.number); }
};

TEST(TimeQueue, gives_what_a_sorted_set_gives) {
  Rng rng(11);
  for (const int64_t scale : {int64_t{3}, int64_t{1000}, int64_t{1} << 21, int64_t{1} << 40}) {
    TimeQueue<Due, ByTimeThenNumber> queue;
    std::set<std::pair<int64_t, int>> model;
    int64_t now = -20 * scale;
    auto expect_same_first = [&] {
      ASSERT_EQ(queue.size(), model.size());
      ASSERT_EQ(queue.empty(), model.empty());
      if (!model.empty()) ASSERT_LE(queue.first_time(), model.begin()->first);
    };
    for (int step = 0; step < 20'000; ++step) {
      const int64_t time = now + rng.between(-2 * scale, 20 * scale);
      if (rng.chance(2)) {
        queue.push({time, step});
        model.emplace(time, step);
      } else if (rng.chance(200)) {
        auto odd = [](const Due& due) { return due.number % 2 != 0; };
        queue.erase_if(odd);
        std::erase_if(model, [&](const auto& one) { return odd({one.first, one.second}); });
      } else if (rng.chance(200)) {
        size_t count = rng.below(20);
        queue.take_last([&](const Due& last) {
          if (count == 0) return false;
          --count;
          EXPECT_EQ(std::pair(last.time, last.number), *model.rbegin());
          model.erase(std::prev(model.end()));
          return true;
        });
      } else {
        now += static_cast<int64_t>(rng.below(static_cast<uint64_t>(scale)));
        Due due;
        while (queue.take_before(now, &due)) {
          ASSERT_FALSE(model.empty());
          ASSERT_EQ(std::pair(due.time, due.number), *model.begin());
          model.erase(model.begin());
        }
        if (!model.empty()) ASSERT_GE(model.begin()->first, now);
      }
      expect_same_first();
    }
    size_t seen = 0;
    queue.for_each_before(INT64_MAX, [&](const Due& due) { seen += model.count({due.time, due.number}); });
    EXPECT_EQ(seen, model.size());
    EXPECT_GT(seen, 0u);
  }
  // The ends of time are times.
  TimeQueue<Due, ByTimeThenNumber> ends;
  for (int64_t time : {INT64_MAX - 1, INT64_MIN, int64_t{0}}) ends.push({time, 0});
  Due due;
  for (int64_t time : {INT64_MIN, int64_t{0}, INT64_MAX - 1}) {
    EXPECT_FALSE(ends.take_before(time, &due));
    EXPECT_TRUE(ends.take_before(time + 1, &due));
    EXPECT_EQ(due.time, time);
  }
}

TEST(KeyTable, evicts_what_was_not_found_lately) {
  BlobPool pool;
  KeyTable<int> table(pool);
  bool added = false;
  for (int i = 0; i < 100; ++i) table.find_or_add(key_hash(std::to_string(i)), std::to_string(i), &added).value = i;
  std::vector<int> gone;
  auto evict = [&](auto& entry) -> uint64_t {
    if (entry.value % 2 != 0) return 0;  // has to stay
    gone.push_back(entry.value);
    table.erase(entry);
    return 10;
  };
  EXPECT_EQ(table.evict(0, evict), 0u);
  EXPECT_EQ(table.evict(50, evict), 50u);  // all had just been added: the second round takes the first ones
  EXPECT_EQ(gone, (std::vector<int>{0, 2, 4, 6, 8}));
  table.find(key_hash("10"), "10");
  gone.clear();
  EXPECT_EQ(table.evict(20, evict), 20u);
  EXPECT_EQ(gone, (std::vector<int>{12, 14}));
  EXPECT_EQ(table.evict(100'000, evict), 430u);
  EXPECT_EQ(table.size(), 50u);
}

}  // namespace
}  // namespace braid
