#include "runtime/codec/avro_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/codec/avro_bytes.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/fault_report.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/data/decimal.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

const std::string kMarker(kMarkerBytes, 'm');

DecodePlan plan_of(std::vector<DecodeField> fields) {
  DecodePlan plan{.format = Format::avro, .fields = std::move(fields)};
  for (DecodeField& field : plan.fields)
    if (field.path.empty()) field.path = {field.name};
  return plan;
}

std::string header_of(std::string_view schema) {
  std::string text;
  append_container_header(text, schema, kMarker);
  return text;
}

std::string block_of(int64_t records, std::string_view data) {
  std::string text;
  append_container_block(text, records, data, kMarker);
  return text;
}

/// A line a record, in their order: values, or the code and message of what is wrong.
std::vector<std::string> lines_of(const DecodePlan& plan, const DecodedTurn& turn, std::string_view header) {
  std::vector<std::string> lines(turn.records.size());
  for (const RejectedRecord& each : turn.rejected)
    lines[each.record] = "E" + std::to_string(each.diagnostic.code) + " " + each.diagnostic.message;
  for (const Block& block : turn.blocks) {
    for (uint32_t row = 0; row < block.rows; ++row) {
      std::string& line = lines[block.record[row]];
      size_t leaf = 0;
      for (const DecodeField& field : plan.fields) {
        const auto fault = static_cast<ConversionFault>(read_slot(block.columns[leaf], row).u8);
        std::vector<Slot> slots;
        for (size_t i = 0; i < leaf_count(field.type); ++i)
          slots.push_back(read_slot(block.columns[leaf + 1 + i], row));
        leaf += 1 + leaf_count(field.type);
        if (!line.empty()) line += ' ';
        if (fault == ConversionFault::none) {
          append_json(field.type, slots.data(), line);
          continue;
        }
        const Diagnostic found =
            describe_fault(plan, field, fault, turn.records[block.record[row]].bytes.view(), header);
        line += "E" + std::to_string(found.code) + " " + found.message;
      }
    }
  }
  return lines;
}

std::vector<std::string> decode(const DecodePlan& plan, std::string_view schema, std::string_view blocks) {
  const std::string header = header_of(schema), text = header + std::string(blocks);
  Arena arena;
  const auto decoder = make_decoder(plan);
  const DecodedTurn turn = decoder->decode({.bytes = text}, arena);
  EXPECT_EQ(decoder->header(), header);
  return lines_of(plan, turn, header);
}

constexpr std::string_view kOrder = R"({"type": "record", "name": "order", "fields": [
    {"name": "id", "type": "long"}, {"name": "note", "type": ["null", "string"]}]})";

TEST(AvroDecoder, ReadsRecordsOfBlocks) {
  const DecodePlan plan =
      plan_of({{.name = "id", .type = int_type()}, {.name = "note", .type = optional_type(string_type())}});
  const auto lines = decode(plan, kOrder, block_of(2, "\x02\x00\x03\x02\x06xyz"sv) + block_of(1, "\x80\x01\x00"sv));
  EXPECT_EQ(lines, (std::vector<std::string>{"1 null", "-2 \"xyz\"", "64 null"}));
}

TEST(AvroDecoder, ReadsMapsByTheOrderOfTheirKeys) {
  constexpr std::string_view kPrices = R"({"type": "record", "name": "offer", "fields": [
      {"name": "prices", "type": {"type": "map", "values": ["null", "long"]}}]})";
  const std::string data = std::string(
                               "\x04\x02"
                               "b\x02\x06\x02"
                               "a\x00\x00"sv) +
                           std::string("\x00"sv) +
                           std::string(
                               "\x04\x02"
                               "a\x00\x02"
                               "a\x00\x00"sv);
  const auto texts = decode(plan_of({{.name = "prices", .type = map_type(string_type(), optional_type(int_type()))}}),
                            kPrices, block_of(3, data));
  EXPECT_EQ(texts,
            (std::vector<std::string>{R"({"a":null,"b":3})", "{}", "E6022 `prices` stands twice in the record"}));
  const auto numbers =
      decode(plan_of({{.name = "prices", .type = map_type(int_type(), optional_type(int_type()))}}), kPrices,
             block_of(2,
                      "\x04\x04"
                      "10\x00\x02"
                      "9\x02\x02\x00\x02\x02"
                      "x\x00\x00"sv));
  ASSERT_EQ(numbers.size(), 2u);
  EXPECT_EQ(numbers[0], R"({"9":1,"10":null})");
  EXPECT_THAT(numbers[1], HasSubstr("prices"));
}

