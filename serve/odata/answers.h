// What all answers of OData have in common: headers, errors, addresses.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/clock.h"
#include "serve/http/server.h"
#include "serve/odata/expression.h"
#include "serve/odata/model.h"

namespace braid::serve::odata {

/// `{"error":{"code":…,"message":…}}`.
HttpResponse error_answer(const Wrong& wrong);
/// With the headers of OData.
HttpResponse answer_of(std::string content_type, std::string body);
/// Version, epoch, watermark and contract of the product, as all ways in have them.
void set_product_headers(const ApiProduct& product, const ViewsAt& at, const std::string& status,
                         HttpResponse& response);
/// The address under which the client sees the service: `http://host:8733/odata`. By `Host` and whether there is TLS,
/// and by `X-Forwarded-Proto` and `X-Forwarded-Host` of a proxy.
std::string root_of(const HttpRequest& request, std::string_view path);

/// What answers are made from. All outlive them.
struct Serving {
  ViewHost& host;
  Clock& clock;
  std::function<std::string(const ApiProduct&)> status;
};

/// How long the epoch of a token, and of a request that goes on, is kept, µs.
inline constexpr int64_t kTokenHolds = Api::kTokenHolds;

/// The state of now, or why there is none that will do.
Parsed<std::shared_ptr<const ViewsState>> state_of(const Serving& serving, std::optional<uint64_t> min_epoch);

}  // namespace braid::serve::odata
