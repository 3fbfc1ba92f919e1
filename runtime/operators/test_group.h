// A group on random rows of several partitions, in blocks: between turns it is committed in pieces, evicted, and
// restarted.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <tuple>

#include "runtime/base/rng.h"
#include "runtime/data/time_text.h"
#include "runtime/operators/operator.h"
#include "runtime/state/memory_store.h"

namespace braid {

struct Input {
  int64_t time, key, value, watermark;
  int64_t start = 0, end = 0;  ///< of a span
};
/// Key, start, end, rows, sum, different values.
using Output = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;

class Counts : public Dispositions, public PartitionClocks {
 public:
  void leave(int, int, const Block&, uint32_t, uint32_t, const RowReason&) override { ++late; }
  void use(int, int, const Record&) override { ++used; }
  uint64_t hold(int, int, const Record&) override { return 0; }
  void release(int, int, const Record&) override {}
  void replace(int, int, uint64_t, uint32_t) override {}
  void make(int, uint64_t) override {}
  void make_filtered(int, uint64_t) override {}
  void send(int, const Block&) override {}
  void receive(int, const Block&) override {}
  void partly_late(int, int, const Record&) override {}
  void early(int, int, const Record&) override {}
  void alert(int, const Block&, uint32_t, std::string_view) override {}
  void publish(int, const Block&) override {}
  void visit_clocks(uint32_t, const Visit&) const override {}
  uint64_t late = 0, used = 0;
};

inline Program group_program(const WindowSpec& window) {
  Program program;
  const std::vector<Field> row = {
      {"k", int_type()}, {"v", int_type()}, {"start", timestamp_type()}, {"end", timestamp_type()}};
  program.operators.push_back({.content = UnionOperator{}, .row = row});
  GroupOperator group;
  group.window = window;
  group.keys = {0};
  if (window.span) group.keys = {2, 3, 0};
  using Kind = AggregateSpec::Kind;
  group.aggregates.push_back({.kind = Kind::count, .type = int_type()});
  group.aggregates.push_back({.kind = Kind::sum, .argument = 1, .type = int_type()});
  group.aggregates.push_back({.kind = Kind::count_distinct, .argument = 1, .type = int_type()});
  const Type range = struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}});
  std::vector<Field> made;
  for (int key : group.keys) made.push_back(row[static_cast<size_t>(key)]);
  for (const char* aggregate : {"n", "s", "d"}) made.push_back({aggregate, int_type()});
  made.push_back({"window", range});
  program.operators.push_back({.content = std::move(group), .inputs = {0}, .row = std::move(made)});
  return program;
}

class GroupRun {
 public:
  GroupRun(const WindowSpec& window, Rng& rng) : program_(group_program(window)), rng_(rng) { begin(); }

