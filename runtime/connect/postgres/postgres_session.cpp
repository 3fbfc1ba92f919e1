#include "runtime/connect/postgres/postgres_session.h"

#include <libpq-fe.h>

namespace braid {
namespace {

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

/// The first line of a message, which has no secrets: libpq shows neither password nor parameters in it.
Error error_of(const char* message) {
  std::string_view text(message == nullptr ? "" : message);
  text = text.substr(0, text.find('\n'));
  return {ErrorKind::input, text.empty() ? "the connection is lost" : std::string(text), 0, 0};
}

class PostgresSession final : public SqlSession {
 public:
  explicit PostgresSession(const std::string& address) {
    const char* const keys[] = {"dbname", "application_name", "client_encoding", "connect_timeout", nullptr};
    const char* const values[] = {address.c_str(), "braid", "UTF8", "10", nullptr};
    connection_.reset(PQconnectdbParams(keys, values, 1));
    if (connection_ != nullptr) PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
  }

  Status check() const {
    if (connection_ == nullptr || PQstatus(connection_.get()) != CONNECTION_OK)
      return error_of(connection_ == nullptr ? nullptr : PQerrorMessage(connection_.get()));
    return {};
  }

  SqlDialect dialect() const override { return SqlDialect::postgres; }

  Result<std::optional<std::string>> run(const std::string& statement,
                                         const std::vector<std::string>& parameters) override {
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    const std::unique_ptr<PGresult, ClearResult> result(PQexecParams(connection_.get(), statement.c_str(),
                                                                     static_cast<int>(values.size()), nullptr,
                                                                     values.data(), nullptr, nullptr, 0));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      const char* const message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
      return error_of(message != nullptr ? message : PQerrorMessage(connection_.get()));
    }
    const bool has_value =
        PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0 && PQgetisnull(result.get(), 0, 0) == 0;
    if (!has_value) return std::optional<std::string>();
    return std::optional(
        std::string(PQgetvalue(result.get(), 0, 0), static_cast<size_t>(PQgetlength(result.get(), 0, 0))));
  }

 private:
  std::unique_ptr<PGconn, CloseConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<SqlSession>> open_postgres_session(const std::string& address) {
  auto session = std::make_unique<PostgresSession>(address);
  BRAID_TRY(session->check());
  return std::unique_ptr<SqlSession>(std::move(session));
}

}  // namespace braid
