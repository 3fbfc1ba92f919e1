#include "runtime/engine/key_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "runtime/codec/avro_bytes.h"
#include "runtime/codec/schema_framing.h"
#include "runtime/codec/writer_schemas.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A table `{ id, n: int, at: timestamp }` that takes deletes, and has no `from` kernel.
SourceSpec table(const Type& id, const std::string& format = "json") {
  SourceSpec spec;
  spec.name = "test.t";
  spec.is_table = spec.has_time = true;
  spec.row = {{"id", id}, {"n", int_type()}, {"at", timestamp_type()}, {"deleted", bool_type()}};
  spec.decode = {{"id", {"key", "id"}, id}, {"n", {"n"}, int_type()}, {"at", {"at"}, timestamp_type()}};
  spec.time_field = 2;
  spec.deleted_field = 3;
  spec.key = {0};
  spec.binding = {"topic", "t", format, {{"unit", "ms"}}};
  return spec;
}

/// Rows "id n at deleted" by record, and what is rejected.
class Keys {
 public:
  explicit Keys(SourceSpec spec) : spec_(std::move(spec)) {}

  void add(std::string_view value) { given_.push_back({.position = next(), .bytes = value}); }
  void remove(std::string_view key, int64_t time_us = 7) {
    given_.push_back({.kind = GivenRecord::Kind::absent, .position = next(), .key = key, .time_us = time_us});
  }
  std::vector<std::string> run() {
    std::string text;
    std::vector<MessageInput> messages;
    for (const GivenRecord& each : given_) {
      text += std::string(each.kind == GivenRecord::Kind::value ? each.bytes : "null") + "\n";
      if (records_are_messages(spec_.binding)) messages.push_back({.value = each.bytes, .position = each.position});
    }
    const TurnInput input{.bytes = text, .position = 1, .messages = messages};
    Arena arena;
    DecodedTurn decoded = make_decoder(decode_plan(spec_))->decode(input, arena);
    name_given_records(given_, decoded);
    // In place of a `from` kernel: only the deletes are looked at, between the rows that were given.
    SourceRows rows{.records = decoded.records, .rejected = std::move(decoded.rejected)};
    for (const Block& each : decoded.blocks) {
      Block block = allocate_block(flatten(spec_.row), each.rows, arena);
      block.rows = each.rows;
      block.record = each.record;
      block.records = each.records;
      for (uint32_t row = 0; row < each.rows; ++row) {
        for (const Column& column : block.columns) write_slot(column, row, slot_i128(0));
        block.columns[1].as<int64_t>()[row] = -1;
      }
      rows.blocks.push_back(block);
    }
    KeyRows(spec_).add(input, given_, rows, arena);
    std::map<uint32_t, std::string> lines;
    uint32_t before = 0;
    for (const Block& block : rows.blocks) {
      for (uint32_t row = 0; row < block.rows; ++row) {
        EXPECT_TRUE(lines.empty() || block.record[row] > before) << "rows are in the order of their records";
        before = block.record[row];
        std::string& line = lines[before];
        if (block.columns[1].as<int64_t>()[row] == -1) {
          line = "row";
          continue;
        }
        const Slot id = read_slot(block.columns[0], row);
        append_json(spec_.row[0].type, &id, line);
        line += " at " + std::to_string(block.time[row]);
        EXPECT_EQ(block.columns[3].as<uint8_t>()[row], 1);
        EXPECT_EQ(block.columns[2].as<int64_t>()[row], block.time[row]);
      }
    }
    passed = rows.passed;
    for (const RejectedRecord& each : rows.rejected)
      lines[each.record] = std::to_string(each.diagnostic.code) + " " + each.diagnostic.message;
    std::vector<std::string> shown;
    for (uint32_t i = 0; i < given_.size(); ++i) shown.push_back(lines.contains(i) ? lines[i] : "nothing");
    return shown;
  }
  uint32_t passed = 0;

 private:
  int64_t next() const { return static_cast<int64_t>(given_.size()); }
  SourceSpec spec_;
  std::vector<GivenRecord> given_;
};

TEST(KeyRows, AKeyIsATextOrAnObjectOrWrappedWithItsSchema) {
  Keys keys(table(string_type()));
  for (const char* key :
       {"plain", "\"quoted\"", "{\"id\":\"object\"}", "a\nb", "{odd", "17",
        R"({"schema":{"type":"string"},"payload":"wrapped"})", R"({"schema":{},"payload":{"id":"inner"}})"})
    keys.remove(key);
  EXPECT_THAT(keys.run(), ElementsAre("\"plain\" at 7", "\"quoted\" at 7", "\"object\" at 7", "\"a\\nb\" at 7",
                                      "\"{odd\" at 7", "\"17\" at 7", "\"wrapped\" at 7", "\"inner\" at 7"));
}

