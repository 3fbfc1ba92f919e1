// Which leaves of a row program's output are leaves of its input, untouched: those need no code.
#pragma once

#include <vector>

#include "compiler/plan/physical.h"

namespace braid::plan {

/// Fills in RowProgram::output and RowProgram::passthrough from its steps.
void settle_output(RowProgram& program);

}  // namespace braid::plan
