// The stored rows of a join of two tables that keeps fewer fields than before. Rows of a side and a key that are alike
// without the others become one, with their number; rows are known by the hash of their bytes (TableJoinNode).
#pragma once

#include "runtime/engine/row_conversion.h"

namespace braid {

/// As convert_rows().
Status convert_joined_rows(const Program& program, const RowConversion& conversion, uint32_t into, StateStore& store);

}  // namespace braid
