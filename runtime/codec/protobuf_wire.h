// The wire format of Protobuf: tags and what stands behind them. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "runtime/abi/avro_functions.h"
#include "runtime/abi/protobuf_table.h"

namespace braid {

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

/// read_wire_field of what is not common.
const char* read_any_wire_field(const char* at, const char* end, WireValue& value, std::string_view& reason,
                                const char*& broken_at);

/// Reads a field: its tag and its value; a group is passed, down to its end. Returns the byte after it; null and
/// `reason` if it is broken, `broken_at` is where.
__attribute__((always_inline)) inline const char* read_wire_field(const char* at, const char* end, WireValue& value,
                                                                  std::string_view& reason, const char*& broken_at) {
  constexpr ptrdiff_t kShort = 12;  // a tag of two bytes and a number of ten
  if (end - at < kShort) [[unlikely]]
    return read_any_wire_field(at, end, value, reason, broken_at);
  const char* behind = at + 1;
  uint32_t tag = static_cast<uint8_t>(*at);
  if (tag >= 0x80) {
    const auto high = static_cast<uint8_t>(*behind++);
    tag = (tag & 0x7F) | uint32_t{high} << 7;
    if (high >= 0x80) [[unlikely]]
      return read_any_wire_field(at, end, value, reason, broken_at);
  }
  value.number = tag >> 3;
  value.type = static_cast<WireType>(tag & 7);
  const auto first = static_cast<uint8_t>(*behind);
  if (value.number != 0) [[likely]] {
    if (value.type == WireType::varint) {
      value.bits = first;
      if (first < 0x80) return behind + 1;
      const auto second = static_cast<uint8_t>(behind[1]);
      value.bits = (first & 0x7FU) | uint64_t{second} << 7;
      if (second < 0x80) return behind + 2;
      if (const char* next = read_varint(behind, end, &value.bits); next != nullptr) return next;
    } else if (value.type == WireType::sized && first < 0x80 && first < end - behind) {
      value.bytes = {behind + 1, first};
      return behind + 1 + first;
    } else if (value.type == WireType::fixed64) {
      std::memcpy(&value.bits, behind, 8);
      return behind + 8;
    }
  }
  return read_any_wire_field(at, end, value, reason, broken_at);
}

inline void append_wire_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
inline void append_wire_tag(std::string& out, uint32_t number, WireType type) {
  append_wire_varint(out, uint64_t{number} << 3 | static_cast<uint64_t>(type));
}

}  // namespace braid
