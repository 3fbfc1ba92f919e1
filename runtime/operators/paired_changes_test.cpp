#include "runtime/operators/paired_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "runtime/base/rng.h"
#include "runtime/operators/net.h"
#include "runtime/operators/test_nobody.h"

namespace braid {
namespace {

using ::testing::ElementsAreArray;

const std::vector<Field> kRow{{"k", int_type()}, {"text", string_type()}, {"n", int_type()}};

std::vector<Field> with_mark(std::vector<Field> row) {
  row.push_back({std::string(kRetracted), bool_type()});
  return row;
}

/// rows → the step → rows → changes; the numbered top of each `k`, or a step of which nothing is known.
Program program_of(bool known) {
  Program program;
  program.operators.push_back({.content = UnionOperator{}, .row = {kRow[0], kRow[1]}});
  TopOperator top;
  top.group.windowed = false;
  top.group.keys = {0};
  top.fields = 2;
  top.numbered = true;
  Operator step{.content = top, .inputs = {0}, .row = with_mark(kRow)};
  if (!known) step.content = UnionOperator{};
  program.operators.push_back(std::move(step));
  program.operators.push_back({.content = RowsOperator{.kernel = {}, .passthrough = {2, 1, 0, 3}},
                               .inputs = {1},
                               .row = with_mark({kRow[2], kRow[1], kRow[0]})});
  Operator net{.content = NetOperator{.fields = 3, .retracted = 3, .keys = {0, 2}},
               .inputs = {2},
               .row = {kRow[2], kRow[1], kRow[0], {std::string(kChange), int_type()}}};
  program.operators.push_back(std::move(net));
  return program;
}

TEST(PairedChanges, AreProvenByTheProgram) {
  const Program program = program_of(true);
  const auto proof = PairedChanges::prove(program, 3);
  ASSERT_TRUE(proof.has_value());
  EXPECT_EQ(proof->number, 0);
  EXPECT_FALSE(PairedChanges::prove(program_of(false), 3).has_value());

  auto changed = [&](auto change) {
    Program other = program;
    change(other);
    return PairedChanges::prove(other, 3).has_value();
  };
  auto net = [](Program& p) -> NetOperator& { return std::get<NetOperator>(p.operators[3].content); };
  auto top = [](Program& p) -> TopOperator& { return std::get<TopOperator>(p.operators[1].content); };
  EXPECT_FALSE(changed([&](Program& p) { net(p).keys = {0}; })) << "rows of several keys have one number";
  EXPECT_FALSE(changed([&](Program& p) { net(p).keys = {2}; })) << "a key has several rows";
  EXPECT_FALSE(changed([&](Program& p) { net(p).keys = {0, 1, 2}; })) << "a row may change its key";
  EXPECT_FALSE(changed([&](Program& p) { net(p).keeps = true; }));
  EXPECT_FALSE(changed([&](Program& p) { net(p).whole = true; }));
  EXPECT_FALSE(changed([&](Program& p) { top(p).numbered = false; }));
  EXPECT_FALSE(changed([&](Program& p) { top(p).group.keys = {0, 1}; }));
  EXPECT_FALSE(changed([&](Program& p) { std::get<RowsOperator>(p.operators[2].content).passthrough[0] = -1; }))
      << "the number is computed";
  EXPECT_FALSE(changed([&](Program& p) { p.operators[0].content = InstantsOperator{.fields = 2, .keys = {0}}; }))
      << "a key changes instant by instant";

  auto with_latest = [&](std::vector<int> keys) {
    return changed([&](Program& p) { p.operators[1].content = LatestOperator{.fields = 3, .keys = std::move(keys)}; });
  };
  EXPECT_TRUE(with_latest({0, 2}));
  EXPECT_FALSE(with_latest({0}));
  GroupOperator group;
  group.windowed = false;
  group.keys = {0};
  EXPECT_FALSE(changed([&](Program& p) { p.operators[1].content = group; }));
  EXPECT_TRUE(changed([&](Program& p) {
    p.operators[1].content = group;
    net(p).keys = {2};
  }));
}

/// A row that a NetNode takes or gives.
struct Row {
  int64_t key, number;
  std::string text;
  int64_t change;  ///< the row goes; of one that is out: a RowChange
  int64_t time;
  std::string cause;

