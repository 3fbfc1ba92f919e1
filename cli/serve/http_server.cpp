#include "cli/serve/http_server.h"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <thread>

#include "cli/serve/watch_errors.h"

namespace braid::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr size_t kMostConnections = 64;
constexpr uint32_t kMostHeaderBytes = 8 << 10;
constexpr std::chrono::seconds kTimeOut{10};
constexpr std::chrono::seconds kLinger{1};
constexpr size_t kMostUnread = 1 << 20;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const HttpHandler& handler, HttpLimits limits, size_t& open)
      : stream_(std::move(socket)), buffer_(kMostHeaderBytes), handler_(handler), limits_(limits), open_(open) {
    ++open_;
  }
  ~Connection() { --open_; }

  void read() {
    parser_.emplace();
    parser_->header_limit(kMostHeaderBytes);
    parser_->body_limit(limits_.most_body);
    stream_.expires_after(kTimeOut);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, size_t) { self->got(error); });
  }

 private:
  static std::string text(beast::string_view view) { return {view.data(), view.size()}; }

  void got(beast::error_code error) {
    if (!error) return answer();
    // Gone, silent or closed between two requests: nobody waits for an answer.
    const bool of_http = error.category() == make_error_code(http::error::end_of_stream).category();
    if (!of_http || error == http::error::end_of_stream || error == http::error::partial_message) return close();
    HttpResponse response{.status = 400, .body = "bad request: " + error.message() + "\n"};
    if (error == http::error::body_limit)
      response = {.status = 413,
                  .body = limits_.most_body == 0 ? "a request has no body here\n" : "the body is too long\n"};
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      response = {.status = 431, .body = "the header is too long\n"};
    write(response, false, false);
  }

  void answer() {
    const auto& request = parser_->get();
    const bool keep = request.keep_alive();
    const bool head = request.method() == http::verb::head;
    const bool writes = request.method() == http::verb::put || request.method() == http::verb::post ||
                        request.method() == http::verb::delete_;
    if (!head && request.method() != http::verb::get && !(writes && limits_.most_body > 0))
      return write({.status = 405, .body = limits_.most_body == 0 ? "only GET and HEAD\n" : "not this method\n"}, false,
                   false);
    const std::string target = text(request.target());
    const size_t query = std::min(target.find('?'), target.size());
    write(handler_({.path = target.substr(0, query),
                    .accept = text(request[http::field::accept]),
                    .method = head ? "GET" : text(request.method_string()),
                    .query = target.substr(std::min(query + 1, target.size())),
                    .authorization = text(request[http::field::authorization]),
                    .if_match = text(request[http::field::if_match]),
                    .if_none_match = text(request[http::field::if_none_match]),
                    .turn = text(request["Braid-Turn"]),
                    .body = request.body()}),
          keep, head);
  }

  void write(const HttpResponse& response, bool keep, bool head) {
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(response.status));
    response_.set(http::field::content_type, response.content_type);
    response_.set(http::field::cache_control, "no-store");
    if (response.status == 405)
      response_.set(http::field::allow, limits_.most_body == 0 ? "GET, HEAD" : "GET, HEAD, PUT, POST, DELETE");
    if (response.status == 401) response_.set(http::field::www_authenticate, "Bearer");
    if (!response.etag.empty()) response_.set(http::field::etag, response.etag);
    response_.keep_alive(keep);
    response_.content_length(response.body.size());
    if (!head) response_.body() = response.body;
    stream_.expires_after(kTimeOut);
    http::async_write(stream_, response_, [self = shared_from_this(), keep](beast::error_code error, size_t) {
      if (!error && keep) return self->read();
      self->close();
    });
  }

  /// What is still on its way here is read and thrown away for a moment: a socket that is closed with unread bytes
  /// takes the answer back.
  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    drain();
  }

  void drain() {
    stream_.async_read_some(asio::buffer(unread_), [self = shared_from_this()](beast::error_code error, size_t bytes) {
      self->drained_ += bytes;
      if (!error && self->drained_ < kMostUnread) self->drain();
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  const HttpHandler& handler_;
  const HttpLimits limits_;
  size_t& open_;
  std::array<char, 4096> unread_;
  size_t drained_ = 0;
};

}  // namespace

struct HttpServer::Loop {
  Loop(HttpHandler given, HttpLimits most) : handler(std::move(given)), limits(most), acceptor(io) {}

  void accept() {
    acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && open < kMostConnections)
        std::make_shared<Connection>(std::move(socket), handler, limits, open)->read();
      accept();
    });
  }

  HttpHandler handler;
  HttpLimits limits;
  size_t open = 0;
  HttpAddress address;
  asio::io_context io{1};
  tcp::acceptor acceptor;
  std::thread thread;  ///< the last: it uses the others
};

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const HttpAddress& address, HttpHandler handler,
                                                       HttpLimits limits) {
  auto loop = std::make_unique<Loop>(std::move(handler), limits);
  beast::error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address.host, error), address.port);
  if (!error) loop->acceptor.open(endpoint.protocol(), error);
  if (!error) loop->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) loop->acceptor.bind(endpoint, error);
  if (!error) loop->acceptor.listen(asio::socket_base::max_listen_connections, error);
  tcp::endpoint bound;
  if (!error) bound = loop->acceptor.local_endpoint(error);
  if (error) {
    return cannot_listen(address.text(), error.message());
  }
  loop->address = {address.host, bound.port()};
  loop->accept();
  // Signals are for the job's thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  loop->thread = std::thread([io = &loop->io] { io->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(loop)));
}

HttpServer::~HttpServer() {
  loop_->io.stop();
  loop_->thread.join();
}

const HttpAddress& HttpServer::address() const {
  return loop_->address;
}

}  // namespace braid::cli
