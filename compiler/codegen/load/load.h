// Opens libbraid_codegen.so, which brings LLVM: from the folder of the executable or ../lib beside it. Once opened it
// stays: kernels point into it. Any thread; the first caller waits for the loading.
#pragma once

#include "compiler/codegen/codegen.h"

namespace braid::codegen {

/// Fails where the library is missing or is of another build; the caller stays on the interpreter.
Result<CompileFunction> load_compiler();

}  // namespace braid::codegen
