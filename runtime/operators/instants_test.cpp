#include "runtime/operators/instants.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/operators/test_nobody.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

Program pair_program() {
  Program program;
  const std::vector<Field> row{{"v", int_type()}};
  for (int side = 0; side < 2; ++side) program.operators.push_back({.content = UnionOperator{}, .row = row});
  for (int side = 0; side < 2; ++side) {
    InstantsOperator made{.fields = 1, .keys = {0}, .pair = true, .leader = side == 0 ? -1 : 2};
    program.operators.push_back({.content = made, .inputs = {side}, .row = row});
  }
  return program;
}

/// Both sides of a join, on random rows, in random turns.
class Pair {
 public:
  explicit Pair(Rng& rng) : rng_(rng), fs_(rng.next()), store_(MemoryStore::open(fs_, "state").value()) { begin(); }

  void give(int side, std::vector<int64_t> times, int64_t watermark) {
    Block block = allocate_block(flatten(program_.operators[0].row), static_cast<uint32_t>(times.size()), arena_);
    block.rows = static_cast<uint32_t>(times.size());
    block.records = arena_.allocate_array<Record>(1);
    new (const_cast<Record*>(block.records)) Record{};
    for (uint32_t i = 0; i < block.rows; ++i) {
      block.columns[0].as<int64_t>()[i] = static_cast<int64_t>(given++);
      block.time[i] = times[i];
      block.watermark[i] = kNoTime;
      block.record[i] = 0;
    }
    std::vector<Block> none;
    node(side).take(0, block, none);
    ASSERT_TRUE(none.empty());
    watermarks_[side] = watermark;
  }
  void begin_turn() {
    ++turn_;
    for (int side : {0, 1}) node(side).begin_turn();
  }
  /// As the engine does: `late_side` is behind steps that need some rounds more.
  void release(int late_side, bool ended) {
    for (bool more = true, first = true; more; first = false) {
      more = first;
      std::set<int64_t> instants;
      for (int side : {0, 1}) {
        node(side).begin_round();
        if (first && side == late_side) continue;
        EdgeWatermark& edge = node(side).edges[0];
        edge.finite = std::max(edge.finite, watermarks_[side]);
        edge.ended = ended;
        if (done_[side] == turn_) continue;
        std::vector<Block> out;
        if (node(side).advance(out))
          more = true;
        else
          done_[side] = turn_;
        for (const Block& block : out)
          for (uint32_t row = 0; row < block.rows; ++row) {
            instants.insert(block.time[row]);
            values.insert(block.columns[0].as<int64_t>()[row]);
          }
      }
      ASSERT_LE(instants.size(), 1u) << "a round with rows of two instants";
      for (const int64_t instant : instants) {
        ASSERT_GT(instant, last_) << "an instant comes twice, or late";
        ASSERT_TRUE(ended || instant < std::min(watermarks_[0], watermarks_[1]));
        last_ = instant;
      }
    }
    arena_.reset();
  }
  void restart() {
    StateBatch batch;
    CopyBudget all(UINT64_MAX);
    std::vector<EdgeWatermark> edges;
    for (int side : {0, 1}) {
      node(side).freeze();
      ASSERT_TRUE(node(side).copy_frozen(all));
      node(side).take_frozen(batch);
      edges.push_back(node(side).edges[0]);
    }
    ASSERT_TRUE(store_->commit(batch).ok());
    begin();
    for (int side : {0, 1}) {
      node(side).edges[0] = edges[static_cast<size_t>(side)];
      ASSERT_TRUE(node(side).restore(*store_, rng_.chance(2) ? 0 : UINT64_MAX).ok());
    }
  }

  uint64_t given = 0;
  std::set<int64_t> values;

 private:
  OperatorNode& node(int side) { return *nodes_[static_cast<size_t>(side) + 2]; }
  void begin() {
    nodes_.clear();
    nodes_.resize(2);
    for (int op = 2; op < 4; ++op) {
      Services services{program_, op, static_cast<uint32_t>(op), arena_, call_, nobody_, turn_, nobody_, nodes_};
      services.store = store_.get();
      nodes_.push_back(std::make_unique<InstantsNode>(services));
      nodes_.back()->edges.resize(1);
    }
  }

  Rng& rng_;
  SimFs fs_;
  std::unique_ptr<StateStore> store_;
  Program program_ = pair_program();
  Arena arena_;
  CallContext call_;
  test::Nobody nobody_;
  uint64_t turn_ = 0;
  std::vector<std::unique_ptr<OperatorNode>> nodes_;
  int64_t watermarks_[2] = {kNoTime, kNoTime};
  uint64_t done_[2] = {0, 0};
  int64_t last_ = kNoTime;
};

TEST(Instants, of_both_sides_go_together) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    Pair pair(rng);
    int64_t time[2] = {0, 0};
    for (int turn = 0; turn < 12; ++turn) {
      pair.begin_turn();
      const int side = static_cast<int>(rng.below(2));
      std::vector<int64_t> times;
      for (uint64_t row = rng.below(12) + 1; row > 0; --row) times.push_back(time[side] + rng.between(0, 9));
      time[side] += rng.between(0, 8);
      pair.give(side, times, time[side]);
      pair.release(static_cast<int>(rng.below(3)), false);
      if (testing::Test::HasFatalFailure()) return;
      if (rng.chance(3)) pair.restart();
    }
    pair.begin_turn();
    pair.release(static_cast<int>(rng.below(3)), true);
    EXPECT_EQ(pair.values.size(), pair.given);
  }
}

TEST(Instants, name_the_steps_that_go_by_them) {
  Program program = pair_program();
  const std::vector<Field> row{{"v", int_type()}};
  program.operators.push_back({.content = RowsOperator{}, .inputs = {2}, .row = row});
  program.operators.push_back({.content = TableJoinOperator{}, .inputs = {4, 3}, .row = row});
  program.operators.push_back({.content = AsOfJoinOperator{}, .inputs = {0, 5}, .row = row});
  // Changes that are netted are a stream.
  program.operators.push_back({.content = NetOperator{}, .inputs = {5}, .row = row});
  program.operators.push_back({.content = RowsOperator{}, .inputs = {7}, .row = row});
  program.operators.push_back({.content = LatestOperator{}, .inputs = {8}, .row = row});
  EXPECT_EQ(by_instants(program),
            (std::vector<bool>{false, false, false, false, true, true, false, true, false, false}));
  EXPECT_EQ(behind_instants(program),
            (std::vector<bool>{false, false, false, false, true, true, false, true, true, true}));
}

}  // namespace
}  // namespace braid
