// braid without DuckDB (cmake/Duckdb.cmake): every question says so.
#include "runtime/report/query_findings.h"
#include "serve/duckdb/engine.h"
#include "serve/duckdb/file_session.h"

namespace braid::serve {

Result<SqlEngine*> duckdb_engine() {
  return Error{ErrorKind::usage, diag::NoSqlEngine{.reason = "this braid was built without it"}.make().message,
               diag::NoSqlEngine::kCode};
}

Result<std::unique_ptr<SqlSession>> open_duckdb_file(const std::string&) {
  return Error{ErrorKind::usage, diag::NoSqlEngine{.reason = "this braid was built without it"}.make().message,
               diag::NoSqlEngine::kCode};
}

}  // namespace braid::serve
