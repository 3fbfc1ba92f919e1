// Whether it shows in which order the rows stand that a join makes of one left row: a later step, maybe of a product
// that reads this one, goes through rows of one instant in their order.
#pragma once

#include "runtime/abi/program.h"

namespace braid {

/// Of the rows of that join, which keeps state. `program` may be a stage.
bool pair_order_shows(const Program& program, int join);

}  // namespace braid
