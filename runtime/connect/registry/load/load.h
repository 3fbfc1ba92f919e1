// Opens libbraid_registry.so, which brings libcurl: from the folder of the executable or ../lib beside it. Once opened
// it stays. Any thread; the first caller waits for the loading.
#pragma once

#include "runtime/base/result.h"
#include "runtime/connect/registry/registry_service.h"

namespace braid::registry {

/// Error 7067 where the library is missing or is of another build.
Result<MakeRegistryService> load_registry();

}  // namespace braid::registry
