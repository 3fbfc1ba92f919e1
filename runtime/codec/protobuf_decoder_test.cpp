#include "runtime/codec/protobuf_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/codec/fault_report.h"
#include "runtime/codec/protobuf_wire.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

/// Bytes of a message, field by field.
class Message {
 public:
  Message& varint(uint32_t number, uint64_t value) {
    append_wire_tag(bytes, number, WireType::varint);
    append_wire_varint(bytes, value);
    return *this;
  }
  Message& sized(uint32_t number, std::string_view value) {
    append_wire_tag(bytes, number, WireType::sized);
    append_wire_varint(bytes, value.size());
    bytes += value;
    return *this;
  }
  Message& sized(uint32_t number, const Message& value) { return sized(number, std::string_view(value.bytes)); }
  Message& real(uint32_t number, double value) {
    append_wire_tag(bytes, number, WireType::fixed64);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Message& tag(uint32_t number, WireType type) {
    append_wire_tag(bytes, number, type);
    return *this;
  }
  std::string bytes;
};

constexpr std::string_view kOrder = R"(
  syntax = "proto3";
  package shop;
  import "google/protobuf/timestamp.proto";
  import "google/protobuf/duration.proto";
  import "google/protobuf/wrappers.proto";
  import "google/type/date.proto";
  import "confluent/type/decimal.proto";
  message Order {
    int64 id = 1;
    string name = 2;
    optional int32 count = 3;
    Customer customer = 4;
    repeated int32 numbers = 5;
    repeated string tags = 6;
    Colour colour = 7;
    google.protobuf.Timestamp at = 8;
    google.protobuf.Duration took = 9;
    google.protobuf.Int64Value limit = 10;
    map<string, int32> counts = 11;
    repeated Line lines = 12;
    oneof payment { string card = 13; int64 cash = 14; Customer account = 15; }
    google.type.Date day = 16;
    confluent.type.Decimal amount = 17;
    uint64 big = 18;
    sint32 signed = 19;
    double share = 20;
    bytes raw = 1000;
  }
  message Customer { string name = 1; Address address = 2; int32 level = 3; }
  message Address { string city = 1; optional string zip = 2; }
  message Line { int32 units = 1; repeated string notes = 2; optional double price = 3; }
  enum Colour { NONE = 0; RED = 1; GREEN = 2; })";

DecodePlan plan_of(std::vector<DecodeField> fields, std::string_view schema = kOrder) {
  DecodePlan plan{.format = Format::protobuf, .fields = std::move(fields)};
  for (DecodeField& field : plan.fields)
    if (field.path.empty()) field.path = {field.name};
  plan.bare_schema = std::string(schema);
  return plan;
}

/// The row, or the code and message of what is wrong, for a record of just that size.
std::string row_of(const DecodePlan& plan, std::string_view record) {
  std::unique_ptr<char[]> exact(new char[record.size()]);
  std::copy(record.begin(), record.end(), exact.get());
  const MessageInput message{.value = {exact.get(), record.size()}};
  Arena arena;
  const auto decoder = make_decoder(plan);
  const DecodedTurn turn = decoder->decode({.messages = {&message, 1}}, arena);
  for (const RejectedRecord& each : turn.rejected)
    return "E" + std::to_string(each.diagnostic.code) + " " + each.diagnostic.message;
  if (turn.blocks.size() != 1 || turn.blocks[0].rows != 1) return "no row";
  std::string line;
  size_t leaf = 0;
  for (const DecodeField& field : plan.fields) {
    const auto fault = static_cast<ConversionFault>(read_slot(turn.blocks[0].columns[leaf++], 0).u8);
    std::vector<Slot> slots;
    for (size_t i = 0; i < leaf_count(field.type); ++i) slots.push_back(read_slot(turn.blocks[0].columns[leaf++], 0));
    if (!line.empty()) line += ' ';
    if (fault == ConversionFault::none) {
      append_json(field.type, slots.data(), line);
      continue;
    }
    const Diagnostic found = describe_fault(plan, field, fault, message.value);
    line += "E" + std::to_string(found.code) + " " + found.message;
  }
  return line;
}
std::string row_of(const DecodePlan& plan, const Message& message) {
  return row_of(plan, message.bytes);
}

