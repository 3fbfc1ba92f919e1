#include "runtime/data/block.h"

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
