// How the parts of a step's state are told one behind the other (StateParts in state_family.h), in groups:
//   of a step with two inputs the columns of each;
//   of `match` the columns of its input | those that rows of elements have | its keys, both as places + 1 among the
//   columns;
//   of `running` the columns of its input | its aggregates | its keys | of each aggregate its argument, what it is
//   chosen by, its filter.
#pragma once

#include <cstdint>

namespace braid {

/// Between groups; no part means that.
inline constexpr uint64_t kNextGroup = 0;
/// In the place of a part that there is none of.
inline constexpr uint64_t kNoPart = 1;

}  // namespace braid
