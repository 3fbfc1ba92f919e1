// What all answers of OData have in common: headers, errors, addresses.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/clock.h"
#include "serve/http/server.h"
#include "serve/odata/expression.h"
#include "serve/odata/model.h"
#include "serve/read/chosen_state.h"

namespace braid::serve::odata {

/// `{"error":{"code":…,"message":…}}`.
HttpResponse error_answer(const Wrong& wrong);
/// With the headers of OData.
HttpResponse answer_of(std::string content_type, std::string body);
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

/// Why there is no state that will do.
Wrong wrong_of(const NoState& none);

}  // namespace braid::serve::odata
