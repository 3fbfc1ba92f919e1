// One leaf of a value outside a column: what expressions, functions and lists work on. Trivially copyable; `bytes` and
// `list` are views whose owner is an arena or the turn's input.
#pragma once

#include <cstdint>
#include <string_view>

namespace braid {

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

/// Text or bytes that another object owns. C-shaped: generated code builds it.
struct Bytes {
  const char* data;
  uint64_t size;
  std::string_view view() const { return {data, size}; }
};

struct Slot;

/// `count` elements, each `leaf_count(element type)` slots, one after the other.
struct List {
  const Slot* items;
  uint64_t count;
};

struct alignas(16) Slot {
  union {
    uint8_t u8;
    int32_t i32;
    int64_t i64;
    double f64;
    int128 i128;
    Bytes bytes;
    List list;
  };
};
static_assert(sizeof(Slot) == 16);

inline Slot slot_u8(bool value) {
  Slot slot;
  slot.i128 = 0;
  slot.u8 = value;
  return slot;
}
inline Slot slot_i64(int64_t value) {
  Slot slot;
  slot.i128 = 0;
  slot.i64 = value;
  return slot;
}
inline Slot slot_f64(double value) {
  Slot slot;
  slot.i128 = 0;
  slot.f64 = value;
  return slot;
}
inline Slot slot_i128(int128 value) {
  Slot slot;
  slot.i128 = value;
  return slot;
}
inline Slot slot_bytes(std::string_view value) {
  Slot slot;
  slot.bytes = {value.data(), value.size()};
  return slot;
}

}  // namespace braid
