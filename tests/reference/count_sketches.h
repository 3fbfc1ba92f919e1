// approx_top_k by its definition, over the list of all rows of a group.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"
#include "runtime/data/value.h"

namespace braid::reference {

/// Bytes that compare as the values do. The value is no list.
std::string order_bytes(const Type& type, const Slot& slot);

struct DrawnValue {
  Value value;
  std::string bytes;  ///< in the order of the values
  uint64_t draw;      ///< of the row
};

/// The values with their numbers, the most frequent first: of all if they are few, else of those with the least draws,
/// as often as the least of their counters says.
std::vector<std::pair<Value, int64_t>> most_frequent(const std::vector<DrawnValue>& rows, size_t count);

}  // namespace braid::reference
