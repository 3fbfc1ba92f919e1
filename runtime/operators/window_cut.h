// The windows that a step of the Program has, as WindowAssigner takes them.
#pragma once

#include "runtime/abi/program.h"
#include "runtime/abi/reason.h"
#include "runtime/time/windows.h"

namespace braid {

/// Of spans, whose windows the rows bring with them, windows of one instant.
WindowCut cut_of(const WindowSpec& spec);

/// Why a row is late whose span ends there: its last instant lies behind `passed`, the watermark or the row's own time.
RowReason span_is_over(int64_t end, int64_t passed);

}  // namespace braid
