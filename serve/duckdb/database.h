// A database of DuckDB in memory, of one thread, with one connection, for one statement.
#pragma once

#include "serve/duckdb/library.h"
#include "serve/sql/sql_engine.h"

namespace braid::serve::duck {

class Database {
 public:
  /// `reaches_files`: whether statements may name files. Nothing else of the outside is ever reached.
  static Result<Database, SqlError> open(const Duckdb& duckdb, uint64_t memory_bytes, bool reaches_files);
  duckdb_connection connection() const { return connection_.get(); }
  Result<void, SqlError> run(const std::string& sql) const;
  /// From now on no setting changes.
  Result<void, SqlError> lock() const { return run("SET lock_configuration = true"); }

 private:
  Database(const Duckdb& duckdb, Owned<duckdb_database> database, Owned<duckdb_connection> connection)
      : duckdb_(&duckdb), database_(std::move(database)), connection_(std::move(connection)) {}
  const Duckdb* duckdb_;
  Owned<duckdb_database> database_;
  Owned<duckdb_connection> connection_;  ///< goes first
};

}  // namespace braid::serve::duck
