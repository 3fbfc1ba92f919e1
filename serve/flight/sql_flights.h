// Flight SQL: statements, prepared statements and the catalogue. All of it is answered by SQL, which runs where that of
// POST /v1/query does, as whoever calls. The catalogue is `memory`, as DuckDB calls a database without a file.
//
// Nothing is kept between calls. The handle of a prepared statement is the statement with its bound parameters, so it
// holds on every replica and after a restart, and there is nothing to close. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>

#include "serve/flight/flight_wire.h"
#include "serve/flight/product_flights.h"

namespace braid::serve::flight {

class SqlFlights {
 public:
  SqlFlights(const ProductFlights& flights, ViewHost& host, Clock& clock, QueryApi& query)
      : flights_(flights), host_(host), clock_(clock), query_(query) {}

  /// FlightInfo, or with `only_schema` SchemaResult, of a command.
  Source info(const SqlMessage& command, std::string_view descriptor, const ConsumerPtr& consumer,
              bool only_schema) const;
  /// FlightData of a ticket.
  Source get(const SqlMessage& ticket, const ConsumerPtr& consumer) const;
  /// Result of the action CreatePreparedStatement. `body`: of the action.
  Source prepare(std::string_view body, const ConsumerPtr& consumer) const;
  /// PutResult of parameters, which came as a stream of Arrow.
  Source bind(const SqlMessage& command, const std::string& stream) const;

 private:
  struct Statement {
    std::string text;
    std::string parameters = {};               ///< as SqlQuestion::parameters
    bool of_products = true;                   ///< else of the catalogue alone
    std::vector<std::string> never_null = {};  ///< as SqlQuestion::never_null
  };
  class Answering;
  using Then = std::function<Source(SqlAnswer&& answer)>;

  /// Nothing: `problem` says why.
  std::optional<Statement> statement(const SqlMessage& command, const ConsumerPtr& consumer, Source& problem) const;
  /// The stream of an answer to GetSqlInfo; nothing: `problem` says why.
  std::optional<std::string> facts(const SqlMessage& command, Source& problem) const;
  Source run(const Statement& statement, const ConsumerPtr& consumer, bool describe, Then then) const;

  const ProductFlights& flights_;
  ViewHost& host_;
  Clock& clock_;
  QueryApi& query_;
};

}  // namespace braid::serve::flight
