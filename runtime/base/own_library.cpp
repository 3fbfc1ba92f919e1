#include "runtime/base/own_library.h"

#include <dlfcn.h>
#include <unistd.h>

namespace braid {
namespace {

std::string executable_folder() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) return ".";
  const std::string text(path, static_cast<size_t>(size));
  return text.substr(0, text.rfind('/'));
}

}  // namespace

Result<void*> find_in_own_library(const std::string& library, const char* entry) {
  std::string reason;
  for (const char* place : {"/../lib/", "/"}) {
    const std::string path = executable_folder() + place + library;
    void* opened = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (opened == nullptr) {
      const char* error = dlerror();
      reason += (reason.empty() ? "" : "; ") + std::string(error == nullptr ? path : error);
      continue;
    }
    if (void* found = dlsym(opened, entry)) return found;
    reason = path + " is of another build";
  }
  return Error{ErrorKind::internal, reason};
}

}  // namespace braid
