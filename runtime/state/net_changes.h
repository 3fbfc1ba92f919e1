// What a batch leaves of one family, in the order of a sorted file: the last change of each key, without those that a
// later range takes away, and the ranges. A range takes away nothing that is put after it. The batch outlives it. One
// thread.
//
// Rows that come in order are not sorted again; others are sorted by the bytes in which the beginnings of their keys
// differ, without a comparison, and only rows that are equal in these by the whole key.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/state/store.h"

namespace braid {

class NetChanges {
 public:
  struct Row {
    uint64_t head;      ///< of the key, as a number: in the order of the keys where it differs
    const char* place;  ///< in the batch
    uint64_t number;    ///< of the change among all of the family

    StateBatch::Change change() const { return StateBatch::read(place); }
  };

  /// Makes room for so many.
  void reserve(uint64_t changes);
  void add(const StateBatch::Change& change, const char* place);
  /// Once, after the last change: rows are then sorted by key.
  void settle();
  std::span<const Row> rows() const { return rows_; }
  /// In the order of their first keys.
  std::span<const Row> ranges() const { return ranges_; }
  /// Each row in order: visit(change) returns false to stop. Their memory is asked for ahead.
  template <class Visit>
  void for_each_row(Visit visit) const {
    constexpr size_t kAhead = 8;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (i + kAhead < rows_.size()) {
        __builtin_prefetch(rows_[i + kAhead].place);
        __builtin_prefetch(rows_[i + kAhead].place + 64);
      }
      if (!visit(rows_[i].change())) return;
    }
  }

 private:
  static constexpr size_t kWords = 3;
  using Beginning = std::array<uint64_t, kWords>;  ///< of a key, big-endian, filled up with zeros

  /// Gives the rows their heads. What was kept for that is given back.
  void make_heads();
  void sort_by_head();
  /// Rows whose heads agree from the bit `shift` on lie side by side: sorts those by the rest.
  void sort_runs(int shift);
  /// Rows with the same head, by key; the last of each key is kept.
  void keep_last();
  void drop_erased();

  static Beginning beginning_of(std::string_view key);

  std::vector<Row> rows_, ranges_;
  std::vector<Beginning> beginnings_;  ///< of each row until it has its head: to read the batch again would cost more
  Beginning first_ = {};               ///< of the first row
  Beginning different_ = {};           ///< bits in which not all rows agree with it
  int head_bits_ = 0;                  ///< of a head, the lower ones
  uint64_t next_ = 0;
};

}  // namespace braid
