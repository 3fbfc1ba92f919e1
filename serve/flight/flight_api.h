// Arrow Flight and Flight SQL: a service of gRPC (serve/grpc) beside those of the products.
//
//   ListFlights, GetFlightInfo, GetSchema, DoGet      products, by path; changes; statements of SQL
//   DoAction, ListActions, DoPut                      prepared statements of Flight SQL
//   Handshake                                         answered; who calls says so in `authorization`, for each call
//
// Immutable; any thread. What it is made with outlives this and its calls.
#pragma once

#include <memory>

#include "serve/flight/sql_flights.h"
#include "serve/grpc/grpc_exchange.h"

namespace braid::serve {

class FlightApi {
 public:
  /// As Api; `query` runs the statements.
  FlightApi(const std::vector<ApiProduct>& products, ViewHost& host, Clock& clock,
            std::function<std::string(const ApiProduct& product)> status, QueryApi& query);

  /// As GrpcApi::set_rules.
  void set_rules(ReaderRules& rules) { products_.set_rules(rules); }
  /// Null: it is no call of this service.
  std::unique_ptr<GrpcExchange> call(const GrpcRequest& request) const;

 private:
  flight::ProductFlights products_;
  flight::SqlFlights sql_;
};

}  // namespace braid::serve
