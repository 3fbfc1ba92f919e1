#include "runtime/data/type.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(Type, IsSpelledAsAScriptWould) {
  EXPECT_EQ(to_string(optional_type(decimal_type(12, 2))), "decimal(12,2)?");
  EXPECT_EQ(to_string(struct_type({{"id", int_type()}, {"at", timestamp_type()}})), "{ id: int, at: timestamp }");
  EXPECT_EQ(to_string(enum_type({"a", "b-c"})), "enum { a, \"b-c\" }");
  EXPECT_EQ(to_string(list_type(optional_type(string_type()))), "list<string?>");
  EXPECT_EQ(to_string(decimal_type(0, 0)), "decimal");
}

TEST(Type, IsComparedByStructure) {
  EXPECT_TRUE(same(struct_type({{"a", list_type(int_type())}}), struct_type({{"a", list_type(int_type())}})));
  EXPECT_FALSE(same(struct_type({{"a", int_type()}}), struct_type({{"b", int_type()}})));
  EXPECT_FALSE(same(decimal_type(12, 2), decimal_type(12, 3)));
  EXPECT_FALSE(same(enum_type({"a", "b"}), enum_type({"b", "a"})));
  EXPECT_FALSE(same(int_type(), nullptr));
}

TEST(Type, OptionalOfOptionalIsThatOptional) {
  EXPECT_TRUE(same(optional_type(optional_type(int_type())), optional_type(int_type())));
  EXPECT_TRUE(same(without_optional(optional_type(int_type())), int_type()));
}

TEST(Type, IsLaidOutAsLeaves) {
  Type inner = struct_type({{"x", float_type()}, {"y", optional_type(date_type())}});
  std::vector<Field> row = {{"id", uuid_type()},
                            {"c", optional_type(inner)},
                            {"m", checked_type(decimal_type(18, 2))},
                            {"w", decimal_type(19, 2)},
                            {"l", list_type(inner)}};
  std::vector<Leaf> leaves = flatten(row);
  std::vector<LeafKind> kinds;
  for (const Leaf& leaf : leaves) kinds.push_back(leaf.kind);
  EXPECT_EQ(kinds, (std::vector<LeafKind>{LeafKind::i128, LeafKind::u8, LeafKind::f64, LeafKind::u8, LeafKind::i32,
                                          LeafKind::u8, LeafKind::i64, LeafKind::i128, LeafKind::list}));
  EXPECT_EQ(leaf_offset(row, 0), 0u);
  EXPECT_EQ(leaf_offset(row, 2), 5u);
  EXPECT_EQ(leaf_offset(row, 4), 8u);
  EXPECT_EQ(leaf_count(row[1].type), 4u);
  EXPECT_EQ(find_field(row, "m"), 2);
  EXPECT_EQ(find_field(row, "none"), -1);
}

}  // namespace
}  // namespace braid
