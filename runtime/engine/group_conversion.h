// The stored rows of a group whose aggregates have changed. Of groups without sets of values and without sessions,
// whose rows hold nothing but the states of their aggregates one after the other.
#pragma once

#include "runtime/abi/program.h"
#include "runtime/engine/kept_aggregates.h"
#include "runtime/engine/row_conversion.h"
#include "runtime/state/store.h"

namespace braid {

struct GroupConversion {
  int op = -1;
  uint32_t from = 0;  ///< number of the tables that there are
  KeptAggregates aggregates;
  Renumbering numbers;
};

/// Whether states of the group are stored so, as far as the program tells.
bool can_convert(const Program& program, const Operator& op);
/// Puts the rows that `conversion` makes of those there are under the number `into`, in several commits, which nothing
/// refers to yet; what lies there already goes.
Status convert_group(const Program& program, const GroupConversion& conversion, uint32_t into, StateStore& store);

}  // namespace braid
