// Collects what a decoder finds in a turn: records, rejections, and rows cut into blocks. All memory is the arena's.
// Lives as long as one call of Decoder::decode.
#pragma once

#include <algorithm>
#include <span>

#include "runtime/codec/decoder.h"

namespace braid {

class TurnBuilder {
 public:
  TurnBuilder(const TurnInput& input, std::span<const Leaf> leaves, Arena& arena)
      : input_(input), leaves_(leaves), arena_(arena), room_(input.bytes.size() / kShortRecord + 16) {
    records_ = arena.allocate_array<Record>(room_);
  }

  /// Index of the new record. `line`: counted from the turn's first line.
  uint32_t add_record(std::string_view bytes, uint64_t offset, int64_t line) {
    if (count_ == room_) grow();
    records_[count_] = {.bytes = {bytes.data(), bytes.size()},
                        .position = input_.position + static_cast<int64_t>(offset),
                        .line = input_.first_line + line,
                        .source = input_.source,
                        .partition = input_.partition,
                        .turn = input_.turn,
                        .ordinal = count_};
    return count_++;
  }

  /// The same for a record of an Avro file. `number`: of the record in its file, from 1 on.
  uint32_t add_numbered_record(std::string_view bytes, int64_t number) {
    const uint32_t record = add_message(bytes, number - 1);
    records_[record].line = number;
    return record;
  }

  /// The same for a record of a topic.
  uint32_t add_message(std::string_view bytes, int64_t position) {
    const uint32_t record = add_record(bytes, 0, 0);
    records_[record].position = position;
    records_[record].line = 0;
    return record;
  }

  /// Records of lines of `text`, which is at `offset` of the turn: they follow each other from `begin` on and end
  /// behind `ends`, all but `line_end` bytes of them. Each has a row, which is complete in columns().
  void add_rows(const char* text, size_t offset, size_t begin, std::span<const uint32_t> ends, size_t line_end,
                int64_t line) {
    while (count_ + ends.size() > room_) grow();
    Block& block = turn_.blocks.back();
    Record* record = records_ + count_;
    for (const uint32_t end : ends) {
      *record++ = {.bytes = {text + begin, end - begin - line_end},
                   .position = input_.position + static_cast<int64_t>(offset + begin),
                   .line = input_.first_line + line++,
                   .source = input_.source,
                   .partition = input_.partition,
                   .turn = input_.turn,
                   .ordinal = count_};
      block.record[block.rows++] = count_++;
      begin = end;
    }
    rows_ += ends.size();
  }

  template <class Entry>
  void reject(uint32_t record, const Entry& entry) {
    turn_.rejected.push_back({record, entry.make()});
  }

  /// The place of the next row in columns(), for callers that write it there. keep_row makes it a row.
  uint32_t next_row() {
    if (turn_.blocks.empty() || turn_.blocks.back().rows == capacity_) begin_block();
    return turn_.blocks.back().rows;
  }
  /// That have been kept.
  size_t rows() const { return rows_; }
  /// The block of next_row, and how many more rows it has room for.
  Block& block() { return turn_.blocks.back(); }
  size_t room() const { return capacity_ - turn_.blocks.back().rows; }
  /// Data of the columns to which next_row refers.
  void* const* columns() const { return columns_.data(); }
  /// One leaf of the next row.
  void write_leaf(size_t leaf, const Slot& slot) {
    write_slot(turn_.blocks.back().columns[leaf], turn_.blocks.back().rows, slot);
  }
  /// The next row is complete, and that of the record added last.
  void keep_row() {
    Block& block = turn_.blocks.back();
    block.record[block.rows++] = count_ - 1;
    ++rows_;
  }

  /// A row of the record added last.
  void add_row(const Slot* row) {
    next_row();
    for (size_t i = 0; i < leaves_.size(); ++i) write_leaf(i, row[i]);
    keep_row();
  }

  DecodedTurn take() {
    turn_.records = {records_, count_};
    if (!turn_.blocks.empty() && turn_.blocks.back().rows == 0) turn_.blocks.pop_back();  // its first row was not kept
    for (Block& block : turn_.blocks) block.records = records_;
    return std::move(turn_);
  }

 private:
  /// Bytes of records for which the first room is enough.
  static constexpr size_t kShortRecord = 128;

  void grow() {
    auto* larger = arena_.allocate_array<Record>(room_ * 2);
    std::copy_n(records_, count_, larger);
    records_ = larger;
    room_ *= 2;
  }

  void begin_block() {
    // A record takes a byte at least.
    capacity_ = static_cast<uint32_t>(std::min<size_t>(kBlockRows, input_.bytes.size() + 1));
    turn_.blocks.push_back(allocate_block(leaves_, capacity_, arena_));
    columns_.clear();
    for (const Column& column : turn_.blocks.back().columns) columns_.push_back(column.data);
    std::fill_n(turn_.blocks.back().time, capacity_, int64_t{0});
  }

  const TurnInput& input_;
  std::span<const Leaf> leaves_;
  Arena& arena_;
  size_t room_;  ///< of records_
  Record* records_ = nullptr;
  uint32_t count_ = 0;
  size_t rows_ = 0;
  uint32_t capacity_ = 0;
  std::vector<void*> columns_;
  DecodedTurn turn_;
};

}  // namespace braid
