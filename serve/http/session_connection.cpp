// Clients of HTTP/2: the bytes go to and from a session, which knows the frames. What it has is written as the client
// takes it; until then no more is asked of it.
#include <boost/asio/write.hpp>

#include "serve/http/connection.h"

namespace braid::serve {
namespace {

/// What a client of HTTP/2 sends first (RFC 9113, section 3.4). No request of HTTP/1 begins like that.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kInput = 16 << 10;
constexpr size_t kOutput = 256 << 10;

}  // namespace

void HttpConnection::read_preface() {
  if (!shared_.sessions) return read();
  stream_.tcp().expires_after(time_out_);
  stream_.async_read_some(buffer_.prepare(kPreface.size() - buffer_.size()),
                          [self = shared_from_this()](beast::error_code error, size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            const auto data = self->buffer_.cdata();
                            const std::string_view begin(static_cast<const char*>(data.data()), data.size());
                            if (!kPreface.starts_with(begin)) return self->read();
                            if (begin.size() < kPreface.size()) return self->read_preface();
                            self->begin_session();
                          });
}

void HttpConnection::begin_session() {
  session_ = shared_.sessions(certificate_names_);
  stream_.tcp().expires_never();
  const auto data = buffer_.cdata();
  ends_ = !session_->take({static_cast<const char*>(data.data()), data.size()});
  buffer_ = beast::flat_buffer();
  input_.resize(kInput);
  send_session();
  read_session();
}

void HttpConnection::read_session() {
  stream_.async_read_some(asio::buffer(input_), [self = shared_from_this()](beast::error_code error, size_t bytes) {
    if (self->closed_) return;
    if (error) return self->close_socket();
    if (!self->ends_) self->ends_ = !self->session_->take(std::string_view(self->input_).substr(0, bytes));
    if (!self->writes_) self->send_session();
    if (!self->closed_) self->read_session();
  });
}

void HttpConnection::send_session() {
  if (closed_) return;
  sent_.clear();
  session_->give(sent_, kOutput);
  if (sent_.empty()) {
    if (ends_) return close_socket();
    if (session_->waits())
      return after(std::chrono::microseconds(shared_.limits.look_every_us), &HttpConnection::send_session);
    // A call whose messages are still to come has as long as a request; so has one whose client takes nothing.
    const int64_t rest = session_->is_idle() ? shared_.limits.idle_us : shared_.limits.time_out_us;
    return after(std::chrono::microseconds(rest), &HttpConnection::close_socket);
  }
  writes_ = true;
  after(time_out_, &HttpConnection::close_socket);
  asio::async_write(stream_, asio::buffer(sent_), [self = shared_from_this()](beast::error_code error, size_t) {
    self->writes_ = false;
    if (self->closed_) return;
    if (error) return self->close_socket();
    self->send_session();
  });
}

}  // namespace braid::serve
