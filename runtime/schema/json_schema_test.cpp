#include "runtime/schema/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace braid::schema {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

RowSchema rows(std::vector<Field> fields) {
  RowSchema made{"shop.sold", 1, "", {}};
  for (Field& field : fields) made.fields.push_back({{field.name}, field.type, false, ""});
  return made;
}

std::string schema(std::vector<Field> fields) {
  return json_schema_of_rows(rows(std::move(fields)));
}

TEST(JsonSchema, OfRowsInTheOrderOfTheirFields) {
  RowSchema sold = rows({{"id", int_type()},
                         {"amount", decimal_type(12, 2)},
                         {"status", enum_type({"new", "paid"})},
                         {"at", timestamp_type()},
                         {"note", optional_type(string_type())}});
  sold.documentation = "What was sold.";
  EXPECT_EQ(json_schema_of_rows(sold), R"text({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "shop.sold.v1",
  "description": "What was sold.",
  "type": "object",
  "properties": {
    "id": {
      "type": "integer",
      "minimum": -9223372036854775808,
      "maximum": 9223372036854775807
    },
    "amount": {
      "type": "number",
      "exclusiveMinimum": -10000000000,
      "exclusiveMaximum": 10000000000,
      "x-braid-type": "decimal(12,2)"
    },
    "status": {
      "type": "string",
      "enum": [
        "new",
        "paid"
      ]
    },
    "at": {
      "type": "string",
      "format": "date-time",
      "x-braid-type": "timestamp"
    },
    "note": {
      "anyOf": [
        {
          "type": "string"
        },
        {
          "type": "null"
        }
      ]
    }
  },
  "required": [
    "id",
    "amount",
    "status",
    "at"
  ]
}
)text");
}

TEST(JsonSchema, OfRecordsAtTheirPlaces) {
  RowSchema payment{"shop.payment", 2, "", {}};
  payment.fields = {{{"id"}, int_type(), false, ""},
                    {{"customer", "id"}, int_type(), false, "Who paid."},
                    {{"customer", "city"}, optional_type(string_type()), false, ""},
                    {{"shop", "name"}, optional_type(string_type()), false, ""},
                    {{"minute"}, int_type(), true, ""},
                    {{"at"}, timestamp_type(), false, ""}};
  const json made = json::parse(json_schema_of_records(payment, {.numbers = true, .without_zone = true}));
  EXPECT_EQ(made["title"], "shop.payment.v2");
  EXPECT_EQ(made["required"], json({"id", "customer", "at"}));
  EXPECT_EQ(made["properties"]["customer"]["required"], json::array({"id"}));
  EXPECT_EQ(made["properties"]["customer"]["properties"]["id"]["description"], "Who paid.");
  EXPECT_EQ(made["properties"]["shop"]["anyOf"][1], json({{"type", "null"}}));
  EXPECT_EQ(made["properties"]["minute"]["anyOf"][1], json({{"type", "null"}}));
  EXPECT_EQ(made["properties"]["at"]["anyOf"], json({{{"type", "string"}}, {{"type", "number"}}}));
}

TEST(JsonSchema, KnowsEveryType) {
  const std::vector<Field> all{{"a", bool_type()},
                               {"b", float_type()},
                               {"c", bytes_type()},
                               {"d", uuid_type()},
                               {"e", date_type()},
                               {"f", time_type()},
                               {"g", duration_type()},
                               {"h", list_type(struct_type({{"x", optional_type(int_type())}}))},
                               {"i", decimal_type(38, 0)},
                               {"j", optional_type(enum_type({"a"}))},
                               {"k", map_type(date_type(), int_type())}};
  const json made = json::parse(schema(all));
  EXPECT_EQ(made["properties"].size(), all.size());
  EXPECT_EQ(made["properties"]["i"]["exclusiveMaximum"], 1e38);
  EXPECT_EQ(made["properties"]["h"]["items"]["type"], "object");
  EXPECT_EQ(made["properties"]["k"]["additionalProperties"]["type"], "integer");
  EXPECT_EQ(schema(all), schema(all));
}