  bool operator==(const Row&) const = default;
  friend void PrintTo(const Row& row, std::ostream* out) {
    *out << row.key << "/" << row.number << " " << row.text << " " << row.change << " @" << row.time;
  }
};

/// As a numbered top has them: of some keys, each once.
std::vector<Row> turn_of(Rng& rng, std::map<int64_t, std::vector<std::string>>& standing) {
  std::vector<Row> rows;
  const int64_t most = rng.chance(20) ? 3000 : 12;
  std::set<int64_t> changed;
  for (uint64_t count = rng.below(40); count > 0; --count) {
    const auto key = static_cast<int64_t>(rng.below(300));
    if (!changed.insert(key).second) continue;
    std::vector<std::string> now;
    for (int64_t i = static_cast<int64_t>(rng.below(static_cast<uint64_t>(most))); i > 0; --i)
      now.push_back(std::string(rng.below(20), static_cast<char>('a' + rng.below(3))));
    std::vector<std::string>& before = standing[key];
    const auto time = static_cast<int64_t>(rng.below(1000));
    for (const bool goes : {true, false}) {
      const std::vector<std::string>& side = goes ? before : now;
      const std::vector<std::string>& other = goes ? now : before;
      for (size_t i = 0; i < side.size(); ++i) {
        // One that stays may come as well, and go.
        if (i < other.size() && side[i] == other[i] && (key % 2 == 0)) continue;
        rows.push_back({key, static_cast<int64_t>(i) + 1, side[i], goes, time + (goes ? 0 : 1), std::to_string(key)});
      }
    }
    before = now;
  }
  return rows;
}

class Net {
 public:
  explicit Net(bool known) : program_(program_of(known)) {}

  std::vector<Row> run(const std::vector<Row>& rows, uint64_t most, Rng& rng) {
    std::vector<Row> out;
    node_.begin_turn();
    for (size_t first = 0; first < rows.size();) {
      const size_t end = std::min<size_t>(rows.size(), first + 1 + rng.below(most));
      std::vector<Block> blocks;
      // Its memory is another's after the round.
      const Block block = block_of(
          {rows.begin() + static_cast<std::ptrdiff_t>(first), rows.begin() + static_cast<std::ptrdiff_t>(end)});
      node_.take(0, block, blocks);
      read(blocks, out);
      if (rng.chance(2)) {
        std::memset(texts_.data(), '#', texts_.size());
        arena_.reset();
        node_.begin_round();
      }
      first = end;
    }
    std::vector<Block> blocks;
    while (node_.advance(blocks)) {
    }
    read(blocks, out);
    arena_.reset();
    return out;
  }

 private:
  Block block_of(const std::vector<Row>& rows) {
    Block block = allocate_block(flatten(program_.operators[2].row), static_cast<uint32_t>(rows.size()), arena_);
    block.rows = static_cast<uint32_t>(rows.size());
    auto* records = arena_.allocate_array<Record>(rows.size());
    block.records = records;
    texts_.clear();
    size_t size = 0;
    for (const Row& row : rows) size += row.text.size() + row.cause.size();
    texts_.reserve(size);
    auto text = [&](const std::string& of) {
      const size_t at = texts_.size();
      texts_ += of;
      return Bytes{texts_.data() + at, of.size()};
    };
    for (uint32_t i = 0; i < block.rows; ++i) {
      block.columns[0].as<int64_t>()[i] = rows[i].number;
      block.columns[1].as<Bytes>()[i] = text(rows[i].text);
      block.columns[2].as<int64_t>()[i] = rows[i].key;
      block.columns[3].as<uint8_t>()[i] = rows[i].change != 0 ? 1 : 0;
      block.time[i] = rows[i].time;
      block.watermark[i] = kNoTime;
      block.record[i] = i;
      records[i] = Record{};
      records[i].bytes = text(rows[i].cause);
    }
    return block;
  }
  static void read(const std::vector<Block>& blocks, std::vector<Row>& out) {
    for (const Block& block : blocks) {
      EXPECT_LE(block.rows, kBlockRows);
      for (uint32_t i = 0; i < block.rows; ++i)
        out.push_back({block.columns[2].as<int64_t>()[i], block.columns[0].as<int64_t>()[i],
                       std::string(block.columns[1].as<Bytes>()[i].view()), block.columns[3].as<int64_t>()[i],
                       block.time[i], std::string(block.record_of(i).bytes.view())});
    }
  }

  Program program_;
  Arena arena_;
  CallContext call_;
  test::Nobody nobody_;
  const uint64_t turn_ = 0;
  const std::vector<std::unique_ptr<OperatorNode>> nodes_;
  std::string texts_;
  NetNode node_{Services{program_, 3, 0, arena_, call_, nobody_, turn_, nobody_, nodes_}};
};

/// However the rows are cut into blocks, and whatever of them waits.
TEST(PairedChanges, AreThoseOfTheWholeTurn) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    Net paired(true), whole(false);
    std::map<int64_t, std::vector<std::string>> standing;
    for (int turn = 0; turn < 20; ++turn) {
      const std::vector<Row> rows = turn_of(rng, standing);
      const std::vector<Row> found = paired.run(rows, rng.chance(3) ? 3 : kBlockRows, rng);
      ASSERT_THAT(found, ElementsAreArray(whole.run(rows, kBlockRows, rng)));
    }
  }
}

}  // namespace
}  // namespace braid
