#include "runtime/codec/protobuf_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/data/text_forms.h"

namespace braid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = ProtobufField::Kind;
using Known = ProtobufMessage::Known;

ProtobufSchema parsed(std::string_view text, const std::vector<WriterSchema::Reference>& references = {},
                      const std::vector<int32_t>& message = {0}) {
  auto schema = parse_protobuf_schema(text, references, message);
  EXPECT_TRUE(schema.ok()) << (schema.ok() ? "" : schema.error().message);
  return schema.ok() ? *schema : ProtobufSchema{.messages = {{}}};
}

std::string fault_of(std::string_view text, const std::vector<int32_t>& message = {0}) {
  const auto schema = parse_protobuf_schema(text, {}, message);
  return schema.ok() ? "" : schema.error().message;
}

std::vector<std::string> fields_of(const ProtobufSchema& schema) {
  std::vector<std::string> made;
  for (const ProtobufField& field : schema.message().fields)
    made.push_back(std::to_string(field.number) + " " + field.name + ": " + describe(schema, field) +
                   (field.has_presence ? " (may be absent)" : ""));
  return made;
}

TEST(ProtobufSchema, FieldsOfEachKind) {
  const ProtobufSchema schema = parsed(R"(
    syntax = "proto3";
    package shop;
    import "google/protobuf/timestamp.proto";
    message Order {
      int64 id = 1;
      optional string note = 2;
      repeated double parts = 7;
      map<string, Line> lines = 3;
      google.protobuf.Timestamp at = 4;
      Colour colour = 5;
      oneof payment { bytes card = 8; bool cash = 9; }
      reserved 20 to 22, 30;
      reserved "old";
      message Line { sint32 x = 1; }
    }
    enum Colour { RED = 0; GREEN = 3; }
    service Orders { rpc Get(Order) returns (Order); })");
  EXPECT_THAT(fields_of(schema),
              ElementsAre("1 id: int64", "2 note: string (may be absent)", "7 parts: repeated double",
                          "3 lines: map<string, message `shop.Order.Line`>",
                          "4 at: message `google.protobuf.Timestamp` (may be absent)", "5 colour: enum `shop.Colour`",
                          "8 card: bytes (may be absent)", "9 cash: bool (may be absent)"));
  const ProtobufMessage& order = schema.message();
  EXPECT_EQ(order.name, "shop.Order");
  EXPECT_EQ(schema.messages[order.fields[4].type].known, Known::timestamp);
  EXPECT_EQ(order.fields[1].oneof, -1);
  EXPECT_EQ(order.fields[6].oneof, 0);
  EXPECT_THAT(order.reserved, ElementsAre(std::pair(20, 22), std::pair(30, 30)));
  EXPECT_THAT(order.reserved_names, ElementsAre("old"));
  EXPECT_THAT(schema.enums[0].symbols, ElementsAre(std::pair(0, "RED"), std::pair(3, "GREEN")));
}

TEST(ProtobufSchema, DefaultsOfProto2) {
  const ProtobufSchema schema = parsed(R"(
    syntax = "proto2";
    message M {
      required int32 a = 1;
      optional int32 b = 2 [default = -7];
      optional string c = 3 [default = "x"];
      optional E d = 4 [default = TWO];
      enum E { ONE = 1; TWO = 2; }
      extensions 100 to 200;
    }
    extend M { optional int32 more = 100; })");
  const auto& fields = schema.message().fields;
  EXPECT_TRUE(fields[0].required);
  EXPECT_FALSE(fields[0].has_default);
  EXPECT_EQ(fields[1].default_number, -7);
  EXPECT_EQ(fields[2].default_text, "x");
  EXPECT_EQ(fields[3].default_number, 2);
  EXPECT_TRUE(fields[3].has_default);
}

TEST(ProtobufSchema, MessagesByIndexAndByName) {
  constexpr std::string_view kText = R"(
    syntax = "proto3";
    package p;
    message A { int32 a = 1; }
    message B {
      map<string, int32> counts = 1;
      message C { message D { int32 d = 1; } int32 c = 1; }
      message E { int32 e = 1; }
    })";
  EXPECT_EQ(parsed(kText, {}, {0}).message().name, "p.A");
  EXPECT_EQ(parsed(kText, {}, {1}).message().name, "p.B");
  // The entry of the map is a message that nobody wrote.
  EXPECT_EQ(parsed(kText, {}, {1, 0}).message().name, "p.B.C");
  EXPECT_EQ(parsed(kText, {}, {1, 0, 0}).message().name, "p.B.C.D");
  EXPECT_EQ(parsed(kText, {}, {1, 1}).message().name, "p.B.E");
  EXPECT_THAT(fault_of(kText, {1, 2}), HasSubstr("no message of the indexes 1, 2"));
  EXPECT_THAT(*find_protobuf_message(kText, "B.E"), ElementsAre(1, 1));
  EXPECT_THAT(*find_protobuf_message(kText, "p.B.C.D"), ElementsAre(1, 0, 0));
  EXPECT_FALSE(find_protobuf_message(kText, "F").ok());
}

TEST(ProtobufSchema, ImportsAreReferencesOrKnown) {
  const std::vector<WriterSchema::Reference> references{
      {"money.proto", R"(syntax = "proto3"; package m; message Money { int64 units = 1; })"},
      {"line.proto", R"(syntax = "proto3"; import "money.proto"; message Line { m.Money price = 1; })"}};
  constexpr std::string_view kText = R"(
    syntax = "proto3";
    import "line.proto";
    import "confluent/meta.proto";
    message Order { repeated Line lines = 1; int32 id = 2 [(confluent.field_meta) = { doc: "its id" }]; })";
  const ProtobufSchema schema = parsed(kText, references);
  EXPECT_EQ(schema.messages[schema.message().fields[0].type].name, "Line");
  EXPECT_THAT(fault_of(kText), HasSubstr("`line.proto`"));
}

TEST(ProtobufSchema, SaysWhatIsWrong) {
  EXPECT_THAT(fault_of("message {"), HasSubstr("line 1"));
  EXPECT_THAT(fault_of(R"(syntax = "proto3"; message M { int32 a = 1; int32 b = 1; })"), HasSubstr("M.b"));
  EXPECT_THAT(fault_of(R"(syntax = "proto3"; message M { Missing a = 1; })"), HasSubstr("Missing"));
  EXPECT_THAT(fault_of(R"(syntax = "proto3"; enum E { A = 0; })"), HasSubstr("no message"));
  EXPECT_FALSE(parse_protobuf_schema("").ok());
}

TEST(ProtobufSchema, ADescriptorInBase64) {
  // A file "m.proto" with the message M { int32 a = 1 }, as some clients register it.
  const std::string bytes(
      "\x0A\x07m.proto\x22\x0E\x0A\x01M\x12\x09\x0A\x01"
      "a\x18\x01 \x01(\x05",
      25);
  std::string text;
  append_base64(text, bytes);
  const ProtobufSchema schema = parsed(text);
  EXPECT_EQ(schema.message().name, "M");
}

}  // namespace
}  // namespace braid
