// How much a row may do inside loops over lists, so that a record of a mebibyte neither fills the memory nor holds up
// the stream: loops in loops, and texts and lists that a body makes for each element.
//
// Work is counted in bytes. It starts at 0 where a loop that stands in no other begins. Inside its body
//   - a node that makes texts or lists (f"…", `+`, `[ ]`, `xs.f`, a call, a loop) adds the bytes of its result,
//   - a call adds 1/64 of the bytes of its arguments, which it may read,
//   - a loop adds a slot for each element of its list when it begins.
// After each round a loop whose body can add something looks: beyond kMostWork the row fails with E6107. Only what one
// round adds lies beyond the limit. The count depends on values alone, and so is the same in native code.
#pragma once

#include <cstdint>

#include "runtime/data/slot.h"

namespace braid::typed {

inline constexpr uint64_t kMostWork = uint64_t{64} << 20;
/// Bits by which the bytes of arguments are shifted.
inline constexpr unsigned kReadShift = 6;
inline constexpr uint64_t kWorkOfRound = sizeof(Slot);

}  // namespace braid::typed
