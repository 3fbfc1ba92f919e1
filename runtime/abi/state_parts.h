// How the parts of a step with two inputs are told apart (StateParts in state_family.h).
#pragma once

#include <cstdint>

namespace braid {

/// Between the columns of one input and those of the next one; no column means that.
inline constexpr uint64_t kNextInput = 0;

}  // namespace braid
