#include "runtime/connect/kafka/load/load.h"

#include <dlfcn.h>
#include <unistd.h>

#include "runtime/report/diagnostic.h"

namespace braid::kafka {
namespace {

std::string executable_folder() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) return ".";
  const std::string text(path, static_cast<size_t>(size));
  return text.substr(0, text.rfind('/'));
}

Result<MakeBroker> open_library() {
  std::string reason;
  for (const char* place : {"/../lib/", "/"}) {
    const std::string path = executable_folder() + place + "libbraid_kafka.so";
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) {
      const char* error = dlerror();
      reason += (reason.empty() ? "" : "; ") + std::string(error == nullptr ? path : error);
      continue;
    }
    auto entry = reinterpret_cast<MakeBroker (*)()>(dlsym(library, "braid_kafka_make_broker"));
    if (entry != nullptr) return entry();
    reason = path + " is of another build";
    break;
  }
  return Error{ErrorKind::usage, diag::NoKafkaLibrary{.reason = reason}.make().message, diag::NoKafkaLibrary::kCode};
}

}  // namespace

Result<MakeBroker> load_kafka() {
  static const Result<MakeBroker> loaded = open_library();
  return loaded;
}

}  // namespace braid::kafka
