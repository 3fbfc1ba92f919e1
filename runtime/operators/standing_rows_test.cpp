#include "runtime/operators/standing_rows.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/operators/test_nobody.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

struct Change {
  int64_t key, value;
  bool goes;
};

/// The changes of some keys, whose rows move between two tasks; each task's own are in order.
struct Sent {
  std::vector<Change> tasks[2];
  std::map<int64_t, int64_t> come_to;
};

Sent send(Rng& rng) {
  Sent sent;
  std::map<int64_t, int> task_of;
  int64_t next = 0;
  for (int i = 0; i < 60; ++i) {
    const auto key = static_cast<int64_t>(rng.below(6));
    if (const auto known = sent.come_to.find(key); known != sent.come_to.end()) {
      sent.tasks[task_of[key]].push_back({key, known->second, true});
      sent.come_to.erase(known);
      if (rng.chance(4)) continue;
    }
    task_of[key] = static_cast<int>(rng.below(2));
    sent.come_to[key] = next++;
    sent.tasks[task_of[key]].push_back({key, sent.come_to[key], false});
  }
  return sent;
}

/// However the tasks' changes meet, and wherever the job is stopped between them.
TEST(StandingRows, are_those_that_came_and_did_not_go) {
  const std::vector<Field> row{{"k", int_type()}, {"v", int_type()}};
  const std::vector<int> key{0};
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const Sent sent = send(rng);
    const Program program;
    Arena arena;
    CallContext call;
    test::Nobody nobody;
    const uint64_t turn = 0;
    const std::vector<std::unique_ptr<OperatorNode>> nodes;
    SimFs fs(seed);
    const std::unique_ptr<StateStore> store = MemoryStore::open(fs, "state").value();
    const Services services{program, 0, 0, arena, call, nobody, turn, nobody, nodes};
    const KeyFormat keys(row, key, KeyFormat::Nulls::group);
    const StoredRows rows(row);
    Block block = allocate_block(flatten(row), 1, arena);
    block.rows = 1;
    auto standing = std::make_unique<StandingRows>(8, keys, rows, services);
    auto hash_and_key = [&](int64_t of) {
      block.columns[0].as<int64_t>()[0] = of;
      const KeyBlock made = keys.encode(block, arena);
      EXPECT_TRUE(standing->warm(made, 1).ok());
      return std::pair(made.hashes[0], made.keys[0].view());
    };
    size_t next[2] = {0, 0};
    while (next[0] < sent.tasks[0].size() || next[1] < sent.tasks[1].size()) {
      const size_t task = next[0] == sent.tasks[0].size() || (next[1] < sent.tasks[1].size() && rng.chance(2)) ? 1 : 0;
      const Change& change = sent.tasks[task][next[task]++];
      const auto [hash, bytes] = hash_and_key(change.key);
      block.columns[1].as<int64_t>()[0] = change.value;
      std::string encoded;
      rows.append(rows.target(block, 0), 0, encoded);
      standing->change(hash, bytes, encoded, change.goes);
      if (!rng.chance(5)) continue;
      standing->freeze();
      standing->copy_frozen(*std::make_unique<CopyBudget>(UINT64_MAX));
      StateBatch batch;
      standing->take_frozen(batch);
      ASSERT_TRUE(store->commit(batch).ok());
      standing->committed();
      if (!rng.chance(2)) continue;
      standing = std::make_unique<StandingRows>(8, keys, rows, services);
      ASSERT_TRUE(standing->restore(*store, UINT64_MAX).ok());
    }
    for (int64_t each = 0; each < 6; ++each) {
      const auto [hash, bytes] = hash_and_key(each);
      const Bytes stands = standing->row(hash, bytes);
      const auto wanted = sent.come_to.find(each);
      ASSERT_EQ(stands.data != nullptr, wanted != sent.come_to.end()) << each;
      if (stands.data == nullptr) continue;
      rows.read(stands, rows.target(block, 0), 0, arena);
      EXPECT_EQ(block.columns[1].as<int64_t>()[0], wanted->second);
    }
    EXPECT_EQ(standing->size().rows, sent.come_to.size());
  }
}

}  // namespace
}  // namespace braid
