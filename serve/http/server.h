// An HTTP/1.1 server for answers that are made at once, after something that is waited for, or part by part without an
// end.
//
// Its threads share all connections. The handler is called on any of them, for several requests at a time, and must not
// wait for long. Bounds: connections, of which those that come next are closed; bytes of a header and of a body; 10
// seconds for a request, for an answer or a part of one to be taken, and between two requests of a connection. What is
// not HTTP gets 400 and is closed.
//
// Who waits costs no thread: wake() is called when something has happened, and has all looked at that wait.
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
#include "serve/http/byte_session.h"
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
  bool is_tls = false;  ///< it came over TLS

  /// Empty: there is none. `name` in lower case.
  std::string_view header(std::string_view name) const;
};

/// A body that is made part by part: the next part when the client has taken the one before. One thread at a time calls
/// it; it is let go of with the connection, or earlier.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  enum class Next : uint8_t {
    part,  ///< there may be more
    wait,  ///< there is nothing more for now
    end    ///< that was all
  };
  /// Appends the next part: it should be small against HttpLimits::stream_bytes.
  virtual Next next(std::string& out) = 0;
  /// While it waits: whether next() has something. Quick, and takes no lock that is held where wake() is called.
  virtual bool ready() const = 0;
  /// It has waited for HttpLimits::alive_every_us: what is sent, so that both ends see that the other one is there.
  virtual void alive(std::string& out) = 0;
  /// The client has not taken a part in time: the last word that it is sent. It may come to nothing.
  virtual void dropped(std::string& out) = 0;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// There is no answer yet: this is asked for one again and again, in moments. It gives one after a bounded time.
  std::function<std::optional<HttpResponse>()> later = {};
  /// Of `later`: it is not asked in moments, but when this is so, as HttpStream::ready(), and after `look_us`.
  std::function<bool()> ready = {};
  int64_t look_us = 0;
  /// Instead of `body`.
  std::shared_ptr<HttpStream> stream = {};
};

/// For a connection whose client speaks HTTP/2 from its first byte on. `certificate_names`: as of HttpRequest. Called
/// on any of the server's threads; what it makes is let go of with the connection.
using SessionMaker = std::function<std::unique_ptr<ByteSession>(const std::vector<std::string>& certificate_names)>;

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
  int64_t alive_every_us = 15'000'000;
  int64_t idle_us = 600'000'000;  ///< after which a connection of HTTP/2 is closed on which nobody waits for anything
  int stream_bytes = 128 << 10;   ///< of a stream that wait to be sent, besides one part; the system holds about twice
};

struct HttpOptions {
  std::optional<TlsOptions> tls = {};  ///< TLS 1.2 and 1.3; its files are read once. Nothing: there is none
  HttpHeaderCheck check = {};          ///< of requests that have a body
  SessionMaker sessions = {};          ///< for clients of HTTP/2 on the same port; empty: they are not served
};

class HttpServer {
 public:
  /// Listens, and serves from then on. The error is that of the system, or says which file of TLS cannot be used.
  static Result<std::unique_ptr<HttpServer>> listen(const HttpAddress& address, const HttpLimits& limits,
                                                    HttpHandler handler, HttpOptions options = {});
  /// Closes all connections and waits for the threads.
  ~HttpServer();
  /// With the port that it got.
  const HttpAddress& address() const;
  /// Something has happened that answers may wait for. Any thread, until the server goes; does not wait.
  void wake();

 private:
  struct Loop;
  explicit HttpServer(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace braid::serve
