#include "runtime/connect/registry/load/load.h"

#include "runtime/base/own_library.h"
#include "runtime/report/diagnostic.h"

namespace braid::registry {
namespace {

Result<MakeRegistryService> open_library() {
  const auto found = find_in_own_library("libbraid_registry.so", "braid_registry_make_service");
  if (!found.ok())
    return Error{ErrorKind::usage, diag::NoRegistryClient{}.make().message, diag::NoRegistryClient::kCode};
  return reinterpret_cast<MakeRegistryService (*)()>(*found)();
}

}  // namespace

Result<MakeRegistryService> load_registry() {
  static const Result<MakeRegistryService> loaded = open_library();
  return loaded;
}

}  // namespace braid::registry
