// A database of DuckDB of one thread, with one connection: in memory for one statement, or a file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "serve/duckdb/library.h"
#include "serve/sql/sql_engine.h"

namespace braid::serve::duck {

class Database {
 public:
  /// `reaches_files`: whether statements may name files. Nothing else of the outside is ever reached.
  static Result<Database, SqlError> open(const Duckdb& duckdb, uint64_t memory_bytes, bool reaches_files);
  /// Makes the file if there is none. Statements are braid's own, and may name other files.
  static Result<Database, SqlError> open_file(const Duckdb& duckdb, const std::string& path, uint64_t memory_bytes);
  const Duckdb& functions() const { return *duckdb_; }
  duckdb_connection connection() const { return connection_.get(); }
  Result<void, SqlError> run(const std::string& sql) const;
  /// From now on no setting changes.
  Result<void, SqlError> lock() const { return run("SET lock_configuration = true"); }

 private:
  static Result<Database, SqlError> open_at(const Duckdb& duckdb, const char* path, uint64_t memory_bytes,
                                            std::vector<std::pair<const char*, const char*>> settings);
  Database(const Duckdb& duckdb, Owned<duckdb_database> database, Owned<duckdb_connection> connection)
      : duckdb_(&duckdb), database_(std::move(database)), connection_(std::move(connection)) {}
  const Duckdb* duckdb_;
  Owned<duckdb_database> database_;
  Owned<duckdb_connection> connection_;  ///< goes first
};

}  // namespace braid::serve::duck
