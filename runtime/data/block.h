// Up to 1,024 rows on their way between operators: leaf columns (runtime/data/type.h) plus, for each row, its event
// time, its own watermark and the input record that caused it. All memory belongs to the turn's arena; a block lives
// as long as its turn. How rows are cut into blocks is never observable.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/data/arena.h"
#include "runtime/data/type.h"

namespace braid {

inline constexpr uint32_t kBlockRows = 1024;

/// Record::line of a row that a window made, which is not an input record (runtime/operators/made_row.h has its bytes).
inline constexpr int64_t kMadeByWindow = -1;

/// An input record as it came. `bytes` views the turn's input (or a waiting row's copy).
struct Record {
  Bytes bytes;
  int64_t position = 0;          ///< byte offset in its partition; opaque to operators
  int64_t line = 0;              ///< 1-based line in a file, 0 where there are no lines, kMadeByWindow
  uint32_t source = 0;           ///< index into Program::sources
  uint32_t partition = 0;        ///< ordinal of the partition within the source
  uint64_t turn = 0;             ///< number of the turn that read it
  uint32_t ordinal = 0;          ///< index within its turn: with `turn`, the order of arrival
  mutable uint64_t settled = 0;  ///< the engine's: products that have counted it, where it reaches one by several ways
  const char* pair = nullptr;    ///< of a row that joins have made: the right rows that it has met (pair_place.h)
};

struct Column {
  LeafKind kind = LeafKind::u8;
  void* data = nullptr;

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

struct Block {
  uint32_t rows = 0;
  std::vector<Column> columns;   ///< as `flatten` of the edge's row type
  int64_t* time = nullptr;       ///< event time of each row, µs
  int64_t* watermark = nullptr;  ///< its own watermark just before it, µs: what lateness is judged against
  uint32_t* record = nullptr;    ///< index into `records` of each row's cause
  const Record* records = nullptr;

  const Record& record_of(uint32_t row) const { return records[record[row]]; }
};

/// Columns for `capacity` rows of that layout, uninitialised.
Block allocate_block(std::span<const Leaf> leaves, uint32_t capacity, Arena& arena);
/// The rows of `kept` (indexes into `block`), in that order, in a new block.
Block gather(const Block& block, std::span<const uint32_t> kept, std::span<const Leaf> leaves, Arena& arena);

/// The rows of all, in that order, in a new block. Some have rows; all have times, watermarks and records.
Block concatenate(std::span<const Block> blocks, std::span<const Leaf> leaves, Arena& arena);
/// Of the blocks from `first` on, puts neighbours into one while it has at most kBlockRows rows: what takes them pays
/// for each block. Their rows and the order of these stay.
void join_small_blocks(std::vector<Block>& blocks, size_t first, std::span<const Leaf> leaves, Arena& arena);

/// Rows `first` to `first + rows` of the block: a view, nothing is copied.
Block slice(const Block& block, uint32_t first, uint32_t rows);

/// One leaf of one row, as a slot (upper bytes zero) and back.
inline Slot read_slot(const Column& column, uint32_t row) {
  Slot slot = slot_i128(0);
  switch (column.kind) {
    case LeafKind::u8:
      slot.u8 = column.as<uint8_t>()[row];
      break;
    case LeafKind::i32:
      slot.i32 = column.as<int32_t>()[row];
      break;
    case LeafKind::i64:
      slot.i64 = column.as<int64_t>()[row];
      break;
    case LeafKind::f64:
      slot.f64 = column.as<double>()[row];
      break;
    case LeafKind::i128:
      slot.i128 = column.as<int128>()[row];
      break;
    case LeafKind::bytes:
      slot.bytes = column.as<Bytes>()[row];
      break;
    case LeafKind::list:
      slot.list = column.as<List>()[row];
      break;
  }
  return slot;
}

inline void write_slot(const Column& column, uint32_t row, const Slot& slot) {
  switch (column.kind) {
    case LeafKind::u8:
      column.as<uint8_t>()[row] = slot.u8;
      break;
    case LeafKind::i32:
      column.as<int32_t>()[row] = slot.i32;
      break;
    case LeafKind::i64:
      column.as<int64_t>()[row] = slot.i64;
      break;
    case LeafKind::f64:
      column.as<double>()[row] = slot.f64;
      break;
    case LeafKind::i128:
      column.as<int128>()[row] = slot.i128;
      break;
    case LeafKind::bytes:
      column.as<Bytes>()[row] = slot.bytes;
      break;
    case LeafKind::list:
      column.as<List>()[row] = slot.list;
      break;
  }
}

}  // namespace braid
