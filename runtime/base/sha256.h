// SHA-256 by OpenSSL: names of contents, and keys that may not be read. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace braid {

/// In hexadecimal: 64 digits, lower case.
std::string sha256_hex(std::string_view content);

}  // namespace braid
