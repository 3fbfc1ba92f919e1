// What is written for a change of a table, as a row of its own, so that every format can have it.
//
//   upsert    the row
//   append    the row, then `__op`: "c" (a new row), "u" (it takes the place of one), "d" (it is gone; the last row)
//   debezium  before: T?, after: T?, source: { version, connector, name, ts_ms, snapshot, db, table, ts_us }, op, ts_ms
//             as Debezium writes changes of a database: `db` and `name` are the domain, `table` the product, `version`
//             the product's, `connector` "braid". `ts_ms` and `source.ts_us` are the event time of the change, null of
//             a table without time. The output hence is the same at each run
//
// Pure functions and a value; one thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/data/row_change.h"
#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

inline constexpr std::string_view kOperationMark = "__op";

/// "c", "u", "d".
std::string_view change_word(RowChange change);

/// Whose changes they are.
struct ChangeOrigin {
  std::string domain, name;
  int64_t version = 1;
};

/// The row that is written for a change of a table with rows of `row`.
std::vector<Field> change_row(const std::vector<Field>& row, ChangeForm form);

/// Of a table in that form, or of a stream: `changes` false.
inline std::vector<Field> written_row(const std::vector<Field>& row, bool changes, ChangeForm form) {
  return changes ? change_row(row, form) : row;
}

class ChangeRow {
 public:
  ChangeRow(const std::vector<Field>& row, ChangeForm form, ChangeOrigin origin);
  /// `slots`: leaves of the row and of its marks, which `debezium` needs whole. Appends the leaves of change_row() to
  /// `made`; texts of them are this object's.
  void append(const Slot* slots, std::vector<Slot>& made) const;

 private:
  size_t leaves_;
  ChangeForm form_;
  ChangeOrigin origin_;
  std::string version_;
};

}  // namespace braid
