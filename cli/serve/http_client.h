// One GET, with a time-out for all of it.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "serve/http/address.h"

namespace braid::cli {

struct HttpReply {
  int status = 0;
  std::string content_type;
  std::string body;
};

/// `authorization`: the header of that name; empty: none. Fails with code 7025 if nothing answers there, or something
/// that is not HTTP.
Result<HttpReply> http_get(const serve::HttpAddress& address, const std::string& path, const std::string& accept,
                           const std::string& authorization = {});

}  // namespace braid::cli
