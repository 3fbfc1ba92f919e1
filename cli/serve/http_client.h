// One request, with a time-out for all of it.
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

/// Fails with code 7025 if nothing answers there, or something that is not HTTP.
Result<HttpReply> http_get(const serve::HttpAddress& address, const std::string& path, const std::string& accept);

/// The same with a body, as `type`. It waits for 20 seconds.
Result<HttpReply> http_post(const serve::HttpAddress& address, const std::string& path, const std::string& accept,
                            const std::string& type, const std::string& body);

}  // namespace braid::cli