TEST(AvroDecoder, NumbersRecordsInTheirFile) {
  const DecodePlan plan = plan_of({{.name = "id", .type = int_type()}});
  const auto decoder = make_decoder(plan);
  decoder->set_header(header_of(kOrder));
  Arena arena;
  const std::string text = block_of(2, "\x02\x00\x04\x00"sv);
  const DecodedTurn turn = decoder->decode({.bytes = text, .position = 700, .first_line = 41}, arena);
  ASSERT_EQ(turn.records.size(), 2u);
  EXPECT_EQ(turn.records[1].line, 42);
  EXPECT_EQ(turn.records[1].position, 41);
  EXPECT_EQ(turn.records[1].bytes.view(), "\x04\x00"sv);
}

TEST(AvroDecoder, WhatIsBrokenTakesTheRestOfItsBlock) {
  const DecodePlan plan =
      plan_of({{.name = "id", .type = int_type()}, {.name = "note", .type = optional_type(string_type())}});
  const auto lines = decode(plan, kOrder,
                            block_of(3, "\x02\x00\x04\x06\x08\x00"sv) + block_of(1, "\x06\x02\x02\xff"sv) +
                                block_of(1, "\x06\x00\x08"sv) + block_of(2, "\x0a\x00\x0c"sv));
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[0], "1 null");
  EXPECT_THAT(lines[1],
              HasSubstr("E6040 the record is no value of its Avro schema: a union has no branch of that number, "
                        "and with it 1 records behind it in its block are lost, at byte 1"));
  EXPECT_THAT(lines[2], HasSubstr("E6020"));
  EXPECT_EQ(lines[3], "3 null");
  EXPECT_THAT(lines[4], HasSubstr("bytes are left behind the last record of a block"));
  EXPECT_EQ(lines[5], "5 null");
  EXPECT_THAT(lines[6], HasSubstr("E6040"));
}

TEST(AvroDecoder, TextThatNothingReadsRejectsNothing) {
  const DecodePlan plan = plan_of({{.name = "id", .type = int_type()}});
  EXPECT_EQ(decode(plan, kOrder, block_of(1, "\x06\x02\x02\xff"sv)), (std::vector<std::string>{"3"}));
}

TEST(AvroDecoder, FieldsOnePathReadsTwiceAndWithinEachOther) {
  constexpr std::string_view schema = R"({"type": "record", "name": "r", "fields": [
      {"name": "who", "type": ["null", {"type": "record", "name": "w", "fields": [
          {"name": "b", "type": "int"}, {"name": "a", "type": "string"}]}]},
      {"name": "tags", "type": {"type": "array", "items": {"type": "array", "items": "int"}}}]})";
  const DecodePlan plan =
      plan_of({{.name = "a", .path = {"who", "a"}, .type = optional_type(string_type())},
               {.name = "again", .path = {"who", "a"}, .type = optional_type(bytes_type())},
               {.name = "who", .type = optional_type(struct_type({{"a", string_type()}, {"b", int_type()}}))},
               {.name = "tags", .type = list_type(list_type(int_type()))}});
  const auto lines = decode(plan, schema,
                            block_of(2,
                                     "\x00\x00"
                                     "\x02\x0e\x04hi\x04\x04\x02\x04\x00\x00\x01\x08\x01\x02\x02\x00\x00"sv));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "null null null []");
  EXPECT_EQ(lines[1], R"("hi" "aGk=" {"a":"hi","b":7} [[1,2],[],[1]])");
}

TEST(AvroDecoder, ATypeMayContainItself) {
  constexpr std::string_view schema = R"({"type": "record", "name": "node", "fields": [
      {"name": "next", "type": ["null", "node"]}, {"name": "id", "type": "int"}]})";
  const DecodePlan plan = plan_of({{.name = "id", .type = int_type()}});
  EXPECT_EQ(decode(plan, schema, block_of(1, "\x02\x02\x00\x02\x04\x06"sv)), (std::vector<std::string>{"3"}));
  const std::string deep(100'000, '\x02');
  EXPECT_THAT(decode(plan, schema, block_of(1, deep))[0], HasSubstr("it is nested too deep"));
}

TEST(AvroDecoder, ElementsWithoutBytesAreFew) {
  constexpr std::string_view schema =
      R"({"type": "record", "name": "r", "fields": [{"name": "x", "type": {"type": "array", "items": "null"}}]})";
  const DecodePlan plan = plan_of({{.name = "x", .type = list_type(optional_type(int_type()))}});
  EXPECT_EQ(decode(plan, schema, block_of(1, "\x04\x00"sv)), (std::vector<std::string>{"[null,null]"}));
  // A million of them in five bytes.
  EXPECT_THAT(decode(plan, schema, block_of(1, "\x80\x89\x7a\x00"sv))[0], HasSubstr("a list has too many elements"));
}

