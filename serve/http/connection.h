// One connection of the server: requests one after the other, and answers that are written at once, waited for, or
// streamed. Its handlers run one at a time, on a strand. Internal to the folder.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "serve/http/server.h"
#include "serve/http/stream.h"

namespace braid::serve {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

class HttpConnection;

/// Those that wait for wake(). Who takes a connection out of here goes on with it: the server, its own timer, or the
/// end of its client.
class HttpWaiting {
 public:
  void add(HttpConnection& connection);
  /// False: somebody else has taken it.
  bool take(HttpConnection& connection);
  /// Has those go on that have something.
  void look();

 private:
  std::mutex mutex_;
  std::map<HttpConnection*, std::weak_ptr<HttpConnection>> connections_;
};

/// What the connections of a server share.
struct HttpShared {
  HttpHandler handler;
  HttpHeaderCheck check = {};  ///< empty: every body is read
  HttpLimits limits;
  std::unique_ptr<asio::ssl::context> tls = {};  ///< null: none
  SessionMaker sessions = {};                    ///< for clients of HTTP/2; empty: there are none
  std::atomic<size_t> open = 0;
  HttpWaiting waiting;
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket socket, HttpShared& shared);
  ~HttpConnection();

  void begin();
  /// While it waits: whether it has something. Under the lock of HttpWaiting.
  bool is_ready() const;
  /// It has been taken out of those that wait. Any thread.
  void go_on();

 private:
  void shake_hands();
  void read();
  void got_header(beast::error_code error);
  bool is_head() const;
  /// Without the body.
  HttpRequest asked() const;
  void got(beast::error_code error);
  void answer();
  void write(HttpResponse response, bool keep, bool head);
  template <class Message>
  void set_head(const HttpResponse& response, bool keep, Message& message) const;

  // Answers that are made later.
  void wait(HttpResponse unmade, bool keep, bool head);
  void ask_again();

  // Streams (stream_connection.cpp).
  void begin_stream(const HttpResponse& response, bool head);
  void pump();
  void wait_for_news();
  void time_to_look();
  /// `end`: behind it nothing comes.
  void send_part(HttpStream::Next next);
  void part_is_late();
  void end_stream();
  /// Sees the client go while nothing is written.
  void watch_client();
  void client_is_gone();

  // HTTP/2 (session_connection.cpp).
  /// Finds out by the first bytes which HTTP the client speaks.
  void read_preface();
  void begin_session();
  void read_session();
  void send_session();

  /// Calls what is next when the time is over, unless something else is begun before: each call ends the one before.
  void after(std::chrono::microseconds time, void (HttpConnection::*then)());
  void close();
  void end();
  void drain();
  void close_socket();

  ServerStream stream_;
  std::vector<std::string> certificate_names_;
  asio::steady_timer timer_;
  uint64_t timed_ = 0;  ///< calls of after(), so that a timer that is over late does nothing
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  HttpShared& shared_;
  std::chrono::microseconds time_out_;
  std::array<char, 4096> unread_;
  size_t drained_ = 0;

  /// Of an answer that is made later.
  HttpResponse unmade_;
  bool keep_ = false, head_ = false;

  std::shared_ptr<HttpStream> body_;  ///< null: no stream
  http::response<http::empty_body> stream_head_;
  std::optional<http::response_serializer<http::empty_body>> stream_writer_;
  std::string part_, sent_;
  bool chunked_ = false, late_ = false, closed_ = false;

  std::unique_ptr<ByteSession> session_;  ///< null: it is not HTTP/2
  std::string input_;
  bool writes_ = false, ends_ = false;  ///< of the session: a write is open; behind what there is it is closed
};

}  // namespace braid::serve
