#include "serve/duckdb/file_session.h"

#include "serve/duckdb/database.h"

namespace braid::serve {
namespace {

Error failed(std::string message) {
  return {ErrorKind::input, std::move(message), 0, 0};
}

std::string first_line(const std::string& message) {
  return message.substr(0, message.find('\n'));
}

class FileSession final : public SqlSession {
 public:
  explicit FileSession(duck::Database database) : database_(std::move(database)) {}

  SqlDialect dialect() const override { return SqlDialect::duckdb; }

  Result<std::optional<std::string>> run(const std::string& statement,
                                         const std::vector<std::string>& parameters) override {
    const duck::Duckdb& duckdb = database_.functions();
    duckdb_prepared_statement made = nullptr;
    const bool prepared = duckdb.prepare(database_.connection(), statement.c_str(), &made) == DuckDBSuccess;
    const auto ready = duck::own(made, duckdb.destroy_prepare);
    if (!prepared) return failed(duckdb.prepare_error(ready.get()));
    for (size_t i = 0; i < parameters.size(); ++i)
      if (duckdb.bind_varchar_length(ready.get(), i + 1, parameters[i].data(), parameters[i].size()) != DuckDBSuccess)
        return failed("DuckDB does not take a parameter");
    duckdb_result result;
    const bool done = duckdb.execute_prepared(ready.get(), &result) == DuckDBSuccess;
    std::optional<std::string> value;
    const std::string why = done ? "" : duckdb.result_error(&result);
    if (done && duckdb.row_count(&result) > 0)
      if (char* text = duckdb.value_varchar(&result, 0, 0); text != nullptr) {
        value = text;
        duckdb.free(text);
      }
    duckdb.destroy_result(&result);
    if (!done) return failed(first_line(why));
    return value;
  }

 private:
  duck::Database database_;
};

}  // namespace

Result<std::unique_ptr<SqlSession>> open_duckdb_file(const std::string& path) {
  constexpr uint64_t kMemory = 512'000'000;
  BRAID_ASSIGN(const duck::Duckdb* duckdb, duck::open_library());
  auto database = duck::Database::open_file(*duckdb, path, kMemory);
  if (!database.ok()) return failed(first_line(database.error().message));
  return std::unique_ptr<SqlSession>(std::make_unique<FileSession>(*std::move(database)));
}

}  // namespace braid::serve
