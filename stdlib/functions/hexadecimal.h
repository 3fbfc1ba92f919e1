// Bytes as hexadecimal digits and back. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace braid::hexadecimal {

/// Two lower-case digits a byte.
inline void put(std::string_view bytes, char* out) {
  for (const char byte : bytes) {
    *out++ = "0123456789abcdef"[static_cast<uint8_t>(byte) >> 4];
    *out++ = "0123456789abcdef"[static_cast<uint8_t>(byte) & 15];
  }
}

/// -1 if it is not a digit.
constexpr int digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

}  // namespace braid::hexadecimal
