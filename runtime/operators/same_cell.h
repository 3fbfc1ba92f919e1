// Whether two rows have the same value in a column, byte by byte as stored rows have it. No state.
#pragma once

#include <cstring>

#include "runtime/data/block.h"

namespace braid {

/// Not of lists.
inline bool same_cell(LeafKind kind, const Column& a, uint32_t row_a, const Column& b, uint32_t row_b) {
  if (kind == LeafKind::bytes) return a.as<Bytes>()[row_a].view() == b.as<Bytes>()[row_b].view();
  const size_t width = leaf_width(kind);
  return std::memcmp(a.as<char>() + width * row_a, b.as<char>() + width * row_b, width) == 0;
}

}  // namespace braid
