#include "serve/duckdb/database.h"

namespace braid::serve::duck {

Result<Database, SqlError> Database::open(const Duckdb& duckdb, uint64_t memory_bytes, bool reaches_files) {
  duckdb_config made = nullptr;
  (void)duckdb.create_config(&made);
  const Owned<duckdb_config> config = own(made, duckdb.destroy_config);
  const std::string memory = fmt::format("{}B", memory_bytes);
  for (const auto& [name, value] :
       {std::pair("threads", "1"), std::pair("memory_limit", memory.c_str()), std::pair("temp_directory", ""),
        std::pair("autoload_known_extensions", "false"), std::pair("autoinstall_known_extensions", "false"),
        std::pair("allow_community_extensions", "false"),
        std::pair("enable_external_access", reaches_files ? "true" : "false")})
    if (duckdb.set_config(config.get(), name, value) != DuckDBSuccess)
      return SqlError{SqlError::Kind::failed, fmt::format("DuckDB does not take the setting {}", name)};
  duckdb_database opened = nullptr;
  char* why = nullptr;
  if (duckdb.open_ext(nullptr, &opened, config.get(), &why) != DuckDBSuccess) {
    SqlError error{SqlError::Kind::failed, why == nullptr ? "DuckDB does not open" : why};
    duckdb.free(why);
    return error;
  }
  Owned<duckdb_database> database = own(opened, duckdb.close);
  duckdb_connection connected = nullptr;
  if (duckdb.connect(database.get(), &connected) != DuckDBSuccess)
    return SqlError{SqlError::Kind::failed, "DuckDB does not connect"};
  Database ready(duckdb, std::move(database), own(connected, duckdb.disconnect));
  BRAID_TRY(ready.run("SET TimeZone = 'UTC'"));
  return ready;
}

Result<void, SqlError> Database::run(const std::string& sql) const {
  duckdb_result result;
  const bool done = duckdb_->query(connection_.get(), sql.c_str(), &result) == DuckDBSuccess;
  const std::string why = done ? "" : duckdb_->result_error(&result);
  duckdb_->destroy_result(&result);
  if (!done) return SqlError{SqlError::Kind::failed, why};
  return {};
}

}  // namespace braid::serve::duck
