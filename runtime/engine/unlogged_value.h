// What Debezium writes for a value that the database did not log: PostgreSQL keeps long values apart, and does not log
// those that a change did not touch. A stand-in looks like a value of the column's type:
//
//   text, bytes         "__debezium_unavailable_value"
//   a list of either    that text as its only element
//   a list of numbers   the codes of its characters; of dates, days of these numbers
//   a list of UUIDs     one that is made of the text (version 3)
//
// Types of a fixed length are never kept apart. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

/// Of a column that is read as this type: a record, in JSON or Avro, that has a stand-in there has one of these bytes
/// somewhere. Empty: the type has none.
std::vector<std::string> traces_of_unlogged(const Type& type);

/// Whether the value of a type that has stand-ins is one. `slots`: its leaves.
bool is_unlogged(const Type& type, const Slot* slots);

}  // namespace braid
