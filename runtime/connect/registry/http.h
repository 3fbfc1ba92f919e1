// HTTP as a seam, as little of it as a client of a schema registry needs. `curl_http.h` makes a real one; a simulated
// registry answers in tests.
//
// Nothing here blocks but `wait`. Redirects are not followed: a request carries a secret, and belongs to the server
// that was named. Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace braid::registry {

enum class HttpMethod { get, post, put, remove };

struct HttpRequest {
  HttpMethod method = HttpMethod::get;
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;                  ///< post, put
  int64_t timeout_us = 0;            ///< for all of it, from the first look at the name to the last byte
  size_t most_bytes = 0;             ///< of the answer's body; a longer one is `too_long`
  bool as_stored = false;            ///< not compressed on its way, which would change its ETag
};

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::optional<int64_t> retry_after_us;                 ///< of the header, if it is a number of seconds
  std::string etag = {}, date = {}, last_modified = {};  ///< headers; empty: the answer has none
};

enum class HttpFault {
  no_answer,  ///< no connection, a connection that broke, or time that ran out; the server may have done the request
  untrusted,  ///< the server's certificate or the protocol does not fit the settings
  too_long    ///< more bytes than were asked for
};
struct HttpFailure {
  HttpFault fault = HttpFault::no_answer;
  std::string message;  ///< without the URL
};
using HttpOutcome = Result<HttpAnswer, HttpFailure>;

/// A request under way. Destroying it gives it up; the server may do it all the same.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  /// Goes on with what can be done at once; null until there is an outcome.
  virtual const HttpOutcome* poll() = 0;
};

class Http {
 public:
  virtual ~Http() = default;
  /// Must be destroyed before the Http.
  virtual std::unique_ptr<HttpExchange> start(HttpRequest request) = 0;
  /// Returns when an exchange can go on, and at the latest after that long.
  virtual void wait(int64_t at_most_us) = 0;
};

}  // namespace braid::registry
