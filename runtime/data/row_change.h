// What a row of a changelog says of its key. Of one turn, a key has one row at most.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/data/block.h"
#include "runtime/data/type.h"

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

/// Of a block whose first `leaves` columns are those of the row, with kChange behind.
inline RowChange row_change(const Block& block, size_t leaves, uint32_t row) {
  return static_cast<RowChange>(block.columns[leaves].as<int64_t>()[row]);
}

/// Behind kChange, where whole changes go out: the row that `becomes` took the place of, as an optional struct of the
/// columns before kChange; and the event time of the change, an optional timestamp.
inline constexpr std::string_view kBefore = "?before";
inline constexpr std::string_view kChangedAt = "?changed_at";

/// The columns behind those of the row in blocks of changes; `whole`: kBefore and kChangedAt, too.
std::vector<Field> change_marks(const std::vector<Field>& row, bool whole);

/// How changes of a table are written (runtime/codec/change_row.h).
enum class ChangeForm : uint8_t {
  upsert,   ///< the row, or that its key is gone
  append,   ///< the row and what became of it
  debezium  ///< the rows before and after, as Debezium has them
};

}  // namespace braid
