#include "runtime/data/block.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"

namespace braid {

Block allocate_block(std::span<const Leaf> leaves, uint32_t capacity, Arena& arena) {
  Block block;
  block.columns.reserve(leaves.size());
  for (const Leaf& leaf : leaves)
    block.columns.push_back({leaf.kind, arena.allocate(leaf_width(leaf.kind) * capacity)});
  block.time = arena.allocate_array<int64_t>(capacity);
  block.watermark = arena.allocate_array<int64_t>(capacity);
  block.record = arena.allocate_array<uint32_t>(capacity);
  return block;
}

namespace {

template <class T>
void gather_column(const void* from, std::span<const uint32_t> kept, void* to) {
  const T* source = static_cast<const T*>(from);
  T* target = static_cast<T*>(to);
  for (size_t i = 0; i < kept.size(); ++i) target[i] = source[kept[i]];
}

}  // namespace

Block gather(const Block& block, std::span<const uint32_t> kept, std::span<const Leaf> leaves, Arena& arena) {
  BRAID_CHECK(block.columns.size() == leaves.size());
  Block gathered = allocate_block(leaves, static_cast<uint32_t>(kept.size()), arena);
  gathered.rows = static_cast<uint32_t>(kept.size());
  for (size_t i = 0; i < leaves.size(); ++i) {
    const void* from = block.columns[i].data;
    void* to = gathered.columns[i].data;
    switch (leaf_width(leaves[i].kind)) {
      case 1:
        gather_column<uint8_t>(from, kept, to);
        break;
      case 4:
        gather_column<uint32_t>(from, kept, to);
        break;
      case 8:
        gather_column<uint64_t>(from, kept, to);
        break;
      case 16:
        gather_column<uint128>(from, kept, to);
        break;
    }
  }
  if (block.time != nullptr) gather_column<int64_t>(block.time, kept, gathered.time);
  if (block.watermark != nullptr) gather_column<int64_t>(block.watermark, kept, gathered.watermark);
  if (block.record != nullptr) gather_column<uint32_t>(block.record, kept, gathered.record);
  gathered.records = block.records;
  return gathered;
}

Block concatenate(std::span<const Block> blocks, std::span<const Leaf> leaves, Arena& arena) {
  uint32_t rows = 0;
  const bool shared =
      std::all_of(blocks.begin(), blocks.end(), [&](const Block& block) { return block.records == blocks[0].records; });
  for (const Block& block : blocks) rows += block.rows;
  Block made = allocate_block(leaves, rows, arena);
  made.rows = rows;
  Record* of_rows = shared ? nullptr : arena.allocate_array<Record>(rows);
  made.records = shared ? blocks[0].records : of_rows;
  uint32_t at = 0;
  for (const Block& block : blocks) {
    BRAID_CHECK(block.columns.size() == leaves.size());
    for (size_t i = 0; i < leaves.size(); ++i) {
      const size_t width = leaf_width(leaves[i].kind);
      std::memcpy(made.columns[i].as<char>() + width * at, block.columns[i].data, width * block.rows);
    }
    std::copy_n(block.time, block.rows, made.time + at);
    std::copy_n(block.watermark, block.rows, made.watermark + at);
    for (uint32_t row = 0; row < block.rows; ++row) {
      made.record[at + row] = shared ? block.record[row] : at + row;
      if (!shared) of_rows[at + row] = block.record_of(row);
    }
    at += block.rows;
  }
  return made;
}

void join_small_blocks(std::vector<Block>& blocks, size_t first, std::span<const Leaf> leaves, Arena& arena) {
  size_t kept = first;
  for (size_t from = first; from < blocks.size();) {
    size_t end = from + 1;
    uint32_t rows = blocks[from].rows;
    while (end < blocks.size() && rows + blocks[end].rows <= kBlockRows) rows += blocks[end++].rows;
    Block block = end == from + 1 ? std::move(blocks[from])
                                  : concatenate(std::span(blocks).subspan(from, end - from), leaves, arena);
    blocks[kept++] = std::move(block);
    from = end;
  }
  blocks.resize(kept);
}

Block slice(const Block& block, uint32_t first, uint32_t rows) {
  BRAID_CHECK(first + rows <= block.rows);
  Block part = block;
  part.rows = rows;
  for (Column& column : part.columns) column.data = column.as<char>() + size_t{leaf_width(column.kind)} * first;
  if (part.time != nullptr) part.time += first;
  if (part.watermark != nullptr) part.watermark += first;
  if (part.record != nullptr) part.record += first;
  return part;
}

}  // namespace braid
