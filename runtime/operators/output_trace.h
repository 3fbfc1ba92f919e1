// The order of an operator's output rows among those of its siblings, when several workers run one operator
// (sharded.h). A single operator has no trace. Owned by its worker; one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/data/block.h"

namespace braid {

/// Of rows that are put out at once: the place of the row of the input block; of rows that time releases, the order of
/// the operator: joins (time, turn, ordinal, sequence), `unique` (time, source and partition, position, the right rows
/// that it has met, sequence), windows (end, hash, key bytes).
struct OrderKey {
  int64_t time = 0;
  uint64_t a = 0, b = 0, c = 0;
  std::string_view bytes = {};
  uint64_t d = 0;

  friend bool operator<(const OrderKey& x, const OrderKey& y) {
    return std::tie(x.time, x.a, x.b, x.c, x.bytes, x.d) < std::tie(y.time, y.a, y.b, y.c, y.bytes, y.d);
  }
};

struct OutputTrace {
  /// A row that a window makes: its ordinal is its rank among all workers' rows.
  struct Made {
    OrderKey key;
    Record* record;
  };

  std::vector<OrderKey> rows;  ///< of the current block
  std::vector<OrderKey> out;   ///< of the rows put out
  std::vector<Made> made;
  /// Not null: the current block consists of pairs, and these are the rows above from which they come.
  const std::vector<uint32_t>* causes = nullptr;
  int64_t pair = -1;  ///< row of the current block whose pair leaves

  const OrderKey& key(uint32_t row) const { return rows[causes == nullptr ? row : (*causes)[row]]; }
  void put_out(const std::vector<uint32_t>& block_rows) {
    for (uint32_t row : block_rows) out.push_back(key(row));
  }
};

}  // namespace braid
