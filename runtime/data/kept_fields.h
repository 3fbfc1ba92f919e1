// Fields that a row has beside those of the script, for a later step of its flow that reads them: what a field was
// before a step replaced it, the time of a row of a table, how a record came. Behind ports and at the end of a flow
// rows are without them.
#pragma once

#include <vector>

#include "runtime/data/row_change.h"
#include "runtime/data/type.h"

namespace braid {

/// Begins their names: no script can write it.
inline constexpr char kKeptMark = '`';

/// The field is of the script, neither kept for a later step nor the planner's.
inline bool is_shown(const Field& field) {
  return !field.name.starts_with(kKeptMark) && !field.name.starts_with(kHiddenMark);
}

/// The row of a port at a step whose rows are these: others than those of the script stand behind them there.
inline std::vector<Field> shown_fields(std::vector<Field> row) {
  while (!row.empty() && !is_shown(row.back())) row.pop_back();
  return row;
}

}  // namespace braid
