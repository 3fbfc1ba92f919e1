#include "runtime/data/block.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(Arena, KeepsItsMemoryOverAReset) {
  Arena arena(1024);
  for (int i = 0; i < 100; ++i) arena.allocate(100);
  char* large = arena.allocate(5000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(large) % 16, 0u);
  large[4999] = 'x';
  size_t reserved = arena.bytes_reserved();
  for (int round = 0; round < 10; ++round) {
    arena.reset();
    for (int i = 0; i < 100; ++i) arena.allocate(100);
    arena.allocate(5000)[4999] = 'y';
  }
  EXPECT_EQ(arena.bytes_reserved(), reserved);
}

TEST(Arena, PiecesDoNotOverlap) {
  Arena arena(256);
  std::vector<char*> pieces;
  for (int i = 0; i < 200; ++i) {
    pieces.push_back(arena.allocate(37));
    memset(pieces.back(), i, 37);
  }
  for (int i = 0; i < 200; ++i)
    for (int j = 0; j < 37; ++j) ASSERT_EQ(static_cast<unsigned char>(pieces[i][j]), i);
  EXPECT_EQ(arena.copy("text").view(), "text");
  EXPECT_EQ(arena.copy("").size, 0u);
}

TEST(Block, SlotsGoInAndOutWithZeroUpperBytes) {
  Arena arena;
  std::vector<Field> row = {{"b", bool_type()}, {"d", date_type()},   {"i", int_type()},           {"f", float_type()},
                            {"u", uuid_type()}, {"s", string_type()}, {"l", list_type(int_type())}};
  Block block = allocate_block(flatten(row), 4, arena);
  Slot items[2] = {slot_i64(1), slot_i64(2)};
  Slot slots[7] = {slot_u8(true), slot_i128(0),      slot_i64(-5), slot_f64(1.5),
                   slot_i128(-1), slot_bytes("abc"), slot_i128(0)};
  slots[1].i32 = -7;
  slots[6].list = {items, 2};
  for (uint32_t i = 0; i < 7; ++i) write_slot(block.columns[i], 3, slots[i]);
  EXPECT_EQ(read_slot(block.columns[0], 3).i128, 1);
  EXPECT_EQ(read_slot(block.columns[1], 3).i32, -7);
  EXPECT_EQ(read_slot(block.columns[1], 3).i128 >> 32, 0);
  EXPECT_EQ(read_slot(block.columns[2], 3).i64, -5);
  EXPECT_EQ(read_slot(block.columns[3], 3).f64, 1.5);
  EXPECT_EQ(read_slot(block.columns[4], 3).i128, -1);
  EXPECT_EQ(read_slot(block.columns[5], 3).bytes.view(), "abc");
  EXPECT_EQ(read_slot(block.columns[6], 3).list.items, items);
}

TEST(Block, GatherKeepsRowsTimesAndRecordsInTheGivenOrder) {
  Arena arena;
  std::vector<Leaf> leaves = flatten(std::vector<Field>{{"i", int_type()}, {"s", string_type()}, {"b", bool_type()}});
  Block block = allocate_block(leaves, 3, arena);
  block.rows = 3;
  Record records[3];
  block.records = records;
  const char* texts[] = {"x", "y", "z"};
  for (uint32_t i = 0; i < 3; ++i) {
    records[i].line = 10 + i;
    block.time[i] = 100 + i;
    block.record[i] = i;
    write_slot(block.columns[0], i, slot_i64(i));
    write_slot(block.columns[1], i, slot_bytes(texts[i]));
    write_slot(block.columns[2], i, slot_u8(i == 2));
  }
  uint32_t kept[] = {2, 0};
  Block gathered = gather(block, kept, leaves, arena);
  ASSERT_EQ(gathered.rows, 2u);
  EXPECT_EQ(read_slot(gathered.columns[0], 0).i64, 2);
  EXPECT_EQ(read_slot(gathered.columns[1], 1).bytes.view(), "x");
  EXPECT_EQ(read_slot(gathered.columns[2], 0).u8, 1);
  EXPECT_EQ(gathered.time[0], 102);
  EXPECT_EQ(gathered.record_of(1).line, 10);
}

}  // namespace
}  // namespace braid
