// The values of Avro's binary encoding that are not plain bytes. The codec calls these functions; the code generator
// links them as bitcode (compiler/codegen/linked/record_operations.cpp). So they throw nothing and refer to nothing
// outside.
#pragma once

#include <cstddef>
#include <cstdint>

namespace braid {

/// The most bytes of a variable-length number.
inline constexpr size_t kLongestVarint = 10;

/// A number of seven bits a byte, the lowest first. Returns the byte after it; null if it does not end before `end`, or
/// has more than 64 bits.
inline const char* read_varint(const char* at, const char* end, uint64_t* value) {
  uint64_t bits = 0;
  for (int shift = 0; at < end; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at++);
    if (shift == 63 && byte > 1) return nullptr;
    bits |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      *value = bits;
      return at;
    }
  }
  return nullptr;
}

/// 0, -1, 1, -2, … as 0, 1, 2, 3, …
inline int64_t from_zigzag(uint64_t bits) {
  return static_cast<int64_t>((bits >> 1) ^ (uint64_t{0} - (bits & 1)));
}
inline uint64_t to_zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

/// read_avro_long of several bytes.
__attribute__((noinline)) inline const char* read_long_varint(const char* at, const char* end, int64_t* value) {
  uint64_t bits = 0;
  at = read_varint(at, end, &bits);
  if (at != nullptr) *value = from_zigzag(bits);
  return at;
}

/// `int` and `long`.
inline const char* read_avro_long(const char* at, const char* end, int64_t* value) {
  if (at < end && static_cast<uint8_t>(*at) < 0x80) [[likely]] {
    *value = from_zigzag(static_cast<uint8_t>(*at));
    return at + 1;
  }
  return read_long_varint(at, end, value);
}

}  // namespace braid