// ---- what a change breaks ------------------------------------------------------------------------------------------

std::vector<std::string> broken(Compatibility level, const std::string& now, const std::vector<std::string>& earlier) {
  const auto found = broken_readers(level, now, earlier, find_json_breaks);
  if (!found.ok()) return {found.error().message};
  std::vector<std::string> made;
  for (const BrokenReader& each : *found) made.push_back(to_text(each));
  return made;
}
std::vector<std::string> broken(Compatibility level, const std::vector<Field>& now, const std::vector<Field>& before) {
  return broken(level, schema(now), {schema(before)});
}

const std::vector<Field> kBefore{{"id", int_type()}, {"note", optional_type(string_type())}};

TEST(JsonCompatibility, NothingBreaksWithoutAChange) {
  EXPECT_THAT(broken(Compatibility::full_transitive, kBefore, kBefore), IsEmpty());
}

TEST(JsonCompatibility, AFieldThatIsNew) {
  std::vector<Field> now = kBefore;
  now.push_back({"channel", string_type()});
  EXPECT_THAT(broken(Compatibility::backward, now, kBefore),
              ElementsAre("new readers of old rows: `channel` is new, and old rows do not have it"));
  EXPECT_THAT(broken(Compatibility::forward, now, kBefore), IsEmpty());
  now.back().type = optional_type(string_type());
  EXPECT_THAT(broken(Compatibility::full, now, kBefore), IsEmpty());
}

TEST(JsonCompatibility, AFieldThatGoes) {
  EXPECT_THAT(broken(Compatibility::backward, {kBefore[1]}, kBefore), IsEmpty());
  EXPECT_THAT(broken(Compatibility::forward, {kBefore[1]}, kBefore),
              ElementsAre("old readers of new rows: `id` is gone, and old readers need it"));
  EXPECT_THAT(broken(Compatibility::full, {kBefore[0]}, kBefore), IsEmpty());
}

TEST(JsonCompatibility, AFieldThatBecomesOptional) {
  const std::vector<Field> now{{"id", optional_type(int_type())}, kBefore[1]};
  EXPECT_THAT(broken(Compatibility::backward, now, kBefore), IsEmpty());
  EXPECT_THAT(broken(Compatibility::forward, now, kBefore),
              ElementsAre("old readers of new rows: `id` became optional, and old readers need a value"));
  EXPECT_THAT(broken(Compatibility::backward, kBefore, now),
              ElementsAre("new readers of old rows: `id` was optional, and old rows may have no value"));
}

TEST(JsonCompatibility, TypesMayOnlyWiden) {
  const auto one = [](Type type) { return std::vector<Field>{{"x", std::move(type)}}; };
  struct Case {
    Type now, before;
    bool reads;
  };
  for (const Case& each : {
           Case{decimal_type(12, 2), decimal_type(10, 2), true},
           Case{decimal_type(10, 2), decimal_type(12, 2), false},
           Case{decimal_type(12, 1), decimal_type(11, 2), false},
           Case{decimal_type(12, 2), decimal_type(12, 4), false},
           Case{decimal_type(23, 4), int_type(), true},
           Case{decimal_type(12, 4), int_type(), false},
           Case{int_type(), decimal_type(12, 0), false},
           Case{float_type(), int_type(), true},
           Case{float_type(), decimal_type(12, 2), true},
           Case{decimal_type(12, 2), float_type(), false},
           Case{string_type(), timestamp_type(), true},
           Case{timestamp_type(), string_type(), false},
           Case{date_type(), timestamp_type(), false},
           Case{string_type(), enum_type({"a"}), true},
           Case{string_type(), int_type(), false},
           Case{bool_type(), int_type(), false},
           Case{list_type(float_type()), list_type(int_type()), true},
           Case{list_type(int_type()), list_type(float_type()), false},
           Case{list_type(int_type()), int_type(), false},
           Case{map_type(string_type(), float_type()), map_type(string_type(), int_type()), true},
           Case{map_type(string_type(), int_type()), map_type(string_type(), float_type()), false},
           Case{map_type(string_type(), int_type()), list_type(int_type()), false},
           Case{struct_type({{"a", float_type()}}), struct_type({{"a", int_type()}, {"b", int_type()}}), true},
           Case{struct_type({{"a", int_type()}, {"b", int_type()}}), struct_type({{"a", int_type()}}), false},
       })
    EXPECT_EQ(broken(Compatibility::backward, one(each.now), one(each.before)).empty(), each.reads)
        << to_string(each.now) << " reads " << to_string(each.before);
  EXPECT_THAT(
      broken(Compatibility::backward, one(int_type()), one(string_type())),
      ElementsAre("new readers of old rows: `x` was `string` and is `integer`, and the new type does not take all "
                  "old values"));
  EXPECT_THAT(
      broken(Compatibility::forward, one(list_type(struct_type({{"a", string_type()}}))),
             one(list_type(struct_type({{"a", decimal_type(12, 2)}})))),
      ElementsAre("old readers of new rows: `x[].a` was `decimal(12,2)` and is `string`, and the old type does not "
                  "take all new values"));
}

