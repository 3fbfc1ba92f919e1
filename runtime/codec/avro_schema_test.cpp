#include "runtime/codec/avro_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using testing::HasSubstr;

AvroSchema parse(std::string_view text) {
  auto parsed = parse_avro_schema(text);
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
  return parsed.ok() ? *parsed : AvroSchema{{{}}, 0};
}

std::string fault_of(std::string_view text) {
  const auto parsed = parse_avro_schema(text);
  return parsed.ok() ? "" : parsed.error().message;
}

TEST(AvroSchema, HasAllKindsOfTypes) {
  const AvroSchema schema = parse(R"({"type": "record", "name": "order", "namespace": "shop", "fields": [
      {"name": "id", "type": "long"},
      {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
      {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "aliases": ["time"]},
      {"name": "state", "type": {"type": "enum", "name": "state", "symbols": ["A", "B"], "default": "A"}},
      {"name": "lines", "type": {"type": "array", "items": ["null", "order"]}, "default": []},
      {"name": "other", "type": "shop.state"},
      {"name": "labels", "type": {"type": "map", "values": "string"}}]})");
  const AvroType& order = schema.type(schema.root);
  EXPECT_EQ(order.name, "shop.order");
  ASSERT_EQ(order.fields.size(), 7u);
  EXPECT_EQ(describe(schema, order.fields[1].type), "bytes (decimal, 12 digits, 2 behind the point)");
  EXPECT_EQ(describe(schema, order.fields[2].type), "long (timestamp-millis)");
  EXPECT_EQ(order.fields[2].aliases, (std::vector<std::string>{"time"}));
  EXPECT_EQ(schema.type(order.fields[3].type).symbol, "A");
  EXPECT_EQ(describe(schema, order.fields[4].type), "array of null or record shop.order");
  EXPECT_EQ(order.fields[4].default_json, "[]");
  EXPECT_EQ(order.fields[5].type, order.fields[3].type);
  EXPECT_EQ(describe(schema, order.fields[6].type), "map of string");
}

TEST(AvroSchema, IgnoresLogicalTypesThatDoNotFit) {
  for (const char* text :
       {R"({"type": "int", "logicalType": "timestamp-millis"})", R"({"type": "bytes", "logicalType": "decimal"})",
        R"({"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3})",
        R"({"type": "string", "logicalType": "of my own"})",
        R"({"type": "fixed", "name": "f", "size": 4, "logicalType": "uuid"})"}) {
    const AvroSchema schema = parse(text);
    EXPECT_EQ(schema.type(schema.root).logical, AvroType::Logical::none) << text;
  }
}

TEST(AvroSchema, SaysWhatIsWrong) {
  EXPECT_THAT(fault_of("{"), HasSubstr("it is not JSON"));
  EXPECT_THAT(fault_of(R"("money")"), HasSubstr("nothing has the name `money`"));
  EXPECT_THAT(fault_of("7"), HasSubstr("neither a name, nor an object, nor a list"));
  EXPECT_THAT(fault_of(R"({"type": "array"})"), HasSubstr("has no `items`"));
  EXPECT_THAT(fault_of(R"({"type": "record", "name": "r"})"), HasSubstr("has no `fields`"));
  EXPECT_THAT(fault_of(R"({"type": "record", "fields": []})"), HasSubstr("a record has no `name`"));
  EXPECT_THAT(fault_of(R"([["null"]])"), HasSubstr("a union stands in a union"));
  EXPECT_THAT(fault_of(R"([{"type": "fixed", "name": "a", "size": 1}, {"type": "fixed", "name": "a", "size": 2}])"),
              HasSubstr("declared twice"));
  EXPECT_THAT(fault_of(std::string(200, '[')), HasSubstr("it is not JSON"));
  std::string deep = R"("int")";
  for (int i = 0; i < 100; ++i) deep = R"({"type": "array", "items": )" + deep + "}";
  EXPECT_THAT(fault_of(deep), HasSubstr("nested deeper than 64"));
}

TEST(AvroSchema, UsesTypesOfReferences) {
  const auto parsed = parse_avro_schema(
      R"({"type": "record", "name": "order", "fields": [{"name": "who", "type": "shop.customer"}]})",
      {{"shop.customer", R"({"type": "record", "name": "customer", "namespace": "shop", "fields": []})"}});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(describe(*parsed, parsed->type(parsed->root).fields[0].type), "record shop.customer");
}

}  // namespace
}  // namespace braid
