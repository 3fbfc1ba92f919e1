// The table function through which DuckDB reads views: `braid_view(N)` are the rows of the N-th table of a question.
//
// DuckDB says which columns a statement uses, and only these are made. Its C interface does not say which rows it
// wants: a statement reads all rows of a view that the plan of the table gives.
#pragma once

#include "serve/duckdb/database.h"
#include "serve/sql/sql_engine.h"

namespace braid::serve::duck {

/// Of one question; outlives the database.
struct ViewTables {
  const Duckdb& duckdb;
  const SqlQuestion& question;
  /// Why a view could not be read, if so.
  std::string failure = {};
};

/// Registers the function, and a view `domain.name` for each table.
Result<void, SqlError> register_views(ViewTables& tables, const Database& database);

}  // namespace braid::serve::duck
