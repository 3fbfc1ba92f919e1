// The windows that a step of the Program has, as WindowAssigner takes them.
#pragma once

#include "runtime/abi/program.h"
#include "runtime/time/windows.h"

namespace braid {

/// Of spans, whose windows the rows bring with them, windows of one instant.
WindowCut cut_of(const WindowSpec& spec);

}  // namespace braid
