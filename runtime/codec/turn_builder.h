// Collects what a decoder finds in a turn: records, rejections, and rows cut into blocks. All memory is the arena's.
// Lives as long as one call of Decoder::decode.
#pragma once

#include <algorithm>
#include <span>

#include "runtime/codec/decoder.h"

namespace braid {

class TurnBuilder {
 public:
  /// `most_records`: no more will be added.
  TurnBuilder(const TurnInput& input, std::span<const Leaf> leaves, size_t most_records, Arena& arena)
      : input_(input), leaves_(leaves), most_records_(most_records), arena_(arena) {
    records_ = arena.allocate_array<Record>(most_records);
  }

  /// Index of the new record. `line`: counted from the turn's first line.
  uint32_t add_record(std::string_view bytes, uint64_t offset, int64_t line) {
    BRAID_CHECK(count_ < most_records_);
    records_[count_] = {.bytes = {bytes.data(), bytes.size()},
                        .position = input_.position + static_cast<int64_t>(offset),
                        .line = input_.first_line + line,
                        .source = input_.source,
                        .partition = input_.partition,
                        .turn = input_.turn,
                        .ordinal = count_};
    return count_++;
  }

  template <class Entry>
  void reject(uint32_t record, const Entry& entry) {
    turn_.rejected.push_back({record, entry.make()});
  }

  /// A row of the record added last.
  void add_row(const Slot* row) {
    if (turn_.blocks.empty() || turn_.blocks.back().rows == capacity_) begin_block();
    Block& block = turn_.blocks.back();
    uint32_t at = block.rows++;
    block.record[at] = count_ - 1;
    for (size_t i = 0; i < block.columns.size(); ++i) write_slot(block.columns[i], at, row[i]);
  }

  DecodedTurn take() {
    turn_.records = {records_, count_};
    return std::move(turn_);
  }

 private:
  void begin_block() {
    capacity_ = static_cast<uint32_t>(std::min<size_t>(kBlockRows, most_records_ - (count_ - 1)));
    turn_.blocks.push_back(allocate_block(leaves_, capacity_, arena_));
    std::fill_n(turn_.blocks.back().time, capacity_, int64_t{0});
    turn_.blocks.back().records = records_;
  }

  const TurnInput& input_;
  std::span<const Leaf> leaves_;
  size_t most_records_;
  Arena& arena_;
  Record* records_ = nullptr;
  uint32_t count_ = 0;
  uint32_t capacity_ = 0;
  DecodedTurn turn_;
};

}  // namespace braid
