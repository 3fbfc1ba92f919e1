#include "serve/http/connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <vector>

namespace braid::serve {
namespace {

constexpr std::chrono::seconds kLinger{1};
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

}  // namespace

void HttpWaiting::add(HttpConnection& connection) {
  std::lock_guard lock(mutex_);
  connections_.emplace(&connection, connection.weak_from_this());
}

bool HttpWaiting::take(HttpConnection& connection) {
  std::lock_guard lock(mutex_);
  return connections_.erase(&connection) > 0;
}

void HttpWaiting::look() {
  std::vector<std::shared_ptr<HttpConnection>> ready;  // let go of without the lock
  {
    std::lock_guard lock(mutex_);
    for (auto each = connections_.begin(); each != connections_.end();) {
      // One that ends just now takes itself out.
      std::shared_ptr<HttpConnection> connection =
          each->first->is_ready() ? each->second.lock() : std::shared_ptr<HttpConnection>();
      if (connection == nullptr) {
        ++each;
        continue;
      }
      ready.push_back(std::move(connection));
      each = connections_.erase(each);
    }
  }
  for (const std::shared_ptr<HttpConnection>& connection : ready) connection->go_on();
}

HttpConnection::HttpConnection(tcp::socket socket, HttpShared& shared)
    : stream_(std::move(socket), shared.tls.get()),
      timer_(stream_.get_executor()),
      buffer_(shared.limits.header_bytes + shared.limits.body_bytes),
      shared_(shared),
      time_out_(std::chrono::microseconds(shared.limits.time_out_us)) {
  ++shared_.open;
}

HttpConnection::~HttpConnection() {
  shared_.waiting.take(*this);
  --shared_.open;
}

void HttpConnection::begin() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    if (self->stream_.is_tls())
      self->shake_hands();
    else
      self->read_preface();
  });
}

/// Who does not speak TLS, or has no certificate that is taken, gets no answer.
void HttpConnection::shake_hands() {
  stream_.tcp().expires_after(time_out_);
  stream_.async_handshake([self = shared_from_this()](beast::error_code error) {
    if (error) return;
    self->certificate_names_ = self->stream_.certificate_names();
    self->read_preface();
  });
}

void HttpConnection::read() {
  parser_.emplace();
  parser_->header_limit(shared_.limits.header_bytes);
  parser_->body_limit(shared_.limits.body_bytes);
  stream_.tcp().expires_after(time_out_);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code error, size_t) { self->got_header(error); });
}

/// Who may not be answered sends no body, which costs memory.
void HttpConnection::got_header(beast::error_code error) {
  if (error || parser_->is_done()) return got(error);
  if (shared_.check)
    if (std::optional<HttpResponse> refused = shared_.check(asked()))
      return write(*std::move(refused), false, is_head());
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code failed, size_t) { self->got(failed); });
}

void HttpConnection::got(beast::error_code error) {
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

bool HttpConnection::is_head() const {
  return parser_->get().method() == http::verb::head;
}

HttpRequest HttpConnection::asked() const {
  const auto& request = parser_->get();
  const std::string_view target = view(request.target());
  const size_t query = std::min(target.find('?'), target.size());
  HttpRequest made{.method = is_head() ? "GET" : std::string(view(request.method_string())),
                   .path = std::string(target.substr(0, query)),
                   .query = std::string(target.substr(std::min(query + 1, target.size())))};
  for (const auto& field : request)
    made.headers.emplace_back(lower(view(field.name_string())), std::string(view(field.value())));
  made.certificate_names = certificate_names_;
  made.is_tls = stream_.is_tls();
  return made;
}

void HttpConnection::answer() {
  HttpRequest request = asked();
  const bool keep = parser_->get().keep_alive();
  const bool head = is_head();
  chunked_ = parser_->get().version() >= 11;
  request.body = std::move(parser_->get().body());
  write(shared_.handler(request), keep, head);
}

template <class Message>
void HttpConnection::set_head(const HttpResponse& response, bool keep, Message& message) const {
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  message.set(http::field::content_type, response.content_type);
  message.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep);
}

void HttpConnection::write(HttpResponse response, bool keep, bool head) {
  if (response.later) return wait(std::move(response), keep, head);
  if (response.stream) {
    stream_head_ = {};
    set_head(response, false, stream_head_);
    return begin_stream(response, head);
  }
  response_ = {};
  set_head(response, keep, response_);
  // An answer without a body has no length.
  if (response.status != 204 && response.status != 304) response_.content_length(response.body.size());
  if (!head) response_.body() = std::move(response.body);
  stream_.tcp().expires_after(time_out_);
  http::async_write(stream_, response_, [self = shared_from_this(), keep](beast::error_code error, size_t) {
    if (!error && keep) return self->read();
    self->close();
  });
}

void HttpConnection::wait(HttpResponse unmade, bool keep, bool head) {
  stream_.tcp().expires_never();
  unmade_ = std::move(unmade);
  keep_ = keep;
  head_ = head;
  if (!unmade_.ready) return after(std::chrono::microseconds(shared_.limits.look_every_us), &HttpConnection::ask_again);
  wait_for_news();
}

void HttpConnection::ask_again() {
  std::optional<HttpResponse> made = unmade_.later();
  if (!made) return wait(std::move(unmade_), keep_, head_);
  unmade_ = {};
  write(*std::move(made), keep_, head_);
}

bool HttpConnection::is_ready() const {
  return body_ ? body_->ready() : unmade_.ready();
}

void HttpConnection::go_on() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->closed_) return;
    ++self->timed_;  // the timer has nothing to do any more
    self->timer_.cancel();
    if (self->body_) return self->pump();
    self->ask_again();
  });
}

void HttpConnection::wait_for_news() {
  ++timed_;  // what was begun in time is done
  shared_.waiting.add(*this);
  // What happened before it was there, nobody has told it.
  if (is_ready() && shared_.waiting.take(*this)) return go_on();
  const int64_t time = body_ ? shared_.limits.alive_every_us : unmade_.look_us;
  after(std::chrono::microseconds(time), &HttpConnection::time_to_look);
}

void HttpConnection::time_to_look() {
  if (!shared_.waiting.take(*this)) return;
  if (!body_) return ask_again();
  part_.clear();
  body_->alive(part_);
  send_part(HttpStream::Next::wait);
}

void HttpConnection::after(std::chrono::microseconds time, void (HttpConnection::*then)()) {
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this(), then, number = ++timed_](beast::error_code error) {
    if (!error && self->timed_ == number) ((*self).*then)();
  });
}

/// What is still on its way here is read and thrown away for a moment: a socket that is closed with unread bytes
/// takes the answer back.
void HttpConnection::close() {
  stream_.tcp().expires_after(kLinger);
  if (!stream_.is_tls()) return end();
  stream_.async_goodbye([self = shared_from_this()](beast::error_code) { self->end(); });
}

void HttpConnection::end() {
  beast::error_code ignored;
  stream_.tcp().socket().shutdown(tcp::socket::shutdown_send, ignored);
  drain();
}

void HttpConnection::drain() {
  stream_.tcp().async_read_some(asio::buffer(unread_),
                                [self = shared_from_this()](beast::error_code error, size_t bytes) {
                                  self->drained_ += bytes;
                                  if (!error && self->drained_ < kMostUnread) self->drain();
                                });
}

}  // namespace braid::serve
