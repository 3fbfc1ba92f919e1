// One cause, one finding: a name that is missing is missed wherever it is used.
#pragma once

#include <cstddef>

#include "runtime/report/diagnostic.h"

namespace braid::checking {

/// Among the findings from `first` on, those that say the same of the same declaration become one: at the first place,
/// with the others beside it. A fix that they share mends all places.
void join_repeats(Reporter& reporter, size_t first);

}  // namespace braid::checking
