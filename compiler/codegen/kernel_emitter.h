// Writes the function of one row program: a loop over the block's rows that runs filters and projections one after the
// other, stores the computed columns of the rows that are left, and lists those that are not.
#pragma once

#include "compiler/codegen/module.h"
#include "compiler/plan/physical.h"
#include "compiler/typed/call_sites.h"

namespace braid::codegen {

/// `void name(KernelFrame*)` in the module.
llvm::Function* emit_kernel(Module& module, const plan::RowProgram& program, const std::string& name,
                            typed::CallSites& sites);

}  // namespace braid::codegen
