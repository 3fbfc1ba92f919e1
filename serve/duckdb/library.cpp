#include "serve/duckdb/library.h"

#include <string>

#include "runtime/base/own_library.h"
#include "runtime/report/query_findings.h"

namespace braid::serve::duck {
namespace {

constexpr const char* kLibrary = "libduckdb.so";

Error not_there(const std::string& reason) {
  return {ErrorKind::usage, diag::NoSqlEngine{.reason = reason}.make().message, diag::NoSqlEngine::kCode};
}

Result<Duckdb> load() {
  Duckdb made;
#define BRAID_DUCKDB_FIND(name)                                                 \
  {                                                                             \
    const Result<void*> found = find_in_own_library(kLibrary, "duckdb_" #name); \
    if (!found.ok()) return not_there(found.error().message);                   \
    made.name = reinterpret_cast<decltype(made.name)>(*found);                  \
  }
  BRAID_DUCKDB_FUNCTIONS(BRAID_DUCKDB_FIND)
#undef BRAID_DUCKDB_FIND
  const std::string version = made.library_version();
  if (version != BRAID_DUCKDB_VERSION)
    return not_there(std::string(kLibrary) + " is version " + version + ", and " BRAID_DUCKDB_VERSION " is needed");
  return made;
}

}  // namespace

Result<const Duckdb*> open_library() {
  static const Result<Duckdb> loaded = load();
  if (!loaded.ok()) return loaded.error();
  return &*loaded;
}

}  // namespace braid::serve::duck
