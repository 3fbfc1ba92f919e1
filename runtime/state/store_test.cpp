#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>

#include "runtime/base/executor.h"
#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/stream_digest.h"
#include "runtime/state/commit_chain.h"
#include "runtime/state/file_digest.h"
#include "runtime/state/memory_store.h"
#include "runtime/state/net_changes.h"
#include "runtime/state/rocks_store.h"

namespace braid {
namespace {

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

/// Short ones, and ones that have a hash in common, as rows of an operator do.
std::string key_number(uint64_t number) {
  if (number % 4 == 0) return std::to_string(number);
  return std::string(21, static_cast<char>('0' + number % 4)) + std::to_string(number);
}

/// What a store should hold, as maps.
struct StoreModel {
  std::map<std::string, std::string> rows[kStateFamilies];

  void apply(const StateBatch& batch) {
    batch.for_each([this](const StateBatch::Change& change, const char*) {
      auto& family = rows[static_cast<int>(change.family)];
      const std::string key(change.key), value(change.value);
      if (change.kind == StateBatch::Change::Kind::put) family[key] = value;
      if (change.kind == StateBatch::Change::Kind::erase) family.erase(key);
      if (change.kind == StateBatch::Change::Kind::erase_range)
        family.erase(family.lower_bound(key), family.lower_bound(value));
    });
  }
  void expect_in(StateStore& store, Rng& rng) const {
    for (StateFamily family : {StateFamily::meta, StateFamily::point, StateFamily::timed}) {
      const auto& expected = rows[static_cast<int>(family)];
      std::map<std::string, std::string> found;
      auto collect = [&](std::string_view key, std::string_view value) {
        found.emplace(key, value);
        return Status();
      };
      ASSERT_TRUE(store.scan(family, "", collect).ok());
      ASSERT_EQ(found, expected);
      std::string begin = key_number(rng.below(300)), end = key_number(rng.below(300));
      found.clear();
      ASSERT_TRUE(store.scan_range(family, begin, end, collect).ok());
      std::map<std::string, std::string> between;
      if (begin < end) between = {expected.lower_bound(begin), expected.lower_bound(end)};
      ASSERT_EQ(found, between);
      std::vector<std::string> keys;
      for (int i = 0; i < 300; ++i)
        if (rng.chance(2)) keys.push_back(key_number(static_cast<uint64_t>(i)));
      std::sort(keys.begin(), keys.end());
      size_t hits = 0, expected_hits = 0;
      ASSERT_TRUE(store
                      .get_many(family, keys,
                                [&](size_t place, std::string_view value) {
                                  EXPECT_EQ(expected.at(keys[place]), value);
                                  ++hits;
                                  return Status();
                                })
                      .ok());
      for (const std::string& key : keys) expected_hits += expected.count(key);
      ASSERT_EQ(hits, expected_hits);
    }
  }
};

StateBatch random_batch(Rng& rng) {
  StateBatch batch;
  for (auto changes = rng.between(1, 200); changes > 0; --changes) {
    auto family = static_cast<StateFamily>(rng.below(kStateFamilies));
    std::string key = key_number(rng.below(300));
    if (rng.chance(20)) {
      batch.erase_range(family, std::min(key, std::string("2")), std::max(key, std::string("2")));
    } else if (rng.chance(3)) {
      batch.erase(family, key);
    } else {
      batch.put(family, key, std::string(rng.below(100), static_cast<char>('a' + rng.below(26))));
    }
  }
  return batch;
}

TEST(Stores, hold_what_a_map_holds) {
  std::string place =
      (std::filesystem::temp_directory_path() / ("braid_stores_" + std::to_string(::getpid()))).string();
  // The log alone, files alone, and batches of either kind after one another.
  for (uint64_t ingest_from : {uint64_t{1} << 30, uint64_t{0}, uint64_t{5000}}) {
    Rng rng(ingest_from + 1);
    StoreModel model;
    MemoryStore memory;
    for (int opened = 0; opened < 3; ++opened) {
      auto rocks = open_sized_rocks_store(place, {.memory_bytes = 4 << 20, .ingest_from_bytes = ingest_from});
      ASSERT_TRUE(rocks.ok()) << rocks.error().message;
      for (int i = 0; i < 8; ++i) {
        StateBatch batch = random_batch(rng);
        model.apply(batch);
        ASSERT_TRUE(memory.commit(batch).ok());
        Status committed = (*rocks)->commit(batch);
        ASSERT_TRUE(committed.ok()) << committed.error().message;
        model.expect_in(memory, rng);
        model.expect_in(**rocks, rng);
      }
    }
    std::filesystem::remove_all(place);
  }
}

/// Reads all files, and compares the hashes that the store knew.
int expect_hashes(const std::string& directory, Fs& fs, const std::vector<CheckpointFile>& files) {
  int known = 0;
  std::vector<std::string> names;
  for (const CheckpointFile& file : files) {
    const auto content = fs.read_file(join_path(directory, file.name));
    EXPECT_TRUE(content.ok()) << content.error().message;
    EXPECT_EQ(content->size(), file.size);
    if (file.hash) EXPECT_EQ(stream_hash(*content), *file.hash) << file.name;
    known += file.hash.has_value();
    names.push_back(file.name);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(*fs.list_directory(directory), names);
  return known;
}

TEST(Checkpoint, of_random_batches_is_the_store_as_of_its_last_commit) {
  const std::string place =
      (std::filesystem::temp_directory_path() / ("braid_checkpoint_" + std::to_string(::getpid()))).string();
  int known = 0;
  for (uint64_t ingest_from : {uint64_t{0}, uint64_t{1} << 30}) {
    std::filesystem::remove_all(place);
    std::filesystem::create_directories(place);
    Rng rng(11);
    SimFs sim(1);
    StoreModel model;
    for (int opened = 0; opened < 2; ++opened) {
      auto rocks =
          open_sized_rocks_store(place + "/store", {.memory_bytes = 4 << 20, .ingest_from_bytes = ingest_from});
      ASSERT_TRUE(rocks.ok()) << rocks.error().message;
      auto memory = MemoryStore::open(sim, "/store");
      ASSERT_TRUE(memory.ok());
      for (int i = 0; i < 3; ++i) {
        const StateBatch batch = random_batch(rng);
        model.apply(batch);
        const StoreModel then = model;
        for (StateStore* store : {rocks->get(), memory->get()}) ASSERT_TRUE(store->commit(batch).ok());
        const std::string name = "/at" + std::to_string(opened * 10 + i);
        auto files = (*rocks)->checkpoint(place + name);
        ASSERT_TRUE(files.ok()) << files.error().message;
        known += expect_hashes(place + name, real_fs(), *files);
        auto parts = (*memory)->checkpoint(name);
        ASSERT_TRUE(parts.ok()) << parts.error().message;
        EXPECT_EQ(expect_hashes(name, sim, *parts), static_cast<int>(parts->size()));
        // The store goes on, and so could the copy: neither sees the other's changes.
        const StateBatch later = random_batch(rng);
        model.apply(later);
        for (StateStore* store : {rocks->get(), memory->get()}) ASSERT_TRUE(store->commit(later).ok());
        auto copy = open_rocks_store(place + name);
        ASSERT_TRUE(copy.ok()) << copy.error().message;
        auto copied = MemoryStore::open(sim, name);
        ASSERT_TRUE(copied.ok());
        for (StateStore* store : {copy->get(), copied->get()}) {
          EXPECT_EQ(store->commits(), (*rocks)->commits() - 1);
          then.expect_in(*store, rng);
          ASSERT_TRUE(store->commit(random_batch(rng)).ok());
        }
        model.expect_in(**rocks, rng);
        model.expect_in(**memory, rng);
      }
    }
  }
  EXPECT_GT(known, 4);
  std::filesystem::remove_all(place);
}

TEST(Checkpoint, of_a_memory_store_survives_what_the_store_survives) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SimFs fs(seed);
    Rng rng(seed);
    StoreModel model;
    for (int life = 0; life < 6; ++life) {
      auto store = MemoryStore::open(fs, "/store");
      ASSERT_TRUE(store.ok()) << store.error().message;
      model.expect_in(**store, rng);
      for (int i = 0; i < 3; ++i) {
        const StateBatch batch = random_batch(rng);
        ASSERT_TRUE((*store)->commit(batch).ok());
        model.apply(batch);
        fs.cut_power_at(rng.chance(3) ? fs.operations() + 1 + rng.below(20) : 0);
        if (!(*store)->checkpoint("/at" + std::to_string(life * 3 + i)).ok()) break;
        fs.cut_power_at(0);
      }
      fs.crash();
    }
  }
}

/// Keys of rows as operators have them: of a few tables, buckets and hashes, or of many.
std::string row_key(Rng& rng, uint64_t variety) {
  const auto table = static_cast<uint32_t>(rng.below(3));
  const auto bucket = static_cast<int64_t>(rng.below(variety)) * 10'000'000;
  const uint64_t hash = rng.chance(2) ? rng.next() : key_hash(std::to_string(rng.below(variety)));
  std::string key = timed_key(table, bucket, hash, std::to_string(rng.below(4)));
  if (rng.chance(50)) key.resize(rng.below(24));
  return key;
}

TEST(NetChanges, leaves_what_a_map_holds_in_its_order) {
  Rng rng(5);
  for (const uint64_t variety : {1, 3, 40, 100'000}) {
    for (const int changes : {0, 1, 50, 5'000}) {
      StateBatch batch;
      std::map<std::string, std::string> expected;
      for (int i = 0; i < changes; ++i) {
        std::string key = row_key(rng, variety);
        if (rng.chance(500)) {
          std::string end = row_key(rng, variety);
          if (end < key) std::swap(key, end);
          batch.erase_range(StateFamily::timed, key, end);
          expected.erase(expected.lower_bound(key), expected.lower_bound(end));
        } else if (rng.chance(5)) {
          batch.erase(StateFamily::timed, key);
          expected[key] = "erased";
        } else {
          batch.put(StateFamily::timed, key, std::to_string(i));
          expected[key] = std::to_string(i);
        }
      }
      NetChanges net;
      net.reserve(batch.changes());
      batch.for_each([&](const StateBatch::Change& change, const char* place) { net.add(change, place); });
      net.settle();
      std::vector<std::pair<std::string, std::string>> found;
      net.for_each_row([&](const StateBatch::Change& row) {
        const bool put = row.kind == StateBatch::Change::Kind::put;
        found.emplace_back(row.key, put ? std::string(row.value) : "erased");
        return true;
      });
      ASSERT_EQ(found, (std::vector<std::pair<std::string, std::string>>(expected.begin(), expected.end())));
    }
  }
}

/// Kind, family, key and value of each change.
std::vector<std::string> changes_of(const StateBatch& batch) {
  std::vector<std::string> changes;
  batch.for_each([&](const StateBatch::Change& change, const char* place) {
    EXPECT_EQ(StateBatch::read(place).key, change.key);
    changes.push_back(std::to_string(static_cast<int>(change.kind)) + std::to_string(static_cast<int>(change.family)) +
                      " " + std::string(change.key) + "=" + std::string(change.value));
  });
  return changes;
}

TEST(StateBatch, keeps_changes_in_order) {
  Rng rng(7);
  StateBatch batch;
  std::vector<std::string> expected;
  uint64_t bytes = 0, points = 0;
  for (int part = 0; part < 20; ++part) {
    StateBatch later;  // some of them empty
    for (uint64_t i = rng.below(3) * 100; i > 0; --i) {
      const std::string key(rng.below(40), 'k');
      const std::string value(rng.chance(100) ? 3 << 20 : rng.below(500), 'v');
      later.put(StateFamily::point, key, value);
      later.erase(StateFamily::timed, key);
      later.erase_range(StateFamily::meta, "a", key);
      expected.insert(expected.end(), {"01 " + key + "=" + value, "12 " + key + "=", "20 a=" + key});
      bytes += 3 * key.size() + value.size() + 1;
      ++points;
    }
    batch.append(later);
    ASSERT_TRUE(later.empty());
    ASSERT_EQ(changes_of(later).size(), 0u);
  }
  ASSERT_EQ(changes_of(batch), expected);
  EXPECT_EQ(batch.changes(), expected.size());
  EXPECT_EQ(batch.changes(StateFamily::point), points);
  EXPECT_EQ(batch.bytes(), bytes);
  EXPECT_GE(batch.bytes_reserved(), bytes);
  const StateBatch moved = std::move(batch);
  EXPECT_EQ(changes_of(moved), expected);
  EXPECT_TRUE(batch.empty());
}

TEST(FileDigest, is_of_all_bytes_however_they_come) {
  Rng rng(9);
  for (const size_t size : {size_t{0}, size_t{1}, FileDigest::kTail, FileDigest::kTail + 1, size_t{100'000}}) {
    std::string file(size, '\0');
    for (char& c : file) c = static_cast<char>(rng.next());
    auto digest_of = [&](size_t most) {
      FileDigester digester;
      for (size_t at = 0; at < file.size();) {
        const size_t length = std::min<size_t>(file.size() - at, 1 + rng.below(most));
        digester.update(std::string_view(file).substr(at, length));
        at += length;
      }
      return digester.digest();
    };
    const FileDigest digest = digest_of(1 << 20);
    EXPECT_EQ(digest_of(7), digest);
    EXPECT_EQ(digest_of(5000), digest);
    EXPECT_EQ(FileDigest::parse(digest.bytes()), digest);
    EXPECT_EQ(FileDigest::of_tail(std::string_view(file).substr(size - std::min(size, FileDigest::kTail))),
              digest.tail);
    if (size == 0) continue;
    file.front() = static_cast<char>(file.front() ^ 1);
    EXPECT_NE(digest_of(5000).whole, digest.whole);
    EXPECT_EQ(digest_of(5000).tail == digest.tail, size > FileDigest::kTail);
  }
}

/// A store of one table file of many blocks, closed; gives the path of the file.
std::string make_table(const std::string& place) {
  {
    auto store = open_sized_rocks_store(place, {.ingest_from_bytes = 0}).value();
    StateBatch batch;
    for (int i = 0; i < 5000; ++i)
      batch.put(StateFamily::point, "key " + std::to_string(10'000 + i), std::string(100, 'v'));
    EXPECT_TRUE(store->commit(batch).ok());
  }
  std::string largest;
  uint64_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(place)) {
    if (entry.path().extension() != ".sst" || entry.file_size() <= size) continue;
    largest = entry.path().string();
    size = entry.file_size();
  }
  return largest;
}

TEST(RocksStore, finds_a_changed_byte_before_it_commits) {
  constexpr int kStoreCorrupt = 8002;
  const std::string place =
      (std::filesystem::temp_directory_path() / ("braid_changed_" + std::to_string(::getpid()))).string();
  const std::atomic<bool> to_the_end = false;
  // Whole; a byte of the first block; one of the footer, which no block's checksum covers.
  for (const int64_t at : {INT64_MAX, int64_t{2000}, int64_t{-30}}) {
    const std::string path = make_table(place);
    const auto size = static_cast<int64_t>(std::filesystem::file_size(path));
    if (at != INT64_MAX) {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      const int64_t offset = at < 0 ? size + at : at;
      file.seekg(offset);
      const int byte = file.get();
      file.seekp(offset);
      file.put(static_cast<char>(byte ^ 16));
    }
    auto store = open_rocks_store(place);
    if (at < 0) {
      ASSERT_FALSE(store.ok());
      EXPECT_EQ(store.error().code, kStoreCorrupt);
    } else {
      ASSERT_TRUE(store.ok()) << store.error().message;
      StateBatch batch;
      batch.put(StateFamily::meta, "a", "b");
      const Status committed = (*store)->commit(batch), verified = (*store)->verify(to_the_end);
      EXPECT_EQ(committed.ok(), at == INT64_MAX);
      EXPECT_EQ(verified.ok(), at == INT64_MAX);
      if (!committed.ok()) EXPECT_EQ(committed.error().code, kStoreCorrupt);
      EXPECT_EQ((*store)->commits(), at == INT64_MAX ? 2u : 1u);
    }
    store = Error{ErrorKind::store, "closed", 0, 0};
    std::filesystem::remove_all(place);
  }
}

TEST(RocksStore, opens_no_damaged_table_and_ends_for_none) {
  const std::string place =
      (std::filesystem::temp_directory_path() / ("braid_tails_" + std::to_string(::getpid()))).string();
  const std::string path = make_table(place);
  std::string whole;
  {
    std::ifstream file(path, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto write = [&path](const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  };
  Rng rng(5);
  constexpr size_t kTail = 1500, kMost = 600;
  for (int i = 0; i < 150; ++i) {
    std::string damaged = whole;
    const size_t at = whole.size() - 1 - rng.below(std::min(kTail, whole.size()));
    const size_t size = std::min(1 + rng.below(kMost), whole.size() - at);
    for (size_t byte = at; byte < at + size; ++byte) damaged[byte] = static_cast<char>(rng.next());
    if (damaged == whole) continue;
    write(damaged);
    EXPECT_FALSE(open_rocks_store(place).ok()) << size << " bytes at " << at << " of " << whole.size();
  }
  write(whole);
  EXPECT_TRUE(open_rocks_store(place).ok());
  std::filesystem::remove_all(place);
}

TEST(RocksStore, verifies_beside_commits_and_compactions) {
  const std::string place =
      (std::filesystem::temp_directory_path() / ("braid_verified_" + std::to_string(::getpid()))).string();
  Rng rng(21);
  for (int opened = 0; opened < 3; ++opened) {
    auto store = open_sized_rocks_store(place, {.memory_bytes = 1 << 20, .ingest_from_bytes = 20'000}).value();
    ThreadExecutor executor(1);
    std::atomic<bool> stop = false;
    Status verified;
    auto task = executor.start_io([&] { verified = store->verify(stop); });
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(store->commit(random_batch(rng)).ok());
    task->wait();
    EXPECT_TRUE(verified.ok()) << verified.error().message;
  }
  std::filesystem::remove_all(place);
}

TEST(Stores, show_each_commit_as_a_whole_to_readers_beside_it) {
  const std::string place =
      (std::filesystem::temp_directory_path() / ("braid_beside_" + std::to_string(::getpid()))).string();
  SimFs fs(1);
  std::vector<std::unique_ptr<StateStore>> stores;
  stores.push_back(MemoryStore::open(fs, "state").value());
  stores.push_back(open_sized_rocks_store(place, {.memory_bytes = 1 << 20, .ingest_from_bytes = 20'000}).value());
  for (const auto& store : stores) {
    const auto commit = [&](int number) {
      StateBatch batch;
      for (int row = 0; row < 200; ++row) batch.put(StateFamily::timed, std::to_string(row), std::to_string(number));
      return store->commit(batch);
    };
    ASSERT_TRUE(commit(0).ok());
    ThreadExecutor executor(1);
    std::atomic<bool> committing = true;
    Status committed;
    auto task = executor.start_io([&] {
      for (int i = 1; i <= 300 && committed.ok(); ++i) committed = commit(i);
      committing = false;
    });
    int torn = 0;
    while (committing) {
      std::map<std::string, int, std::less<>> found;  // rows, by value
      ASSERT_TRUE(store
                      ->scan(StateFamily::timed, "",
                             [&](std::string_view, std::string_view value) {
                               ++found[std::string(value)];
                               return Status();
                             })
                      .ok());
      torn += found.size() != 1 || found.begin()->second != 200;
    }
    task->wait();
    EXPECT_TRUE(committed.ok()) << committed.error().message;
    EXPECT_EQ(torn, 0);
  }
  stores.clear();
  std::filesystem::remove_all(place);
}

TEST(CommitChain, misses_no_commit) {
  Rng rng(3);
  std::vector<CommitChain> links;
  CommitChain whole;
  for (int i = 0; i < 4; ++i) {
    links.push_back(whole.next(random_batch(rng)));
    whole = whole.joined(links.back());
    EXPECT_TRUE(whole.whole());
    EXPECT_EQ(whole.last, links.size());
    EXPECT_EQ(CommitChain::parse(whole.bytes()), whole);
  }
  // RocksDB joins neighbours in any order.
  EXPECT_EQ(links[0].joined(links[1]).joined(links[2].joined(links[3])), whole);
  EXPECT_EQ(links[0].joined(links[1].joined(links[2]).joined(links[3])), whole);
  EXPECT_FALSE(links[0].joined(links[2]).whole());                          // one is missing in the middle
  EXPECT_FALSE(links[1].joined(links[2]).whole());                          // at the beginning
  EXPECT_NE(links[0].joined(links[1]).joined(links[2]), whole);             // at the end
  EXPECT_FALSE(links[0].joined(links[1].next(random_batch(rng))).whole());  // twice
  const CommitChain other = CommitChain().next(random_batch(rng));          // of another store
  EXPECT_FALSE(other.joined(links[1]).whole());
  EXPECT_FALSE(CommitChain::parse(whole.bytes().substr(1)).has_value());
}

}  // namespace
}  // namespace braid
