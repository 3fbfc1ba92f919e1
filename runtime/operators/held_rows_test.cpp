#include "runtime/operators/held_rows.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

/// Whatever an operator may ask of its engine, and rows that wait do not.
class Nobody : public Dispositions, public PartitionClocks {
 public:
  void leave(int, int, const Block&, uint32_t, uint32_t, const RowReason&) override {}
  void use(int, int, const Record&) override {}
  uint64_t hold(int, int, const Record&) override { return 0; }
  void release(int, int, const Record&) override {}
  void replace(int, int, uint64_t, uint32_t) override {}
  void make(int, uint64_t) override {}
  void make_filtered(int, uint64_t) override {}
  void send(int, const Block&) override {}
  void receive(int, const Block&) override {}
  void partly_late(int, int, const Record&) override {}
  void alert(int, const Block&, uint32_t, std::string_view) override {}
  void publish(int, const Block&) override {}
  void visit_clocks(uint32_t, const Visit&) const override {}
};

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
    Nobody nobody;
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
        HeldRow row;
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

}  // namespace
}  // namespace braid
