#include "runtime/data/value.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "runtime/data/text_forms.h"

namespace braid {
namespace {

Value text(std::string content) {
  return {std::move(content)};
}

TEST(Value, EqualAsKeysAre) {
  EXPECT_TRUE(equal({std::nan("")}, {-std::nan("")}));
  EXPECT_TRUE(equal({0.0}, {-0.0}));
  EXPECT_TRUE(equal({Null{}}, {Null{}}));
  EXPECT_FALSE(equal({Null{}}, {int64_t{0}}));
  EXPECT_LT(compare({1.0}, {std::nan("")}), 0);
  EXPECT_LT(compare({int64_t{5}}, {Null{}}), 0);
  EXPECT_LT(compare(text("a"), text("b")), 0);
  EXPECT_LT(compare({std::vector<Value>{{int64_t{1}}}}, {std::vector<Value>{{int64_t{1}}, {int64_t{0}}}}), 0);
}

/// A row with every type, and what each form makes of it.
TEST(Value, EveryTypeAsSlotsLiteralJsonAndCell) {
  struct Case {
    Type type;
    Value value;
    std::string literal, json, cell;
  };
  Type point = struct_type({{"x", int_type()}, {"y", optional_type(float_type())}});
  std::vector<Case> cases = {
      {bool_type(), {true}, "true", "true", "true"},
      {int_type(),
       {std::numeric_limits<int64_t>::min()},
       "-9223372036854775808",
       "-9223372036854775808",
       "-9223372036854775808"},
      {float_type(), {3.0}, "3.0", "3", "3"},
      {float_type(), {0.1}, "0.1", "0.1", "0.1"},
      {float_type(), {1e300}, "1e+300", "1e+300", "1e+300"},
      {float_type(), {-INFINITY}, "-Infinity", "\"-Infinity\"", "-Infinity"},
      {decimal_type(12, 2), {int128{1250}}, "12.50", "12.50", "12.50"},
      {decimal_type(38, 4), {int128{-5}}, "-0.0005", "-0.0005", "-0.0005"},
      {string_type(), text("a\"b\\\n\x01é"), "\"a\\\"b\\\\\\n\\u{1}é\"", "\"a\\\"b\\\\\\n\\u0001é\"", "a\"b\\\n\x01é"},
      {bytes_type(), text(std::string("\0\xFF", 2)), "\"AP8=\"", "\"AP8=\"", "AP8="},
      {uuid_type(),
       {int128{1}},
       "\"00000000-0000-0000-0000-000000000001\"",
       "\"00000000-0000-0000-0000-000000000001\"",
       "00000000-0000-0000-0000-000000000001"},
      {date_type(), {int64_t{-1}}, "@1969-12-31", "\"1969-12-31\"", "1969-12-31"},
      {time_type(), {int64_t{45'000'000'000}}, "@12:30", "\"12:30:00\"", "12:30:00"},
      {timestamp_type(),
       {int64_t{1'767'225'600'000'000}},
       "@2026-01-01T00:00Z",
       "\"2026-01-01T00:00:00Z\"",
       "2026-01-01T00:00:00Z"},
      {timestamp_type(),
       {int64_t{-500'000}},
       "@1969-12-31T23:59:59.5Z",
       "\"1969-12-31T23:59:59.5Z\"",
       "1969-12-31T23:59:59.5Z"},
      {duration_type(), {int64_t{5'400'000'000}}, "1h30m", "\"PT1H30M\"", "PT1H30M"},
      {enum_type({"EUR", "USD"}), {int64_t{1}}, "\"USD\"", "\"USD\"", "USD"},
      {list_type(decimal_type(4, 1)),
       {std::vector<Value>{{int128{15}}, {int128{-1}}}},
       "[1.5, -0.1]",
       "[1.5,-0.1]",
       "[1.5,-0.1]"},
      {point,
       {std::vector<Value>{{int64_t{1}}, {Null{}}}},
       "{ x: 1, y: null }",
       "{\"x\":1,\"y\":null}",
       "{\"x\":1,\"y\":null}"},
      {optional_type(point), {Null{}}, "null", "null", ""},
      {list_type(optional_type(point)),
       {std::vector<Value>{{Null{}}, {std::vector<Value>{{int64_t{2}}, {0.5}}}}},
       "[null, { x: 2, y: 0.5 }]",
       "[null,{\"x\":2,\"y\":0.5}]",
       "[null,{\"x\":2,\"y\":0.5}]"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(to_string(each.type));
    Arena arena;
    std::vector<Slot> slots(leaf_count(each.type));
    to_slots(each.type, each.value, slots.data(), arena);
    EXPECT_TRUE(equal(from_slots(each.type, slots.data()), each.value));
    EXPECT_EQ(to_literal(each.type, each.value), each.literal);
    EXPECT_EQ(to_json(each.type, each.value), each.json);
    EXPECT_EQ(to_cell(each.type, each.value), each.cell);
  }
}

TEST(Value, LeavesOfAnAbsentValueAreZero) {
  Arena arena;
  Type type = optional_type(struct_type({{"a", string_type()}, {"b", int_type()}}));
  Slot slots[3];
  memset(slots, 0xAB, sizeof slots);
  to_slots(type, {Null{}}, slots, arena);
  for (const Slot& slot : slots) EXPECT_EQ(slot.i128, 0);
}

TEST(TextForms, Uuid) {
  int128 value = 0;
  ASSERT_TRUE(parse_uuid("01234567-89AB-cdef-0123-456789abcdef", &value));
  std::string out;
  append_uuid(out, value);
  EXPECT_EQ(out, "01234567-89ab-cdef-0123-456789abcdef");
  for (std::string_view bad : {"", "0123456789ABcdef0123456789abcdef", "01234567-89AB-cdef-0123-456789abcdeg",
                               "01234567-89AB-cdef-0123-456789abcdef0", "01234567089AB-cdef-0123-456789abcdef"})
    EXPECT_FALSE(parse_uuid(bad, &value)) << bad;
}

TEST(TextForms, Base64) {
  for (std::string bytes : {"", "f", "fo", "foo", "foob", "\xFF\xFE\xFD\xFC"}) {
    std::string text, back = "kept";
    append_base64(text, bytes);
    EXPECT_TRUE(parse_base64(text, back));
    EXPECT_EQ(back, "kept" + bytes);
  }
  std::string out = "kept";
  for (std::string_view bad : {"A", "AA", "AAA", "AB==", "AAB=", "A===", "AA=A", "====", "AAAA====", "A A="}) {
    EXPECT_FALSE(parse_base64(bad, out)) << bad;
    EXPECT_EQ(out, "kept");
  }
}

TEST(TextForms, Utf8) {
  for (std::string_view good : {"", "abc", "é€😀", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"}) EXPECT_TRUE(is_utf8(good));
  for (std::string_view bad : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                               "\xF0\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "a\xF0\x9F\x98"})
    EXPECT_FALSE(is_utf8(bad));
}

}  // namespace
}  // namespace braid
