// Rows in columns, a chunk after the other, as whoever writes them takes them: of a result, or of a read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "serve/duckdb/library.h"
#include "serve/sql/sql_engine.h"

namespace braid::serve::duck {

struct ColumnSource {
  std::vector<std::string> names;  ///< each once
  std::vector<LogicalType> types;
  /// Null: there are no more.
  std::function<Chunk()> next;
  SchemaNotes notes = {};                    ///< of Arrow
  std::vector<std::string> never_null = {};  ///< columns, as Arrow's schema tells them

  /// Adds `_1`, `_2` … to names that a column before has.
  void tell_names_apart();
};

/// A file of Parquet. `most`: bytes of it.
Result<std::string, SqlError> parquet_file(const Duckdb& duckdb, ColumnSource source, uint64_t most);
/// A stream of Arrow's IPC format. `options`: of the connection that the rows come from.
Result<std::string, SqlError> arrow_stream(const Duckdb& duckdb, duckdb_arrow_options options, ColumnSource source,
                                           uint64_t most);
/// The same, of what a server tells of itself.
Result<std::string> fact_stream(const std::vector<ServerFact>& facts);
/// As JSON, NDJSON or CSV, as SqlAnswer has it.
Result<SqlAnswer, SqlError> text_of(const Duckdb& duckdb, ColumnSource source, RowForm form, uint64_t most);

/// The error of an answer that is longer than it may be.
SqlError too_long(uint64_t most);

}  // namespace braid::serve::duck
