// Native decoders of Protobuf and the table-driven ones must agree on every record: rows bit for bit, faults,
// rejections with their words. Random schemas, declared types that take them; records in the order of the schema and in
// none, with fields left out, repeated and unknown, and broken ones. BRAID_SEED repeats a run, BRAID_ROUNDS makes it
// longer.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/codegen/load/load.h"
#include "runtime/abi/record_frame.h"
#include "runtime/base/rng.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/codec/protobuf_wire.h"
#include "tests/decoders/decoded_lines.h"

namespace braid::codegen {
namespace {

using Kind = ProtobufField::Kind;

/// Counts what the native reader reads, and what it leaves to the table-driven one.
class CountingReader : public RecordReader {
 public:
  explicit CountingReader(std::shared_ptr<const RecordReader> reader) : reader_(std::move(reader)) {}
  const char* read(ReadFrame& frame, const char* at, uint64_t row) const override {
    const char* end = reader_->read(frame, at, row);
    ++(end != nullptr ? read_ : left_);
    return end;
  }
  uint64_t schema() const override { return reader_->schema(); }
  mutable size_t read_ = 0, left_ = 0;

 private:
  std::shared_ptr<const RecordReader> reader_;
};

class SchemaText {
 public:
  explicit SchemaText(Rng& rng) : rng_(rng), proto3_(!rng.chance(4)) {}

  std::string file() {
    const std::string body = message("M", 2);
    return std::string("syntax = \"") + (proto3_ ? "proto3" : "proto2") + R"(";
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/type/date.proto";
import "google/type/timeofday.proto";
import "confluent/type/decimal.proto";
)" + body + "enum E { green = 0; red = 1; blue = 2; minus = -1; large = 1000; }\n";
  }

 private:
  std::string type(const std::string& name, int depth, std::string& nested) {
    static constexpr const char* kTypes[] = {"int32",   "int64",   "uint32",   "uint64",   "sint32", "sint64",
                                             "fixed32", "fixed64", "sfixed32", "sfixed64", "bool",   "float",
                                             "double",  "string",  "bytes",    "string",   "E",      "E"};
    static constexpr const char* kMessages[] = {"google.protobuf.Timestamp",   "google.protobuf.Timestamp",
                                                "google.protobuf.Duration",    "google.protobuf.Int64Value",
                                                "google.protobuf.StringValue", "google.type.Date",
                                                "google.type.TimeOfDay",       "confluent.type.Decimal"};
    if (rng_.chance(6)) return kMessages[rng_.below(std::size(kMessages))];
    if (rng_.chance(40)) return "M";
    if (depth == 0 || !rng_.chance(4)) return kTypes[rng_.below(std::size(kTypes))];
    nested += message(name, depth - 1);
    return name;
  }

  std::string message(const std::string& name, int depth) {
    std::string nested, fields;
    const uint64_t count = 1 + rng_.below(depth > 1 ? 14 : 5);
    uint32_t number = 0;
    for (uint64_t i = 0; i < count; ++i) {
      number += 1 + static_cast<uint32_t>(rng_.chance(12) ? rng_.below(3000) : rng_.below(3));
      const std::string own = "f" + std::to_string(i);
      const std::string given = type(name + "_" + std::to_string(i), depth, nested);
      switch (rng_.below(9)) {
        case 0: {
          static constexpr const char* kKeys[] = {"int32", "string", "bool", "sint64", "fixed32"};
          fields += "map<" + std::string(kKeys[rng_.below(5)]) + ", " + given + "> " + own;
          break;
        }
        case 1:
          fields += fmt::format("oneof o{} {{ {} {} = {}; ", i, given, own, number);
          ++number;
          fields += fmt::format("{} g{} = {}; }}\n", type(name + "_o" + std::to_string(i), depth, nested), i, number);
          continue;
        case 2:
          fields += "repeated " + given + " " + own;
          break;
        case 3:
          if (!proto3_) {
            fields += fmt::format("optional group G{} = {} {{ optional int32 x = 1; }}\n", i, number);
            continue;
          }
          [[fallthrough]];
        default:
          fields += std::string(proto3_ && !rng_.chance(4) ? "" : "optional ") + given + " " + own;
          if (!proto3_ && rng_.chance(3) && (given == "int32" || given == "string")) {
            fields += fmt::format(" = {} [default = {}];\n", number, given == "int32" ? "-3" : "\"2026-01-02\"");
            continue;
          }
      }
      fields += " = " + std::to_string(number) + ";\n";
    }
    return "message " + name + " {\n" + nested + fields + "}\n";
  }

