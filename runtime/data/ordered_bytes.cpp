#include "runtime/data/ordered_bytes.h"

#include <bit>
#include <cmath>

#include "runtime/base/check.h"

namespace braid {
namespace {

template <class T>
void append_big_endian(T value, std::string& out) {
  for (size_t i = sizeof(T); i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i)));
}

void append_number(const Type& type, const Slot& slot, std::string& out) {
  constexpr uint128 kSignOfWide = uint128{1} << 127;
  switch (leaf_kind(type)) {
    case LeafKind::i32:
      return append_big_endian(static_cast<uint32_t>(slot.i32) ^ (uint32_t{1} << 31), out);
    case LeafKind::i64:
      return append_big_endian(static_cast<uint64_t>(slot.i64) ^ (uint64_t{1} << 63), out);
    case LeafKind::i128:
      return append_big_endian(static_cast<uint128>(slot.i128) ^ kSignOfWide, out);
    case LeafKind::u8:
    case LeafKind::f64:
    case LeafKind::bytes:
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("no number: " + to_string(type));
}

void append_float(double value, std::string& out) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  if (std::isnan(value)) return append_big_endian(~uint64_t{0}, out);
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  append_big_endian((bits & kSign) != 0 ? ~bits : bits | kSign, out);
}

void append_text(std::string_view text, std::string& out) {
  for (size_t begin = 0;;) {
    const size_t zero = text.find('\0', begin);
    if (zero == std::string_view::npos) {
      out.append(text.substr(begin));
      break;
    }
    out.append(text.substr(begin, zero + 1 - begin));
    out.push_back('\xFF');
    begin = zero + 1;
  }
  out.append(2, '\0');
}

}  // namespace

void append_ordered_bytes(const Type& type, const Slot* slots, std::string& out) {
  BRAID_CHECK(type != nullptr);
  switch (type->kind) {
    case TypeKind::boolean:
      out.push_back(static_cast<char>(slots[0].u8 != 0));
      return;
    case TypeKind::integer:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
    case TypeKind::decimal:
      return append_number(type, slots[0], out);
    case TypeKind::uuid:
      return append_big_endian(static_cast<uint128>(slots[0].i128), out);
    case TypeKind::floating:
      return append_float(slots[0].f64, out);
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      return append_text(slots[0].bytes.view(), out);
    case TypeKind::list:
    case TypeKind::map: {
      const size_t width = leaf_count(type->element);
      for (uint64_t i = 0; i < slots[0].list.count; ++i) {
        out.push_back('\x01');
        append_ordered_bytes(type->element, slots[0].list.items + i * width, out);
      }
      out.push_back('\0');
      return;
    }
    case TypeKind::structure:
      for (const Field& field : type->fields) {
        append_ordered_bytes(field.type, slots, out);
        slots += leaf_count(field.type);
      }
      return;
    case TypeKind::optional: {
      const bool is_null = slots[0].u8 == 0;
      out.push_back(static_cast<char>(is_null));
      if (!is_null) append_ordered_bytes(type->element, slots + 1, out);
      return;
    }
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no values of type " + to_string(type));
}

namespace {

/// Behind the value; npos: it does not end.
size_t skip_value(const Type& type, std::string_view bytes, size_t at) {
  constexpr size_t kNone = std::string_view::npos;
  const auto over = [&](size_t count) { return bytes.size() - at < count ? kNone : at + count; };
  switch (type->kind) {
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
    case TypeKind::decimal:
    case TypeKind::uuid:
    case TypeKind::floating:
      return over(leaf_width(leaf_kind(type)));
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
      for (size_t zero = bytes.find('\0', at); zero != kNone && zero + 1 < bytes.size();
           zero = bytes.find('\0', zero + 2))
        if (bytes[zero + 1] == '\0') return zero + 2;
      return kNone;
    case TypeKind::list:
    case TypeKind::map:
      while (at < bytes.size() && bytes[at] == '\x01')
        if ((at = skip_value(type->element, bytes, at + 1)) == kNone) return kNone;
      return over(1);
    case TypeKind::structure:
      for (const Field& field : type->fields)
        if ((at = skip_value(field.type, bytes, at)) == kNone) return kNone;
      return at;
    case TypeKind::optional:
      if (at >= bytes.size()) return kNone;
      return bytes[at] == '\x01' ? at + 1 : skip_value(type->element, bytes, at + 1);
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("no values of type " + to_string(type));
}

}  // namespace

size_t ordered_bytes_size(const Type& type, std::string_view bytes) {
  const size_t end = skip_value(type, bytes, 0);
  return end == std::string_view::npos ? 0 : end;
}

}  // namespace braid
