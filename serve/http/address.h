// Where a server listens: an IP address and a port, as written in options and configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid::serve {

struct HttpAddress {
  std::string host;   ///< an IPv4 or IPv6 address, without brackets
  uint16_t port = 0;  ///< 0: any free one

  /// As in a URL: IPv6 in brackets.
  std::string text() const;
  /// Whether only this machine reaches it.
  bool is_loopback() const;
};

inline constexpr const char* kHttpAddressForm = "an address and a port, such as 127.0.0.1:9464, or a port";

/// `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`; without an address (`9464`, `:9464`) 127.0.0.1. None if it is
/// something else.
std::optional<HttpAddress> parse_http_address(std::string_view written);

}  // namespace braid::serve
