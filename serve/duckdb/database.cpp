#include "serve/duckdb/database.h"

namespace braid::serve::duck {

Result<Database, SqlError> Database::open(const Duckdb& duckdb, uint64_t memory_bytes, bool reaches_files) {
  return open_at(duckdb, nullptr, memory_bytes,
                 {{"temp_directory", ""}, {"enable_external_access", reaches_files ? "true" : "false"}});
}

Result<Database, SqlError> Database::open_file(const Duckdb& duckdb, const std::string& path, uint64_t memory_bytes) {
  return open_at(duckdb, path.c_str(), memory_bytes, {});
}

Result<Database, SqlError> Database::open_at(const Duckdb& duckdb, const char* path, uint64_t memory_bytes,
                                             std::vector<std::pair<const char*, const char*>> settings) {
  duckdb_config made = nullptr;
  (void)duckdb.create_config(&made);
  const Owned<duckdb_config> config = own(made, duckdb.destroy_config);
  const std::string memory = fmt::format("{}B", memory_bytes);
  settings.insert(settings.end(), {{"threads", "1"},
                                   {"memory_limit", memory.c_str()},
                                   {"autoload_known_extensions", "false"},
                                   {"autoinstall_known_extensions", "false"},
                                   {"allow_community_extensions", "false"}});
  for (const auto& [name, value] : settings)
    if (duckdb.set_config(config.get(), name, value) != DuckDBSuccess)
      return SqlError{SqlError::Kind::failed, fmt::format("DuckDB does not take the setting {}", name)};
  duckdb_database opened = nullptr;
  char* why = nullptr;
  if (duckdb.open_ext(path, &opened, config.get(), &why) != DuckDBSuccess) {
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
