// What a batch leaves of one family, in the order of a sorted file: the last change of each key, without those that a
// later range takes away, and the ranges. A range takes away nothing that is put after it. The batch outlives it. One
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/state/store.h"

namespace braid {

class NetChanges {
 public:
  struct Row {
    std::array<uint64_t, 3> head;  ///< the first bytes of the key as numbers: few comparisons need the key itself
    const char* place;             ///< in the batch
    uint64_t number;               ///< of the change among all of the family

    StateBatch::Change change() const { return StateBatch::read(place); }

    bool operator<(const Row& other) const;
  };

  /// Makes room for so many.
  void reserve(uint64_t changes) { rows_.reserve(changes); }
  void add(const StateBatch::Change& change, const char* place);
  /// Once, after the last change: rows are then sorted by key.
  void settle();
  std::span<const Row> rows() const { return rows_; }
  /// In the order of their first keys.
  std::span<const Row> ranges() const { return ranges_; }

 private:
  void drop_erased();

  std::vector<Row> rows_, ranges_;
  uint64_t next_ = 0;
};

}  // namespace braid
