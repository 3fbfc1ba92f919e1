#include "runtime/codec/protobuf_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/codec/protobuf_compatibility.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string schema_of(const std::vector<Field>& row, std::string_view earlier = {}) {
  const auto text = protobuf_schema_of("shop.sold_item", row, earlier);
  return text.ok() ? *text : "error: " + text.error().message;
}

TEST(ProtobufEncoder, TheSchemaFollowsFromTheRow) {
  EXPECT_EQ(schema_of({{"id", int_type()},
                       {"note", optional_type(string_type())},
                       {"at", timestamp_type()},
                       {"took", optional_type(duration_type())},
                       {"amount", decimal_type(12, 2)},
                       {"colour", enum_type({"red", "green"})},
                       {"kind", optional_type(enum_type({"a-b"}))},
                       {"tags", list_type(string_type())},
                       {"unit_price", struct_type({{"units", int_type()}, {"share", float_type()}})},
                       {"lines", list_type(struct_type({{"day", date_type()}, {"raw", bytes_type()}}))}}),
            R"(syntax = "proto3";
package shop;

import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";

message sold_item {
  enum Colour {
    red = 0;
    green = 1;
  }
  message UnitPrice {
    int64 units = 1;
    double share = 2;
  }
  message Lines {
    string day = 1;
    bytes raw = 2;
  }
  int64 id = 1;
  optional string note = 2;
  google.protobuf.Timestamp at = 3;
  google.protobuf.Duration took = 4;
  string amount = 5;
  Colour colour = 6;
  optional string kind = 7;
  repeated string tags = 8;
  UnitPrice unit_price = 9;
  repeated Lines lines = 10;
}
)");
}

TEST(ProtobufEncoder, MapsHaveMapsOfProtobuf) {
  const std::string first = schema_of({{"prices", map_type(string_type(), decimal_type(9, 2))},
                                       {"places", map_type(int_type(), struct_type({{"a", int_type()}}))},
                                       {"kinds", map_type(date_type(), enum_type({"x", "y"}))}});
  EXPECT_THAT(first, HasSubstr("map<string, string> prices = 1;"));
  EXPECT_THAT(first, HasSubstr("map<int64, Places> places = 2;"));
  EXPECT_THAT(first, HasSubstr("map<string, Kinds> kinds = 3;"));
  const std::string second = schema_of({{"kinds", map_type(date_type(), enum_type({"z", "y"}))},
                                        {"places", map_type(int_type(), struct_type({{"b", int_type()}}))}},
                                       first);
  EXPECT_THAT(second, HasSubstr("map<int64, Places> places = 2;"));
  EXPECT_THAT(second, HasSubstr("x = 0;\n    y = 1;\n    z = 2;"));
  EXPECT_THAT(second, HasSubstr("reserved 1;\n    reserved \"a\";\n    int64 b = 2;"));
  EXPECT_THAT(*find_protobuf_breaks(first, second), IsEmpty());
  EXPECT_THAT(schema_of({{"x", optional_type(map_type(string_type(), int_type()))}}), HasSubstr("x ?? {}"));
  EXPECT_THAT(schema_of({{"x", map_type(string_type(), list_type(int_type()))}}), HasSubstr("lists or maps"));
}

TEST(ProtobufEncoder, NumbersStay) {
  const std::string first = schema_of({{"a", int_type()},
                                       {"b", int_type()},
                                       {"c", enum_type({"x", "y"})},
                                       {"d", struct_type({{"p", int_type()}, {"q", int_type()}})}});
  const std::vector<Field> now{{"d", struct_type({{"r", int_type()}, {"q", int_type()}})},
                               {"e", int_type()},
                               {"a", int_type()},
                               {"c", enum_type({"z", "y"})}};
  const std::string second = schema_of(now, first);
  EXPECT_THAT(second, HasSubstr("reserved 2;\n  reserved \"b\";"));
  EXPECT_THAT(second, HasSubstr("int64 a = 1;"));
  EXPECT_THAT(second, HasSubstr("C c = 3;"));
  EXPECT_THAT(second, HasSubstr("D d = 4;"));
  EXPECT_THAT(second, HasSubstr("int64 e = 5;"));
  EXPECT_THAT(second, HasSubstr("x = 0;\n    y = 1;\n    z = 2;"));
  EXPECT_THAT(second, HasSubstr("reserved 1;\n    reserved \"p\";\n    int64 r = 3;\n    int64 q = 2;"));
  // The same again, and again with a column that comes back.
  EXPECT_EQ(schema_of(now, second), second);
  const std::string third = schema_of({{"a", int_type()}, {"b", int_type()}}, second);
  EXPECT_THAT(third, HasSubstr("reserved 2 to 5;\n  reserved \"c\", \"d\", \"e\";"));
  EXPECT_THAT(third, HasSubstr("int64 b = 6;"));
  EXPECT_THAT(*find_protobuf_breaks(first, second), IsEmpty());
  EXPECT_THAT(*find_protobuf_breaks(second, first), IsEmpty());
}