TEST(KeyRows, NumbersAreNumbersAlsoAsText) {
  Keys keys(table(int_type()));
  for (const char* key : {"42", " 42 ", "{\"id\": 42}", "AB-1", "", "1,\"x\":2", "{\"other\":1}"}) keys.remove(key);
  const auto lines = keys.run();
  EXPECT_EQ(lines[0], "42 at 7");
  EXPECT_EQ(lines[1], "42 at 7");
  EXPECT_EQ(lines[2], "42 at 7");
  EXPECT_THAT(lines[3], HasSubstr("6029 the record deletes a key that cannot be read: key `AB-1`"));
  EXPECT_THAT(lines[4], HasSubstr("6029"));
  EXPECT_THAT(lines[5], HasSubstr("6029"));
  EXPECT_THAT(lines[6], HasSubstr("6029"));
}

TEST(KeyRows, DeletesStandAmongTheOtherRows) {
  Keys keys(table(int_type()));
  keys.remove("1");
  keys.add(R"({"key":{"id":1},"n":1,"at":1})");
  keys.add("broken");
  keys.remove("2", 9);
  keys.remove("x");
  keys.add(R"({"key":{"id":1},"n":1,"at":1})");
  keys.add(R"({"key":{"id":1},"n":1,"at":1})");
  keys.remove("3");
  const auto lines = keys.run();
  EXPECT_EQ(lines[0], "1 at 7");
  EXPECT_EQ(lines[1], "row");
  EXPECT_THAT(lines[2], HasSubstr("6021"));
  EXPECT_EQ(lines[3], "2 at 9");
  EXPECT_THAT(lines[4], HasSubstr("6029"));
  EXPECT_EQ(lines[5], "row");
  EXPECT_EQ(lines[6], "row");
  EXPECT_EQ(lines[7], "3 at 7");
}

/// 1 a record with the key, 2 a bare string, 3 a change, 4 a change with a list.
class KeySchemasOfTest : public WriterSchemas {
 public:
  SchemaAnswer find(const SchemaId& id) override {
    const char* texts[] = {R"({"type":"record","name":"k","fields":[{"name":"id","type":"string"}]})", "\"string\"",
                           R"({"type":"record","name":"change","fields":[
            {"name":"before","type":["null",{"type":"record","name":"row","fields":[
               {"name":"key","type":{"type":"record","name":"k","fields":[{"name":"id","type":"string"}]}},
               {"name":"n","type":"long"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}]},
            {"name":"after","type":["null","row"]},
            {"name":"op","type":"string"},{"name":"ts_ms","type":["null","long"]}]})",
                           R"({"type":"record","name":"change","fields":[
            {"name":"after","type":{"type":"record","name":"row","fields":[
               {"name":"key","type":{"type":"record","name":"k","fields":[{"name":"id","type":"string"}]}},
               {"name":"n","type":"long"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
               {"name":"list","type":{"type":"array","items":["null","int"]}}]}},
            {"name":"op","type":"string"}]})"};
    if (id.number < 1 || id.number > 4) return {.state = SchemaAnswer::State::unknown, .reason = "unknown"};
    return {SchemaAnswer::State::found,
            std::make_shared<WriterSchema>(WriterSchema{.text = texts[id.number - 1], .references = {}})};
  }
};

std::string framed(uint32_t id, std::string_view value) {
  std::string text;
  append_framing(text, {.id = {.number = id}}, SchemaLanguage::avro);
  return text + std::string(value);
}

TEST(KeyRows, KeysInAvro) {
  KeySchemasOfTest schemas;
  SourceSpec spec = table(string_type(), "avro");
  spec.writer_schemas = &schemas;
  Keys keys(std::move(spec));
  const std::string texts[] = {framed(1, "\x02x"), framed(2, "\x04yz"), "plain", framed(2, "\x08y"),
                               framed(9, "\x02x")};
  for (const std::string& each : texts) keys.remove(each);
  const auto lines = keys.run();
  EXPECT_EQ(lines[0], "\"x\" at 7");
  EXPECT_EQ(lines[1], "\"yz\" at 7");
  EXPECT_EQ(lines[2], "\"plain\" at 7");
  EXPECT_THAT(lines[3], HasSubstr("6029 the record deletes a key that cannot be read: the record is no value"));
  EXPECT_THAT(lines[4], HasSubstr("6029"));
}

