// The stored rows of a group whose aggregates have changed: those that stay keep their states, others begin empty or
// are gone. Of groups without sets of values and without sessions, whose rows hold nothing but the states of their
// aggregates one after the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/engine/row_conversion.h"
#include "runtime/engine/state_form.h"
#include "runtime/state/store.h"

namespace braid {

struct GroupConversion {
  int op = -1;
  uint32_t from = 0;                ///< number of the tables that there are
  std::vector<std::string> stored;  ///< forms of the aggregates that they have
  std::vector<int> kept;            ///< for each aggregate of the program: which of those it is; −1: it begins empty
  Renumbering numbers;
  size_t begins() const;
  size_t goes() const;
};

/// Whether states of the group are stored so, as far as the program tells.
bool can_convert(const Program& program, const Operator& op);
/// Whether an aggregate of that form can be read over.
bool can_convert(const std::string& aggregate);
/// Puts the rows that `conversion` makes of those there are under the number `into`, in several commits, which nothing
/// refers to yet; what lies there already goes.
Status convert_group(const Program& program, const GroupConversion& conversion, uint32_t into, StateStore& store);

}  // namespace braid
