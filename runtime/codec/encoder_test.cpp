#include "runtime/codec/encoder.h"

#include <gtest/gtest.h>
#include <cmath>

#include "runtime/codec/fault_report.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

const std::vector<Field> kRow = {
    {"id", int_type()},
    {"note", optional_type(string_type())},
    {"c", optional_type(struct_type({{"mail", string_type()}, {"tags", list_type(string_type())}}))},
    {"amount", decimal_type(12, 2)},
    {"at", timestamp_type()},
    {"bits", bytes_type()},
    {"kind", enum_type({"a", "b,c"})}};

std::vector<Value> rows() {
  Value list = {std::vector<Value>{{std::string("x")}, {std::string("y\"")}}};
  return {{std::vector<Value>{{int64_t{1}},
                              {std::string("plain")},
                              {std::vector<Value>{{std::string("a@b")}, list}},
                              {int128{1250}},
                              {int64_t{0}},
                              {std::string("\xFF")},
                              {int64_t{0}}}},
          {std::vector<Value>{
              {int64_t{-2}}, {Null{}}, {Null{}}, {int128{-5}}, {int64_t{1}}, {std::string()}, {int64_t{1}}}},
          {std::vector<Value>{{int64_t{3}},
                              {std::string("a,\"b\"\r\nc")},
                              {Null{}},
                              {int128{0}},
                              {int64_t{0}},
                              {std::string("a")},
                              {int64_t{0}}}},
          {std::vector<Value>{
              {int64_t{4}}, {std::string()}, {Null{}}, {int128{0}}, {int64_t{0}}, {std::string("a")}, {int64_t{0}}}}};
}

std::string encode(Format format, const CsvStyle& style) {
  auto encoder = make_encoder(format, kRow, style);
  std::string out;
  encoder->append_header(out);
  Arena arena;
  Block block = allocate_block(flatten(kRow), 4, arena);
  Type type = struct_type(kRow);
  for (const Value& row : rows()) {
    std::vector<Slot> slots(leaf_count(type));
    to_slots(type, row, slots.data(), arena);
    for (size_t i = 0; i < slots.size(); ++i) write_slot(block.columns[i], block.rows, slots[i]);
    ++block.rows;
  }
  out += encoder->encode(block);
  return out;
}

void expect_read_back(Format format, const std::string& text, std::optional<std::string> null_marker,
                      const CsvStyle& style = {}) {
  DecodePlan plan{.format = format, .null_marker = std::move(null_marker)};
  plan.separator = style.separator;
  plan.quote = style.quote;
  plan.decimal_comma = style.decimal_comma;
  for (const Field& field : kRow) plan.fields.push_back({field.name, {field.name}, field.type});
  Arena arena;
  DecodedTurn turn = make_decoder(plan)->decode({.bytes = text}, arena);
  ASSERT_EQ(turn.rejected.size(), 0u);
  ASSERT_EQ(turn.blocks.size(), 1u);
  ASSERT_EQ(turn.blocks[0].rows, rows().size());
  for (uint32_t row = 0; row < rows().size(); ++row) {
    size_t column = 0;
    for (size_t i = 0; i < kRow.size(); ++i) {
      std::vector<Slot> slots;
      for (size_t leaf = 0; leaf < 1 + leaf_count(kRow[i].type); ++leaf)
        slots.push_back(read_slot(turn.blocks[0].columns[column++], row));
      EXPECT_EQ(slots[0].u8, 0) << row << " " << kRow[i].name;
      EXPECT_TRUE(equal(from_slots(kRow[i].type, slots.data() + 1), rows()[row].items()[i]))
          << row << " " << kRow[i].name;
    }
  }
}

TEST(Encoder, NdjsonReadsBack) {
  std::string text = encode(Format::ndjson, {});
  EXPECT_EQ(
      text.substr(0, text.find('\n')),
      R"({"id":1,"note":"plain","c":{"mail":"a@b","tags":["x","y\""]},"amount":12.50,"at":"1970-01-01T00:00:00Z",)"
      R"("bits":"/w==","kind":"a"})");
  expect_read_back(Format::ndjson, text, {});
}

TEST(Encoder, CsvReadsBack) {
  std::string text = encode(Format::csv, {});
  EXPECT_TRUE(
      text.starts_with("id,note,c.mail,c.tags,amount,at,bits,kind\n"
                       "1,plain,a@b,\"[\"\"x\"\",\"\"y\\\"\"\"\"]\",12.50,1970-01-01T00:00:00Z,/w==,a\n"
                       "-2,,,,-0.05,1970-01-01T00:00:00.000001Z,\"\",\"b,c\"\n"))
      << text;
  expect_read_back(Format::csv, text, "");
  expect_read_back(Format::csv, encode(Format::csv, {.null_marker = "NA"}), "NA");
}

