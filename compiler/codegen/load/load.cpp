#include "compiler/codegen/load/load.h"

#include <dlfcn.h>
#include <unistd.h>

namespace braid::codegen {
namespace {

std::string executable_folder() {
  char path[4096];
  ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) return ".";
  std::string text(path, static_cast<size_t>(size));
  return text.substr(0, text.rfind('/'));
}

Result<CompileFunction> open_library() {
  std::string reason;
  for (const char* place : {"/../lib/", "/"}) {
    std::string path = executable_folder() + place + "libbraid_codegen.so";
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) {
      const char* error = dlerror();
      reason += (reason.empty() ? "" : "; ") + std::string(error == nullptr ? path : error);
      continue;
    }
    auto entry = reinterpret_cast<CompileFunction (*)()>(dlsym(library, "braid_codegen_compile_function"));
    if (entry != nullptr) return entry();
    reason = path + " is no code generator of this build";
  }
  return Error{ErrorKind::internal, "native code is not at hand: " + reason};
}

}  // namespace

Result<CompileFunction> load_compiler() {
  static const Result<CompileFunction> loaded = open_library();
  return loaded;
}

}  // namespace braid::codegen