  Rng& rng_;
  const bool proto3_;
};

WireType wire_of(Kind kind) {
  switch (kind) {
    case Kind::fixed32:
    case Kind::sfixed32:
    case Kind::float32:
      return WireType::fixed32;
    case Kind::fixed64:
    case Kind::sfixed64:
    case Kind::float64:
      return WireType::fixed64;
    case Kind::string:
    case Kind::bytes:
    case Kind::message:
      return WireType::sized;
    case Kind::group:
      return WireType::group;
    default:
      return WireType::varint;
  }
}

class RecordText {
 public:
  RecordText(const ProtobufSchema& schema, Rng& rng) : schema_(schema), rng_(rng) {}

  /// As writers have it, or `wild`: in no order, with repeated fields, other wire types, unknown symbols.
  std::string record(bool wild) {
    wild_ = wild;
    return message(schema_.root, 3);
  }

 private:
  void sized(uint32_t number, std::string_view bytes, std::string& out) {
    tag(number, WireType::sized, out);
    append_wire_varint(out, bytes.size());
    out += bytes;
  }
  /// Rarely of more bytes than it needs.
  void tag(uint32_t number, WireType wire, std::string& out) {
    append_wire_tag(out, number, wire);
    if (!wild_ || !rng_.chance(40)) return;
    out.back() = static_cast<char>(out.back() | 0x80);
    out.push_back(0);
  }

  void plain(const ProtobufField& field, std::string& out) {
    uint64_t bits =
        rng_.chance(12) ? rng_.next() : rng_.next() >> (rng_.chance(4) ? rng_.below(64) : 50 + rng_.below(14));
    if (field.kind == Kind::enumeration) {
      static constexpr int64_t kNumbers[] = {0, 1, 1, 2, -1, 1000, 7};
      bits = static_cast<uint64_t>(kNumbers[rng_.below(wild_ ? 7 : 2)]);
    }
    const WireType wire = wire_of(field.kind);
    if (wire == WireType::varint) return append_wire_varint(out, bits);
    out.append(reinterpret_cast<const char*>(&bits), wire == WireType::fixed64 ? 8 : 4);
  }

  std::string text() {
    static constexpr const char* kTexts[] = {"green", "red", "2026-03-01", "2026-03-01T10:00:00Z",
                                             "12.50", "é",   "",           "6a3f1c9e-0b5d-4c57-9f0e-2d6b8a1c4e7f",
                                             "PT1H"};
    if (rng_.chance(4)) return kTexts[rng_.below(std::size(kTexts))];
    std::string made;
    for (uint64_t size = rng_.chance(8) ? rng_.below(300) : rng_.below(24); size > 0; --size)
      made += wild_ && rng_.chance(100) ? static_cast<char>(rng_.next()) : static_cast<char>(' ' + rng_.below(90));
    return made;
  }

