// A connection as the server reads and writes it: TCP, or TLS over it. An AsyncStream of Boost.Beast. Its handlers run
// one at a time. Internal to the folder.
#pragma once

#include <openssl/x509v3.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>
#include <string>
#include <vector>

namespace braid::serve {

class ServerStream {
 public:
  using Tcp = boost::beast::tcp_stream;
  using executor_type = Tcp::executor_type;

  /// `tls`: null: none. It outlives this.
  ServerStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls) {
    if (tls != nullptr)
      tls_ = std::make_unique<boost::beast::ssl_stream<Tcp>>(std::move(socket), *tls);
    else
      plain_ = std::make_unique<Tcp>(std::move(socket));
  }

  bool is_tls() const { return tls_ != nullptr; }
  Tcp& tcp() { return tls_ ? tls_->next_layer() : *plain_; }
  executor_type get_executor() { return tcp().get_executor(); }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_)
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    else
      plain_->async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_)
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    else
      plain_->async_write_some(buffers, std::forward<Handler>(handler));
  }
  /// Only of TLS.
  template <class Handler>
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  template <class Handler>
  void async_goodbye(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }

  /// Names in the client's certificate, which has been verified: its common name, then DNS names and URIs.
  std::vector<std::string> certificate_names();

 private:
  std::unique_ptr<boost::beast::ssl_stream<Tcp>> tls_;
  std::unique_ptr<Tcp> plain_;
};

}  // namespace braid::serve
