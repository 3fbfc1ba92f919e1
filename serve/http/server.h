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
#include "serve/http/tls.h"

namespace braid::serve {

struct Consumer;  // serve/access/consumer.h

struct HttpRequest {
  std::string method = "GET";                                     ///< HEAD is answered as GET, without the body
  std::string path;                                               ///< as it was sent, without the query
  std::string query;                                              ///< as it was sent, without `?`
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< names in lower case
  std::string body = {};
  /// Names in the client's certificate, which the server has verified: its common name, then DNS names and URIs.
  std::vector<std::string> certificate_names = {};
  /// Who asks, once the gate has found that out (serve/access/gate.h). Null: nobody is asked who they are.
  std::shared_ptr<const Consumer> consumer = {};

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
  /// Listens, and serves from then on. The error is that of the system. With `tls` (TLS 1.2 and 1.3) its files are
  /// read here, and an error says which of them cannot be used.
  static Result<std::unique_ptr<HttpServer>> listen(const HttpAddress& address, const HttpLimits& limits,
                                                    HttpHandler handler, const std::optional<TlsOptions>& tls = {});
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
