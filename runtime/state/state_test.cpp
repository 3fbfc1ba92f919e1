#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/data/key_bytes.h"
#include "runtime/state/key_format.h"
#include "runtime/state/key_table.h"
#include "runtime/state/memory_store.h"
#include "runtime/state/rocks_store.h"

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

void use_store(StateStore& store, bool again) {
  std::string value;
  if (!again) {
    StateBatch batch;
    batch.put(StateFamily::point, "a1", "one");
    batch.put(StateFamily::point, "a2", "two");
    batch.put(StateFamily::point, "b", "three");
    batch.erase(StateFamily::point, "a2");
    batch.put(StateFamily::meta, "a3", "elsewhere");
    ASSERT_TRUE(store.commit(batch).ok());
  }
  EXPECT_TRUE(*store.get(StateFamily::point, "b", &value));
  EXPECT_EQ(value, "three");
  EXPECT_FALSE(*store.get(StateFamily::timed, "b", &value));
  std::string found;
  ASSERT_TRUE(store
                  .scan(StateFamily::point, "a",
                        [&](std::string_view key, std::string_view row) {
                          found += std::string(key) + "=" + std::string(row) + ";";
                          return Status();
                        })
                  .ok());
  EXPECT_EQ(found, "a1=one;");
}

TEST(MemoryStore, keeps_whole_batches_only) {
  SimFs fs(1);
  {
    auto store = MemoryStore::open(fs, "state").value();
    use_store(*store, false);
  }
  std::string log = fs.read_file("state/log").value();
  {
    auto writer = fs.open_writer("state/log", OpenMode::append).value();
    ASSERT_TRUE(writer->append(log.substr(0, log.size() / 2)).ok());  // a torn second batch
  }
  auto store = MemoryStore::open(fs, "state").value();
  use_store(*store, true);
  EXPECT_EQ(fs.stat("state/log")->size, log.size());
}

TEST(RocksStore, keeps_rows_over_a_restart) {
  std::string place = (std::filesystem::temp_directory_path() / ("braid_state_" + std::to_string(::getpid()))).string();
  for (bool again : {false, true}) {
    auto store = open_rocks_store(place);
    ASSERT_TRUE(store.ok()) << store.error().message;
    use_store(**store, again);
  }
  std::filesystem::remove_all(place);
}

}  // namespace
}  // namespace braid
