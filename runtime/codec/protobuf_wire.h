// The wire format of Protobuf: tags and what stands behind them. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/abi/avro_functions.h"

namespace braid {

enum class WireType : uint8_t { varint = 0, fixed64 = 1, sized = 2, group = 3, end_group = 4, fixed32 = 5 };

/// A number of seven bits a byte, as read_varint.
inline const char* read_wire_varint(const char* at, const char* end, uint64_t* value) {
  if (at < end && static_cast<uint8_t>(*at) < 0x80) [[likely]] {
    *value = static_cast<uint8_t>(*at);
    return at + 1;
  }
  return read_varint(at, end, value);
}

/// A value on the wire: a number (varint, fixed64, fixed32, as its bits), or bytes.
struct WireValue {
  uint32_t number = 0;  ///< of the field
  WireType type = WireType::varint;
  uint64_t bits = 0;
  std::string_view bytes = {};
};

/// Reads a field: its tag and its value; a group is passed, down to its end. Returns the byte after it; null and
/// `reason` if it is broken, `broken_at` is where.
const char* read_wire_field(const char* at, const char* end, WireValue& value, std::string_view& reason,
                            const char*& broken_at);

inline void append_wire_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
inline void append_wire_tag(std::string& out, uint32_t number, WireType type) {
  append_wire_varint(out, uint64_t{number} << 3 | static_cast<uint64_t>(type));
}

}  // namespace braid
