#include "runtime/data/row_codec.h"

#include <cmath>

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

Type random_type(Rng& rng, int depth) {
  switch (rng.below(depth > 0 ? 13 : 10)) {
    case 0:
      return bool_type();
    case 1:
      return int_type();
    case 2:
      return float_type();
    case 3:
      return decimal_type(12, 2);
    case 4:
      return decimal_type(30, 4);
    case 5:
      return string_type();
    case 6:
      return uuid_type();
    case 7:
      return date_type();
    case 8:
      return enum_type({"a", "b", "c"});
    case 9:
      return timestamp_type();
    case 10:
      return optional_type(random_type(rng, depth - 1));
    case 11:
      return list_type(random_type(rng, depth - 1));
    default: {
      std::vector<Field> fields;
      for (uint64_t i = 1 + rng.below(3); i > 0; --i)
        fields.push_back({"f" + std::to_string(i), random_type(rng, depth - 1)});
      return struct_type(fields);
    }
  }
}

Value random_value(const Type& type, Rng& rng) {
  switch (type->kind) {
    case TypeKind::boolean:
      return {rng.chance(2)};
    case TypeKind::floating:
      return {rng.chance(8) ? std::nan("") : rng.chance(8) ? -0.0 : static_cast<double>(rng.between(-3, 3))};
    case TypeKind::decimal:
    case TypeKind::uuid:
      return {static_cast<int128>(rng.between(-9, 9))};
    case TypeKind::string:
    case TypeKind::bytes:
      return {std::string(rng.below(3), static_cast<char>('a' + rng.below(2)))};
    case TypeKind::enumeration:
      return {static_cast<int64_t>(rng.below(3))};
    case TypeKind::optional:
      return rng.chance(2) ? Value{Null{}} : random_value(type->element, rng);
    case TypeKind::list: {
      std::vector<Value> items;
      for (uint64_t i = rng.below(3); i > 0; --i) items.push_back(random_value(type->element, rng));
      return {items};
    }
    case TypeKind::structure: {
      std::vector<Value> items;
      for (const Field& field : type->fields) items.push_back(random_value(field.type, rng));
      return {items};
    }
    default:
      return {rng.between(-3, 3)};
  }
}

std::vector<Slot> slots_of(const Type& type, const Value& value, Arena& arena) {
  std::vector<Slot> slots(leaf_count(type));
  to_slots(type, value, slots.data(), arena);
  return slots;
}

TEST(RowCodec, BytesAreAsDocumented) {
  RowLayout layout({{"a", bool_type()},
                    {"b", optional_type(int_type())},
                    {"c", string_type()},
                    {"d", list_type(optional_type(date_type()))}},
                   0x0102);
  Type row = struct_type({{"a", bool_type()},
                          {"b", optional_type(int_type())},
                          {"c", string_type()},
                          {"d", list_type(optional_type(date_type()))}});
  Arena arena;
  Value value = {
      std::vector<Value>{{true}, {int64_t{7}}, {std::string("xyz")}, {std::vector<Value>{{int64_t{5}}, {Null{}}}}}};
  std::string bytes;
  layout.encode(slots_of(row, value, arena).data(), bytes);
  const uint8_t expected[] = {2,  1,   1,   0,   0, 0, 0, 0,   // layout, null bits (b present), padding
                              7,  0,   0,   0,   0, 0, 0, 0,   // b
                              33, 0,   0,   0,   3, 0, 0, 0,   // c: offset, length
                              40, 0,   0,   0,   2, 0, 0, 0,   // d: offset, count
                              1,  'x', 'y', 'z', 0, 0, 0, 0,   // a, the tail: text, padding
                              1,  0,   0,   0,   5, 0, 0, 0,   // element: null bits, padding, date
                              0,  0,   0,   0,   0, 0, 0, 0};  // absent element
  EXPECT_EQ(bytes, std::string(reinterpret_cast<const char*>(expected), sizeof expected));
  EXPECT_EQ(layout.place_of(1).bit, 0);
  EXPECT_EQ(layout.place_of(2).offset, 8u);
}

TEST(RowCodec, RandomRowsComeBack) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    std::vector<Field> fields;
    for (uint64_t i = 1 + rng.below(6); i > 0; --i) fields.push_back({"c" + std::to_string(i), random_type(rng, 3)});
    Type row = struct_type(fields);
    Value value = random_value(row, rng);
    Arena arena;
    std::vector<Slot> slots = slots_of(row, value, arena);
    RowLayout layout(fields, static_cast<uint16_t>(seed));
    std::string bytes = "before";
    layout.encode(slots.data(), bytes);
    std::string_view encoded = std::string_view(bytes).substr(6);
    ASSERT_TRUE(layout.well_formed(encoded));
    EXPECT_EQ(row_layout_number(encoded), static_cast<uint16_t>(seed));
    std::vector<Slot> back(slots.size());
    layout.decode(encoded, back.data(), arena);
    ASSERT_TRUE(equal(from_slots(row, back.data()), value)) << to_literal(row, value);

    Block block = allocate_block(flatten(fields), 3, arena);
    layout.decode(encoded, block, 2, arena);
    std::string again;
    layout.encode(block, 2, again);
    ASSERT_EQ(again, encoded);
    ASSERT_FALSE(layout.well_formed(encoded.substr(0, layout.fixed_size() - 1)));

    // Broken bytes are found or harmless: reading what passed the check stays inside (the sanitizer build sees to it).
    std::string broken(encoded);
    broken[rng.below(broken.size())] ^= static_cast<char>(1 + rng.below(255));
    std::unique_ptr<char[]> exact(new char[broken.size()]);
    memcpy(exact.get(), broken.data(), broken.size());
    std::string_view suspect(exact.get(), broken.size());
    if (layout.well_formed(suspect)) layout.decode(suspect, back.data(), arena);
  }
}

TEST(KeyBytes, EqualExactlyIfTheValuesAre) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Rng rng(seed);
    Type type = random_type(rng, 2);
    Value a = random_value(type, rng), b = random_value(type, rng);
    Arena arena;
    std::string bytes_a, bytes_b;
    append_key_bytes(type, slots_of(type, a, arena).data(), bytes_a);
    append_key_bytes(type, slots_of(type, b, arena).data(), bytes_b);
    ASSERT_EQ(bytes_a == bytes_b, equal(a, b)) << to_literal(type, a) << " " << to_literal(type, b);
  }
}

TEST(KeyBytes, TheHashNeverChanges) {
  std::string bytes;
  Slot slots[2] = {slot_i64(42), slot_bytes("key")};
  append_key_bytes(struct_type({{"a", int_type()}, {"b", string_type()}}), slots, bytes);
  EXPECT_EQ(bytes, std::string("\x2A\0\0\0\0\0\0\0\x03\0\0\0key", 15));
  EXPECT_EQ(key_hash(bytes), 0x578A64D37BA089BCu);
  EXPECT_LT(slice_of(key_hash(bytes)), kSlices);
  EXPECT_EQ(slice_of(~uint64_t{0}), 63u);
}

}  // namespace
}  // namespace braid