TEST(AvroDecoder, SchemasThatDoNotFitHaveAReason) {
  auto reason = [](std::string_view type, const Type& declared) {
    const std::string schema =
        R"({"type": "record", "name": "r", "fields": [{"name": "x", "type": )" + std::string(type) + "}]}";
    const Status fits = check_avro_header(plan_of({{.name = "x", .type = declared}}), header_of(schema));
    return fits.ok() ? std::string("fits") : fits.error().message;
  };
  EXPECT_EQ(reason("\"double\"", int_type()), "`x` is `double` in its schema, and `int` here");
  EXPECT_EQ(reason("\"double\"", decimal_type(12, 2)), "`x` is `double` in its schema, and `decimal(12,2)` here");
  EXPECT_EQ(reason("[\"null\", \"string\"]", string_type()), "fits");
  EXPECT_EQ(reason("\"null\"", string_type()), "`x` is `null` in its schema, and `string` here");
  EXPECT_EQ(reason("\"null\"", optional_type(string_type())), "fits");
  EXPECT_EQ(reason("[\"int\", \"string\"]", float_type()), "fits");
  EXPECT_EQ(reason("[\"string\", \"bytes\"]", float_type()), "`x` is `string` in its schema, and `float` here");
  EXPECT_EQ(reason("{\"type\": \"map\", \"values\": \"int\"}", struct_type({{"a", int_type()}})),
            "`x` is `map of int` in its schema, and `{ a: int }` here: a map is declared as `map<string, …>`");
  EXPECT_EQ(reason("{\"type\": \"array\", \"items\": \"string\"}", list_type(int_type())),
            "`x` is `array of string` in its schema, and `list<int>` here");
  EXPECT_EQ(
      reason("{\"type\": \"long\", \"logicalType\": \"local-timestamp-millis\"}", timestamp_type()),
      "`x` is `long (local-timestamp-millis)` in its schema, and `timestamp` here: it is local time, and `zone` says "
      "where");
  EXPECT_THAT(reason("\"long\"", timestamp_type()), HasSubstr("`unit` says what its numbers are"));
  for (const Type& type : {date_type(), time_type(), duration_type()})
    EXPECT_THAT(reason("\"int\"", type), HasSubstr("`unit` says what its numbers are"));
}

