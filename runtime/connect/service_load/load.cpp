#include "runtime/connect/service_load/load.h"

#include "runtime/base/own_library.h"
#include "runtime/report/lookup_findings.h"

namespace braid {

Result<MakeServiceClient> load_service_client(const std::string& kind) {
  const std::string library = "libbraid_" + kind + ".so", entry = "braid_" + kind + "_make_service";
  const auto found = find_in_own_library(library, entry.c_str());
  if (!found.ok()) {
    const Diagnostic missing = diag::NoServiceClient{.kind = kind, .library = library}.make();
    return Error{ErrorKind::usage, missing.message, missing.code, 0};
  }
  return reinterpret_cast<MakeServiceClient (*)()>(*found)();
}

}  // namespace braid
