// Native code for a compiled program: made by libbraid_codegen.so while interpreted kernels already run.
#pragma once

#include <string>

#include "compiler/codegen/codegen.h"
#include "compiler/driver/compile.h"
#include "runtime/base/result.h"

namespace braid::cli {

/// Compiles all kernels and puts them into the program's slots. An error leaves the program on the interpreter.
Result<codegen::CodegenTimings> use_native_code(driver::Compiled& compiled, const codegen::CodegenOptions& options);

/// The text of all kernels at a stage: "llvm" (optimised) or "asm".
Result<std::string> dump_native(driver::Compiled& compiled, const std::string& stage);

}  // namespace braid::cli
