// Rows that outlive their turn, in the state row format (runtime/data/row_codec.h), in a pool's memory. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/arena.h"
#include "runtime/data/block.h"
#include "runtime/data/row_codec.h"
#include "runtime/state/blob_pool.h"

namespace braid {

/// Of a row, the fields in front of those that a step has put behind them for itself.
std::vector<Field> first_fields(const std::vector<Field>& row, int count);

class StoredRows {
 public:
  static constexpr uint16_t kLayout = 1;

  explicit StoredRows(const std::vector<Field>& row) : layout_(row, kLayout) {}

  /// Row `row` of a block of this row type (see target()), behind what `out` holds.
  void append(const Block& block, uint32_t row, std::string& out) const { layout_.encode(block, row, out); }
  /// The same as a copy in the pool. Its caller releases it.
  Bytes store(const Block& block, uint32_t row, BlobPool& pool);
  size_t leaf_count() const { return layout_.leaves(); }
  /// Columns [first, …) of `block` as a block of this row type, to store from or read into; shares the columns.
  Block target(const Block& block, size_t first) const;
  /// Text refers to `bytes`; lists are built in the arena.
  void read(Bytes bytes, const Block& target, uint32_t row, Arena& arena) const {
    layout_.decode(bytes.view(), target, row, arena);
  }
  /// Before bytes from a disk are trusted.
  bool fits(std::string_view bytes) const { return layout_.well_formed(bytes); }

 private:
  RowLayout layout_;
  std::string scratch_;
};

}  // namespace braid
