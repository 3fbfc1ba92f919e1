#include "runtime/data/row_codec.h"

#include <bit>
#include <cstring>

#include "runtime/base/check.h"

namespace braid {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian; swap here for other machines");

template <class T>
T load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
void store(char* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

uint32_t stored_width(LeafKind kind) {
  switch (kind) {
    case LeafKind::u8:
      return 1;
    case LeafKind::i32:
      return 4;
    case LeafKind::i64:
    case LeafKind::f64:
    case LeafKind::bytes:
    case LeafKind::list:
      return 8;
    case LeafKind::i128:
      return 16;
  }
  BRAID_UNREACHABLE("leaf kind");
}

uint32_t align(uint32_t offset, uint32_t to) {
  return (offset + to - 1) / to * to;
}

/// The leaves of a type, with what `flatten` does not tell: which of them are presence leaves.
struct RowLeaf {
  LeafKind kind;
  bool presence;
  Type type;
};

void collect(const Type& type, std::vector<RowLeaf>& leaves) {
  if (is(type, TypeKind::structure)) {
    for (const Field& field : type->fields) collect(field.type, leaves);
  } else if (is(type, TypeKind::optional) || is(type, TypeKind::checked)) {
    leaves.push_back({LeafKind::u8, is(type, TypeKind::optional), nullptr});
    collect(type->element, leaves);
  } else {
    leaves.push_back({leaf_kind(type), false, type});
  }
}

void encode_by_slots(const RowLayout& layout, const Block& block, uint32_t row, std::string& out) {
  constexpr size_t kFewLeaves = 64;
  Slot few[kFewLeaves];
  std::vector<Slot> many(block.columns.size() > kFewLeaves ? block.columns.size() : 0);
  Slot* slots = many.empty() ? few : many.data();
  for (size_t i = 0; i < block.columns.size(); ++i) slots[i] = read_slot(block.columns[i], row);
  layout.encode(slots, out);
}

}  // namespace

RowLayout::RowLayout(const std::vector<Field>& row, uint16_t number)
    : number_(number), plain_(lay_out(struct_type(row), 2, 1)) {}

RowLayout::Record RowLayout::lay_out(const Type& row, uint32_t header, uint32_t alignment) {
  std::vector<RowLeaf> leaves;
  collect(row, leaves);
  Record record;
  record.leaves.resize(leaves.size());
  uint32_t bits = 0;
  for (size_t i = 0; i < leaves.size(); ++i) {
    record.leaves[i].kind = leaves[i].kind;
    if (!leaves[i].presence) continue;
    record.leaves[i].offset = header + bits / 8;
    record.leaves[i].bit = static_cast<int32_t>(bits % 8);
    ++bits;
  }
  uint32_t at = header + (bits + 7) / 8;
  for (uint32_t width : {16u, 8u, 4u, 1u}) {
    for (size_t i = 0; i < leaves.size(); ++i) {
      if (leaves[i].presence || stored_width(leaves[i].kind) != width) continue;
      at = align(at, std::min(width, 8u));
      record.leaves[i].offset = at;
      at += width;
      if (leaves[i].kind == LeafKind::list)
        record.leaves[i].element = std::make_shared<Record>(lay_out(leaves[i].type->element, 0, 8));
    }
  }
  record.size = align(at, alignment);
  return record;
}

/// The record's fixed part lies zeroed at `at`; its variable parts are appended. Offsets count from `start`.
void RowLayout::write(const Record& record, const Slot* slots, size_t start, size_t at, std::string& out) {
  for (size_t i = 0; i < record.leaves.size(); ++i) {
    const LeafPlace& leaf = record.leaves[i];
    char* place = out.data() + at + leaf.offset;
    switch (leaf.kind) {
      case LeafKind::u8:
        if (leaf.bit >= 0) {
          *place = static_cast<char>(*place | static_cast<char>((slots[i].u8 != 0) << leaf.bit));
        } else {
          *place = static_cast<char>(slots[i].u8);
        }
        break;
      case LeafKind::i32:
        store(place, slots[i].i32);
        break;
      case LeafKind::i64:
        store(place, slots[i].i64);
        break;
      case LeafKind::f64:
        store(place, slots[i].f64);
        break;
      case LeafKind::i128:
        store(place, slots[i].i128);
        break;
      case LeafKind::bytes: {
        if (slots[i].bytes.size == 0) break;
        size_t offset = out.size() - start;
        BRAID_CHECK(offset + slots[i].bytes.size <= UINT32_MAX, "row of more than 4 GB");
        store(place, static_cast<uint32_t>(offset));
        store(place + 4, static_cast<uint32_t>(slots[i].bytes.size));
        out.append(slots[i].bytes.data, slots[i].bytes.size);
        break;
      }
      case LeafKind::list: {
        if (slots[i].list.count == 0) break;
        size_t offset = (out.size() - start + 7) / 8 * 8;
        uint64_t count = slots[i].list.count;
        BRAID_CHECK(offset <= UINT32_MAX && count <= UINT32_MAX, "row of more than 4 GB");
        store(place, static_cast<uint32_t>(offset));
        store(place + 4, static_cast<uint32_t>(count));
        const Record& element = *leaf.element;
        out.resize(start + offset + count * element.size, '\0');
        for (uint64_t each = 0; each < count; ++each)
          write(element, slots[i].list.items + each * element.leaves.size(), start,
                start + offset + each * element.size, out);
        break;
      }
    }
  }
}

void RowLayout::encode(const Slot* slots, std::string& out) const {
  size_t start = out.size();
  out.resize(start + plain_.size, '\0');
  store(out.data() + start, number_);
  write(plain_, slots, start, start, out);
}

void RowLayout::encode(const Block& block, uint32_t row, std::string& out) const {
  BRAID_CHECK(block.columns.size() == plain_.leaves.size());
  size_t tail = 0;
  for (size_t i = 0; i < plain_.leaves.size(); ++i) {
    if (plain_.leaves[i].kind == LeafKind::list) return encode_by_slots(*this, block, row, out);
    if (plain_.leaves[i].kind == LeafKind::bytes) tail += block.columns[i].as<Bytes>()[row].size;
  }
  BRAID_CHECK(plain_.size + tail <= UINT32_MAX, "row of more than 4 GB");
  const size_t start = out.size();
  out.resize(start + plain_.size + tail, '\0');
  char* const bytes = out.data() + start;
  store(bytes, number_);
  size_t end = plain_.size;
  for (size_t i = 0; i < plain_.leaves.size(); ++i) {
    const LeafPlace& leaf = plain_.leaves[i];
    const Column& column = block.columns[i];
    char* place = bytes + leaf.offset;
    switch (leaf.kind) {
      case LeafKind::u8: {
        const uint8_t value = column.as<uint8_t>()[row];
        if (leaf.bit >= 0)
          *place = static_cast<char>(*place | static_cast<char>((value != 0) << leaf.bit));
        else
          *place = static_cast<char>(value);
        break;
      }
      case LeafKind::i32:
        store(place, column.as<int32_t>()[row]);
        break;
      case LeafKind::i64:
      case LeafKind::f64:
        store(place, column.as<uint64_t>()[row]);
        break;
      case LeafKind::i128:
        store(place, column.as<int128>()[row]);
        break;
      case LeafKind::bytes: {
        const Bytes text = column.as<Bytes>()[row];
        if (text.size == 0) break;
        store(place, static_cast<uint32_t>(end));
        store(place + 4, static_cast<uint32_t>(text.size));
        std::memcpy(bytes + end, text.data, text.size);
        end += text.size;
        break;
      }
      case LeafKind::list:
        break;
    }
  }
}

List RowLayout::read_list(const LeafPlace& leaf, std::string_view row, const char* place, Arena& arena) {
  auto count = load<uint32_t>(place + 4);
  if (count == 0) return {nullptr, 0};
  const Record& element = *leaf.element;
  Slot* items = arena.allocate_array<Slot>(count * element.leaves.size());
  for (uint32_t each = 0; each < count; ++each)
    read(element, row, load<uint32_t>(place) + size_t{each} * element.size, items + each * element.leaves.size(),
         arena);
  return {items, count};
}

void RowLayout::read(const Record& record, std::string_view row, size_t at, Slot* slots, Arena& arena) {
  for (size_t i = 0; i < record.leaves.size(); ++i) {
    const LeafPlace& leaf = record.leaves[i];
    const char* place = row.data() + at + leaf.offset;
    Slot& slot = slots[i];
    slot = slot_i128(0);
    switch (leaf.kind) {
      case LeafKind::u8:
        slot.u8 = leaf.bit >= 0 ? (static_cast<uint8_t>(*place) >> leaf.bit) & 1 : static_cast<uint8_t>(*place);
        break;
      case LeafKind::i32:
        slot.i32 = load<int32_t>(place);
        break;
      case LeafKind::i64:
        slot.i64 = load<int64_t>(place);
        break;
      case LeafKind::f64:
        slot.f64 = load<double>(place);
        break;
      case LeafKind::i128:
        slot.i128 = load<int128>(place);
        break;
      case LeafKind::bytes:
        if (auto length = load<uint32_t>(place + 4); length != 0)
          slot.bytes = {row.data() + load<uint32_t>(place), length};
        break;
      case LeafKind::list:
        slot.list = read_list(leaf, row, place, arena);
        break;
    }
  }
}

void RowLayout::decode(std::string_view bytes, Slot* slots, Arena& arena) const {
  BRAID_CHECK(bytes.size() >= plain_.size && row_layout_number(bytes) == number_);
  read(plain_, bytes, 0, slots, arena);
}

void RowLayout::decode(std::string_view bytes, const Block& block, uint32_t row, Arena& arena) const {
  BRAID_CHECK(block.columns.size() == plain_.leaves.size());
  BRAID_CHECK(bytes.size() >= plain_.size && row_layout_number(bytes) == number_);
  for (size_t i = 0; i < plain_.leaves.size(); ++i) {
    const LeafPlace& leaf = plain_.leaves[i];
    const Column& column = block.columns[i];
    const char* place = bytes.data() + leaf.offset;
    switch (leaf.kind) {
      case LeafKind::u8:
        column.as<uint8_t>()[row] =
            leaf.bit >= 0 ? (static_cast<uint8_t>(*place) >> leaf.bit) & 1 : static_cast<uint8_t>(*place);
        break;
      case LeafKind::i32:
        column.as<int32_t>()[row] = load<int32_t>(place);
        break;
      case LeafKind::i64:
      case LeafKind::f64:
        column.as<uint64_t>()[row] = load<uint64_t>(place);
        break;
      case LeafKind::i128:
        column.as<int128>()[row] = load<int128>(place);
        break;
      case LeafKind::bytes: {
        auto length = load<uint32_t>(place + 4);
        column.as<Bytes>()[row] = length == 0 ? Bytes{nullptr, 0} : Bytes{bytes.data() + load<uint32_t>(place), length};
        break;
      }
      case LeafKind::list:
        column.as<List>()[row] = read_list(leaf, bytes, place, arena);
        break;
    }
  }
}

bool RowLayout::check(const Record& record, std::string_view row, size_t at) {
  for (const LeafPlace& leaf : record.leaves) {
    if (leaf.kind != LeafKind::bytes && leaf.kind != LeafKind::list) continue;
    uint64_t offset = load<uint32_t>(row.data() + at + leaf.offset);
    uint64_t count = load<uint32_t>(row.data() + at + leaf.offset + 4);
    uint64_t width = leaf.kind == LeafKind::list ? leaf.element->size : 1;
    if (count == 0 && offset == 0) continue;
    // What a field refers to lies behind the field, so that nothing can refer to itself.
    if (offset <= at + leaf.offset || offset + count * width > row.size()) return false;
    if (leaf.kind == LeafKind::bytes) continue;
    for (uint64_t each = 0; each < count; ++each)
      if (!check(*leaf.element, row, offset + each * width)) return false;
  }
  return true;
}

bool RowLayout::well_formed(std::string_view bytes) const {
  return bytes.size() >= plain_.size && row_layout_number(bytes) == number_ && check(plain_, bytes, 0);
}

uint16_t row_layout_number(std::string_view bytes) {
  BRAID_CHECK(bytes.size() >= 2);
  return load<uint16_t>(bytes.data());
}

}  // namespace braid
