// The order of scalars: directly, and as bytes that compare like the values, from which the values can be read again.
// NaN comes last, and −0 is 0. No state; any thread.
#pragma once

#include <string>
#include <string_view>

#include "runtime/data/arena.h"
#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

/// Below, equal or above zero. Of two present scalars of one type.
int compare_scalar(const Type& type, const Slot& a, const Slot& b);

/// Big-endian, so that bytes are in the order of the numbers.
template <class T>
void append_ordered(T value, std::string& out) {
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i)
    bytes[i] = static_cast<char>(static_cast<uint8_t>(value >> (8 * (sizeof(T) - 1 - i))));
  out.append(bytes, sizeof(T));
}
template <class T>
T read_ordered(std::string_view bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value << 8 | static_cast<uint8_t>(bytes[i]));
  return value;
}

/// Bytes whose order is that of the values.
void append_order(const Type& type, const Slot& slot, std::string& out);
/// The same with an end, so that what follows counts only where the values are equal.
void append_closed_order(const Type& type, const Slot& slot, std::string& out);
/// The value that append_order wrote; text is copied into the arena. The bytes are such a value's.
Slot read_order(const Type& type, std::string_view bytes, Arena& arena);
/// Before bytes from a disk are trusted.
bool is_order(const Type& type, std::string_view bytes);

}  // namespace braid
