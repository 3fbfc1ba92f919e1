#include "runtime/data/map_entries.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

Value entry(Value key, int64_t value) {
  return {std::vector<Value>{std::move(key), Value{value}}};
}

/// The entries as a value of the map type, or nothing if a key occurs twice.
std::string ordered(const Type& map, std::vector<Value> entries) {
  Arena arena(4096);
  const Value given{entries};
  Slot slot = slot_i128(0);
  to_slots(list_type(map->element), given, &slot, arena);
  auto* items = const_cast<Slot*>(slot.list.items);
  const bool slots_differ = order_entries(map, items, slot.list.count, arena);
  EXPECT_EQ(order_entries(entries), slots_differ);
  if (!slots_differ) return "twice";
  EXPECT_TRUE(equal(from_slots(map, &slot), Value{entries}));
  std::string json;
  append_json(map, &slot, json);
  EXPECT_EQ(to_json(map, Value{entries}), json);
  return json;
}

TEST(MapEntries, StandInTheOrderOfTheirKeys) {
  const Type texts = map_type(string_type(), int_type());
  EXPECT_EQ(ordered(texts, {}), "{}");
  EXPECT_EQ(ordered(texts, {entry({std::string("b")}, 1), entry({std::string("")}, 2), entry({std::string("ab")}, 3)}),
            R"({"":2,"ab":3,"b":1})");
  EXPECT_EQ(ordered(texts, {entry({std::string("a")}, 1), entry({std::string("a")}, 1)}), "twice");
  const Type numbers = map_type(int_type(), int_type());
  EXPECT_EQ(ordered(numbers, {entry({int64_t{10}}, 1), entry({int64_t{-9}}, 2), entry({int64_t{9}}, 3)}),
            R"({"-9":2,"9":3,"10":1})");
  const Type symbols = map_type(enum_type({"low", "high"}), int_type());
  EXPECT_EQ(ordered(symbols, {entry({int64_t{1}}, 1), entry({int64_t{0}}, 2)}), R"({"low":2,"high":1})");
  const Type wide = map_type(decimal_type(30, 2), int_type());
  EXPECT_EQ(ordered(wide, {entry({int128{250}}, 1), entry({int128{-5}}, 2)}), R"({"-0.05":2,"2.50":1})");
}

TEST(MapEntries, KeysAreReadFromTheTextThatTheyHave) {
  struct Case {
    Type type;
    Value value;
    std::string text;
  };
  const Case cases[] = {{bool_type(), {true}, "true"},
                        {int_type(), {int64_t{-7}}, "-7"},
                        {decimal_type(9, 2), {int128{1250}}, "12.50"},
                        {string_type(), {std::string("a b")}, "a b"},
                        {date_type(), {int64_t{20454}}, "2026-01-01"},
                        {time_type(), {int64_t{45'000'000'000}}, "12:30:00"},
                        {timestamp_type(), {int64_t{1'767'225'600'000'000}}, "2026-01-01T00:00:00Z"},
                        {duration_type(), {int64_t{90'000'000}}, "PT1M30S"},
                        {enum_type({"red", "green"}), {int64_t{1}}, "green"},
                        {uuid_type(), {int128{1}}, "00000000-0000-0000-0000-000000000001"}};
  for (const Case& each : cases) {
    EXPECT_EQ(key_text(each.type, each.value), each.text);
    Value read;
    ASSERT_TRUE(parse_key_text(each.type, each.text, &read)) << each.text;
    EXPECT_TRUE(equal(read, each.value)) << each.text;
    EXPECT_TRUE(is_map_key(each.type));
    Value none;
    if (!is(each.type, TypeKind::string)) EXPECT_FALSE(parse_key_text(each.type, "?", &none)) << to_string(each.type);
  }
  for (const Type& type : {float_type(), bytes_type(), json_type(), list_type(int_type()), optional_type(int_type())})
    EXPECT_FALSE(is_map_key(type)) << to_string(type);
}

TEST(MapEntries, LiteralsSayEachKey) {
  const Type texts = map_type(string_type(), int_type());
  EXPECT_EQ(to_literal(texts, {std::vector<Value>{}}), "{ }");
  EXPECT_EQ(to_literal(texts, {std::vector<Value>{entry({std::string("a")}, 1), entry({std::string("b c")}, 2)}}),
            "{ a: 1, `b c`: 2 }");
  EXPECT_EQ(to_literal(texts, {std::vector<Value>{entry({std::string("`")}, 1)}}),
            "[{ key: \"`\", value: 1 }].to_map()");
}

}  // namespace
}  // namespace braid