/// As the converters of Kafka Connect write Debezium's types.
TEST(AvroDecoder, ConnectNamesSayWhatNumbersCount) {
  auto value = [](std::string_view schema, const Type& declared, int64_t number, TimestampUnit unit) {
    std::string record;
    append_avro_long(record, number);
    DecodePlan plan = plan_of({{.name = "x", .type = declared}});
    plan.unit = unit;
    const std::string text =
        R"({"type": "record", "name": "r", "fields": [{"name": "x", "type": )" + std::string(schema) + "}]}";
    return decode(plan, text, block_of(1, record)).at(0);
  };
  auto named = [](std::string_view type, std::string_view name) {
    return R"({"type":")" + std::string(type) + R"(","connect.version":1,"connect.name":")" + std::string(name) + "\"}";
  };
  const std::string of = "io.debezium.time.", of_connect = "org.apache.kafka.connect.data.";
  // Whatever `unit` says of the numbers of which the schema says nothing.
  for (const TimestampUnit unit : {TimestampUnit::none, TimestampUnit::seconds}) {
    EXPECT_EQ(value(named("int", of + "Date"), date_type(), 1, unit), "\"1970-01-02\"");
    EXPECT_EQ(value(named("int", of + "Time"), time_type(), 1500, unit), "\"00:00:01.5\"");
    EXPECT_EQ(value(named("long", of + "MicroTime"), time_type(), 1500, unit), "\"00:00:00.0015\"");
    EXPECT_EQ(value(named("long", of + "NanoTime"), time_type(), 1500, unit), "\"00:00:00.000001\"");
    EXPECT_EQ(value(named("long", of + "Timestamp"), timestamp_type(), 1500, unit), "\"1970-01-01T00:00:01.5Z\"");
    EXPECT_EQ(value(named("long", of + "MicroTimestamp"), timestamp_type(), 1500, unit),
              "\"1970-01-01T00:00:00.0015Z\"");
    EXPECT_EQ(value(named("long", of + "NanoTimestamp"), timestamp_type(), 1500, unit),
              "\"1970-01-01T00:00:00.000001Z\"");
    EXPECT_EQ(value(named("long", of + "MicroDuration"), duration_type(), 1'500'000, unit), "\"PT1.5S\"");
    EXPECT_EQ(value(named("long", of + "NanoDuration"), duration_type(), 1'500'000'000, unit), "\"PT1.5S\"");
    EXPECT_EQ(value(named("int", of_connect + "Time"), time_type(), 1500, unit), "\"00:00:01.5\"");
    EXPECT_EQ(value(named("long", of_connect + "Timestamp"), timestamp_type(), 1500, unit),
              "\"1970-01-01T00:00:01.5Z\"");
  }
  EXPECT_EQ(value(named("int", of + "Date"), int_type(), 1, TimestampUnit::none), "1");
  // A name that its type cannot have, or that is of one's own, says nothing.
  EXPECT_EQ(value(named("long", of + "Time"), time_type(), 2, TimestampUnit::seconds), "\"00:00:02\"");
  EXPECT_EQ(value(named("long", "shop.Time"), time_type(), 2, TimestampUnit::seconds), "\"00:00:02\"");
  const std::string both =
      R"({"type":"long","logicalType":"timestamp-micros","connect.name":"io.debezium.time.Timestamp"})";
  EXPECT_EQ(value(both, timestamp_type(), 1500, TimestampUnit::none), "\"1970-01-01T00:00:00.0015Z\"");
  const Status fits =
      check_avro_header(plan_of({{.name = "x", .type = timestamp_type()}}),
                        header_of(R"({"type": "record", "name": "r", "fields": [{"name": "x", "type": )" +
                                  named("long", of + "NanoTime") + "}]}"));
  ASSERT_FALSE(fits.ok());
  EXPECT_EQ(fits.error().message, "`x` is `long (io.debezium.time.NanoTime)` in its schema, and `timestamp` here");
}

/// Schemas by number.
class KnownSchemas : public WriterSchemas {
 public:
  SchemaAnswer find(const SchemaId& id) override {
    ++asked;
    if (id.number == 1)
      return {SchemaAnswer::State::found, std::make_shared<WriterSchema>(WriterSchema{.text = std::string(kOrder)})};
    if (id.number == 2)
      return {SchemaAnswer::State::found,
              std::make_shared<WriterSchema>(WriterSchema{
                  .text = R"({"type": "record", "name": "order", "fields": [{"name": "id", "type": "int"}]})"})};
    if (id.number == 3)
      return {SchemaAnswer::State::found, std::make_shared<WriterSchema>(WriterSchema{.text = "\"int\""})};
    return {.state = SchemaAnswer::State::unknown, .reason = "the registry does not have it"};
  }
  int asked = 0;
};

TEST(AvroDecoder, RecordsOfATopicHaveSchemasOfTheirOwn) {
  KnownSchemas schemas;
  DecodePlan plan =
      plan_of({{.name = "id", .type = int_type()}, {.name = "note", .type = optional_type(string_type())}});
  plan.writer_schemas = &schemas;
  const auto decoder = make_decoder(plan);
  const MessageInput messages[] = {{.value = "\0\0\0\0\1\x02\x02\x02x"sv, .position = 5},
                                   {.value = "\0\0\0\0\2\x04"sv, .position = 6},
                                   {.value = "\x06"sv, .schema_header = "\0\0\0\0\2"sv, .position = 8},
                                   {.value = "{}"sv, .position = 9},
                                   {.value = "\0\0\0\0\3\x04"sv, .position = 10},
                                   {.value = "\0\0\0\0\4\x04"sv, .position = 11},
                                   {.value = "\0\0\0\0\2\x04\x04"sv, .position = 12},
                                   {.value = "\0\0\0\0\1\x08\x00"sv, .position = 13}};
  Arena arena;
  const DecodedTurn turn = decoder->decode({.messages = messages}, arena);
  const auto lines = lines_of(plan, turn, {});
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines[0], "1 \"x\"");
  EXPECT_EQ(lines[1], "2 null");
  EXPECT_EQ(lines[2], "3 null");
  EXPECT_THAT(lines[3], HasSubstr("E6041 the record does not say what schema it has: it begins with the byte 7B"));
  EXPECT_THAT(lines[4],
              HasSubstr("E6042 the record cannot be read with its schema 3: its schema is `int`, and has no `id`"));
  EXPECT_THAT(lines[5], HasSubstr("E6042 the record cannot be read with its schema 4: the registry does not have it"));
  EXPECT_THAT(lines[6],
              HasSubstr("E6040 the record is no value of its Avro schema: bytes are left behind it at byte 6"));
  EXPECT_EQ(lines[7], "4 null");
  EXPECT_EQ(turn.records[2].position, 8);
  EXPECT_EQ(turn.records[2].line, 0);
  EXPECT_EQ(schemas.asked, 4);
}

