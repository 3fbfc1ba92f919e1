// SQL over views by DuckDB (docs/decisions/0097-sql-by-duckdb.md). The only folder that knows DuckDB and Arrow.
#pragma once

#include "serve/sql/sql_engine.h"

namespace braid::serve {

/// The engine of the program; the first call opens the library of DuckDB. An error of code 8071: it cannot be had, or
/// this braid is built without it. Any thread.
Result<SqlEngine*> duckdb_engine();

}  // namespace braid::serve