std::string misfit(std::vector<DecodeField> fields, std::string_view schema = kOrder) {
  const DecodePlan plan = plan_of(std::move(fields), schema);
  const Status status = check_protobuf_schema(plan, schema, "");
  return status.ok() ? "" : status.error().message;
}

TEST(ProtobufDecoder, ScalarsAndTheirDefaults) {
  const DecodePlan plan = plan_of({{"id", {}, int_type()},
                                   {"name", {}, string_type()},
                                   {"count", {}, optional_type(int_type())},
                                   {"share", {}, float_type()},
                                   {"raw", {}, bytes_type()},
                                   {"big", {}, decimal_type(20, 0)},
                                   {"signed", {}, int_type()}});
  EXPECT_EQ(row_of(plan, Message()
                             .varint(1, static_cast<uint64_t>(-5))
                             .sized(2, "é")
                             .varint(3, 0)
                             .real(20, 0.5)
                             .sized(1000, "\1\2"sv)
                             .varint(18, UINT64_MAX)
                             .varint(19, 1)),
            R"(-5 "é" 0 0.5 "AQI=" 18446744073709551615 -1)");
  EXPECT_EQ(row_of(plan, ""), R"(0 "" null 0 "" 0 0)");
  // What comes last counts, whatever the order.
  EXPECT_EQ(row_of(plan, Message().sized(2, "a").varint(1, 1).sized(2, "b").varint(1, 2)), R"(2 "b" null 0 "" 0 0)");
}

TEST(ProtobufDecoder, NestedFieldsByPathAndMergedMessages) {
  const DecodePlan plan = plan_of({{"city", {"customer", "address", "city"}, optional_type(string_type())},
                                   {"zip", {"customer", "address", "zip"}, optional_type(string_type())},
                                   {"level", {"customer", "level"}, int_type(), true, true}});
  DecodePlan with_default = plan;
  with_default.fields[2].type = optional_type(int_type());
  const Message address = Message().sized(1, "Ulm");
  EXPECT_EQ(row_of(with_default, ""), "null null null");
  EXPECT_EQ(row_of(with_default, Message().sized(4, Message())), "null null 0");
  EXPECT_EQ(row_of(with_default, Message().sized(4, Message().sized(2, address))), R"("Ulm" null 0)");
  // Two pieces of one message.
  EXPECT_EQ(row_of(with_default, Message()
                                     .sized(4, Message().sized(2, address).varint(3, 7))
                                     .sized(4, Message().sized(2, Message().sized(2, "89")))),
            R"("Ulm" "89" 7)");
  // A field that is not optional, of a message that is not there.
  EXPECT_THAT(row_of(plan_of({{"level", {"customer", "level"}, int_type()}}), ""), HasSubstr("E6001"));
}

TEST(ProtobufDecoder, Structs) {
  const Type customer = struct_type(
      {{"level", int_type()},
       {"address", optional_type(struct_type({{"city", string_type()}, {"zip", optional_type(string_type())}}))}});
  const DecodePlan plan = plan_of({{"customer", {}, optional_type(customer)}});
  EXPECT_EQ(row_of(plan, ""), "null");
  EXPECT_EQ(row_of(plan, Message().sized(4, Message())), R"({"level":0,"address":null})");
  EXPECT_EQ(row_of(plan, Message().sized(4, Message().sized(2, Message().sized(1, "Ulm")))),
            R"({"level":0,"address":{"city":"Ulm","zip":null}})");
  EXPECT_THAT(row_of(plan_of({{"customer", {}, customer}}), ""), HasSubstr("E6001"));
}

TEST(ProtobufDecoder, ListsPackedAndNot) {
  const DecodePlan plan = plan_of({{"numbers", {}, list_type(int_type())}, {"tags", {}, list_type(string_type())}});
  EXPECT_EQ(row_of(plan, ""), "[] []");
  EXPECT_EQ(row_of(plan, Message().varint(5, 1).sized(6, "a").sized(5, "\2\3\x80\1"sv).varint(5, 4).sized(6, "")),
            R"([1,2,3,128,4] ["a",""])");
  EXPECT_EQ(row_of(plan_of({{"numbers", {}, optional_type(list_type(optional_type(int_type())))}}),
                   Message().sized(5, "\5"sv)),
            "[5]");
}

