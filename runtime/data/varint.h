// Whole numbers in as few bytes as they need: seven bits a byte, the lowest first, the highest bit of a byte says that
// another follows. A number has one form. No state; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace braid {

inline void append_varint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

/// Takes it from the front of `bytes`; false: there is none, or it has another form.
inline bool take_varint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) != 0) continue;
    const bool shortest = byte != 0 || shift == 0;
    return shortest && (shift < 63 || byte == 1);
  }
  return false;
}

}  // namespace braid
