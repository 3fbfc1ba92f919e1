#include "runtime/operators/held_rows.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/operators/test_nobody.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

using Waiting = std::map<uint64_t, int64_t>;  ///< times by sequence

/// Rows come, at any time, and leave; meanwhile those of a freeze are copied, few at once, whatever buckets of time
/// they are in. What a freeze gives is what waited at its edge.
TEST(HeldRows, a_freeze_holds_what_waited_at_its_edge) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const Program program;
    Arena arena;
    CallContext call;
    test::Nobody nobody;
    const uint64_t turn = 0;
    const std::vector<std::unique_ptr<OperatorNode>> nodes;
    const Services services{program, 0, 0, arena, call, nobody, turn, nobody, nodes};
    const StoredRows rows(std::vector<Field>{});
    BlobPool pool;
    HeldRows held(HeldRows::Order::arrival, 1, services, rows, pool);
    SimFs fs(seed);
    const std::unique_ptr<StateStore> store = MemoryStore::open(fs, "state").value();

    Waiting now, edge;
    uint64_t sequence = 0;
    int64_t watermark = 0;
    bool copying = false;
    int beside = 0, freezes = 0;  // steps while rows were copied
    auto copy = [&](uint64_t bytes) {
      CopyBudget budget(bytes);
      copying = !held.copy_frozen(budget);
      if (copying) return;
      StateBatch batch;
      held.take_frozen(batch);
      ASSERT_TRUE(store->commit(batch).ok());
      Waiting stored;
      const Status scanned =
          store->scan(StateFamily::timed, {}, [&](std::string_view key, std::string_view value) -> Status {
            WireReader in(value);
            EXPECT_EQ(in.fixed<int64_t>(), parse_timed_key(key).bucket + 1);
            stored[in.fixed<uint64_t>()] = parse_timed_key(key).bucket;
            return {};
          });
      ASSERT_TRUE(scanned.ok());
      ASSERT_EQ(stored, edge);
    };
    for (int step = 0; step < 400; ++step) {
      for (uint64_t i = rng.below(8); i > 0; --i) {
        HeldRow row{};
        row.time = watermark + rng.between(0, rng.chance(2) ? 500'000 : 20'000'000);
        row.watermark = row.time + 1;
        row.sequence = ++sequence;
        now[row.sequence] = row.time;
        held.push(row);
      }
      if (copying) {
        ++beside;
        copy(rng.below(10 * CopyBudget::kBytesOfRow));
      } else if (rng.chance(3)) {
        held.freeze();
        edge = now;
        ++freezes;
        copying = true;
      }
      if (rng.chance(2)) {
        watermark += rng.between(0, rng.chance(8) ? 8'000'000 : 400'000);
        std::vector<HeldRow> gone;
        ASSERT_TRUE(held.take_before(watermark, gone).ok());
        for (const HeldRow& row : gone) {
          ASSERT_EQ(now[row.sequence], row.time);
          now.erase(row.sequence);
        }
        EXPECT_TRUE(std::none_of(now.begin(), now.end(), [&](const auto& row) { return row.second < watermark; }));
      }
    }
    EXPECT_GT(freezes, 10);
    EXPECT_GT(beside, 50);
  }
}

