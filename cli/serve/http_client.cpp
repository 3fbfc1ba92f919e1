#include "cli/serve/http_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include "cli/serve/watch_errors.h"

namespace braid::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr std::chrono::seconds kTimeOut{5};
constexpr std::chrono::seconds kTimeOutOfQuery{20};
constexpr uint64_t kMostBytes = 64 << 20;

Result<HttpReply> exchange(const serve::HttpAddress& address, http::request<http::string_body> request,
                           std::chrono::microseconds time_out) {
  asio::io_context io{1};
  beast::tcp_stream stream(io);
  beast::flat_buffer buffer;
  request.set(http::field::host, address.text());
  request.keep_alive(false);
  request.prepare_payload();
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMostBytes);
  beast::error_code failure;
  stream.expires_after(time_out);
  const tcp::endpoint endpoint(asio::ip::make_address(address.host, failure), address.port);
  if (!failure) {
    stream.async_connect(endpoint, [&](beast::error_code connected) {
      failure = connected;
      if (failure) return;
      http::async_write(stream, request, [&](beast::error_code written, size_t) {
        failure = written;
        if (failure) return;
        http::async_read(stream, buffer, parser, [&](beast::error_code read, size_t) { failure = read; });
      });
    });
    io.run();
  }
  if (failure) {
    return no_answer(address.text(), failure.message());
  }
  auto& response = parser.get();
  const beast::string_view type = response[http::field::content_type];
  const beast::string_view next = response["Braid-Next"];
  return HttpReply{.status = static_cast<int>(response.result_int()),
                   .content_type = std::string(type.data(), type.size()),
                   .body = std::move(response.body()),
                   .next = std::string(next.data(), next.size())};
}

}  // namespace

std::string reason_of(const HttpReply& reply) {
  const auto problem = nlohmann::json::parse(reply.body, nullptr, false);
  return problem.is_object() ? problem.value("detail", reply.body) : reply.body;
}

Result<HttpReply> http_get(const serve::HttpAddress& address, const std::string& path, const std::string& accept,
                           const std::string& authorization, int64_t wait_us) {
  http::request<http::string_body> request{http::verb::get, path, 11};
  request.set(http::field::accept, accept);
  if (!authorization.empty()) request.set(http::field::authorization, authorization);
  return exchange(address, std::move(request), kTimeOut + std::chrono::microseconds(wait_us));
}

Result<HttpReply> http_post(const serve::HttpAddress& address, const std::string& path, const std::string& accept,
                            const std::string& type, const std::string& body, const std::string& authorization) {
  http::request<http::string_body> request{http::verb::post, path, 11, body};
  request.set(http::field::accept, accept);
  request.set(http::field::content_type, type);
  if (!authorization.empty()) request.set(http::field::authorization, authorization);
  return exchange(address, std::move(request), kTimeOutOfQuery);
}

}  // namespace braid::cli
