#include "stdlib/functions/calling.h"

namespace braid {
namespace {

using Text = std::string_view;
using MaybeJson = std::optional<Json>;

constexpr uint32_t kConversion = 6104, kFunction = 6106;

std::string text_of(Call& call) {
  return std::string(call.as<Json>().text);
}

TEST(Json, PathsGiveNullWhereNothingIs) {
  Call field("json_field"), element("json_element");
  const Json object{R"({"a":[7,{"b":"c"}],"é":null})"};
  EXPECT_EQ(text_of(field(object, "a"sv)), R"([7,{"b":"c"}])");
  EXPECT_EQ(text_of(field(object, "é"sv)), "null");
  EXPECT_EQ(text_of(field(object, "b"sv)), "null");
  EXPECT_EQ(text_of(field(Json{"7"}, "a"sv)), "null");
  EXPECT_EQ(text_of(element(Json{R"([7,{"b":"c"}])"}, int64_t{1})), R"({"b":"c"})");
  EXPECT_EQ(text_of(element(Json{"[7]"}, int64_t{1})), "null");
  EXPECT_EQ(text_of(element(Json{"[7]"}, INT64_MIN)), "null");
  EXPECT_EQ(text_of(element(object, int64_t{0})), "null");
  Call get("json_get_member"), at("json_get_element");
  EXPECT_EQ(get(object, "a"sv).as<MaybeJson>()->text, R"([7,{"b":"c"}])");
  EXPECT_FALSE(get(object, "é"sv).as<MaybeJson>());
  EXPECT_FALSE(at(Json{"[]"}, int64_t{0}).as<MaybeJson>());
}

TEST(Json, NumbersMayStandInTexts) {
  Call whole("json_int_of_json"), text("json_string_of_json"), real("json_float_of_json");
  EXPECT_EQ(whole(Json{"-42"}).as<int64_t>(), -42);
  EXPECT_EQ(whole(Json{"\"42\""}).as<int64_t>(), 42);
  for (const char* other : {"4.2", "\"\"", "\"4x\"", "null", "true", "[]", "{}", "9223372036854775808", "\" 4\""})
    EXPECT_EQ(whole(Json{other}).code(), kConversion) << other;
  EXPECT_EQ(text(Json{"1.5"}).as<Text>(), "1.5");
  EXPECT_EQ(text(Json{R"("a\n\"b\"")"}).as<Text>(), "a\n\"b\"");
  EXPECT_EQ(text(Json{"false"}).as<Text>(), "false");
  EXPECT_EQ(text(Json{"null"}).code(), kConversion);
  EXPECT_EQ(real(Json{"1.5e+50"}).as<double>(), 1.5e50);
  EXPECT_EQ(real(Json{"1e+400"}).code(), kConversion);
}

TEST(Json, PartsOfListsAndObjects) {
  Call elements("json_elements"), values("json_values"), keys("json_keys"), length("json_json_length");
  EXPECT_EQ(elements(Json{R"([1,"a",[2,3]])"}).texts(), (std::vector<std::string>{"1", "\"a\"", "[2,3]"}));
  EXPECT_TRUE(elements(Json{"[]"}).texts().empty());
  EXPECT_EQ(elements(Json{"{}"}).code(), kConversion);
  EXPECT_EQ(values(Json{R"({"a":1,"b":{"c":2}})"}).texts(), (std::vector<std::string>{"1", R"({"c":2})"}));
  EXPECT_EQ(keys(Json{R"({"a\"b":1,"é":2})"}).texts(), (std::vector<std::string>{"a\"b", "é"}));
  EXPECT_EQ(keys(Json{"[]"}).code(), kConversion);
  EXPECT_EQ(length(Json{R"({"a":[1,2],"b":0})"}).as<int64_t>(), 2);
  EXPECT_EQ(length(Json{"\"abc\""}).as<int64_t>(), 0);
}

TEST(Json, TextsAreParsedToOneForm) {
  Call parse("json_parse_json");
  EXPECT_EQ(text_of(parse(" { \"b\": 1.0, \"a\": [ ] } "sv)), R"({"a":[],"b":1})");
  EXPECT_EQ(parse("{"sv).code(), kFunction);
  EXPECT_EQ(parse("{"sv).failure(), "the text is no JSON");
  EXPECT_EQ(parse(R"({"a":1,"a":1})"sv).failure(), "an object has a key twice");
}

}  // namespace
}  // namespace braid