TEST(ProtobufEncoder, NamesOfTypesStay) {
  const std::string first = schema_of({{"kind", enum_type({"x", "y"})}, {"inner", struct_type({{"a", int_type()}})}});
  // A new enum has a symbol that another one has; columns are called like types.
  const std::string second = schema_of(
      {{"other", enum_type({"y", "z"})}, {"kind", enum_type({"x", "y"})}, {"inner", struct_type({{"a", int_type()}})}},
      first);
  EXPECT_THAT(second, HasSubstr("string other = 3;"));
  EXPECT_THAT(second, HasSubstr("Kind kind = 1;"));
  EXPECT_THAT(second, HasSubstr("Inner inner = 2;"));
  EXPECT_THAT(*find_protobuf_breaks(first, second), IsEmpty());
  // And a symbol that is new to an enum, and stands elsewhere, is refused; the column cannot become a text.
  EXPECT_THAT(schema_of({{"kind", enum_type({"x", "inner"})}, {"inner", struct_type({{"a", int_type()}})}}, first),
              HasSubstr("error"));
}

TEST(ProtobufEncoder, SaysWhatProtobufDoesNotHave) {
  EXPECT_THAT(schema_of({{"a b", int_type()}}), HasSubstr("`a b` is not a name in Protobuf"));
  EXPECT_THAT(schema_of({{"x", optional_type(list_type(int_type()))}}), HasSubstr("x ?? []"));
  EXPECT_THAT(schema_of({{"x", list_type(optional_type(int_type()))}}), HasSubstr("cannot be null, lists or maps"));
  EXPECT_THAT(schema_of({{"x", list_type(list_type(int_type()))}}), HasSubstr("cannot be null, lists or maps"));
  EXPECT_THAT(schema_of({{"a_b", int_type()}, {"aB", int_type()}}), HasSubstr("error"));
}

