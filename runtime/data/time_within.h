// The type of a value of time inside another type: a field of which a part could not be read as one says no more than
// that it is none.
#pragma once

#include "runtime/data/type.h"

namespace braid {

/// `timestamp`, `date`, `time` or `duration`: the type itself, or that of the first part of a struct, an element of a
/// list, a value or key of a map that is one. Null if there is none.
Type time_within(const Type& type);

}  // namespace braid
