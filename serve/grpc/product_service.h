// The services of products: rows by key and by condition, as messages of their files (product_file.h).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/view/view_host.h"
#include "serve/grpc/grpc_exchange.h"
#include "serve/grpc/product_file.h"
#include "serve/read/sight.h"
#include "serve/rest/api.h"

namespace braid::serve {

/// What the calls of a product share. Immutable; any thread.
class ProductService {
 public:
  /// `view`: place of the product's view in the host, which outlives this.
  ProductService(ApiProduct product, ProductFile file, size_t view, ViewHost& host, Clock& clock,
                 std::function<std::string(const ApiProduct& product)> status);

  const ApiProduct& product() const { return product_; }
  const ProductFile& file() const { return file_; }
  std::string name() const { return file_.package + ".View"; }
  /// Of the product's contract now.
  std::string status() const { return status_(product_); }
  /// Null: the service has no such method. `sight`: of who calls.
  std::unique_ptr<GrpcExchange> call(std::string_view method, const Sight& sight) const;

  static constexpr size_t kBytesOfReply = 128 << 10;  ///< of a scan, about

 private:
  class Read;
  class Get;
  class Scan;

  ApiProduct product_;
  ProductFile file_;
  size_t view_;
  ViewHost& host_;
  Clock& clock_;
  std::function<std::string(const ApiProduct&)> status_;
  std::vector<size_t> leaves_;   ///< by column: its first leaf
  std::vector<FieldPlace> key_;  ///< of a keyed product: in the order of its key
};

}  // namespace braid::serve
