// An HTTP/1.1 server for answers that are made at once, or after something that is waited for.
//
// Its threads share all connections. The handler is called on any of them, for several requests at a time, and must not
// wait for long. Bounds: connections, of which those that come next are closed; bytes of a header and of a body; 10
// seconds for a request, for an answer to be taken, and between two requests of a connection. What is not
// HTTP gets 400 and is closed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "serve/http/address.h"

namespace braid::serve {

struct HttpRequest {
  std::string method = "GET";                                     ///< HEAD is answered as GET, without the body
  std::string path;                                               ///< as it was sent, without the query
  std::string query;                                              ///< as it was sent, without `?`
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< names in lower case
  std::string body = {};

  /// Empty: there is none. `name` in lower case.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// There is no answer yet: this is asked for one again and again, in moments. It gives one after a bounded time.
  std::function<std::optional<HttpResponse>()> later = {};
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;
/// Of a request whose body has not been read yet, and is not in `body`: an answer refuses it, and the connection is
/// closed behind that, without the body. Nothing: the body is read, and the handler asked. Called as the handler is.
using HttpHeaderCheck = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

struct HttpLimits {
  size_t threads = 1;
  size_t connections = 64;
  uint32_t header_bytes = 8 << 10;
  uint64_t body_bytes = 0;  ///< 0: requests have no body
  int64_t time_out_us = 10'000'000;
  int64_t look_every_us = 20'000;  ///< for HttpResponse::later
};

class HttpServer {
 public:
  /// Listens, and serves from then on. The error is that of the system. `check`: of requests that have a body.
  static Result<std::unique_ptr<HttpServer>> listen(const HttpAddress& address, const HttpLimits& limits,
                                                    HttpHandler handler, HttpHeaderCheck check = {});
  /// Closes all connections and waits for the threads.
  ~HttpServer();
  /// With the port that it got.
  const HttpAddress& address() const;

 private:
  struct Loop;
  explicit HttpServer(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace braid::serve
