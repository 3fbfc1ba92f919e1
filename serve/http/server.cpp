#include "serve/http/server.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>

namespace braid::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr std::chrono::seconds kLinger{1};
constexpr std::chrono::milliseconds kRest{50};
constexpr size_t kMostUnread = 1 << 20;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return made;
}

/// What the connections of a server share.
struct Shared {
  HttpHandler handler;
  HttpHeaderCheck check;
  HttpLimits limits;
  std::atomic<size_t> open = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Shared& shared)
      : stream_(std::move(socket)),
        timer_(stream_.get_executor()),
        buffer_(shared.limits.header_bytes + shared.limits.body_bytes),
        shared_(shared),
        time_out_(std::chrono::microseconds(shared.limits.time_out_us)) {
    ++shared_.open;
  }
  ~Connection() { --shared_.open; }

  /// Its handlers run one at a time, from the first on.
  void begin() {
    asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->read(); });
  }

 private:
  void read() {
    parser_.emplace();
    parser_->header_limit(shared_.limits.header_bytes);
    parser_->body_limit(shared_.limits.body_bytes);
    stream_.expires_after(time_out_);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](beast::error_code error, size_t) { self->got_header(error); });
  }

  /// Who may not be answered sends no body, which costs memory.
  void got_header(beast::error_code error) {
    if (error || parser_->is_done()) return got(error);
    if (shared_.check)
      if (std::optional<HttpResponse> refused = shared_.check(asked()))
        return write(*std::move(refused), false, is_head());
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code failed, size_t) { self->got(failed); });
  }

  void got(beast::error_code error) {
    if (!error) return answer();
    // Gone, silent or closed between two requests: nobody waits for an answer.
    const bool of_http = error.category() == make_error_code(http::error::end_of_stream).category();
    if (!of_http || error == http::error::end_of_stream || error == http::error::partial_message) return close();
    HttpResponse response{.status = 400, .body = "bad request: " + error.message() + "\n"};
    if (error == http::error::body_limit)
      response = {.status = 413,
                  .body = shared_.limits.body_bytes == 0 ? "a request has no body here\n" : "the body is too long\n"};
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      response = {.status = 431, .body = "the header is too long\n"};
    write(std::move(response), false, false);
  }

  bool is_head() const { return parser_->get().method() == http::verb::head; }

  /// Without the body.
  HttpRequest asked() const {
    const auto& request = parser_->get();
    const std::string_view target = view(request.target());
    const size_t query = std::min(target.find('?'), target.size());
    HttpRequest made{.method = is_head() ? "GET" : std::string(view(request.method_string())),
                     .path = std::string(target.substr(0, query)),
                     .query = std::string(target.substr(std::min(query + 1, target.size())))};
    for (const auto& field : request)
      made.headers.emplace_back(lower(view(field.name_string())), std::string(view(field.value())));
    return made;
  }

  void answer() {
    HttpRequest request = asked();
    const bool keep = parser_->get().keep_alive();
    const bool head = is_head();
    request.body = std::move(parser_->get().body());
    write(shared_.handler(request), keep, head);
  }

  void write(HttpResponse response, bool keep, bool head) {
    if (response.later) return wait(std::move(response.later), keep, head);
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(response.status));
    response_.set(http::field::content_type, response.content_type);
    response_.set(http::field::cache_control, "no-store");
    for (const auto& [name, value] : response.headers) response_.set(name, value);
    response_.keep_alive(keep);
    // An answer without a body has no length.
    if (response.status != 204 && response.status != 304) response_.content_length(response.body.size());
    if (!head) response_.body() = std::move(response.body);
    stream_.expires_after(time_out_);
    http::async_write(stream_, response_, [self = shared_from_this(), keep](beast::error_code error, size_t) {
      if (!error && keep) return self->read();
      self->close();
    });
  }

  void wait(std::function<std::optional<HttpResponse>()> later, bool keep, bool head) {
    stream_.expires_never();
    timer_.expires_after(std::chrono::microseconds(shared_.limits.look_every_us));
    timer_.async_wait([self = shared_from_this(), later = std::move(later), keep, head](beast::error_code error) {
      if (error) return;
      std::optional<HttpResponse> made = later();
      if (!made) return self->wait(later, keep, head);
      self->write(*std::move(made), keep, head);
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
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  Shared& shared_;
  std::chrono::microseconds time_out_;
  std::array<char, 4096> unread_;
  size_t drained_ = 0;
};

}  // namespace

struct HttpServer::Loop {
  Loop(HttpHandler handler, HttpHeaderCheck check, const HttpLimits& limits)
      : io(static_cast<int>(limits.threads)), acceptor(io), rest(io) {
    shared.handler = std::move(handler);
    shared.check = std::move(check);
    shared.limits = limits;
  }

  void accept() {
    acceptor.async_accept(asio::make_strand(io), [this](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && shared.open < shared.limits.connections) {
        beast::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        std::make_shared<Connection>(std::move(socket), shared)->begin();
      }
      if (!error) return accept();
      // The process has no more files, mostly: it would be asked again at once.
      rest.expires_after(kRest);
      rest.async_wait([this](beast::error_code stopped) {
        if (!stopped) accept();
      });
    });
  }

  Shared shared;
  HttpAddress address;
  asio::io_context io;
  tcp::acceptor acceptor;
  asio::steady_timer rest;           ///< behind an accept that failed
  std::vector<std::thread> threads;  ///< the last: they use the others
};

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const HttpAddress& address, const HttpLimits& limits,
                                                       HttpHandler handler, HttpHeaderCheck check) {
  auto loop = std::make_unique<Loop>(std::move(handler), std::move(check), limits);
  beast::error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address.host, error), address.port);
  if (!error) loop->acceptor.open(endpoint.protocol(), error);
  if (!error) loop->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) loop->acceptor.bind(endpoint, error);
  if (!error) loop->acceptor.listen(asio::socket_base::max_listen_connections, error);
  tcp::endpoint bound;
  if (!error) bound = loop->acceptor.local_endpoint(error);
  if (error) return Error{ErrorKind::output, error.message(), 0, error.value()};
  loop->address = {address.host, bound.port()};
  loop->accept();
  // Signals are for the job's thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (size_t i = 0; i < limits.threads; ++i) loop->threads.emplace_back([io = &loop->io] { io->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(loop)));
}

HttpServer::~HttpServer() {
  loop_->io.stop();
  for (std::thread& thread : loop_->threads) thread.join();
}

const HttpAddress& HttpServer::address() const {
  return loop_->address;
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [each, value] : headers)
    if (each == name) return value;
  return {};
}

}  // namespace braid::serve