TEST(ProtobufDecoder, ListsOfMessagesAndMaps) {
  const Type line =
      struct_type({{"units", int_type()}, {"notes", list_type(string_type())}, {"price", optional_type(float_type())}});
  const Type entry = struct_type({{"key", string_type()}, {"value", int_type()}});
  const DecodePlan plan = plan_of({{"lines", {}, list_type(line)}, {"counts", {}, list_type(entry)}});
  EXPECT_EQ(row_of(plan, Message()
                             .sized(12, Message().varint(1, 2).sized(2, "x").sized(2, "y"))
                             .sized(11, Message().sized(1, "a").varint(2, 1))
                             .sized(12, Message().real(3, 1.5))
                             .sized(11, Message())
                             .sized(11, Message().sized(1, "a").varint(2, 3))),
            R"([{"units":2,"notes":["x","y"],"price":null},{"units":0,"notes":[],"price":1.5}] )"
            R"([{"key":"a","value":3},{"key":"","value":0}])");
}

TEST(ProtobufDecoder, OneofsAreOptional) {
  const DecodePlan plan = plan_of({{"card", {}, optional_type(string_type())},
                                   {"cash", {}, optional_type(int_type())},
                                   {"owner", {"account", "name"}, optional_type(string_type())}});
  EXPECT_EQ(row_of(plan, Message().sized(13, "4711")), R"("4711" null null)");
  EXPECT_EQ(row_of(plan, Message().sized(13, "4711").varint(14, 0)), "null 0 null");
  EXPECT_EQ(row_of(plan, Message().sized(15, Message().sized(1, "Ada")).varint(14, 1)), "null 1 null");
  EXPECT_EQ(row_of(plan, Message().sized(15, Message().sized(1, "Ada")).varint(14, 1).sized(15, Message())),
            R"(null null "")");
  // A member that nobody reads.
  EXPECT_EQ(row_of(plan_of({{"card", {}, optional_type(string_type())}}), Message().sized(13, "a").varint(14, 1)),
            "null");
}

