// One cause, one finding: a missing name is a mistake at each of its uses.
#pragma once

#include "runtime/report/diagnostic.h"

namespace braid::checking {

/// Findings with the same message about the same declaration become one: at the first place, with the others
/// beside it. A fix that they share corrects all places.
void join_repeats(Reporter& reporter);

}  // namespace braid::checking