/// Rows that came at any time of the wall clock, and may be in memory, in the store or in both, leave when their event
/// time is due or when they arrived long enough ago, whichever is first: once, in order, also behind a restart.
TEST(HeldRows, rows_leave_that_arrived_long_ago) {
  struct Place {
    int64_t time, arrival;
    bool operator==(const Place&) const = default;
  };
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const Program program;
    Arena arena;
    CallContext call;
    test::Nobody nobody;
    const uint64_t turn = 0;
    const std::vector<std::unique_ptr<OperatorNode>> nodes;
    SimFs fs(seed);
    const std::unique_ptr<StateStore> store = MemoryStore::open(fs, "state").value();
    Services services{program, 0, 0, arena, call, nobody, turn, nobody, nodes};
    services.store = store.get();
    const std::vector<Field> fields{{"n", int_type()}};
    StoredRows rows(fields);
    const std::vector<Leaf> leaves = flatten(fields);
    BlobPool pool;
    auto make = [&] { return std::make_unique<HeldRows>(HeldRows::Order::arrival, 1, services, rows, pool, true); };
    auto held = make();
    ASSERT_TRUE(held->restore(*store, 2000).ok());

    std::map<uint64_t, Place> now, edge;
    uint64_t sequence = 0;
    int64_t watermark = 0, wall = 1000;
    bool frozen = false;
    int early = 0, normal = 0, restarts = 0;
    auto settle = [&](const std::vector<HeldRow>& gone) {
      for (size_t i = 0; i < gone.size(); ++i) {
        if (i > 0) ASSERT_TRUE(before_by_arrival(gone[i - 1], gone[i]));
        ASSERT_TRUE(now.contains(gone[i].sequence)) << "row " << gone[i].sequence << " left before";
        ASSERT_EQ(now[gone[i].sequence], (Place{gone[i].time, gone[i].arrival}));
        now.erase(gone[i].sequence);
      }
    };
    auto commit = [&] {
      CopyBudget budget(UINT64_MAX);
      ASSERT_TRUE(held->copy_frozen(budget));
      StateBatch batch;
      held->take_frozen(batch);
      ASSERT_TRUE(store->commit(batch).ok());
      frozen = false;
    };
    for (int step = 0; step < 600; ++step) {
      wall += rng.between(0, 20);
      for (uint64_t i = rng.below(6); i > 0; --i) {
        HeldRow row{};
        row.time = watermark + rng.between(0, rng.chance(2) ? 500'000 : 20'000'000);
        row.sequence = ++sequence;
        row.hash = rng.next();
        row.arrival = wall;
        Block block = allocate_block(leaves, 1, arena);
        block.rows = 1;
        block.columns[0].as<int64_t>()[0] = static_cast<int64_t>(sequence);
        row.record.bytes = pool.copy("record");
        row.row = rows.store(rows.target(block, 0), 0, pool);
        now[row.sequence] = {row.time, row.arrival};
        held->push(row);
      }
      if (frozen && rng.chance(3)) {
        commit();
        if (rng.chance(2)) held->evict(rng.below(20'000));
        if (rng.chance(4)) {
          held = make();
          ASSERT_TRUE(held->restore(*store, 2000).ok());
          now = edge;
          ++restarts;
        }
      } else if (frozen && rng.chance(2)) {
        CopyBudget budget(CopyBudget::kBytesOfRow);
        (void)held->copy_frozen(budget);
      } else if (!frozen && rng.chance(3)) {
        held->freeze();
        edge = now;
        frozen = true;
      }
      if (rng.chance(4)) {
        watermark += rng.between(0, rng.chance(8) ? 8'000'000 : 400'000);
        std::vector<HeldRow> gone;
        ASSERT_TRUE(held->take_before(watermark, gone).ok());
        normal += static_cast<int>(gone.size());
        settle(gone);
        EXPECT_TRUE(std::none_of(now.begin(), now.end(), [&](const auto& row) { return row.second.time < watermark; }));
      }
      if (rng.chance(6)) {
        const int64_t up_to = wall - 300;
        const auto first = held->first_arrival();
        ASSERT_TRUE(first.ok());
        for (const auto& [number, place] : now) ASSERT_LE(**first, place.arrival);
        ASSERT_TRUE(held->begin_early(up_to).ok());
        std::vector<HeldRow> gone;
        while (const auto point = held->next_release(watermark)) {
          ASSERT_TRUE(held->take_before(std::min(point->time, watermark), gone).ok());
          ASSERT_TRUE(held->take_early(point->time, gone).ok());
        }
        held->finish_early();
        early += static_cast<int>(gone.size());
        settle(gone);
        EXPECT_TRUE(std::none_of(now.begin(), now.end(), [&](const auto& row) { return row.second.arrival <= up_to; }));
      }
      ASSERT_EQ(held->empty(), now.empty());
      pool.release_pending();
      arena.reset();
    }
    EXPECT_GT(early, 100);
    EXPECT_GT(normal, 20);
    EXPECT_GT(restarts, 3);
  }
}

}  // namespace
}  // namespace braid
