// One request, with a time-out for all of it.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"
#include "serve/http/address.h"

namespace braid::cli {

struct HttpReply {
  int status = 0;
  std::string content_type;
  std::string body;
  std::string next;  ///< header Braid-Next
};

/// Why an answer is no success: the detail of its problem (RFC 9457), or its body.
std::string reason_of(const HttpReply& reply);

/// `authorization`: the header of that name; empty: none. `wait_us`: for which the answer may wait besides. Fails with
/// code 7025 if nothing answers there, or something that is not HTTP.
Result<HttpReply> http_get(const serve::HttpAddress& address, const std::string& path, const std::string& accept,
                           const std::string& authorization = {}, int64_t wait_us = 0);

/// The same with a body, as `type`. It waits for 20 seconds.
Result<HttpReply> http_post(const serve::HttpAddress& address, const std::string& path, const std::string& accept,
                            const std::string& type, const std::string& body, const std::string& authorization = {});

}  // namespace braid::cli
