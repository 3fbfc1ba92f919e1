#include "stdlib/functions/layout_key.h"

#include <gtest/gtest.h>

#include <limits>

#include "runtime/data/arena.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

using Values = std::vector<Value>;

TEST(LayoutKey, IsThatOfTheType) {
  const Type pair = struct_type({{"a", optional_type(string_type())}, {"b", float_type()}});
  const Type kinds = enum_type({"open", "shut"});
  const std::vector<std::pair<Type, Values>> cases = {
      {int_type(), {{int64_t{-7}}, {std::numeric_limits<int64_t>::max()}}},
      {bool_type(), {{true}, {false}}},
      {date_type(), {{int64_t{19675}}}},
      {timestamp_type(), {{int64_t{-1}}}},
      {float_type(),
       {{1.5}, {-0.0}, {std::numeric_limits<double>::quiet_NaN()}, {-std::numeric_limits<double>::infinity()}}},
      {decimal_type(10, 2), {{int128{-300}}}},
      {decimal_type(30, 4), {{int128{1} << 100}}},
      {uuid_type(), {{int128{5}}}},
      {string_type(), {{std::string()}, {std::string("a\0b", 3)}}},
      {kinds, {{int64_t{1}}}},
      {optional_type(int_type()), {{Null{}}, {int64_t{3}}}},
      {pair, {{Values{{Null{}}, {0.5}}}, {Values{{std::string("x")}, {-0.0}}}}},
      {list_type(pair), {{Values{}}, {Values{{Values{{Null{}}, {0.5}}}, {Values{{std::string("x")}, {2.0}}}}}}},
      {list_type(list_type(kinds)), {{Values{{Values{{int64_t{0}}, {int64_t{1}}}}, {Values{}}}}}},
      {optional_type(list_type(optional_type(decimal_type(20, 1)))), {{Null{}}, {Values{{Null{}}, {int128{7}}}}}},
  };
  Arena arena;
  for (const auto& [type, values] : cases) {
    const std::string text = layout_of(type);
    const Layout layout{text.c_str(), layout::slots(text.c_str())};
    for (const Value& value : values) {
      std::vector<Slot> slots(leaf_count(type), slot_i128(0));
      to_slots(type, value, slots.data(), arena);
      std::string by_type, by_layout;
      append_key_bytes(type, slots.data(), by_type);
      append_key_bytes(layout, slots.data(), by_layout);
      EXPECT_EQ(by_type, by_layout) << to_string(type);
    }
  }
}

}  // namespace
}  // namespace braid