  std::string known(ProtobufMessage::Known of) {
    std::string made;
    auto part = [&](uint32_t number, int64_t value) {
      if (value == 0 && !rng_.chance(8)) return;
      append_wire_tag(made, number, WireType::varint);
      append_wire_varint(made, static_cast<uint64_t>(value));
    };
    switch (of) {
      case ProtobufMessage::Known::date:
        part(1, rng_.between(1990, 2030)), part(2, rng_.between(1, 12)), part(3, rng_.between(1, 29));
        break;
      case ProtobufMessage::Known::time_of_day:
        part(1, rng_.between(0, 24)), part(2, rng_.between(0, 59)), part(3, 5), part(4, 7000);
        break;
      case ProtobufMessage::Known::confluent_decimal:
        sized(1, text().substr(0, 3), made), part(2, 8), part(3, rng_.between(0, 4));
        break;
      default:
        part(1, wild_ && rng_.chance(8) ? static_cast<int64_t>(rng_.next()) : rng_.between(-100, 2'000'000'000));
        part(2, rng_.chance(2) ? 0 : rng_.between(wild_ ? -5 : 0, 999'999'999));
        if (wild_ && rng_.chance(10)) part(3, 1);
    }
    return made;
  }

  void value(const ProtobufField& field, int depth, std::string& out) {
    if (field.kind == Kind::group) {
      append_wire_tag(out, field.number, WireType::group);
      append_wire_tag(out, 1, WireType::varint);
      append_wire_varint(out, rng_.next());
      append_wire_tag(out, field.number, WireType::end_group);
    } else if (field.kind == Kind::message) {
      const ProtobufMessage& of = schema_.messages[field.type];
      const bool has_meaning = of.known != ProtobufMessage::Known::none && of.known != ProtobufMessage::Known::wrapper;
      sized(field.number, has_meaning ? known(of.known) : depth > 0 ? message(field.type, depth - 1) : "", out);
    } else if (wire_of(field.kind) == WireType::sized) {
      sized(field.number, text(), out);
    } else {
      tag(field.number, wire_of(field.kind), out);
      plain(field, out);
    }
  }

  void field(const ProtobufField& of, int depth, std::string& out) {
    if (wild_ && rng_.chance(30)) {  // another wire type
      append_wire_tag(out, of.number, WireType::varint);
      return append_wire_varint(out, rng_.next());
    }
    if (!of.repeated) return value(of, depth, out);
    const bool can_be_packed = wire_of(of.kind) != WireType::sized && of.kind != Kind::group;
    if (can_be_packed && !rng_.chance(4)) {
      std::string packed;
      for (uint64_t size = rng_.below(5); size > 0; --size) plain(of, packed);
      return sized(of.number, packed, out);
    }
    for (uint64_t size = rng_.below(4); size > 0; --size) value(of, depth, out);
  }

  void unknown(std::string& out) {
    const auto number = static_cast<uint32_t>(20'000 + rng_.below(50));
    if (rng_.chance(3)) sized(number, "xyz", out);
    append_wire_tag(out, number, WireType::fixed64);
    out += "12345678";
    if (!wild_ || !rng_.chance(4)) return;
    append_wire_tag(out, number, WireType::group);
    sized(2, "abc", out);
    append_wire_tag(out, number, WireType::end_group);
  }

  std::string message(uint32_t index, int depth) {
    std::string out;
    const ProtobufMessage& of = schema_.messages[index];
    std::vector<const ProtobufField*> fields;
    for (const ProtobufField& each : of.fields)
      if (!rng_.chance(8)) fields.push_back(&each);
    std::ranges::sort(fields, {}, [](const ProtobufField* each) { return each->number; });
    if (wild_) {
      for (uint64_t more = rng_.below(4); more > 0 && !of.fields.empty(); --more)
        fields.push_back(&of.fields[rng_.below(of.fields.size())]);
      for (size_t i = fields.size(); i > 1 && rng_.chance(2); --i) std::swap(fields[i - 1], fields[rng_.below(i)]);
    }
    for (const ProtobufField* each : fields) {
      // Of a oneof mostly one.
      if (each->oneof >= 0 && rng_.chance(2)) continue;
      field(*each, depth, out);
      if (rng_.chance(60)) unknown(out);
    }
    return out;
  }

  const ProtobufSchema& schema_;
  Rng& rng_;
  bool wild_ = false;
};

Type random_scalar(Rng& rng) {
  const Type types[] = {bool_type(),        int_type(),
                        int_type(),         float_type(),
                        decimal_type(9, 2), string_type(),
                        string_type(),      bytes_type(),
                        uuid_type(),        date_type(),
                        time_type(),        timestamp_type(),
                        duration_type(),    enum_type({"green", "red"}),
                        decimal_type(38, 3)};
  return types[rng.below(std::size(types))];
}

/// A type that mostly takes the field.
Type type_for(const ProtobufSchema& schema, const ProtobufField& field, Rng& rng, int depth);

Type value_type(const ProtobufSchema& schema, const ProtobufField& field, Rng& rng, int depth) {
  if (rng.chance(5)) return random_scalar(rng);
  switch (field.kind) {
    case Kind::boolean:
      return bool_type();
    case Kind::float32:
    case Kind::float64:
      return float_type();
    case Kind::string:
      return string_type();
    case Kind::bytes:
      return bytes_type();
    case Kind::enumeration:
      return rng.chance(2) ? string_type() : enum_type({"red", "green", "blue"});
    case Kind::message: {
      const ProtobufMessage& of = schema.messages[field.type];
      using Known = ProtobufMessage::Known;
      if (of.known == Known::wrapper) return value_type(schema, of.fields.front(), rng, depth);
      if (of.known == Known::timestamp && !rng.chance(6)) return timestamp_type();
      if (of.known == Known::duration && !rng.chance(6)) return duration_type();
      if (of.known == Known::date) return date_type();
      if (of.known == Known::time_of_day) return time_type();
      if (of.known == Known::confluent_decimal) return decimal_type(20, 4);
      std::vector<Field> parts;
      for (const ProtobufField& part : of.fields)
        if (parts.empty() || of.map_entry || (depth > 0 && !rng.chance(3)))
          parts.push_back({part.name, depth > 0 ? type_for(schema, part, rng, depth - 1) : optional_type(int_type())});
      if (rng.chance(4)) parts.push_back({"nowhere", optional_type(int_type())});
      return parts.empty() ? int_type() : struct_type(parts);
    }
    default:
      return int_type();
  }
}

Type type_for(const ProtobufSchema& schema, const ProtobufField& field, Rng& rng, int depth) {
  Type type = value_type(schema, field, rng, depth);
  const bool entries = field.kind == Kind::message && schema.messages[field.type].map_entry;
  if (entries && rng.chance(2)) {
    const std::vector<ProtobufField>& parts = schema.messages[field.type].fields;
    const Type key = value_type(schema, parts.front(), rng, 0);
    if (is_map_key(key))
      return map_type(key, depth > 0 ? type_for(schema, parts.back(), rng, depth - 1) : optional_type(int_type()));
  }
  if (field.repeated) type = list_type(type);
  return field.has_presence && !rng.chance(8) ? optional_type(type) : rng.chance(8) ? optional_type(type) : type;
}

/// Fields that the schema can give.
class Source {
 public:
  Source() = default;
  explicit Source(Rng& rng) {
    plan.format = Format::protobuf;
    plan.bare_schema = SchemaText(rng).file();
    plan.zone = "Europe/Paris";
    plan.unit = TimestampUnit::milliseconds;
    spec.name = "t.protobuf";
    spec.binding.format = "protobuf";
    auto parsed = parse_protobuf_schema(plan.bare_schema);
    EXPECT_TRUE(parsed.ok()) << plan.bare_schema;
    schema = *parsed;
    const ProtobufMessage& root = schema.message();
    const uint64_t tries = 1 + rng.below(2 * root.fields.size());
    for (uint64_t i = 0; i < tries; ++i) {
      DecodeField field{"x" + std::to_string(plan.fields.size()), {}, {}};
      const ProtobufField& given = root.fields[rng.below(root.fields.size())];
      field.path = {given.name};
      field.type = type_for(schema, given, rng, 2);
      if (given.kind == Kind::message && !given.repeated && rng.chance(3)) {
        const ProtobufMessage& inner = schema.messages[given.type];
        if (inner.fields.empty()) continue;
        const ProtobufField& part = inner.fields[rng.below(inner.fields.size())];
        field.path.push_back(part.name);
        field.type = optional_type(without_optional(type_for(schema, part, rng, 1)));
      }
      if (rng.chance(20)) field.path.back() = "nowhere";
      DecodePlan alone = plan;
      alone.fields = {field};
      if (!check_protobuf_schema(alone, plan.bare_schema, "").ok()) continue;
      plan.fields.push_back(field);
      spec.decode.push_back({.name = field.name, .path = field.path, .type = field.type});
    }
    if (!plan.fields.empty()) spec.protobuf = *table_of_bare_schema(plan);
  }

  /// So many records, some of them broken.
  std::vector<std::string> records(Rng& rng, uint64_t count) const {
    std::vector<std::string> made;
    for (uint64_t i = 0; i < count; ++i) {
      std::string& record = made.emplace_back(RecordText(schema, rng).record(rng.chance(3)));
      if (record.empty() || !rng.chance(5)) continue;
      if (rng.chance(3)) record.resize(rng.below(record.size()));
      for (uint64_t n = rng.below(3); n > 0 && !record.empty(); --n)
        record[rng.below(record.size())] = static_cast<char>(rng.next());
    }
    return made;
  }

  SourceSpec spec;
  DecodePlan plan;
  ProtobufSchema schema;
};

/// A turn of those records side by side, or each in memory of just its size.
void compare(const Source& source, Decoder& table, Decoder& native, const std::vector<std::string>& records,
             bool side_by_side) {
  std::string joined;
  for (const std::string& each : records) joined += each;
  std::vector<std::unique_ptr<char[]>> exact;
  std::vector<MessageInput> messages;
  size_t at = 0;
  for (const std::string& each : records) {
    const char* begin = joined.data() + at;
    if (!side_by_side) {
      exact.emplace_back(new char[each.size()]);
      std::ranges::copy(each, exact.back().get());
      begin = exact.back().get();
    }
    messages.push_back({.value = {begin, each.size()}, .position = static_cast<int64_t>(at)});
    at += each.size();
  }
  const TurnInput input{.bytes = side_by_side ? std::string_view(joined) : std::string_view(), .messages = messages};
  Arena one, other;
  const std::vector<std::string> expected = lines_of(source.plan, table.decode(input, one));
  const std::vector<std::string> found = lines_of(source.plan, native.decode(input, other));
  for (size_t line = 0; line < std::min(expected.size(), found.size()); ++line) ASSERT_EQ(expected[line], found[line]);
  ASSERT_EQ(expected.size(), found.size());
}

TEST(NativeDecoder, EqualsTheTableDrivenOneOnRandomProtobuf) {
  const uint64_t seed = from_environment("BRAID_SEED", 20'261'129), rounds = from_environment("BRAID_ROUNDS", 6);
  std::printf("seed %llu; again with BRAID_SEED=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  auto compile = load_compiler();
  ASSERT_TRUE(compile.ok()) << compile.error().message;
  size_t read = 0, left = 0, without = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    Rng rng(seed + round);
    std::vector<Source> sources;
    std::vector<SourceSpec> specs;
    while (sources.size() < 8) {
      Source made(rng);
      if (made.plan.fields.empty()) continue;
      specs.push_back(made.spec);
      sources.push_back(std::move(made));
    }
    typed::CallSites sites;
    CodegenOptions options;
    options.optimisation = round % 3 == 0 ? 1 : 2;
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    options.instrument_asan = true;
#endif
#endif
    auto code = (*compile)({}, specs, sites, options);
    ASSERT_TRUE(code.ok()) << code.error().message;
    for (size_t i = 0; i < sources.size(); ++i) {
      const Source& source = sources[i];
      std::string types;
      for (const DecodeField& field : source.plan.fields)
        types += fmt::format("{}: {}\n", fmt::join(field.path, "."), to_string(field.type));
      SCOPED_TRACE(fmt::format("seed {} source {}\n{}{}", seed + round, i, source.plan.bare_schema, types));
      if (!code->readers[i]) {
        ++without;
        continue;
      }
      CountingReader counting(code->readers[i]);
      RecordReaderSlot slot;
      slot.set(&counting);
      const auto table = make_decoder(source.plan), native = make_decoder(source.plan, &slot);
      for (int turn = 0; turn < 8; ++turn) {
        compare(source, *table, *native, source.records(rng, rng.below(60)), turn % 2 == 0);
        if (testing::Test::HasFatalFailure()) return;
      }
      read += counting.read_;
      left += counting.left_;
    }
  }
  std::printf("%zu records read natively, %zu left to the table; %zu sources have no reader\n", read, left, without);
  EXPECT_GT(read, left);
  EXPECT_EQ(without, 0u);
}

constexpr std::string_view kOrder = R"(syntax = "proto3";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Order {
  int64 id = 1;
  string name = 2;
  Customer customer = 3;
  google.protobuf.Timestamp at = 4;
  optional sint32 change = 5;
  Colour colour = 6;
  repeated string tags = 7;
  repeated Line lines = 8;
  map<string, double> rates = 9;
  oneof paid { string card = 10; bytes cash = 11; }
  repeated fixed32 numbers = 16;
  google.protobuf.Int64Value limit = 3000;
  message Customer { string name = 1; Address address = 2; bool known = 3; }
  message Address { string city = 1; uint32 number = 2; repeated int32 floors = 3; }
  message Line { string item = 1; double price = 2; optional int32 count = 3; repeated Address from = 4; }
  enum Colour { RED = 0; GREEN = 1; }
}
)";

TEST(NativeDecoder, ReadsOrdinaryProtobufWithoutTheTables) {
  const Type address =
      struct_type({{"city", string_type()}, {"number", int_type()}, {"floors", list_type(int_type())}});
  DecodePlan plan;
  plan.format = Format::protobuf;
  plan.bare_schema = kOrder;
  SourceSpec spec;
  spec.binding.format = "protobuf";
  const std::vector<std::pair<std::vector<std::string>, Type>> fields = {
      {{"id"}, int_type()},
      {{"name"}, string_type()},
      {{"customer"},
       optional_type(
           struct_type({{"name", string_type()}, {"address", optional_type(address)}, {"known", bool_type()}}))},
      {{"customer", "address", "city"}, optional_type(string_type())},
      {{"at"}, optional_type(timestamp_type())},
      {{"change"}, optional_type(int_type())},
      {{"colour"}, enum_type({"RED", "GREEN"})},
      {{"tags"}, list_type(string_type())},
      {{"lines"},
       list_type(struct_type({{"item", string_type()},
                              {"price", float_type()},
                              {"count", optional_type(int_type())},
                              {"from", list_type(address)}}))},
      {{"card"}, optional_type(string_type())},
      {{"cash"}, optional_type(bytes_type())},
      {{"numbers"}, list_type(int_type())},
      {{"limit"}, optional_type(int_type())}};
  for (const auto& [path, type] : fields) {
    plan.fields.push_back({fmt::format("{}", fmt::join(path, "_")), path, type});
    spec.decode.push_back({.name = plan.fields.back().name, .path = path, .type = type});
  }
  const auto table = table_of_bare_schema(plan);
  ASSERT_TRUE(table.ok()) << table.error().message;
  spec.protobuf = *table;
  auto compile = load_compiler();
  ASSERT_TRUE(compile.ok()) << compile.error().message;
  typed::CallSites sites;
  auto code = (*compile)({}, {spec}, sites, {});
  ASSERT_TRUE(code.ok()) << code.error().message;
  ASSERT_NE(code->readers[0], nullptr);
  CountingReader counting(code->readers[0]);
  RecordReaderSlot slot;
  slot.set(&counting);
  Source source;
  source.plan = plan;
  source.schema = *parse_protobuf_schema(kOrder);
  const auto by_table = make_decoder(plan), native = make_decoder(plan, &slot);
  Rng rng(1);
  std::vector<std::string> records;
  for (int i = 0; i < 1000; ++i) records.push_back(RecordText(source.schema, rng).record(false));
  compare(source, *by_table, *native, records, true);
  EXPECT_EQ(counting.read_, 1000u);
  EXPECT_EQ(counting.left_, 0u);
}

}  // namespace
}  // namespace braid::codegen
