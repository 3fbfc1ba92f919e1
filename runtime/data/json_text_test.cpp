#include "runtime/data/json_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace braid {
namespace {

std::string canonical(std::string_view text) {
  std::string out = "before ";
  const JsonFault fault = canonical_json(text, out);
  EXPECT_TRUE(out.starts_with("before "));
  if (fault == JsonFault::none) return out.substr(7);
  EXPECT_EQ(out, "before ");
  switch (fault) {
    case JsonFault::none:
      break;
    case JsonFault::malformed:
      return "malformed";
    case JsonFault::too_deep:
      return "too deep";
    case JsonFault::out_of_range:
      return "out of range";
    case JsonFault::duplicate:
      return "duplicate";
  }
  return "";
}

TEST(JsonText, HasOneFormForEqualValues) {
  EXPECT_EQ(canonical(" { \"b\" : [ 1 , true ] ,\n\"a\":null } "), R"({"a":null,"b":[1,true]})");
  EXPECT_EQ(canonical(R"({"b":1,"a":{"d":1,"c":2},"aa":3})"), R"({"a":{"c":2,"d":1},"aa":3,"b":1})");
  EXPECT_EQ(canonical("[ ]"), "[]");
  EXPECT_EQ(canonical("{ }"), "{}");
  EXPECT_EQ(canonical(R"("\u0041\/\u00e9\ud83d\ude00\n")"), "\"A/é😀\\n\"");
  EXPECT_EQ(canonical(R"({"\u0061":1})"), R"({"a":1})");
  for (const char* text : {"true", "false", "null", "\"\"", "0", "-1", "1.5"}) EXPECT_EQ(canonical(text), text);
}

TEST(JsonText, WritesNumbersExactly) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"1.50", "1.5"},   {"1e2", "100"},       {"1E+2", "100"},    {"-0", "0"},           {"-0.00e5", "0"},
      {"0.10", "0.1"},   {"12e-1", "1.2"},     {"1200e-2", "12"},  {"0.001e1", "0.01"},   {"-12.0", "-12"},
      {"1e41", "1e+41"}, {"15e50", "1.5e+51"}, {"1e-42", "1e-42"}, {"0.00012", "0.00012"}};
  for (const auto& [given, wanted] : cases) EXPECT_EQ(canonical(given), wanted) << given;
  EXPECT_EQ(canonical("12345678901234567890123456789012345678.5"), "12345678901234567890123456789012345678.5");
  EXPECT_EQ(canonical("1e999999999999"), "out of range");
}

TEST(JsonText, RefusesWhatIsNoJson) {
  for (const char* text :
       {"",        " ",        "tru",     "nul",         "01",          "-",      "1.",      ".5",   "1e",
        "+1",      "\"a",      "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\n\"", "[1",      "[1,]", "[,]",
        "{\"a\"}", "{\"a\":}", "{a:1}",   "{\"a\":1,}",  "1 2",         "NaN",    "{\"a\":1"})
    EXPECT_EQ(canonical(text), "malformed") << text;
  EXPECT_EQ(canonical(R"({"a":1,"b":2,"a":3})"), "duplicate");
  EXPECT_EQ(canonical(R"({"b":1,"a":2,"\u0062":3})"), "duplicate");
  EXPECT_EQ(canonical(std::string(128, '[') + std::string(128, ']')), std::string(128, '[') + std::string(128, ']'));
  EXPECT_EQ(canonical(std::string(129, '[') + std::string(129, ']')), "too deep");
}

TEST(JsonText, ReadsPartsOfCanonicalText) {
  const std::string json = canonical(R"({"a":{"x":[1,"}]",{"y":2}]},"b\"c":"v","é":-1.5})");
  EXPECT_EQ(member_of_json(json, "a"), R"({"x":[1,"}]",{"y":2}]})");
  EXPECT_EQ(member_of_json(json, "b\"c"), R"("v")");
  EXPECT_EQ(member_of_json(json, "é"), "-1.5");
  EXPECT_EQ(member_of_json(json, "x"), std::nullopt);
  EXPECT_EQ(member_of_json("[1]", "a"), std::nullopt);
  const std::string_view list = *member_of_json(*member_of_json(json, "a"), "x");
  EXPECT_EQ(element_of_json(list, 1), R"("}]")");
  EXPECT_EQ(element_of_json(list, 2), R"({"y":2})");
  EXPECT_EQ(element_of_json(list, 3), std::nullopt);
  EXPECT_EQ(element_of_json(list, -1), std::nullopt);
  EXPECT_EQ(element_of_json("{}", 0), std::nullopt);
  std::vector<std::string> keys;
  for (JsonParts parts(json); parts.next();) {
    std::string key;
    append_json_content(parts.key(), key);
    keys.push_back(key);
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b\"c", "é"}));
  EXPECT_EQ(json_kind("-1"), JsonKind::number);
  EXPECT_EQ(json_kind("null"), JsonKind::null);
}

}  // namespace
}  // namespace braid
