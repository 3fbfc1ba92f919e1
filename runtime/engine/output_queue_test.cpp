// Rows that are encoded beside the turns: their bytes are those of an encoder that is called at once, whoever encodes
// them and however late, though the memory they came in is used again.
#include "runtime/engine/output_queue.h"

#include <gtest/gtest.h>

#include "runtime/data/value.h"
#include "runtime/engine/test_job.h"

namespace braid {
namespace {

const std::vector<Field> kRow = {
    {"id", int_type()},
    {"name", optional_type(string_type())},
    {"tags", list_type(struct_type({{"label", string_type()}, {"more", list_type(string_type())}}))},
    {"price", decimal_type(30, 2)}};

/// A block of random rows, with `longest` bytes in a text, and after overwrite() with others in the same memory.
class RandomBlock {
 public:
  RandomBlock(Rng& rng, uint32_t rows, uint64_t longest)
      : rng_(rng), block_(allocate_block(flatten(kRow), rows, arena_)) {
    const Type type = struct_type(kRow);
    std::vector<Slot> slots(leaf_count(type));
    for (; block_.rows < rows; ++block_.rows) {
      const Value name = rng_.chance(3) ? Value{Null{}} : Value{text(longest)};
      to_slots(type, {std::vector<Value>{{rng_.between(-9, 9)}, name, tags(), {int128{rng_.between(0, 999)}}}},
               slots.data(), arena_);
      for (size_t i = 0; i < slots.size(); ++i) write_slot(block_.columns[i], block_.rows, slots[i]);
    }
  }
  const Block& block() const { return block_; }
  void overwrite() {
    const size_t bytes = arena_.bytes_reserved();
    arena_.reset();
    for (size_t taken = 0; taken < bytes; taken += 4096) std::memset(arena_.allocate(4096), '#', 4096);
  }

 private:
  std::string text(uint64_t longest) {
    return std::string(rng_.below(longest), static_cast<char>('a' + rng_.below(26)));
  }
  Value tags() {
    std::vector<Value> list(rng_.below(4));
    for (Value& tag : list) tag = {std::vector<Value>{{text(9)}, {std::vector<Value>(rng_.below(3), Value{text(20)})}}};
    return {list};
  }
  Rng& rng_;
  Arena arena_{4096};
  Block block_;
};

void expect_bytes_of_an_encoder(Executor& executor, size_t workers, uint64_t seed, int blocks, uint64_t longest) {
  Rng rng(seed);
  const std::unique_ptr<Encoder> at_once = make_encoder(Format::ndjson, kRow);
  std::string expected, found;
  OutputQueue queue(
      kRow, [] { return make_encoder(Format::ndjson, kRow); }, [&](std::string_view bytes) { found += bytes; },
      executor, workers);
  queue.drain();
  for (int i = 0; i < blocks; ++i) {
    const auto rows = static_cast<uint32_t>(rng.chance(3) ? rng.below(kBlockRows) + 1 : rng.below(20));
    RandomBlock made(rng, rows, longest);
    expected += at_once->encode(made.block());
    queue.add(made.block());
    made.overwrite();
    if (rng.chance(20)) {
      queue.drain();
      ASSERT_EQ(found.size(), expected.size());
    }
  }
  queue.drain();
  EXPECT_TRUE(found == expected) << workers << " workers, seed " << seed;
}

TEST(OutputQueue, GivesTheBytesOfAnEncoder) {
  InlineExecutor inline_executor;
  test::LateExecutor late;
  for (size_t workers : {1, 2, 5}) {
    expect_bytes_of_an_encoder(inline_executor, workers, 1, 100, 40);
    expect_bytes_of_an_encoder(late, workers, 2, 100, 40);
  }
  for (size_t threads : {1, 2, 4, 8}) {
    ThreadExecutor executor(threads);
    for (uint64_t seed = 3; seed < 6; ++seed) expect_bytes_of_an_encoder(executor, threads, seed, 200, 40);
  }
}

TEST(OutputQueue, ABatchOfLongTextsHasFewRows) {
  ThreadExecutor executor(3);
  expect_bytes_of_an_encoder(executor, 3, 7, 12, 30'000);
}

TEST(OutputQueue, IsLetGoOfWithBatchesOnTheirWay) {
  for (uint64_t seed = 1; seed < 40; ++seed) {
    Rng rng(seed);
    ThreadExecutor executor(4);
    std::string found;
    OutputQueue queue(
        kRow, [] { return make_encoder(Format::ndjson, kRow); }, [&](std::string_view bytes) { found += bytes; },
        executor, 4);
    for (int i = 0; i < 4; ++i) queue.add(RandomBlock(rng, kBlockRows, 20).block());
  }
}

}  // namespace
}  // namespace braid