TEST(JsonCompatibility, SymbolsOfAnEnum) {
  const auto one = [](std::vector<std::string> symbols) {
    return std::vector<Field>{{"x", optional_type(enum_type(std::move(symbols)))}};
  };
  EXPECT_THAT(broken(Compatibility::backward, one({"a", "b"}), one({"a"})), IsEmpty());
  EXPECT_THAT(broken(Compatibility::forward, one({"a", "b", "c"}), one({"a"})),
              ElementsAre("old readers of new rows: `x` has the new symbol `b`",
                          "old readers of new rows: `x` has the new symbol `c`"));
  EXPECT_THAT(broken(Compatibility::backward, one({"a"}), one({"a", "b"})),
              ElementsAre("new readers of old rows: `x` no longer has the symbol `b`"));
}

TEST(JsonCompatibility, ATransitiveLevelLooksAtAllEarlierSchemas) {
  const std::string first = schema({{"id", int_type()}}), second = schema(kBefore),
                    now = schema({{"id", int_type()}, {"note", string_type()}});
  const std::string between = schema({{"id", int_type()}, {"note", string_type()}});
  EXPECT_THAT(broken(Compatibility::backward, now, {first, between}), IsEmpty());
  EXPECT_THAT(broken(Compatibility::backward_transitive, now, {first, between}),
              ElementsAre("new readers of old rows: `note` is new, and old rows do not have it"));
  EXPECT_THAT(broken(Compatibility::none, now, {first, second}), IsEmpty());
}

TEST(JsonCompatibility, ForeignSchemas) {
  const std::string closed = R"({"type":"object","properties":{"id":{"type":"integer"}},"additionalProperties":false})";
  const std::string wider = R"({"type":"object","properties":{"id":{"type":["integer","null"]},"b":{}}})";
  EXPECT_THAT(broken(Compatibility::full, wider, {closed}),
              ElementsAre("old readers of new rows: `b` is new, and the old schema takes no other fields",
                          "old readers of new rows: `id` became optional, and old readers need a value"));
  EXPECT_THAT(broken(Compatibility::full, R"({"$ref":"x"})", {closed}),
              ElementsAre("it uses `$ref`, which is not compared"));
  EXPECT_THAT(broken(Compatibility::full, "{", {closed}), ElementsAre("it is not JSON"));
  EXPECT_THAT(broken(Compatibility::full, "[]", {closed}), ElementsAre("a schema is an object, found `[]`"));
  EXPECT_THAT(broken(Compatibility::full, R"({"type":"text"})", {closed}),
              ElementsAre("`\"text\"` is not a type of JSON Schema"));
  EXPECT_THAT(broken(Compatibility::full, "{\"type\":7}", {closed}), ElementsAre("`7` is not a type of JSON Schema"));
  std::string deep = "{}";
  for (int i = 0; i < 1000; ++i) deep = R"({"items":)" + deep + "}";
  EXPECT_THAT(broken(Compatibility::full, deep, {closed}), ElementsAre("it is nested too deep"));
}

}  // namespace
}  // namespace braid::schema
