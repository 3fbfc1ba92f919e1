// One cause, one finding: a name that is missing is missed wherever it is used.
#pragma once

#include "runtime/report/diagnostic.h"

namespace braid::checking {

/// Findings of the checker that say the same of the same declaration become one: at the first place, with the others
/// beside it. A fix that they share corrects all places.
void join_repeats(Reporter& reporter);

}  // namespace braid::checking
