// Rows as bytes, the form in state tables, waiting rows and exchanges between workers. The same bytes in memory and on
// disk; little-endian, no pointers, padding zero, so equal rows of one layout are equal bytes.
//
//   u16 layout number | null bits | fixed fields | tail
//
// Null bits: one per presence leaf, in leaf order, 1 = present, lowest bit first, filled up to whole bytes. Fixed
// fields: every other leaf, the widest first, leaf order within one width; a field is aligned to its width (16 bytes:
// to 8) counted from the start of the row. bytes: (u32 offset from the start of the row, u32 length). list: (u32
// offset, u32 count) of elements that lie one after the other in the tail, each null bits | fixed fields, padded to a
// multiple of 8. Empty and absent values are all zero. The tail follows in leaf order, lists aligned to 8.
//
// A RowLayout is immutable; threads may share it. Views that `decode` returns point into the row's bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/arena.h"
#include "runtime/data/block.h"
#include "runtime/data/type.h"

namespace braid {

class RowLayout {
 public:
  RowLayout(const std::vector<Field>& row, uint16_t number);

  uint16_t number() const { return number_; }
  /// Bytes before the tail.
  size_t fixed_size() const { return plain_.size; }
  size_t leaves() const { return plain_.leaves.size(); }
  /// Where generated code finds a leaf: the byte, and for a presence leaf the bit in it (-1 for all others).
  struct Place {
    uint32_t offset;
    int32_t bit;
  };
  Place place_of(size_t leaf) const { return {plain_.leaves[leaf].offset, plain_.leaves[leaf].bit}; }

  /// Appends the row. `slots` are all leaves; rows beyond 4 GB are a broken invariant (records are at most 1 MiB).
  void encode(const Slot* slots, std::string& out) const;
  void encode(const Block& block, uint32_t row, std::string& out) const;
  /// Text is a view into `bytes`, elements of lists go to the arena. `bytes` must be well formed.
  void decode(std::string_view bytes, Slot* slots, Arena& arena) const;
  /// Into the columns of row `row`; they must be those of this layout's row type.
  void decode(std::string_view bytes, const Block& block, uint32_t row, Arena& arena) const;
  /// Whether every offset and length is within `bytes` and the layout number is this one. Call it before you trust
  /// bytes from a disk.
  bool well_formed(std::string_view bytes) const;

 private:
  struct Record;
  struct LeafPlace {
    LeafKind kind = LeafKind::u8;
    uint32_t offset = 0;
    int32_t bit = -1;
    std::shared_ptr<const Record> element;  // lists; shared because layouts are copied
  };
  struct Record {
    std::vector<LeafPlace> leaves;
    uint32_t size = 0;
  };
  static Record lay_out(const Type& row, uint32_t header, uint32_t alignment);
  static void write(const Record& record, const Slot* slots, size_t start, size_t at, std::string& out);
  static void read(const Record& record, std::string_view row, size_t at, Slot* slots, Arena& arena);
  static List read_list(const LeafPlace& leaf, std::string_view row, const char* place, Arena& arena);
  static bool check(const Record& record, std::string_view row, size_t at);

  uint16_t number_;
  Record plain_;
};

/// The layout number of a row.
uint16_t row_layout_number(std::string_view bytes);

}  // namespace braid
