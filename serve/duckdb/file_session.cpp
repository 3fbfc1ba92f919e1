#include "serve/duckdb/file_session.h"

#include "serve/duckdb/library.h"

namespace braid::serve {
namespace {

Error failed(std::string message) {
  return {ErrorKind::input, std::move(message), 0, 0};
}

class FileSession final : public SqlSession {
 public:
  FileSession(const duck::Duckdb& duckdb, duck::Owned<duckdb_database> database,
              duck::Owned<duckdb_connection> connection)
      : duckdb_(duckdb), database_(std::move(database)), connection_(std::move(connection)) {}

  SqlDialect dialect() const override { return SqlDialect::duckdb; }

  Result<std::optional<std::string>> run(const std::string& statement,
                                         const std::vector<std::string>& parameters) override {
    duckdb_prepared_statement made = nullptr;
    const bool prepared = duckdb_.prepare(connection_.get(), statement.c_str(), &made) == DuckDBSuccess;
    const auto ready = duck::own(made, duckdb_.destroy_prepare);
    if (!prepared) return failed(duckdb_.prepare_error(ready.get()));
    for (size_t i = 0; i < parameters.size(); ++i)
      if (duckdb_.bind_varchar_length(ready.get(), i + 1, parameters[i].data(), parameters[i].size()) != DuckDBSuccess)
        return failed("DuckDB does not take a parameter");
    duckdb_result result;
    const bool done = duckdb_.execute_prepared(ready.get(), &result) == DuckDBSuccess;
    std::optional<std::string> value;
    const std::string why = done ? "" : duckdb_.result_error(&result);
    if (done && duckdb_.row_count(&result) > 0)
      if (char* text = duckdb_.value_varchar(&result, 0, 0); text != nullptr) {
        value = text;
        duckdb_.free(text);
      }
    duckdb_.destroy_result(&result);
    if (!done) return failed(why.substr(0, why.find('\n')));
    return value;
  }

 private:
  const duck::Duckdb& duckdb_;
  duck::Owned<duckdb_database> database_;
  duck::Owned<duckdb_connection> connection_;  ///< goes first
};

}  // namespace

Result<std::unique_ptr<SqlSession>> open_duckdb_file(const std::string& path) {
  BRAID_ASSIGN(const duck::Duckdb* duckdb, duck::open_library());
  duckdb_config made = nullptr;
  (void)duckdb->create_config(&made);
  const auto config = duck::own(made, duckdb->destroy_config);
  for (const auto& [name, value] :
       {std::pair("threads", "1"), std::pair("memory_limit", "512MB"), std::pair("autoload_known_extensions", "false"),
        std::pair("autoinstall_known_extensions", "false")})
    if (duckdb->set_config(config.get(), name, value) != DuckDBSuccess)
      return failed(fmt::format("DuckDB does not take the setting {}", name));
  duckdb_database opened = nullptr;
  char* why = nullptr;
  if (duckdb->open_ext(path.c_str(), &opened, config.get(), &why) != DuckDBSuccess) {
    const std::string reason = why == nullptr ? "DuckDB does not open the file" : why;
    duckdb->free(why);
    return failed(reason.substr(0, reason.find('\n')));
  }
  auto database = duck::own(opened, duckdb->close);
  duckdb_connection connected = nullptr;
  if (duckdb->connect(database.get(), &connected) != DuckDBSuccess) return failed("DuckDB does not connect");
  auto session = std::make_unique<FileSession>(*duckdb, std::move(database), duck::own(connected, duckdb->disconnect));
  const auto set = session->run("SET TimeZone = 'UTC'", {});
  if (!set.ok()) return set.error();
  return std::unique_ptr<SqlSession>(std::move(session));
}

}  // namespace braid::serve
