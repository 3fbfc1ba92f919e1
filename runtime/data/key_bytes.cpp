#include "runtime/data/key_bytes.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/data/stream_digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace braid {
namespace {

constexpr uint64_t kCanonicalNan = 0x7FF8'0000'0000'0000;

static_assert(std::endian::native == std::endian::little, "the format is little-endian; swap here for other machines");

template <class T>
void append_plain(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

}  // namespace

void append_key_bytes(const Type& type, const Slot* slots, std::string& out) {
  switch (type->kind) {
    case TypeKind::structure:
      for (const Field& field : type->fields) {
        append_key_bytes(field.type, slots, out);
        slots += leaf_count(field.type);
      }
      return;
    case TypeKind::optional:
    case TypeKind::checked:
      append_plain(out, slots[0].u8);
      if ((slots[0].u8 != 0) == (type->kind == TypeKind::optional)) append_key_bytes(type->element, slots + 1, out);
      return;
    case TypeKind::list:
    case TypeKind::map: {
      append_plain(out, static_cast<uint32_t>(slots[0].list.count));
      size_t width = leaf_count(type->element);
      for (uint64_t i = 0; i < slots[0].list.count; ++i)
        append_key_bytes(type->element, slots[0].list.items + i * width, out);
      return;
    }
    case TypeKind::null:
    case TypeKind::error:
      BRAID_UNREACHABLE("no values of type " + to_string(type));
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal:
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
    case TypeKind::json:
      break;
  }
  switch (leaf_kind(type)) {
    case LeafKind::u8:
      return append_plain(out, slots[0].u8);
    case LeafKind::i32:
      return append_plain(out, slots[0].i32);
    case LeafKind::i64:
      return append_plain(out, slots[0].i64);
    case LeafKind::f64: {
      double value = slots[0].f64 == 0 ? 0.0 : slots[0].f64;
      return append_plain(out, std::isnan(value) ? kCanonicalNan : std::bit_cast<uint64_t>(value));
    }
    case LeafKind::i128:
      return append_plain(out, slots[0].i128);
    case LeafKind::bytes:
      BRAID_CHECK(slots[0].bytes.size <= UINT32_MAX);
      append_plain(out, static_cast<uint32_t>(slots[0].bytes.size));
      out += slots[0].bytes.view();
      return;
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("leaf kind");
}

uint64_t key_hash(std::string_view key_bytes) {
  constexpr size_t kLong = 1024;
  if (key_bytes.size() >= kLong) return stream_hash(key_bytes);
  return XXH3_64bits_withSeed(key_bytes.data(), key_bytes.size(), kHashSeed);
}

}  // namespace braid
