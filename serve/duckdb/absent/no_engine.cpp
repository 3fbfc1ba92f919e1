// braid without DuckDB (cmake/Duckdb.cmake): every question says so.
#include "runtime/report/query_findings.h"
#include "serve/duckdb/engine.h"

namespace braid::serve {

Result<SqlEngine*> duckdb_engine() {
  return Error{ErrorKind::usage, diag::NoSqlEngine{.reason = "this braid was built without it"}.make().message,
               diag::NoSqlEngine::kCode};
}

}  // namespace braid::serve
