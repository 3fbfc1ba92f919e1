#include "runtime/data/ordered_bytes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/data/value.h"

namespace braid {
namespace {

std::string bytes_of(const Type& type, const Value& value) {
  Arena arena;
  std::vector<Slot> slots(leaf_count(type));
  to_slots(type, value, slots.data(), arena);
  std::string out;
  append_ordered_bytes(type, slots.data(), out);
  return out;
}

Value whole(int64_t value) {
  return {value};
}
Value text(std::string value) {
  return {std::move(value)};
}

/// Each pair sorts as compare() says, and none begins with another.
void expect_order(const Type& type, const std::vector<Value>& values) {
  for (const Value& a : values)
    for (const Value& b : values) {
      const std::string left = bytes_of(type, a), right = bytes_of(type, b);
      const int order = compare(a, b);
      EXPECT_EQ(left < right, order < 0) << to_literal(type, a) << " " << to_literal(type, b);
      EXPECT_EQ(ordered_bytes_size(type, left + right), left.size()) << to_literal(type, a);
      EXPECT_EQ(left == right, order == 0) << to_literal(type, a) << " " << to_literal(type, b);
      if (order != 0) EXPECT_FALSE(right.starts_with(left)) << to_literal(type, a) << " " << to_literal(type, b);
    }
}

TEST(OrderedBytes, SortAsTheValuesDo) {
  const double infinity = std::numeric_limits<double>::infinity();
  expect_order(bool_type(), {{false}, {true}});
  expect_order(int_type(), {whole(INT64_MIN), whole(-256), whole(-1), whole(0), whole(1), whole(255), whole(256),
                            whole(INT64_MAX)});
  expect_order(date_type(), {whole(-40000), whole(-1), whole(0), whole(1), whole(20000)});
  expect_order(timestamp_type(), {whole(-1), whole(0), whole(1'700'000'000'000'000)});
  expect_order(enum_type({"low", "high"}), {whole(0), whole(1)});
  expect_order(float_type(),
               {{-infinity}, {-2.5}, {-1e-300}, {-0.0}, {0.0}, {1e-300}, {2.5}, {1e300}, {infinity}, {std::nan("")}});
  expect_order(decimal_type(12, 2), {{int128{-100}}, {int128{-1}}, {int128{0}}, {int128{99}}});
  expect_order(decimal_type(38, 2), {{-(int128{1} << 100)}, {int128{-1}}, {int128{0}}, {int128{1} << 100}});
  expect_order(string_type(), {text(""), text(std::string(1, '\0')), text(std::string("\0a", 2)), text("a"),
                               text(std::string("a\0", 2)), text(std::string("a\0\xFF", 3)), text("a\x01"), text("ab"),
                               text("b"), text("\xFF")});
  expect_order(optional_type(int_type()), {whole(-5), whole(0), {Null{}}});
  const Type list = list_type(string_type());
  expect_order(list, {{std::vector<Value>{}},
                      {std::vector<Value>{text("")}},
                      {std::vector<Value>{text("a")}},
                      {std::vector<Value>{text("a"), text("")}},
                      {std::vector<Value>{text("a"), text("b")}},
                      {std::vector<Value>{text("b")}}});
  const Type pair = struct_type({{"name", string_type()}, {"count", optional_type(int_type())}});
  expect_order(pair, {{std::vector<Value>{text("a"), whole(2)}},
                      {std::vector<Value>{text("a"), {Null{}}}},
                      {std::vector<Value>{text("aa"), whole(1)}},
                      {std::vector<Value>{text("b"), whole(-1)}}});
}

TEST(OrderedBytes, AUuidSortsAsItsText) {
  const auto id = [](uint64_t high) { return Value{static_cast<int128>(uint128{high} << 64)}; };
  EXPECT_LT(bytes_of(uuid_type(), id(0x7FFF'0000'0000'0000)), bytes_of(uuid_type(), id(0x8000'0000'0000'0000)));
}

TEST(OrderedBytes, NeverChange) {
  EXPECT_EQ(bytes_of(int_type(), whole(1)), std::string("\x80\0\0\0\0\0\0\x01", 8));
  EXPECT_EQ(bytes_of(optional_type(string_type()), text(std::string("a\0", 2))), std::string("\0a\0\xFF\0\0", 6));
  EXPECT_EQ(bytes_of(float_type(), {-2.0}), std::string("\x3F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8));
}

TEST(OrderedBytes, WithoutAnEndAreNoValue) {
  EXPECT_EQ(ordered_bytes_size(int_type(), "abc"), 0U);
  EXPECT_EQ(ordered_bytes_size(string_type(), "abc"), 0U);
  EXPECT_EQ(ordered_bytes_size(string_type(), std::string("a\0", 2)), 0U);
  EXPECT_EQ(ordered_bytes_size(list_type(int_type()), "\x01"), 0U);
  EXPECT_EQ(ordered_bytes_size(optional_type(int_type()), ""), 0U);
}

}  // namespace
}  // namespace braid
