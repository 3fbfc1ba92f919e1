#include "serve/http/address.h"

#include <arpa/inet.h>

#include <charconv>

namespace braid::serve {

std::string HttpAddress::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

bool HttpAddress::is_loopback() const {
  return host == "::1" || host.starts_with("127.");
}

std::optional<HttpAddress> parse_http_address(std::string_view written) {
  HttpAddress address{.host = "127.0.0.1"};
  const size_t colon = written.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? written : written.substr(colon + 1);
  std::string_view host = colon == std::string_view::npos ? std::string_view() : written.substr(0, colon);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "localhost") return address;
  address.host = host;
  in6_addr any{};
  if (inet_pton(brackets ? AF_INET6 : AF_INET, address.host.c_str(), &any) != 1) return std::nullopt;
  return address;
}

}  // namespace braid::serve
