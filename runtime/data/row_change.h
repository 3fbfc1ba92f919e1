// What a row of a changelog says of its key. Of one turn, a key has one row at most.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/data/block.h"

namespace braid {

/// Columns that are not of the script stand behind all others, with a name that no script can write.
inline constexpr char kHiddenMark = '?';
/// On an edge of changes, a bool column: the row goes, instead of coming.
inline constexpr std::string_view kRetracted = "?retracted";
/// Of changes of one turn and key that have been netted, an int column: a RowChange.
inline constexpr std::string_view kChange = "?change";

/// On the way of a table's versions to a join by other columns than its key, an int column before the last: a Move.
inline constexpr std::string_view kMove = "?move";

enum class Move : int64_t {
  version = 0,  ///< a version of the table, or the end of its key
  left = 1,     ///< beside it: with this version its key has left the columns that are here
  leaves = 2    ///< the key will leave the columns that are here at that time, with a version that is known already
};

enum class RowChange : int64_t {
  comes = 0,    ///< there was no row of the key
  becomes = 1,  ///< it takes the place of the key's row
  goes = 2      ///< there is no row of the key any more; this was the last
};

/// Of a block whose last column that is.
inline RowChange row_change(const Block& block, uint32_t row) {
  return static_cast<RowChange>(block.columns.back().as<int64_t>()[row]);
}

}  // namespace braid
