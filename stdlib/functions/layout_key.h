// The key bytes of a value (runtime/data/key_bytes.h) by its layout: the same as by its type.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include "runtime/data/key_bytes.h"
#include "runtime/declare/layout.h"

namespace braid {

namespace layout {

template <class T>
void append_number(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// Moves `at` and `slot` past the value.
inline void append_key(const char*& at, const Slot*& slot, std::string& out) {
  switch (*at) {
    case '?': {
      const bool present = slot->u8 != 0;
      append_number(static_cast<uint8_t>(present), out);
      ++at, ++slot;
      if (present) return append_key(at, slot, out);
      slot += slots(at);
      at = skip(at);
      return;
    }
    case '(':
      for (++at; *at != ')';) append_key(at, slot, out);
      ++at;
      return;
    case '[': {
      const List list = (slot++)->list;
      append_number(static_cast<uint32_t>(list.count), out);
      const char* const element = ++at;
      const Slot* item = list.items;
      for (uint64_t i = 0; i < list.count; ++i) {
        const char* here = element;
        append_key(here, item, out);
      }
      at = skip(element) + 1;
      return;
    }
    default: {
      const char kind = *at;
      at = skip(at);
      const Slot& value = *slot++;
      switch (kind) {
        case 'b':
          return append_number(value.u8, out);
        case 'i':
          return append_number(value.i64, out);
        case 'f': {
          double number = value.f64;
          if (number == 0) number = 0;
          if (number != number) number = std::numeric_limits<double>::quiet_NaN();
          return append_number(number, out);
        }
        case 'w':
        case 'u':
          return append_number(value.i128, out);
        case 's': {
          const std::string_view text = value.bytes.view();
          append_number(static_cast<uint32_t>(text.size()), out);
          out += text;
          return;
        }
        default:  // d, e
          return append_number(value.i32, out);
      }
    }
  }
}

}  // namespace layout

inline void append_key_bytes(const Layout& layout, const Slot* slots, std::string& out) {
  const char* at = layout.text;
  layout::append_key(at, slots, out);
}

}  // namespace braid
