// The shape of a value whose type is a type variable, as text that native functions read: one character for each leaf,
// with brackets around structs and lists. Functions over any type (`distinct`, `get`, `null_if`) need no more to copy,
// compare and order values; it is made once per call site and is constant in generated code.
//
//   type := b bool | d date | i 64-bit numbers, times, short decimals | f float | w long decimal | u uuid
//         | s string, bytes, json | e NAME\n NAME\n ; enum | ? type optional | [ type ] list | ( type* ) struct
//
// Header-only where natives use it, so that it inlines into generated code. Nothing fails.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

/// The layout of a type. Lives as long as the call site.
std::string layout_of(const Type& type);

namespace layout {

/// The character after the type that starts at `at`.
inline const char* skip(const char* at) {
  switch (*at) {
    case '?':
      return skip(at + 1);
    case '[':
      return skip(at + 1) + 1;
    case '(':
      for (++at; *at != ')';) at = skip(at);
      return at + 1;
    case 'e':
      return static_cast<const char*>(std::memchr(at, ';', SIZE_MAX / 4)) + 1;
    default:
      return at + 1;
  }
}

/// Whether the type that starts with this character contains others. Code without recursion is in separate functions,
/// so that the compiler folds it for constant layouts.
inline bool nested(char kind) {
  return kind == '?' || kind == '(' || kind == '[';
}

uint64_t slots(const char* at);

inline uint64_t slots_inside(const char* at) {
  if (*at == '?') return 1 + slots(at + 1);
  uint64_t count = 0;
  for (++at; *at != ')'; at = skip(at)) count += slots(at);
  return count;
}

/// Slots of one value of the type at `at`.
[[gnu::always_inline]] inline uint64_t slots(const char* at) {
  if (*at == '?' && !nested(at[1])) return 2;
  return *at == '?' || *at == '(' ? slots_inside(at) : 1;
}

inline int order(std::string_view a, std::string_view b) {
  const size_t shared = a.size() < b.size() ? a.size() : b.size();
  const int difference = shared == 0 ? 0 : std::memcmp(a.data(), b.data(), shared);
  if (difference != 0) return difference < 0 ? -1 : 1;
  return a.size() < b.size() ? -1 : a.size() > b.size();
}

/// Total order of floats: NaN last and equal to itself, -0 equals 0.
inline int order(double a, double b) {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a == b) return 0;
  return static_cast<int>(a != a) - static_cast<int>(b != b);
}

[[gnu::always_inline]] inline int compare_scalars(char kind, const Slot& a, const Slot& b) {
  switch (kind) {
    case 's':
      return order(a.bytes.view(), b.bytes.view());
    case 'f':
      return order(a.f64, b.f64);
    case 'i':
      return a.i64 < b.i64 ? -1 : a.i64 > b.i64;
    case 'b':
      return (a.u8 != 0) - (b.u8 != 0);
    case 'w':
      return a.i128 < b.i128 ? -1 : a.i128 > b.i128;
    case 'u': {  // as its bytes, and its text, go
      const auto one = static_cast<uint128>(a.i128), other = static_cast<uint128>(b.i128);
      return one < other ? -1 : one > other;
    }
    default:  // d, e
      return a.i32 < b.i32 ? -1 : a.i32 > b.i32;
  }
}

/// Below 0, 0, above 0: the total order of values of the type at `at`; nulls last, lists and structs from the left.
/// Moves all three past the value.
inline int compare(const char*& at, const Slot*& a, const Slot*& b) {
  switch (*at) {
    case '?': {
      const bool has_a = a->u8 != 0, has_b = b->u8 != 0;
      ++at, ++a, ++b;
      if (has_a && has_b) return compare(at, a, b);
      const uint64_t width = slots(at);
      at = skip(at), a += width, b += width;
      return static_cast<int>(has_b) - static_cast<int>(has_a);
    }
    case '(': {
      int difference = 0;
      for (++at; *at != ')';) {
        const int here = compare(at, a, b);
        if (difference == 0) difference = here;
      }
      ++at;
      return difference;
    }
    case '[': {
      const List left = (a++)->list, right = (b++)->list;
      const Slot *one = left.items, *other = right.items;
      const char* element = ++at;
      int difference = 0;
      for (uint64_t i = 0; difference == 0 && i < left.count && i < right.count; ++i) {
        const char* here = element;
        difference = compare(here, one, other);
      }
      at = skip(element) + 1;
      if (difference != 0) return difference;
      return left.count < right.count ? -1 : left.count > right.count;
    }
    default: {
      const char kind = *at;
      at = skip(at);
      return compare_scalars(kind, *a++, *b++);
    }
  }
}

}  // namespace layout

/// A layout in use: where it starts, and how many slots a value takes.
struct Layout {
  const char* text = "";
  uint64_t slots = 0;

  static Layout of(Bytes text) { return {text.data, layout::slots(text.data)}; }
  bool optional() const { return *text == '?'; }
  int compare(const Slot* a, const Slot* b) const {
    if (!layout::nested(*text)) return layout::compare_scalars(*text, *a, *b);
    const char* at = text;
    return layout::compare(at, a, b);
  }
};

}  // namespace braid