  void take(const std::vector<Input>& rows) {
    ++turn_;
    node_->begin_turn();
    const std::vector<Leaf> leaves = flatten(program_.operators[0].row);
    for (size_t at = 0; at < rows.size();) {
      const auto count = static_cast<uint32_t>(std::min<size_t>(rows.size() - at, rng_.between(1, 300)));
      Block block = allocate_block(leaves, count, arena_);
      block.rows = count;
      block.records = arena_.allocate_array<Record>(1);
      new (const_cast<Record*>(block.records)) Record{};
      for (uint32_t i = 0; i < count; ++i, ++at) {
        block.columns[0].as<int64_t>()[i] = rows[at].key;
        block.columns[1].as<int64_t>()[i] = rows[at].value;
        block.columns[2].as<int64_t>()[i] = rows[at].start;
        block.columns[3].as<int64_t>()[i] = rows[at].end;
        block.time[i] = rows[at].time;
        block.watermark[i] = rows[at].watermark;
        block.record[i] = 0;
      }
      std::vector<Block> none;
      node_->take(0, block, none);
    }
  }
  /// Time moves, and what is due goes out.
  void advance(int64_t watermark, bool ended) {
    node_->edges[0].finite = std::max(node_->edges[0].finite, watermark);
    node_->edges[0].ended = ended;
    for (bool more = true; more;) {
      node_->begin_round();
      std::vector<Block> out;
      more = node_->advance(out);
      for (const Block& block : out) collect(block);
    }
    ASSERT_TRUE(node_->health().ok()) << node_->health().error().message;
    ASSERT_TRUE(std::is_sorted(ends_.begin(), ends_.end()));
    arena_.reset();
  }
  void copy_some() {
    if (!copying_) return;
    CopyBudget budget(rng_.below(20 * CopyBudget::kBytesOfRow));
    copying_ = !node_->copy_frozen(budget);
    if (!copying_) finish_commit();
  }
  void freeze() {
    if (copying_) return;
    node_->freeze();
    copying_ = true;
  }
  void commit() {
    if (copying_) copy_all();
    freeze();
    copy_all();
  }
  void evict() {
    commit();
    ASSERT_TRUE(node_->evict(rng_.below(4) * 20'000).ok());
    cold += node_->state_size().cold;
  }
  void restart() {
    commit();
    const std::vector<EdgeWatermark> edges = node_->edges;
    begin();
    node_->edges = edges;
    ASSERT_TRUE(node_->restore(store_, rng_.chance(2) ? 0 : UINT64_MAX).ok());
  }
  void read_ahead() { node_->read_ahead(); }
  StateSize state_size() const { return node_->state_size(); }

  std::vector<Output> outputs;
  Counts counts;
  uint64_t cold = 0;

 private:
  void begin() {
    Services services{program_, 1, 1, arena_, call_, counts, turn_, counts, nodes_};
    services.store = &store_;
    services.round_rows = 20;
    services.read_ahead = {.range_bytes = 500, .ranges = 2};
    node_ = make_operator(services).value();
    node_->edges.resize(1);
  }
  void copy_all() {
    CopyBudget all(UINT64_MAX);
    ASSERT_TRUE(node_->copy_frozen(all));
    finish_commit();
  }
  void finish_commit() {
    copying_ = false;
    StateBatch batch;
    node_->take_frozen(batch);
    ASSERT_TRUE(store_.commit(batch).ok());
    node_->committed();
  }
  void collect(const Block& block) {
    for (uint32_t i = 0; i < block.rows; ++i) {
      auto read = [&](size_t column) { return block.columns[column].as<int64_t>()[i]; };
      const size_t n = program_.operators[1].row.size() - 4;  // column of the count
      outputs.push_back({read(n - 1), read(n + 3), read(n + 4), read(n), read(n + 1), read(n + 2)});
      ends_.push_back(read(n + 4));
      EXPECT_EQ(block.time[i], read(n + 4) - 1);
    }
  }

  Program program_;
  Rng& rng_;
  Arena arena_;
  CallContext call_;
  MemoryStore store_;
  uint64_t turn_ = 0;
  const std::vector<std::unique_ptr<OperatorNode>> nodes_;
  std::unique_ptr<OperatorNode> node_;
  bool copying_ = false;
  std::vector<int64_t> ends_;
};

/// `expected`: of all rows. Some must be late, and some of the state must have been in the store alone.
inline void compare_with(const WindowSpec& window, int64_t keys,
                         const std::function<std::vector<Output>(const std::vector<Input>&)>& expected) {
  constexpr int64_t kMs = 1'000;
  uint64_t cold = 0, late = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    GroupRun run(window, rng);
    std::vector<Input> all;
    const int64_t within = rng.between(0, 8'000) * kMs;
    int64_t at[3] = {0, 0, 0}, newest[3] = {kNoTime, kNoTime, kNoTime};
    for (int turn = 0; turn < 60; ++turn) {
      const auto partition = static_cast<size_t>(rng.below(3));
      std::vector<Input> rows;
      for (uint64_t i = rng.below(30); i > 0; --i) {
        at[partition] += rng.between(0, 2'000) * kMs;
        const int64_t watermark = subtract_time(newest[partition], within);
        const int64_t time = at[partition] - (rng.chance(3) ? rng.between(0, 10'000) * kMs : 0);
        const int64_t start = floor_divide(time, 4'000 * kMs) * 4'000 * kMs;
        const int64_t end = start + rng.between(1, 4) * 3'000 * kMs;
        rows.push_back({time, rng.between(0, keys), rng.between(0, 3), watermark, start, end});
        newest[partition] = std::max(newest[partition], time);
      }
      all.insert(all.end(), rows.begin(), rows.end());
      run.take(rows);
      run.advance(subtract_time(*std::min_element(newest, newest + 3), within), false);
      switch (rng.below(6)) {
        case 0:
          run.freeze();
          break;
        case 1:
          run.evict();
          break;
        case 2:
          run.restart();
          break;
        case 3:
          run.read_ahead();
          break;
        default:
          run.copy_some();
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    run.advance(kNoTime, true);
    EXPECT_EQ(run.counts.used + run.counts.late, all.size());
    EXPECT_EQ(run.state_size().rows, 0);
    cold += run.cold;
    late += run.counts.late;
    std::sort(run.outputs.begin(), run.outputs.end());
    ASSERT_EQ(run.outputs, expected(all));
  }
  EXPECT_GT(cold, 0);
  EXPECT_GT(late, 0);
}

}  // namespace braid
