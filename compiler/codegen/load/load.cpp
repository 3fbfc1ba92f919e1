#include "compiler/codegen/load/load.h"

#include "runtime/base/own_library.h"

namespace braid::codegen {
namespace {

Result<CompileFunction> open_library() {
  const auto found = find_in_own_library("libbraid_codegen.so", "braid_codegen_compile_function");
  if (!found.ok()) return Error{ErrorKind::internal, "native code is not at hand: " + found.error().message};
  return reinterpret_cast<CompileFunction (*)()>(*found)();
}

}  // namespace

Result<CompileFunction> load_compiler() {
  static const Result<CompileFunction> loaded = open_library();
  return loaded;
}

}  // namespace braid::codegen
