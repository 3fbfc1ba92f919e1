// All that a job answers to clients of gRPC: a service for each product, reflection and health.
//
//   shop.order.v1.View                              Get, Scan
//   grpc.reflection.v1(alpha).ServerReflection      what there is, for grpcurl and the like
//   grpc.health.v1.Health                           of a product as its contract is: NOT_SERVING while it is breached
//
// Immutable; any thread. The host and the clock outlive this.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/view/view_host.h"
#include "serve/access/reader_rules.h"
#include "serve/grpc/grpc_exchange.h"
#include "serve/grpc/product_file.h"
#include "serve/grpc/product_service.h"
#include "serve/rest/api.h"

namespace braid::serve {

class GrpcApi {
 public:
  /// As Api. Fails if a product's names are none in Protobuf.
  static Result<std::unique_ptr<GrpcApi>> make(const std::vector<ApiProduct>& products, ViewHost& host, Clock& clock,
                                               const std::function<std::string(const ApiProduct& product)>& status);

  /// From now on a consumer (GrpcRequest::consumer) sees what they say; without one nothing is served. They outlive
  /// this. Before the first call.
  void set_rules(ReaderRules& rules) { rules_ = &rules; }
  /// Null: there is no such method, or none for who calls.
  std::unique_ptr<GrpcExchange> call(const GrpcRequest& request) const;

 private:
  explicit GrpcApi(ViewHost& host) : host_(host) {}

  std::optional<Sight> sight_of(size_t product, const GrpcRequest& request) const;

  ViewHost& host_;
  ReaderRules* rules_ = nullptr;  ///< null: all see all
  std::vector<std::unique_ptr<ProductService>> services_;
  std::map<std::string, size_t, std::less<>> places_;  ///< of services, by name
  ProtobufFiles files_;
};

/// The calls of reflection and of health. What they are given outlives them. `hidden`: files of products that are not
/// for who calls.
std::unique_ptr<GrpcExchange> make_reflection(const ProtobufFiles& files, std::set<std::string> hidden);
/// `services`: those for who calls.
std::unique_ptr<GrpcExchange> make_health(const ViewHost& host, std::vector<const ProductService*> services,
                                          bool watch);

}  // namespace braid::serve