TEST(ProtobufDecoder, MessagesWithAMeaning) {
  const DecodePlan plan = plan_of({{"at", {}, optional_type(timestamp_type())},
                                   {"took", {}, optional_type(duration_type())},
                                   {"limit", {}, optional_type(int_type())},
                                   {"day", {}, optional_type(date_type())},
                                   {"amount", {}, optional_type(decimal_type(12, 3))}});
  EXPECT_EQ(row_of(plan, ""), "null null null null null");
  EXPECT_EQ(
      row_of(
          plan,
          Message()
              .sized(8, Message().varint(1, 1767225600).varint(2, 5'000'999))
              .sized(9, Message().varint(1, static_cast<uint64_t>(-1)).varint(2, static_cast<uint64_t>(-500'000'000)))
              .sized(10, Message())
              .sized(16, Message().varint(1, 2024).varint(2, 2).varint(3, 29))
              .sized(17, Message().sized(1, "\xFF\x38"sv).varint(3, 2))),
      R"("2026-01-01T00:00:00.005Z" "-PT1.5S" 0 "2024-02-29" -2.000)");
  // In two pieces.
  EXPECT_EQ(row_of(plan_of({{"at", {}, timestamp_type()}}),
                   Message().sized(8, Message().varint(1, 1767225600)).sized(8, Message().varint(2, 7000))),
            R"("2026-01-01T00:00:00.000007Z")");
  EXPECT_THAT(row_of(plan_of({{"day", {}, date_type()}}), Message().sized(16, Message().varint(1, 2024))),
              HasSubstr("E60"));
  EXPECT_THAT(row_of(plan_of({{"at", {}, timestamp_type()}}), Message().sized(8, Message().varint(2, 1'000'000'000))),
              HasSubstr("E60"));
}

TEST(ProtobufDecoder, SymbolsOfEnums) {
  const DecodePlan plan = plan_of({{"colour", {}, enum_type({"GREEN", "NONE"})},
                                   {"name", {"colour"}, string_type()},
                                   {"number", {"colour"}, int_type()}});
  EXPECT_EQ(row_of(plan, ""), R"("NONE" "NONE" 0)");
  EXPECT_EQ(row_of(plan, Message().varint(7, 2)), R"("GREEN" "GREEN" 2)");
  EXPECT_THAT(row_of(plan, Message().varint(7, 1)), HasSubstr("E6007 "));
  EXPECT_THAT(row_of(plan, Message().varint(7, 1)), HasSubstr("`RED`"));
  EXPECT_THAT(row_of(plan, Message().varint(7, 9)), HasSubstr("`9`"));
}

TEST(ProtobufDecoder, ValuesThatDoNotFitAreFaultsOfTheirField) {
  const DecodePlan plan = plan_of({{"id", {}, int_type()}, {"big", {}, int_type()}, {"name", {}, decimal_type(5, 2)}});
  EXPECT_THAT(row_of(plan, Message().varint(18, UINT64_MAX).sized(2, "1.25")), HasSubstr("18446744073709551615"));
  EXPECT_THAT(row_of(plan, Message().sized(2, "many")), HasSubstr("`many`"));
}

TEST(ProtobufDecoder, DefaultsOfProto2) {
  constexpr std::string_view kSchema = R"(
    syntax = "proto2";
    message M {
      optional int32 a = 1 [default = 5];
      optional string b = 2;
      repeated int32 c = 3;
      optional group Old = 4 { optional int32 d = 1; }
    })";
  const DecodePlan plan = plan_of(
      {{"a", {}, int_type()}, {"b", {}, optional_type(string_type())}, {"c", {}, list_type(int_type())}}, kSchema);
  EXPECT_EQ(row_of(plan, ""), "5 null []");
  const Message group = Message()
                            .tag(4, WireType::group)
                            .varint(1, 3)
                            .tag(9, WireType::group)
                            .tag(9, WireType::end_group)
                            .tag(4, WireType::end_group)
                            .varint(1, 6);
  EXPECT_EQ(row_of(plan, group), "6 null []");
  EXPECT_THAT(misfit({{"d", {"old", "d"}, int_type()}}, kSchema), HasSubstr("group"));
}

TEST(ProtobufDecoder, WhatNobodyReadsIsPassed) {
  const DecodePlan plan = plan_of({{"id", {}, int_type()}});
  // Unknown fields of each wire type, and a known one with another.
  Message message = Message().varint(77, 1).sized(78, "abc").real(79, 1).sized(2, "\xFF").sized(1, "no number");
  message.tag(80, WireType::fixed32).bytes += "1234";
  EXPECT_EQ(row_of(plan, message.varint(1, 9)), "9");
}

TEST(ProtobufDecoder, BrokenRecordsAreRejectedWithTheirPlace) {
  const DecodePlan plan = plan_of({{"id", {}, int_type()},
                                   {"name", {}, string_type()},
                                   {"level", {"customer", "level"}, optional_type(int_type())},
                                   {"numbers", {}, list_type(int_type())}});
  EXPECT_EQ(row_of(plan, "\x08"sv),
            "E6043 the record is not a message of its Protobuf schema: a number has no end at byte 1");
  EXPECT_EQ(row_of(plan, "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"sv),
            "E6043 the record is not a message of its Protobuf schema: a number has no end at byte 1");
  EXPECT_THAT(row_of(plan,
                     "\x12\x05"
                     "ab"sv),
              HasSubstr("a length goes beyond its end at byte 1"));
  EXPECT_THAT(row_of(plan, "\x00\x01"sv), HasSubstr("a number that no field can have at byte 0"));
  EXPECT_THAT(row_of(plan, "\x0F"sv), HasSubstr("wire type"));
  EXPECT_THAT(row_of(plan, "\x0C"sv), HasSubstr("a group ends that has not begun"));
  EXPECT_THAT(row_of(plan, "\x0B\x08\x01"sv), HasSubstr("ends too early"));
  EXPECT_THAT(row_of(plan, "\x0B\x14"sv), HasSubstr("a group ends that has not begun"));
  EXPECT_THAT(row_of(plan, "\x22\x01\x18"sv), HasSubstr("a number has no end at byte 3"));
  EXPECT_THAT(row_of(plan, "\x2A\x02\x01\x80"sv), HasSubstr("not whole at byte 3"));
  EXPECT_THAT(row_of(plan,
                     "\x12\x02"
                     "a\xFF"sv),
              HasSubstr("E6020"));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += '\x0B';
  EXPECT_THAT(row_of(plan, deep), HasSubstr("nested too deep"));
}

TEST(ProtobufDecoder, ListsThatWouldTakeTooMuchMemory) {
  std::vector<Field> wide;
  for (int i = 0; i < 40; ++i) wide.push_back({"f" + std::to_string(i), optional_type(int_type())});
  std::string schema = "syntax = \"proto3\"; message M { repeated N n = 1; } message N { int32 x = 1;";
  for (int i = 0; i < 40; ++i) schema += " optional int32 f" + std::to_string(i) + " = " + std::to_string(i + 2) + ";";
  const DecodePlan plan = plan_of({{"n", {}, list_type(struct_type(wide))}}, schema + "}");
  std::string record;
  for (int i = 0; i < 400'000; ++i) record += "\x0A\x00"sv;
  EXPECT_THAT(row_of(plan, record), HasSubstr("too many elements"));
}

TEST(ProtobufDecoder, SchemasThatDoNotFitSayHowToDeclare) {
  EXPECT_EQ(misfit({{"share", {}, int_type()}}),
            "`share` is `double` in its schema, and `int` here; declare it as `float`");
  EXPECT_THAT(misfit({{"numbers", {}, int_type()}}), HasSubstr("declare it as `list<int>`"));
  EXPECT_THAT(misfit({{"customer", {}, string_type()}}), HasSubstr("declare it as `{ name: string"));
  EXPECT_THAT(misfit({{"city", {"customer", "town"}, string_type()}}),
              HasSubstr("its schema has no field `customer.town`"));
  EXPECT_THAT(misfit({{"x", {"id", "town"}, string_type()}}),
              HasSubstr("`id` is `int64` in its schema, which has no field `town`"));
  EXPECT_THAT(misfit({{"id", {}, timestamp_type()}}), HasSubstr("`unit` says what its numbers are"));
  EXPECT_EQ(misfit({{"missing", {}, optional_type(int_type())}, {"other", {}, optional_type(int_type()), true, true}}),
            "");
}

class OneSchema : public WriterSchemas {
 public:
  SchemaAnswer find(const SchemaId& id) override {
    if (id.kind == SchemaId::Kind::number && id.number != 7)
      return {SchemaAnswer::State::unknown, nullptr, "no schema"};
    return {SchemaAnswer::State::found,
            std::make_shared<WriterSchema>(WriterSchema{SchemaLanguage::protobuf, std::string(kOrder), {}}), ""};
  }
};

TEST(ProtobufDecoder, TheFramingChoosesSchemaAndMessage) {
  OneSchema schemas;
  DecodePlan plan = plan_of({{"name", {}, string_type()}});
  plan.bare_schema.clear();
  plan.writer_schemas = &schemas;
  auto framed = [](uint32_t id, std::vector<int32_t> message, const Message& value) {
    std::string record;
    append_framing(record, {.id = {.number = id}, .message = std::move(message)}, SchemaLanguage::protobuf);
    return record + value.bytes;
  };
  EXPECT_EQ(row_of(plan, framed(7, {0}, Message().sized(2, "order"))), R"("order")");
  EXPECT_EQ(row_of(plan, framed(7, {1}, Message().sized(1, "customer"))), R"("customer")");
  EXPECT_THAT(row_of(plan, framed(7, {2}, Message())), HasSubstr("E6042"));
  EXPECT_THAT(row_of(plan, framed(7, {9}, Message())), HasSubstr("E6042"));
  EXPECT_THAT(row_of(plan, "{}"), HasSubstr("E6041"));
  EXPECT_THAT(row_of(plan, ""), HasSubstr("E6041"));
}

TEST(RawDecoder, AValueIsOneField) {
  DecodePlan plan{.format = Format::raw, .fields = {{"line", {"line"}, string_type()}}};
  EXPECT_EQ(row_of(plan, "a\nb"), R"("a\nb")");
  EXPECT_EQ(row_of(plan, ""), R"("")");
  EXPECT_THAT(row_of(plan, "ab\xFF"), HasSubstr("E6020"));
  plan.fields[0].type = optional_type(bytes_type());
  EXPECT_EQ(row_of(plan, "\xFF"), R"("/w==")");
}

}  // namespace
}  // namespace braid
