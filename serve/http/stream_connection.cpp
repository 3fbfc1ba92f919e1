// Answers without an end. At most one part waits in memory besides what the system holds for the connection. A client
// that does not take a part in time gets a last word: the system is allowed to hold more, for that alone, so that the
// word is there when the client reads on.
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <boost/asio/write.hpp>

#include "serve/http/connection.h"

namespace braid::serve {
namespace {

constexpr std::chrono::seconds kForLastWord{1};
constexpr size_t kMostUnread = 1 << 20;

/// How much of what was written may wait in the system, without having been sent. Best effort.
void set_unsent_limit(tcp::socket& socket, int bytes) {
  (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
}

}  // namespace

void HttpConnection::begin_stream(const HttpResponse& response, bool head) {
  body_ = response.stream;
  stream_.tcp().expires_never();
  // The part that waits, and a last word, have room behind that.
  const int bytes = shared_.limits.stream_bytes;
  beast::error_code ignored;
  stream_.tcp().socket().set_option(asio::socket_base::send_buffer_size(2 * bytes), ignored);
  set_unsent_limit(stream_.tcp().socket(), bytes);
  if (chunked_) stream_head_.chunked(true);
  stream_writer_.emplace(stream_head_);
  after(time_out_, &HttpConnection::close_socket);
  http::async_write_header(stream_, *stream_writer_,
                           [self = shared_from_this(), head](beast::error_code error, size_t) {
                             if (self->closed_) return;
                             if (error || head) return self->end_stream();
                             self->watch_client();
                             self->pump();
                           });
}

void HttpConnection::pump() {
  part_.clear();
  const HttpStream::Next next = body_->next(part_);
  send_part(next);
}

void HttpConnection::send_part(HttpStream::Next next) {
  const bool ends = next == HttpStream::Next::end;
  sent_.clear();
  if (!part_.empty()) {
    if (chunked_) {
      char size[20];
      sent_.assign(size, static_cast<size_t>(std::snprintf(size, sizeof(size), "%zx\r\n", part_.size())));
    }
    sent_ += part_;
    if (chunked_) sent_ += "\r\n";
  }
  if (ends && chunked_) sent_ += "0\r\n\r\n";
  if (sent_.empty()) return ends ? end_stream() : next == HttpStream::Next::wait ? wait_for_news() : go_on();
  after(late_ ? kForLastWord : time_out_, late_ ? &HttpConnection::end_stream : &HttpConnection::part_is_late);
  asio::async_write(stream_, asio::buffer(sent_),
                    [self = shared_from_this(), next, ends](beast::error_code error, size_t) {
                      if (self->closed_) return;
                      if (error || ends) return self->end_stream();
                      if (self->late_) {
                        self->part_.clear();
                        self->body_->dropped(self->part_);
                        return self->send_part(HttpStream::Next::end);
                      }
                      if (next == HttpStream::Next::part) return self->pump();
                      self->wait_for_news();
                    });
}

void HttpConnection::part_is_late() {
  late_ = true;
  set_unsent_limit(stream_.tcp().socket(), -1);
  after(kForLastWord, &HttpConnection::end_stream);
}

void HttpConnection::end_stream() {
  if (closed_) return;
  // What is written is still delivered, and what the client sends meanwhile is thrown away (watch_client()).
  closed_ = true;
  body_.reset();
  beast::error_code ignored;
  stream_.tcp().socket().shutdown(tcp::socket::shutdown_send, ignored);
  after(kForLastWord, &HttpConnection::close_socket);
}

void HttpConnection::watch_client() {
  stream_.async_read_some(asio::buffer(unread_), [self = shared_from_this()](beast::error_code error, size_t bytes) {
    self->drained_ += bytes;
    if (error || self->drained_ > kMostUnread) return self->client_is_gone();
    self->watch_client();
  });
}

void HttpConnection::client_is_gone() {
  shared_.waiting.take(*this);
  close_socket();
}

void HttpConnection::close_socket() {
  closed_ = true;
  body_.reset();
  ++timed_;
  timer_.cancel();
  beast::error_code ignored;
  stream_.tcp().socket().close(ignored);
}

}  // namespace braid::serve