TEST(Encoder, MapsAreObjectsInCells) {
  const Type map = map_type(string_type(), int_type());
  DecodePlan plan{.format = Format::csv, .null_marker = "NA"};
  plan.fields = {{.name = "m", .path = {"m"}, .type = optional_type(map)}};
  Arena arena;
  const DecodedTurn turn =
      make_decoder(plan)->decode({.bytes = "m\n\"{\"\"b\"\": 1, \"\"a\"\":2}\"\nNA\n{}\n[]\n"}, arena);
  ASSERT_EQ(turn.blocks.size(), 1u);
  const Block& block = turn.blocks[0];
  ASSERT_EQ(block.rows, 4u);
  const auto encoder = make_encoder(Format::csv, {{"m", optional_type(map)}}, {.null_marker = "NA"});
  std::string text;
  for (uint32_t row = 0; row < 3; ++row) {
    EXPECT_EQ(read_slot(block.columns[0], row).u8, 0);
    const Slot slots[] = {read_slot(block.columns[1], row), read_slot(block.columns[2], row)};
    encoder->append_row(slots, text);
  }
  EXPECT_EQ(text, "\"{\"\"a\"\":2,\"\"b\"\":1}\"\nNA\n{}\n");
  EXPECT_EQ(read_slot(block.columns[0], 3).u8, static_cast<uint8_t>(ConversionFault::wrong_type));
}

TEST(Encoder, CsvStylesReadBack) {
  for (const char separator : {';', '\t', '|', ':', ','}) {
    for (const char quote : {'"', '\''}) {
      const CsvStyle style{.null_marker = "NA", .separator = separator, .quote = quote, .decimal_comma = true};
      expect_read_back(Format::csv, encode(Format::csv, style), "NA", style);
    }
  }
  const CsvStyle style{.separator = ';', .quote = '\'', .decimal_comma = true, .header = false};
  const std::string text = encode(Format::csv, style);
  EXPECT_TRUE(text.starts_with("1;plain;a@b;[\"x\",\"y\\\"\"];12,50;1970-01-01T00:00:00Z;/w==;a\n")) << text;
  EXPECT_NE(encode(Format::csv, {.decimal_comma = true}).find(",\"12,50\","), std::string::npos);
}

