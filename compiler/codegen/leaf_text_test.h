// Values of a row as text that shows every bit, for tests that demand equal rows.
#pragma once

#include <bit>
#include <string>

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/data/type.h"

namespace braid::codegen {

inline std::string leaf_text(const Leaf& leaf, const Slot& slot);

inline std::string list_text(const Type& element, const List& list) {
  std::vector<Leaf> leaves = flatten(element);
  std::string text = "[";
  for (uint64_t i = 0; i < list.count * leaves.size(); ++i)
    text += leaf_text(leaves[i % leaves.size()], list.items[i]) + " ";
  return text + "]";
}

/// Bit for bit, so that no comparison hides a difference.
inline std::string leaf_text(const Leaf& leaf, const Slot& slot) {
  switch (leaf.kind) {
    case LeafKind::u8:
      return std::to_string(slot.u8);
    case LeafKind::i32:
      return std::to_string(slot.i32);
    case LeafKind::i64:
      return std::to_string(slot.i64);
    case LeafKind::f64:
      return std::to_string(slot.f64) + "#" + std::to_string(std::bit_cast<uint64_t>(slot.f64));
    case LeafKind::i128: {
      std::string text;
      append_int128(text, slot.i128);
      return text;
    }
    case LeafKind::bytes:
      return "\"" + std::string(slot.bytes.view()) + "\"";
    case LeafKind::list:
      return list_text(leaf.type->element, slot.list);
  }
  BRAID_UNREACHABLE("leaf kind");
}

}  // namespace braid::codegen
