#include "runtime/operators/scalar_order.h"

#include <bit>

#include "runtime/base/check.h"
#include "runtime/data/block.h"

namespace braid {
namespace {

constexpr uint64_t kSign = uint64_t{1} << 63;

}  // namespace

int compare_scalar(const Type& type, const Slot& a, const Slot& b) {
  auto order = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  switch (leaf_kind(type)) {
    case LeafKind::u8:
      return order(a.u8, b.u8);
    case LeafKind::i32:
      return order(a.i32, b.i32);
    case LeafKind::i64:
      return order(a.i64, b.i64);
    case LeafKind::f64: {
      bool a_nan = a.f64 != a.f64, b_nan = b.f64 != b.f64;
      return a_nan || b_nan ? order(a_nan, b_nan) : order(a.f64, b.f64);
    }
    case LeafKind::i128:
      if (is(type, TypeKind::uuid)) return order(static_cast<uint128>(a.i128), static_cast<uint128>(b.i128));
      return order(a.i128, b.i128);
    case LeafKind::bytes: {
      int comparison = a.bytes.view().compare(b.bytes.view());
      return comparison < 0 ? -1 : comparison > 0 ? 1 : 0;
    }
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("lists have no order");
}

void append_order(const Type& type, const Slot& slot, std::string& out) {
  switch (leaf_kind(type)) {
    case LeafKind::u8:
      return append_ordered(slot.u8, out);
    case LeafKind::i32:
      return append_ordered(static_cast<uint32_t>(slot.i32) ^ (uint32_t{1} << 31), out);
    case LeafKind::i64:
      return append_ordered(static_cast<uint64_t>(slot.i64) ^ kSign, out);
    case LeafKind::f64: {
      double value = slot.f64 == 0 ? 0 : slot.f64;
      if (value != value) value = __builtin_nan("");
      const auto bits = std::bit_cast<uint64_t>(value);
      return append_ordered((bits & kSign) != 0 ? ~bits : bits | kSign, out);
    }
    case LeafKind::i128: {
      const auto bits = static_cast<uint128>(slot.i128);
      const uint64_t high = static_cast<uint64_t>(bits >> 64);
      append_ordered(is(type, TypeKind::uuid) ? high : high ^ kSign, out);
      return append_ordered(static_cast<uint64_t>(bits), out);
    }
    case LeafKind::bytes:
      out += slot.bytes.view();
      return;
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("lists have no order");
}

void append_closed_order(const Type& type, const Slot& slot, std::string& out) {
  if (leaf_kind(type) != LeafKind::bytes) return append_order(type, slot, out);
  // A zero byte is followed by 255, the end by another zero: a text comes before those that it begins.
  for (const char byte : slot.bytes.view()) {
    out += byte;
    if (byte == '\0') out += '\xff';
  }
  out.append(2, '\0');
}

Slot read_order(const Type& type, std::string_view bytes, Arena& arena) {
  Slot slot = slot_i128(0);
  switch (leaf_kind(type)) {
    case LeafKind::u8:
      slot.u8 = read_ordered<uint8_t>(bytes);
      return slot;
    case LeafKind::i32:
      slot.i32 = static_cast<int32_t>(read_ordered<uint32_t>(bytes) ^ (uint32_t{1} << 31));
      return slot;
    case LeafKind::i64:
      slot.i64 = static_cast<int64_t>(read_ordered<uint64_t>(bytes) ^ kSign);
      return slot;
    case LeafKind::f64: {
      const auto bits = read_ordered<uint64_t>(bytes);
      slot.f64 = std::bit_cast<double>((bits & kSign) != 0 ? bits ^ kSign : ~bits);
      return slot;
    }
    case LeafKind::i128: {
      auto high = read_ordered<uint64_t>(bytes);
      if (!is(type, TypeKind::uuid)) high ^= kSign;
      slot.i128 = static_cast<int128>(static_cast<uint128>(high) << 64 | read_ordered<uint64_t>(bytes.substr(8)));
      return slot;
    }
    case LeafKind::bytes:
      slot.bytes = arena.copy(bytes);
      return slot;
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("lists have no order");
}

bool is_order(const Type& type, std::string_view bytes) {
  const LeafKind kind = leaf_kind(type);
  return kind == LeafKind::bytes || bytes.size() == leaf_width(kind);
}

}  // namespace braid
