// Which rows a test accepts as those that it expects.
#include "cli/session/expectations.h"

#include <gtest/gtest.h>

#include "compiler/check/check.h"

namespace braid::cli {
namespace {

const Type kPlace = struct_type({{"site", string_type()}, {"floor", optional_type(int_type())}});

Value place(const char* site, Value floor) {
  return Value{std::vector<Value>{Value{std::string(site)}, std::move(floor)}};
}

/// What is said where the field `place` is expected as that value of that type.
std::string said(const Type& type, const Value& expected, const Value& found) {
  typed::ExpectStatement statement{.relation = 0, .port = {}, .rows = {}, .open = false};
  typed::TestRow row;
  row.named.emplace_back("place", expected);
  row.named_types.push_back(type);
  statement.rows.push_back(row);
  return compare_rows(statement, {{{{"place", kPlace}}, {found}}}, {}, {}).value_or("");
}

std::string said_of(const Type& wanted, const Value& expected, const Type& type, const Value& found) {
  typed::ExpectStatement statement{.relation = 0, .port = {}, .rows = {}, .open = false};
  typed::TestRow row;
  row.named.emplace_back("x", expected);
  row.named_types.push_back(wanted);
  statement.rows.push_back(row);
  return compare_rows(statement, {{{{"x", type}}, {found}}}, {}, {}).value_or("");
}

TEST(Expectations, CompareStructsWhole) {
  EXPECT_EQ(said(kPlace, place("a", Value{int64_t{2}}), place("a", Value{int64_t{2}})), "");
  EXPECT_NE(said(kPlace, place("a", Value{int64_t{2}}), place("a", Value{int64_t{3}})), "");
  const Type part = struct_type({{"site", string_type()}});
  const Value a{std::vector<Value>{Value{std::string("a")}}};
  EXPECT_EQ(said(part, a, place("a", Value{})), "") << "a field that is left out is null";
  EXPECT_NE(said(part, a, place("a", Value{int64_t{2}})), "");
}

TEST(Expectations, LeaveOutWhatStandsBehindTwoDots) {
  const Type open = struct_type({{"site", string_type()}, {std::string(kOtherFields), optional_type(bool_type())}});
  const Value a{std::vector<Value>{Value{std::string("a")}, Value{}}};
  EXPECT_EQ(said(open, a, place("a", Value{int64_t{2}})), "");
  const std::string other = said(open, a, place("b", Value{int64_t{2}}));
  EXPECT_NE(other.find("{ site: \"a\", .. }"), std::string::npos) << other;
}

TEST(Expectations, CompareNumbersByTheirValues) {
  const Type tenth = decimal_type(3, 1), cents = decimal_type(12, 2);
  EXPECT_EQ(said_of(tenth, Value{int128{300}}, float_type(), Value{30.0}), "");
  EXPECT_NE(said_of(tenth, Value{int128{301}}, float_type(), Value{30.0}), "");
  EXPECT_EQ(said_of(tenth, Value{int128{305}}, cents, Value{int128{3050}}), "");
  EXPECT_EQ(said_of(int_type(), Value{int64_t{30}}, cents, Value{int128{3000}}), "");
  EXPECT_NE(said_of(int_type(), Value{int64_t{3}}, cents, Value{int128{3000}}), "");
  EXPECT_EQ(said_of(list_type(tenth), Value{std::vector<Value>{Value{int128{300}}}}, list_type(float_type()),
                    Value{std::vector<Value>{Value{30.0}}}),
            "");
}

}  // namespace
}  // namespace braid::cli