TEST(Encoder, BlocksGiveTheBytesOfTheirRows) {
  std::vector<Field> row = {{"i", int_type()},
                            {"f", float_type()},
                            {"s", string_type()},
                            {"t", timestamp_type()},
                            {"b", bool_type()},
                            {"o", optional_type(string_type())},
                            {"n", optional_type(int_type())},
                            {"d", decimal_type(30, 2)},
                            {"p", decimal_type(18, 3)},
                            {"q", optional_type(decimal_type(17, 8))},
                            {"l", list_type(string_type())},
                            {"a name of more than thirty-two bytes", bool_type()},
                            {"e", optional_type(struct_type({{"x", int_type()}, {"y", date_type()}}))}};
  std::vector<std::string> texts = {"", "a", "ab", "abc", "abcd", "seven77", "eight888", "nine99999"};
  texts.push_back(std::string(16, 'x'));
  texts.push_back(std::string(70'000, 'y'));
  texts.push_back("\xC3\xA4\xF0\x9F\x98\x80 beyond ASCII");
  for (size_t size : {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 33, 40})
    for (size_t place = 0; place < size; ++place)
      for (char c : {'"', '\\', '\n', '\x1F', '\0'}) {
        std::string text(size, 'z');
        text[place] = c;
        texts.push_back(text);
      }
  std::vector<int64_t> numbers = {
      0,  1,   -1,  INT64_MIN, INT64_MAX, 86'399'999'999, 10'000,    -9'999,    -10'000,    10,
      99, 100, 999, 1'000,     -12,       9'999,          1'500'000, 1'000'000, -1'000'000, 951'827'696'123'456};
  for (int64_t power = 1; power <= 1'000'000'000'000'000'000 / 10; power *= 10)
    for (int64_t near : {power * 10 - 1, power * 10, power * 10 + 1, power * 7 + power / 3})
      for (int64_t number : {near, -near}) numbers.push_back(number);
  for (int64_t fraction : {1, 10, 100, 1'000, 10'000, 100'000, 999'999, 123'000, 120'000, 100'100})
    for (int64_t number : {fraction, 1'436'918'400'000'000 + fraction, -1'436'918'400'000'000 - fraction})
      for (int64_t second : {0, 0, 1, 86'399}) numbers.push_back(number + second * 1'000'000);
  std::vector<double> floats = {0.0, -0.0, 1.5, -1e300, 5e-324, 0.1, 1e22, NAN, INFINITY, -INFINITY};
  Arena arena;
  auto count = static_cast<uint32_t>(texts.size());
  Block block = allocate_block(flatten(row), count, arena);
  block.rows = count;
  Slot* items = arena.allocate_array<Slot>(2);
  items[0] = slot_bytes("q\"");
  items[1] = slot_bytes("r");
  for (uint32_t i = 0; i < count; ++i) {
    int64_t number = numbers[i % numbers.size()];
    Slot list = slot_i128(0);
    list.list = {items, i % 3};
    Slot date = slot_i128(0);
    date.i32 = static_cast<int32_t>(i);
    std::vector<Slot> slots = {slot_i64(number),
                               slot_f64(floats[i % floats.size()]),
                               slot_bytes(texts[i]),
                               slot_i64(number),
                               slot_u8(i % 2 == 0),
                               slot_u8(i % 3 != 0),
                               i % 3 != 0 ? slot_bytes(texts[i]) : slot_i128(0),
                               slot_u8(i % 5 != 0),
                               slot_i64(i % 5 != 0 ? number : 0),
                               slot_i128(number),
                               slot_i64(number % 1'000'000'000'000'000'000),
                               slot_u8(i % 7 != 0),
                               slot_i64(i % 7 != 0 ? number % 100'000'000'000'000'000 : 0),
                               list,
                               slot_u8(i % 2 == 1),
                               slot_u8(i % 2 == 0),
                               slot_i64(i % 2 == 0 ? number : 0),
                               i % 2 == 0 ? date : slot_i128(0)};
    for (size_t column = 0; column < slots.size(); ++column) write_slot(block.columns[column], i, slots[column]);
  }
  for (Format format : {Format::ndjson, Format::csv}) {
    auto encoder = make_encoder(format, row);
    std::string one_by_one;
    for (uint32_t i = 0; i < count; ++i) encoder->append_row(block, i, one_by_one);
    EXPECT_EQ(encoder->encode(block), one_by_one);
    EXPECT_EQ(encoder->encode(block), one_by_one);
  }
  Block empty = allocate_block({}, 1, arena);
  empty.rows = 1;
  EXPECT_EQ(make_encoder(Format::ndjson, {})->encode(empty), "{}\n");
}

struct FaultCase {
  Type type;
  std::string json, message;
};

TEST(FaultReport, SaysWhatStandsInTheRecord) {
  Type money = decimal_type(6, 2);
  for (const FaultCase& each : std::vector<FaultCase>{
           {int_type(), R"({"f":"1"})", "`f` holds text, and it is `int`"},
           {int_type(), R"({"g":1})", "the record has no `f`"},
           {int_type(), R"({"f":null})", "`f` is null, and it is `int`"},
           {int_type(), R"({"f":99999999999999999999})", "`99999999999999999999` in `f` does not fit `int`"},
           {money, R"({"f":1.005})", "`1.005` in `f` has more decimals than `decimal(6,2)` keeps"},
           {money, R"({"f":12345.5})", "`12345.5` in `f` does not fit `decimal(6,2)`"},
           {enum_type({"a"}), R"({"f":"b"})", "`b` in `f` is no symbol of its enum"},
           {timestamp_type(), R"({"f":"soon"})", "`soon` in `f` is no timestamp"},
           {date_type(), R"({"f":"2026-02-30"})", "`2026-02-30` in `f` is no date"},
           {uuid_type(), R"({"f":"1"})", "`1` in `f` is no UUID"},
           {bool_type(), R"({"f":"yes"})", "`yes` in `f` is neither `true` nor `false`"},
           {int_type(), R"({"f":1,"f":1})", "`f` stands twice in the record"},
           {struct_type({{"x", int_type()}, {"y", date_type()}}), R"({"f":{"x":1,"y":"z"}})",
            "`z` in `f.y` is no date"},
           {struct_type({{"x", int_type()}}), R"({"f":[]})", "`f` holds a list, and it is `{ x: int }`"},
           {list_type(uuid_type()), R"({"f":["q"]})", "`[\"q\"]` in `f` is no UUID"}}) {
    DecodePlan plan{.fields = {{"f", {"f"}, each.type}}};
    Arena arena;
    DecodedTurn turn = make_decoder(plan)->decode({.bytes = each.json}, arena);
    ASSERT_EQ(turn.blocks.size(), 1u) << each.json;
    auto fault = static_cast<ConversionFault>(read_slot(turn.blocks[0].columns[0], 0).u8);
    ASSERT_NE(fault, ConversionFault::none) << each.json;
    EXPECT_EQ(describe_fault(plan, plan.fields[0], fault, each.json).message, each.message);
  }
  DecodePlan csv{.format = Format::csv, .fields = {{"f", {"F"}, int_type()}}};
  EXPECT_EQ(describe_fault(csv, csv.fields[0], ConversionFault::not_a_number, "1,x y", "G,F").message,
            "`x y` in `f` is no number");
  EXPECT_EQ(describe_fault(csv, csv.fields[0], ConversionFault::column_missing, "1,x y", "G,H").message,
            "the file has no column `F`: it has `G`, `H`");
  EXPECT_EQ(describe_fault(csv, csv.fields[0], ConversionFault::column_missing, "1;x y", "F;H").message,
            "the file has no column `F`: it has `F;H`; its cells may be separated by `;` (`separator` of `csv`)");
}

}  // namespace
}  // namespace braid
