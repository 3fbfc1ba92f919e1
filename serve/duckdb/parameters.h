// Values that a client binds to the parameters of a statement.
#pragma once

#include <string_view>

#include "serve/duckdb/library.h"
#include "serve/sql/sql_engine.h"

namespace braid::serve::duck {

/// `stream`: of Arrow's IPC format, with one row whose columns are the parameters in order; empty: no values. It comes
/// from a client, so nothing in it is trusted.
Result<void, SqlError> bind_parameters(const Duckdb& duckdb, duckdb_prepared_statement prepared,
                                       std::string_view stream);

}  // namespace braid::serve::duck
