// A small HTTP/1.1 server for answers that are made at once: metrics, probes, a status.
//
// One thread of its own serves all connections and calls the handler. Bounds: 64 connections, of which those that come
// next are closed; 8 KB of header, no body unless the limits say so; 10 seconds for a request, for an answer, and
// between two requests of a connection. GET and HEAD, and where there are bodies PUT, POST and DELETE. What is not HTTP
// gets 400 and is closed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/project/http_address.h"
#include "runtime/base/result.h"

namespace braid::cli {

struct HttpRequest {
  std::string path;            ///< without the query
  std::string accept;          ///< the header; empty: none
  std::string method = "GET";  ///< of HEAD too: the answer is the same, and its body is left out
  std::string query = {};      ///< behind the `?`; empty: none
  // Headers; empty: none.
  std::string authorization = {}, if_match = {}, if_none_match = {}, turn = {};  ///< `turn`: Braid-Turn
  std::string body = {};
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string etag = {};  ///< the header; empty: none
};

struct HttpLimits {
  uint64_t most_body = 0;  ///< of a request, in bytes; 0: only GET and HEAD are served
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

class HttpServer {
 public:
  /// Listens, and serves from then on. Fails with code 7024 if the address cannot be had.
  static Result<std::unique_ptr<HttpServer>> listen(const HttpAddress& address, HttpHandler handler,
                                                    HttpLimits limits = {});
  /// Closes all connections and waits for the thread.
  ~HttpServer();
  /// With the port that it got.
  const HttpAddress& address() const;

 private:
  struct Loop;
  explicit HttpServer(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace braid::cli