/// A message with the key.
class ProtobufKeysOfTest : public WriterSchemas {
 public:
  SchemaAnswer find(const SchemaId& id) override {
    if (id.number != 1) return {.state = SchemaAnswer::State::unknown, .reason = "unknown"};
    return {SchemaAnswer::State::found,
            std::make_shared<WriterSchema>(WriterSchema{.language = SchemaLanguage::protobuf,
                                                        .text = "syntax = \"proto3\"; message K { string id = 1; }",
                                                        .references = {}})};
  }
};

TEST(KeyRows, KeysInProtobuf) {
  ProtobufKeysOfTest schemas;
  SourceSpec spec = table(string_type(), "protobuf");
  spec.writer_schemas = &schemas;
  Keys keys(std::move(spec));
  std::string framing;
  append_framing(framing, {.id = {.number = 1}, .message = {0}}, SchemaLanguage::protobuf);
  const std::string texts[] = {framing + "\x0A\x01x", "plain", framing + "\x0A\x09x",
                               framed(9, std::string_view("\0\x0A\x01x", 4))};
  for (const std::string& each : texts) keys.remove(each);
  const auto lines = keys.run();
  EXPECT_EQ(lines[0], "\"x\" at 7");
  EXPECT_EQ(lines[1], "\"plain\" at 7");
  EXPECT_THAT(lines[2], HasSubstr("6029 the record deletes a key that cannot be read: the record is not a message"));
  EXPECT_THAT(lines[3], HasSubstr("6029"));
}

TEST(KeyRows, ChangesInJson) {
  Keys keys(table(int_type(), "debezium"));
  const std::string row = R"({"key":{"id":5},"n":1,"at":1})";
  const std::string texts[] = {R"({"before":null,"after":)" + row + R"(,"op":"c","ts_ms":3})",
                               R"({"before":)" + row + R"(,"after":null,"source":{"ts_ms":4},"op":"d","ts_ms":5})",
                               R"({"before":{"key":{"id":6}},"after":null,"op":"d","ts_ms":5})",
                               R"({"before":null,"after":null,"op":"d","ts_ms":5})",
                               R"({"op":"t","ts_ms":5})",
                               row,
                               R"({"after":)" + row + R"(,"op":"r"})",
                               "broken"};
  for (const std::string& each : texts) keys.add(each);
  keys.remove("{\"id\":5}");
  const auto lines = keys.run();
  EXPECT_EQ(lines[0], "row");
  EXPECT_EQ(lines[1], "5 at 4000");
  EXPECT_EQ(lines[2], "6 at 5000");
  EXPECT_THAT(lines[3], HasSubstr("6029 the record deletes a key that cannot be read: `before`: "));
  EXPECT_EQ(lines[4], "6030 the record is not a change of a table: its `op` is `t`");
  EXPECT_EQ(lines[5], "6030 the record is not a change of a table: it has no `op`");
  EXPECT_EQ(lines[6], "row");
  EXPECT_THAT(lines[7], HasSubstr("6021"));
  // The change in front of it deletes; its time is that of the connector.
  EXPECT_EQ(lines[8], "nothing");
  EXPECT_EQ(keys.passed, 1U);
}

TEST(KeyRows, AChangeHasTheTimeOfItsTransaction) {
  const std::string source = R"("source":{"ts_ms":4,"ts_us":4321},"op":"d","ts_ms":5})";
  Keys keys(table(int_type(), "debezium"));
  const std::string change = R"({"before":{"key":{"id":5}},"after":null,)" + source;
  keys.add(change);
  EXPECT_THAT(keys.run(), ElementsAre("5 at 4321"));
  SourceSpec own = table(int_type(), "debezium");
  own.decode[2].path = {"$", "ts_ms"};
  Keys changes(std::move(own));
  changes.add(change);
  const std::string row = R"({"after":{"key":{"id":5},"n":1},)" + source;
  changes.add(row);
  EXPECT_EQ(changes.run()[0], "5 at 5000");
}

