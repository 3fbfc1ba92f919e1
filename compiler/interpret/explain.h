// What a failed expression says about its row: the values at hand, its type, and what its kind of failure asks for, as
// the messages of E61xx name them. Bounded (runtime/abi/reason.h), so that a record of any size has a short reason.
#pragma once

#include "compiler/interpret/prepare.h"

namespace braid::interpret {

/// `operands[i]`: leaves of part i of the failed node. The text of the operation is not among the arguments.
ReasonArguments explain(const Failure& failure, const std::vector<const Slot*>& operands);

}  // namespace braid::interpret
