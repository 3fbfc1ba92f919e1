#include "runtime/connect/registry/load/load.h"

#include <dlfcn.h>
#include <unistd.h>

#include "runtime/report/diagnostic.h"

namespace braid::registry {
namespace {

std::string executable_folder() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) return ".";
  const std::string text(path, static_cast<size_t>(size));
  return text.substr(0, text.rfind('/'));
}

Result<MakeRegistryService> open_library() {
  for (const char* place : {"/../lib/", "/"}) {
    const std::string path = executable_folder() + place + "libbraid_registry.so";
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) continue;
    auto entry = reinterpret_cast<MakeRegistryService (*)()>(dlsym(library, "braid_registry_make_service"));
    if (entry != nullptr) return entry();
  }
  return Error{ErrorKind::usage, diag::NoRegistryClient{}.make().message, diag::NoRegistryClient::kCode};
}

}  // namespace

Result<MakeRegistryService> load_registry() {
  static const Result<MakeRegistryService> loaded = open_library();
  return loaded;
}

}  // namespace braid::registry