TEST(KeyRows, AValueThatWasNotLoggedIsNoValue) {
  SourceSpec spec = table(int_type(), "debezium");
  spec.decode.push_back({"note", {"note"}, optional_type(string_type())});
  spec.decode.push_back({"file", {"file"}, optional_type(bytes_type())});
  Keys keys(std::move(spec));
  const std::string unlogged = "\"__debezium_unavailable_value\"",
                    packed = "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"";
  auto change = [](const std::string& fields) {
    return R"({"after":{"key":{"id":5},"n":1,"at":1,)" + fields + R"(},"op":"u","ts_ms":5})";
  };
  const std::string texts[] = {change("\"note\":" + unlogged), change("\"note\":null,\"file\":" + packed),
                               change("\"other\":" + unlogged), change("\"note\":\"a\",\"other\":" + packed)};
  for (const std::string& each : texts) keys.add(each);
  EXPECT_THAT(keys.run(),
              ElementsAre("6030 the record is not a change of a table: the database did not log the value of `note`",
                          "6030 the record is not a change of a table: the database did not log the value of `file`",
                          "row", "row"));
}

TEST(KeyRows, AListThatWasNotLoggedIsNoValue) {
  SourceSpec spec = table(int_type(), "debezium");
  const auto add = [&](const char* name, const Type& element) {
    spec.decode.push_back({name, {name}, optional_type(list_type(element))});
  };
  add("numbers", int_type());
  add("tags", optional_type(string_type()));
  add("refs", uuid_type());
  add("days", date_type());
  Keys keys(std::move(spec));
  std::string codes;
  for (const char each : std::string("__debezium_unavailable_value"))
    codes += (codes.empty() ? "" : ",") + std::to_string(each);
  auto change = [](const std::string& field, const std::string& values) {
    return R"({"after":{"key":{"id":5},"n":1,"at":1,")" + field + "\":[" + values + R"(]},"op":"u","ts_ms":5})";
  };
  const std::string texts[] = {change("numbers", codes),
                               change("tags", "\"__debezium_unavailable_value\""),
                               change("refs", "\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\""),
                               change("days", codes),
                               change("numbers", codes + ",1"),
                               change("numbers", codes.substr(0, codes.rfind(','))),
                               change("tags", "\"__debezium_unavailable_value\",null"),
                               change("refs", ""),
                               change("other", codes)};
  for (const std::string& each : texts) keys.add(each);
  const std::string reason = "6030 the record is not a change of a table: the database did not log the value of ";
  EXPECT_THAT(keys.run(), ElementsAre(reason + "`numbers`", reason + "`tags`", reason + "`refs`", reason + "`days`",
                                      "row", "row", "row", "row", "row"));
}

TEST(KeyRows, ChangesInAvro) {
  KeySchemasOfTest schemas;
  SourceSpec spec = table(string_type(), "debezium");
  spec.binding.options.emplace_back("encoding", "avro");
  spec.writer_schemas = &schemas;
  Keys keys(std::move(spec));
  const std::string row = std::string("\x02x", 2) + "\x02\x02";  // "x", 1, 1 ms
  const std::string null(1, '\0'), some = "\x02";
  const std::string texts[] = {framed(3, null + some + row + "\x02" + "c" + some + "\x06"),
                               framed(3, some + row + null + "\x02" + "d" + some + "\x0A"),
                               framed(3, null + null + "\x02" + "m" + null)};
  for (const std::string& each : texts) keys.add(each);
  const auto lines = keys.run();
  EXPECT_EQ(lines[0], "row");
  EXPECT_EQ(lines[1], "\"x\" at 5000");
  EXPECT_EQ(lines[2], "6030 the record is not a change of a table: its `op` is `m`");
}

TEST(KeyRows, AListInAvroThatWasNotLogged) {
  KeySchemasOfTest schemas;
  SourceSpec spec = table(string_type(), "debezium");
  spec.decode.push_back({"list", {"list"}, list_type(int_type())});
  spec.binding.options.emplace_back("encoding", "avro");
  spec.writer_schemas = &schemas;
  Keys keys(std::move(spec));
  const std::string unlogged = "__debezium_unavailable_value";
  auto change = [](const std::string& list) {
    std::string text("\x02x\x02\x02");  // "x", 1, 1 ms
    append_avro_long(text, static_cast<int64_t>(list.size()));
    for (const char each : list) {
      append_avro_long(text, 1);
      append_avro_long(text, each);
    }
    text += '\0';
    append_avro_text(text, "u");
    return framed(4, text);
  };
  const std::string texts[] = {change(unlogged), change(unlogged + "x")};
  for (const std::string& each : texts) keys.add(each);
  const auto lines = keys.run();
  EXPECT_EQ(lines[0], "6030 the record is not a change of a table: the database did not log the value of `list`");
  EXPECT_EQ(lines[1], "row");
}

}  // namespace
}  // namespace braid