TEST(ProtobufEncoder, DecodersReadBackWhatItWrites) {
  const std::vector<Field> row{
      {"id", int_type()},
      {"flag", bool_type()},
      {"share", float_type()},
      {"amount", decimal_type(12, 2)},
      {"name", string_type()},
      {"raw", bytes_type()},
      {"key", uuid_type()},
      {"day", date_type()},
      {"hour", time_type()},
      {"at", timestamp_type()},
      {"took", duration_type()},
      {"kind", enum_type({"b", "a"})},
      {"odd", enum_type({"a-b", "c"})},
      {"tags", list_type(string_type())},
      {"counts", list_type(int_type())},
      {"kinds", list_type(enum_type({"b", "a"}))},
      {"note", optional_type(string_type())},
      {"count", optional_type(int_type())},
      {"inner", optional_type(struct_type({{"x", int_type()}, {"y", optional_type(float_type())}}))},
      {"lines", list_type(struct_type({{"x", int_type()}, {"at", timestamp_type()}}))},
      {"prices", map_type(string_type(), decimal_type(9, 2))},
      {"places", map_type(int_type(), struct_type({{"x", int_type()}, {"kind", enum_type({"q", "r"})}}))},
      {"days", map_type(date_type(), timestamp_type())},
      {"shares", map_type(enum_type({"b", "a"}), float_type())}};
  const std::string schema = schema_of(row);
  const auto columns = protobuf_columns_of(row, schema);
  ASSERT_TRUE(columns.ok()) << schema;
  DecodePlan plan{.format = Format::protobuf};
  for (const Field& field : row) plan.fields.push_back({field.name, {field.name}, field.type});
  plan.bare_schema = schema;
  const auto decoder = make_decoder(plan);
  const Type type = struct_type(row);
  for (
      const char* text :
      {R"({"id":-7,"flag":true,"share":0.5,"amount":-12.50,"name":"é","raw":"AP8=","key":"00000000-0000-0000-0000-0000000000ff",)"
       R"("day":"1969-12-31","hour":"23:59:59.5","at":"1969-12-31T23:59:59.999999Z","took":"-PT0.5S","kind":"a","odd":"c",)"
       R"("tags":["","x"],"counts":[0,1,-1],"kinds":["a","b"],"note":"","count":0,"inner":{"x":0,"y":0},)"
       R"("lines":[{"x":1,"at":"1970-01-01T00:00:00Z"},{"x":0,"at":"2026-01-01T00:00:00Z"}],)"
       R"("prices":{"b":1.50,"":0.00,"a":-2.00},"places":{"10":{"x":0,"kind":"q"},"-9":{"x":3,"kind":"r"}},)"
       R"("days":{"2026-01-02":"2026-01-01T00:00:00Z","1970-01-01":"1970-01-01T00:00:00Z"},"shares":{"a":0,"b":0.5}})",
       R"({"id":0,"flag":false,"share":0,"amount":0.00,"name":"","raw":"","key":"00000000-0000-0000-0000-000000000000",)"
       R"("day":"1970-01-01","hour":"00:00:00","at":"1970-01-01T00:00:00Z","took":"PT0S","kind":"b","odd":"a-b",)"
       R"("tags":[],"counts":[],"kinds":[],"note":null,"count":null,"inner":null,"lines":[],"prices":{},"places":{},)"
       R"("days":{},"shares":{}})"}) {
    // The row from its text.
    DecodePlan json{.format = Format::ndjson, .fields = plan.fields};
    Arena arena;
    const std::string line = std::string(text) + "\n";
    const DecodedTurn given = make_decoder(json)->decode({.bytes = line}, arena);
    ASSERT_EQ(given.blocks.size(), 1u) << given.rejected.at(0).diagnostic.message;
    std::vector<Slot> slots;
    size_t leaf = 0;
    for (const Field& field : row) {
      ASSERT_EQ(read_slot(given.blocks[0].columns[leaf], 0).u8, 0) << field.name;
      for (size_t i = 0; i < leaf_count(field.type); ++i)
        slots.push_back(read_slot(given.blocks[0].columns[leaf + 1 + i], 0));
      leaf += 1 + leaf_count(field.type);
    }
    std::string expected, written;
    append_json(type, slots.data(), expected);
    append_protobuf(*columns, slots.data(), written);
    const MessageInput message{.value = written};
    const DecodedTurn read = decoder->decode({.messages = {&message, 1}}, arena);
    ASSERT_EQ(read.blocks.size(), 1u) << read.rejected.at(0).diagnostic.message;
    slots.clear();
    leaf = 0;
    for (const Field& field : row) {
      EXPECT_EQ(read_slot(read.blocks[0].columns[leaf], 0).u8, 0) << field.name;
      for (size_t i = 0; i < leaf_count(field.type); ++i)
        slots.push_back(read_slot(read.blocks[0].columns[leaf + 1 + i], 0));
      leaf += 1 + leaf_count(field.type);
    }
    std::string found;
    append_json(type, slots.data(), found);
    EXPECT_EQ(found, expected);
  }
}

TEST(ProtobufCompatibility, NumbersAndWhatIsAlikeOnTheWire) {
  const auto text = [](const std::string& fields) { return "syntax = \"proto3\"; message M {" + fields + "}"; };
  const auto breaks = [&](const std::string& reader, const std::string& writer) {
    const auto found = find_protobuf_breaks(text(reader), text(writer));
    return found.ok() ? found->size() : 99;
  };
  EXPECT_EQ(breaks("int32 a = 1;", "int64 b = 1; string c = 2;"), 0u);
  EXPECT_EQ(breaks("string a = 1;", "bytes a = 1;"), 0u);
  EXPECT_EQ(breaks("int32 a = 1;", "sint32 a = 1;"), 1u);
  EXPECT_EQ(breaks("repeated int32 a = 1;", "int32 a = 1;"), 1u);
  EXPECT_EQ(
      breaks("N a = 1; message N { int32 x = 1; string y = 2; }", "N a = 1; message N { string x = 1; int32 y = 2; }"),
      2u);
  EXPECT_EQ(breaks("M a = 1; int32 b = 2;", "M a = 1; double b = 2;"), 1u);
  EXPECT_FALSE(find_protobuf_breaks("message", text("")).ok());
}

}  // namespace
}  // namespace braid
