#include "runtime/state/key_format.h"

#include <bit>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"

namespace braid {
namespace {

uint64_t canonical_bits(double value) {
  if (value == 0) return 0;
  if (value != value) return std::bit_cast<uint64_t>(__builtin_nan(""));
  return std::bit_cast<uint64_t>(value);
}

template <class T>
char* copy_fixed(char* at, const Column& column, uint32_t row) {
  std::memcpy(at, column.as<T>() + row, sizeof(T));
  return at + sizeof(T);
}

char* write_flat(char* at, const Column& column, uint32_t row) {
  switch (column.kind) {
    case LeafKind::u8:
      return copy_fixed<uint8_t>(at, column, row);
    case LeafKind::i32:
      return copy_fixed<int32_t>(at, column, row);
    case LeafKind::i64:
      return copy_fixed<int64_t>(at, column, row);
    case LeafKind::i128:
      return copy_fixed<int128>(at, column, row);
    case LeafKind::f64: {
      uint64_t bits = canonical_bits(column.as<double>()[row]);
      std::memcpy(at, &bits, 8);
      return at + 8;
    }
    case LeafKind::bytes: {
      const Bytes& text = column.as<Bytes>()[row];
      auto length = static_cast<uint32_t>(text.size);
      std::memcpy(at, &length, 4);
      if (length > 0) std::memcpy(at + 4, text.data, length);
      return at + 4 + length;
    }
    case LeafKind::list:
      break;
  }
  BRAID_UNREACHABLE("a list is no flat key field");
}

/// Key bytes back into slots; the slots of what is absent are zero.
const char* read_key(const Type& type, const char* at, Slot* slots, Arena& arena);

const char* read_list(const Type& element, const char* at, Slot* slot, Arena& arena) {
  uint32_t count = 0;
  std::memcpy(&count, at, 4);
  at += 4;
  size_t width = leaf_count(element);
  Slot* items = arena.allocate_array<Slot>(count * width);
  for (uint32_t i = 0; i < count; ++i) at = read_key(element, at, items + i * width, arena);
  slot->list = {items, count};
  return at;
}

const char* read_key(const Type& type, const char* at, Slot* slots, Arena& arena) {
  if (is(type, TypeKind::structure)) {
    for (const Field& field : type->fields) {
      at = read_key(field.type, at, slots, arena);
      slots += leaf_count(field.type);
    }
    return at;
  }
  if (is(type, TypeKind::optional) || is(type, TypeKind::checked)) {
    std::memset(slots, 0, leaf_count(type) * sizeof(Slot));
    slots->u8 = static_cast<uint8_t>(*at++);
    bool present = is(type, TypeKind::optional) ? slots->u8 != 0 : slots->u8 == 0;
    return present ? read_key(type->element, at, slots + 1, arena) : at;
  }
  slots->i128 = 0;
  LeafKind kind = leaf_kind(type);
  if (kind == LeafKind::list) return read_list(type->element, at, slots, arena);
  if (kind == LeafKind::bytes) {
    uint32_t size = 0;
    std::memcpy(&size, at, 4);
    slots->bytes = {at + 4, size};
    return at + 4 + size;
  }
  std::memcpy(slots, at, leaf_width(kind));
  return at + leaf_width(kind);
}

}  // namespace

KeyFormat::KeyFormat(const std::vector<Field>& row, std::span<const int> fields, Nulls nulls) {
  for (int index : fields) {
    KeyField field;
    field.type = row[index].type;
    field.column = static_cast<uint32_t>(leaf_offset(row, index));
    if (nulls == Nulls::match_nothing && is_optional(field.type)) {
      field.presence = static_cast<int32_t>(field.column++);
      field.type = field.type->element;
    }
    field.leaves = flatten(field.type);
    field.flat = field.leaves.size() == 1 && field.leaves[0].kind != LeafKind::list;
    all_flat_ &= field.flat;
    if (field.flat) {
      bool text = field.leaves[0].kind == LeafKind::bytes;
      has_text_ |= text;
      fixed_size_ += text ? 4 : static_cast<uint32_t>(leaf_width(field.leaves[0].kind));
    }
    fields_.push_back(std::move(field));
  }
}

void KeyFormat::encode_general(const KeyField& field, const Block& block, uint32_t row, std::string& bytes) const {
  std::vector<Slot> slots(field.leaves.size());
  for (size_t i = 0; i < slots.size(); ++i) slots[i] = read_slot(block.columns[field.column + i], row);
  append_key_bytes(field.type, slots.data(), bytes);
}

KeyBlock KeyFormat::encode(const Block& block, Arena& arena) const {
  Bytes* keys = arena.allocate_array<Bytes>(block.rows);
  auto* hashes = arena.allocate_array<uint64_t>(block.rows);
  auto* has_null = arena.allocate_array<uint8_t>(block.rows);
  std::memset(has_null, 0, block.rows);
  for (const KeyField& field : fields_) {
    if (field.presence < 0) continue;
    const auto* present = block.columns[field.presence].as<uint8_t>();
    for (uint32_t row = 0; row < block.rows; ++row) has_null[row] |= present[row] == 0;
  }
  if (all_flat_) {
    char* fixed = has_text_ ? nullptr : arena.allocate(uint64_t{fixed_size_} * block.rows);
    for (uint32_t row = 0; row < block.rows; ++row) {
      uint64_t size = fixed_size_;
      if (has_text_)
        for (const KeyField& field : fields_)
          if (field.leaves[0].kind == LeafKind::bytes) size += block.columns[field.column].as<Bytes>()[row].size;
      char* begin = has_text_ ? arena.allocate(size) : fixed + uint64_t{row} * fixed_size_;
      char* at = begin;
      for (const KeyField& field : fields_) at = write_flat(at, block.columns[field.column], row);
      keys[row] = {begin, size};
    }
  } else {
    std::string bytes;
    for (uint32_t row = 0; row < block.rows; ++row) {
      bytes.clear();
      for (const KeyField& field : fields_) encode_general(field, block, row, bytes);
      keys[row] = arena.copy(bytes);
    }
  }
  for (uint32_t row = 0; row < block.rows; ++row) hashes[row] = key_hash(keys[row].view());
  return {keys, hashes, has_null};
}

void KeyFormat::decode(std::string_view key, Block& block, uint32_t row, uint32_t first, Arena& arena) const {
  const char* at = key.data();
  for (const KeyField& field : fields_) {
    BRAID_CHECK(field.presence < 0);
    if (field.flat) {
      Slot slot;
      at = read_key(field.type, at, &slot, arena);
      write_slot(block.columns[first++], row, slot);
      continue;
    }
    std::vector<Slot> slots(field.leaves.size());
    at = read_key(field.type, at, slots.data(), arena);
    for (const Slot& slot : slots) write_slot(block.columns[first++], row, slot);
  }
}

}  // namespace braid