TEST(AvroDecoder, RecordsWithoutFramingHaveTheSchemaThatIsNamed) {
  DecodePlan plan = plan_of({{.name = "id", .type = int_type()}});
  plan.bare_schema = R"({"type": "record", "name": "order", "fields": [{"name": "id", "type": "int"}]})";
  const auto decoder = make_decoder(plan);
  const MessageInput messages[] = {{.value = "\x04"sv, .position = 5}, {.value = "\0\0\0\0\2\x04"sv, .position = 6}};
  Arena arena;
  const DecodedTurn turn = decoder->decode({.bytes = "of about this length", .messages = messages}, arena);
  const auto lines = lines_of(plan, turn, {});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "2");
  EXPECT_THAT(lines[1], HasSubstr("E6040 the record is no value of its Avro schema: bytes are left behind it"));
}

TEST(AvroDecoder, ARecordSaysWhatIsWrongWithItByTheIdInItsHeader) {
  KnownSchemas schemas;
  DecodePlan plan = plan_of({{.name = "id", .type = string_type()}});
  plan.writer_schemas = &schemas;
  const std::string given = "\1" + std::string(16, 'g') + "\x04";
  const MessageInput message = MessageInput::of(given);
  EXPECT_EQ(message.value, "\x04");
  EXPECT_EQ(message.schema_header, given.substr(0, 17));
  EXPECT_FALSE(MessageInput::of("\0\0\0\0\2\x04"sv).schema_header.has_value());
}

TEST(AvroEncoder, WhatItWritesIsReadBack) {
  const std::vector<Field> row = {
      {"flag", bool_type()},
      {"small", decimal_type(4, 2)},
      {"large", decimal_type(38, 0)},
      {"id", uuid_type()},
      {"day", date_type()},
      {"clock", time_type()},
      {"at", optional_type(timestamp_type())},
      {"length", duration_type()},
      {"color", enum_type({"red", "green"})},
      {"odd", enum_type({"a b", "c"})},
      {"parts", list_type(struct_type({{"x", optional_type(float_type())}, {"y", bytes_type()}}))}};
  const Type type = struct_type(row);
  const int128 large = -power_of_ten(37);
  const Value value{std::vector<Value>{{true},
                                       {int128{-129}},
                                       {large},
                                       {int128{77}},
                                       {int64_t{-3}},
                                       {int64_t{5}},
                                       {Null{}},
                                       {int64_t{1'500'000}},
                                       {int64_t{1}},
                                       {int64_t{0}},
                                       {std::vector<Value>{{std::vector<Value>{{0.5}, {std::string("\0\xff", 2)}}},
                                                           {std::vector<Value>{{Null{}}, {std::string()}}}}}}};
  Arena arena;
  std::vector<Slot> slots(leaf_count(type));
  to_slots(type, value, slots.data(), arena);
  std::string record;
  append_avro(row, slots.data(), record);
  std::vector<DecodeField> fields;
  for (const Field& field : row) fields.push_back({.name = field.name, .type = field.type});
  const auto schema = avro_schema_of("shop.order", row);
  ASSERT_TRUE(schema.ok());
  const auto lines = decode(plan_of(fields), *schema, block_of(1, record));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            R"(true -1.29 -10000000000000000000000000000000000000 "00000000-0000-0000-0000-00000000004d" "1969-12-29" )"
            R"("00:00:00.000005" null "PT1.5S" "green" "a b" [{"x":0.5,"y":"AP8="},{"x":null,"y":""}])");
  EXPECT_FALSE(avro_schema_of("shop.order", {{"a b", int_type()}}).ok());
}

TEST(AvroContainer, HeadersThatAreNotWholeAreNoMistake) {
  const std::string header = header_of(kOrder);
  for (size_t size = 0; size < header.size(); ++size) {
    const auto found = read_container_header(std::string_view(header).substr(0, size));
    ASSERT_TRUE(found.ok()) << size;
    EXPECT_FALSE(found->has_value()) << size;
  }
  const auto found = read_container_header(header + "more");
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->bytes, header.size());
  EXPECT_EQ((*found)->schema, kOrder);
}

}  // namespace
}  // namespace braid
