#include "runtime/declare/layout.h"

#include <gtest/gtest.h>

#include "runtime/data/value.h"

namespace braid {
namespace {

TEST(Layout, SpellsEveryType) {
  EXPECT_EQ(layout_of(bool_type()), "b");
  EXPECT_EQ(layout_of(duration_type()), "i");
  EXPECT_EQ(layout_of(decimal_type(18, 2)), "i");
  EXPECT_EQ(layout_of(decimal_type(19, 2)), "w");
  EXPECT_EQ(layout_of(uuid_type()), "u");
  EXPECT_EQ(layout_of(enum_type({"open", "shut"})), "eopen\nshut\n;");
  EXPECT_EQ(layout_of(optional_type(list_type(optional_type(string_type())))), "?[?s]");
  EXPECT_EQ(layout_of(struct_type({{"a", optional_type(float_type())}, {"b", date_type()}})), "(?fd)");
}

TEST(Layout, CountsTheLeavesOfTheType) {
  const Type row = struct_type({{"a", optional_type(struct_type({{"x", int_type()}, {"y", enum_type({"p"})}}))},
                                {"b", list_type(struct_type({{"z", int_type()}, {"w", int_type()}}))},
                                {"c", optional_type(string_type())}});
  for (const Type& type : {row, optional_type(row), list_type(row), optional_type(int_type()), string_type()})
    EXPECT_EQ(Layout::of(slot_bytes(layout_of(type)).bytes).slots, leaf_count(type)) << to_string(type);
}

int compare_as(const Type& type, const Value& a, const Value& b) {
  Arena arena;
  const std::string text = layout_of(type);
  std::vector<Slot> left(leaf_count(type)), right(leaf_count(type));
  to_slots(type, a, left.data(), arena);
  to_slots(type, b, right.data(), arena);
  const Layout layout = Layout::of(slot_bytes(text).bytes);
  const int difference = layout.compare(left.data(), right.data());
  EXPECT_EQ(difference > 0, layout.compare(right.data(), left.data()) < 0) << "not the other way round";
  EXPECT_EQ(difference, compare(a, b)) << "plain values have another order";
  return difference;
}

Value list(std::vector<Value> items) {
  return {std::move(items)};
}

TEST(Layout, OrdersAsPlainValuesAre) {
  const Value null{Null()}, one{int64_t{1}}, two{int64_t{2}};
  const Type maybe = optional_type(int_type());
  EXPECT_EQ(compare_as(maybe, one, null), -1);
  EXPECT_EQ(compare_as(maybe, null, null), 0);
  EXPECT_EQ(compare_as(maybe, two, one), 1);
  EXPECT_EQ(compare_as(float_type(), {__builtin_nan("")}, {__builtin_inf()}), 1);
  EXPECT_EQ(compare_as(float_type(), {__builtin_nan("")}, {__builtin_nan("")}), 0);
  EXPECT_EQ(compare_as(float_type(), {-0.0}, {0.0}), 0);
  EXPECT_EQ(compare_as(string_type(), {std::string("a")}, {std::string("a\xFF")}), -1);
  EXPECT_EQ(compare_as(string_type(), {std::string("\xFF")}, {std::string("a")}), 1);
  EXPECT_EQ(compare_as(bool_type(), {false}, {true}), -1);
  EXPECT_EQ(compare_as(decimal_type(38, 2), {int128{-1}}, {int128{1}}), -1);
  const Type lists = list_type(maybe);
  EXPECT_EQ(compare_as(lists, list({one}), list({one, null})), -1);
  EXPECT_EQ(compare_as(lists, list({null}), list({one, one})), 1);
  EXPECT_EQ(compare_as(lists, list({}), list({})), 0);
  const Type row = struct_type({{"a", maybe}, {"b", lists}, {"c", int_type()}});
  EXPECT_EQ(compare_as(row, list({null, list({one}), two}), list({null, list({one}), one})), 1);
  EXPECT_EQ(compare_as(row, list({one, list({two}), one}), list({null, list({}), one})), -1);
  EXPECT_EQ(compare_as(optional_type(row), null, list({one, list({}), one})), 1);
}

}  // namespace
}  // namespace braid
