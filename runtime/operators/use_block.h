// Steps that keep each row of a block count all of them at once. No state; one thread.
#pragma once

#include <numeric>
#include <span>

#include "runtime/operators/operator.h"

namespace braid {

/// Dispositions::use_rows() of all rows of the block. `arena`: of the turn.
inline void use_block(Dispositions& dispositions, int op, int input, const Block& block, Arena& arena) {
  const std::span<uint32_t> rows(arena.allocate_array<uint32_t>(block.rows), block.rows);
  std::iota(rows.begin(), rows.end(), 0);
  dispositions.use_rows(op, input, block, rows);
}

}  // namespace braid
