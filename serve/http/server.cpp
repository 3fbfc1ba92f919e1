#include "serve/http/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <thread>

#include "serve/http/connection.h"

namespace braid::serve {
namespace {

constexpr std::chrono::milliseconds kRest{50};

/// A client that went without a word is found out within two minutes, also where nothing is sent to it for long: it
/// would keep its place among the connections. Best effort.
void find_out_the_gone(tcp::socket& socket) {
  beast::error_code ignored;
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  for (const auto& [option, value] :
       {std::pair(TCP_KEEPIDLE, 60), std::pair(TCP_KEEPINTVL, 20), std::pair(TCP_KEEPCNT, 3)})
    (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof(value));
}

}  // namespace

struct HttpServer::Loop {
  Loop(HttpHandler handler, const HttpLimits& limits) : io(static_cast<int>(limits.threads)), acceptor(io), rest(io) {
    shared.handler = std::move(handler);
    shared.limits = limits;
  }

  void accept() {
    acceptor.async_accept(asio::make_strand(io), [this](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && shared.open < shared.limits.connections) {
        beast::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        find_out_the_gone(socket);
        std::make_shared<HttpConnection>(std::move(socket), shared)->begin();
      }
      if (!error) return accept();
      // The process has no more files, mostly: it would be asked again at once.
      rest.expires_after(kRest);
      rest.async_wait([this](beast::error_code stopped) {
        if (!stopped) accept();
      });
    });
  }

  HttpShared shared;
  std::atomic<bool> woken = false;  ///< it is going to look, and has not begun
  HttpAddress address;
  asio::io_context io;
  tcp::acceptor acceptor;
  asio::steady_timer rest;           ///< behind an accept that failed
  std::vector<std::thread> threads;  ///< the last: they use the others
};

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

namespace {

/// A client that speaks HTTP/2 alone, as those of gRPC do, gets it. One that speaks both gets HTTP/1.1, in which rows
/// are read with GET.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  static constexpr unsigned char kKnown[] = "\x08http/1.1\x02h2";
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, size, kKnown, sizeof(kKnown) - 1, offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Result<std::unique_ptr<asio::ssl::context>> context_of(const TlsOptions& options) {
  auto made = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  beast::error_code error;
  const auto wrong = [&](const std::string& path) {
    return Error{ErrorKind::output, fmt::format("{}: {}", path, error.message()), 0, error.value()};
  };
  made->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                        asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                        SSL_OP_NO_RENEGOTIATION,
                    error);
  if (error) return wrong("TLS");
  made->use_certificate_chain_file(options.certificate, error);
  if (error) return wrong(options.certificate);
  made->use_private_key_file(options.key, asio::ssl::context::pem, error);
  if (error) return wrong(options.key);
  if (options.client_ca.empty()) return made;
  made->load_verify_file(options.client_ca, error);
  // One that is shown has to be right; who shows none may have a token.
  if (!error) made->set_verify_mode(asio::ssl::verify_peer, error);
  if (error) return wrong(options.client_ca);
  static constexpr unsigned char kSessions[] = "braid";
  SSL_CTX_set_session_id_context(made->native_handle(), kSessions, sizeof(kSessions) - 1);
  return made;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const HttpAddress& address, const HttpLimits& limits,
                                                       HttpHandler handler, HttpOptions options) {
  auto loop = std::make_unique<Loop>(std::move(handler), limits);
  if (options.tls) {
    BRAID_ASSIGN(loop->shared.tls, context_of(*options.tls));
    if (options.sessions) SSL_CTX_set_alpn_select_cb(loop->shared.tls->native_handle(), choose_protocol, nullptr);
  }
  loop->shared.check = std::move(options.check);
  loop->shared.sessions = std::move(options.sessions);
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

void HttpServer::wake() {
  if (loop_->woken.exchange(true)) return;
  asio::post(loop_->io, [loop = loop_.get()] {
    loop->woken = false;
    loop->shared.waiting.look();
  });
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
