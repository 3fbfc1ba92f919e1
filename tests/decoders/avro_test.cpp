// Native decoders of Avro and the table-driven ones must agree on every record: rows bit for bit, faults, rejections
// with their words. Random schemas, declared types that take them, random and broken values, in blocks of all sizes.
// BRAID_SEED repeats a run, BRAID_ROUNDS makes it longer.
#include <gtest/gtest.h>

#include <cstring>

#include "compiler/codegen/load/load.h"
#include "runtime/abi/avro_functions.h"
#include "runtime/abi/record_frame.h"
#include "runtime/base/rng.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/avro_decoder.h"
#include "runtime/codec/avro_schema.h"
#include "tests/decoders/decoded_lines.h"

namespace braid::codegen {
namespace {

const std::string kMarker(kMarkerBytes, 'm');

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
  size_t read_records() const { return read_; }
  size_t left_records() const { return left_; }

 private:
  std::shared_ptr<const RecordReader> reader_;
  mutable size_t read_ = 0, left_ = 0;
};

class SchemaText {
 public:
  explicit SchemaText(Rng& rng) : rng_(rng) {}

  std::string record(int depth) {
    const std::string name = "r" + std::to_string(count_++);
    std::string text = R"({"type":"record","name":")" + name + R"(","fields":[)";
    const uint64_t fields = 1 + rng_.below(depth > 1 ? 12 : 4);
    for (uint64_t i = 0; i < fields; ++i)
      text +=
          (i > 0 ? R"(,{"name":"f)" : R"({"name":"f)") + std::to_string(i) + R"(","type":)" + type(depth, name) + "}";
    return text + "]}";
  }

 private:
  std::string type(int depth, const std::string& around) {
    static constexpr const char* kPlain[] = {"\"boolean\"",
                                             "\"int\"",
                                             "\"long\"",
                                             "\"long\"",
                                             "\"float\"",
                                             "\"double\"",
                                             "\"bytes\"",
                                             "\"string\"",
                                             "\"string\"",
                                             R"({"type":"int","logicalType":"date"})",
                                             R"({"type":"int","logicalType":"time-millis"})",
                                             R"({"type":"long","logicalType":"time-micros"})",
                                             R"({"type":"long","logicalType":"timestamp-millis"})",
                                             R"({"type":"long","logicalType":"timestamp-micros"})",
                                             R"({"type":"long","logicalType":"timestamp-nanos"})",
                                             R"({"type":"long","logicalType":"local-timestamp-micros"})",
                                             R"({"type":"bytes","logicalType":"decimal","precision":12,"scale":2})",
                                             R"({"type":"bytes","logicalType":"decimal","precision":40,"scale":0})",
                                             "\"null\""};
    const std::string name = "n" + std::to_string(count_++);
    switch (rng_.below(depth > 0 ? 10 : 7)) {
      case 0:
        return rng_.chance(2) ? R"({"type":"enum","name":")" + name + R"(","symbols":["red","green","blue"]})"
                              : R"({"type":"fixed","name":")" + name + R"(","size":12,"logicalType":"duration"})";
      case 1:
        return R"({"type":"fixed","name":")" + name + R"(","size":16})";
      case 2:
        return R"(["null",)" + std::string(kPlain[rng_.below(std::size(kPlain) - 1)]) + "]";
      case 3:
        return R"(["int","string","null"])";
      case 7:
        return R"({"type":"array","items":)" + type(depth - 1, around) + "}";
      case 8:
        return rng_.chance(3)   ? R"(["null",")" + around + "\"]"
               : rng_.chance(2) ? R"({"type":"map","values":)" + type(depth - 1, around) + "}"
                                : record(depth - 1);
      case 9:
        return R"(["null",)" + record(depth - 1) + "]";
      default:
        return kPlain[rng_.below(std::size(kPlain))];
    }
  }

  Rng& rng_;
  int count_ = 0;
};

void append_long(std::string& out, int64_t number) {
  uint64_t bits = to_zigzag(number);
  for (; bits > 0x7F; bits >>= 7) out.push_back(static_cast<char>(bits | 0x80));
  out.push_back(static_cast<char>(bits));
}

void append_value(const AvroSchema& schema, uint32_t index, Rng& rng, int depth, std::string& out) {
  const AvroType& type = schema.type(index);
  auto number = [&] {
    const auto bits = static_cast<int64_t>(rng.next());
    return rng.chance(20) ? bits : bits >> (8 + rng.below(56));
  };
  auto some_bytes = [&](size_t size) {
    for (size_t i = 0; i < size; ++i)
      out.push_back(rng.chance(200) ? static_cast<char>(rng.below(256)) : static_cast<char>(' ' + rng.below(90)));
  };
  switch (type.kind) {
    case AvroType::Kind::null:
      return;
    case AvroType::Kind::boolean:
      out.push_back(static_cast<char>(rng.chance(100) ? 2 : rng.below(2)));
      return;
    case AvroType::Kind::integer:
      return append_long(out, static_cast<int32_t>(number()));
    case AvroType::Kind::long_integer:
      return append_long(out, number());
    case AvroType::Kind::float32:
    case AvroType::Kind::float64: {
      const size_t size = type.kind == AvroType::Kind::float32 ? 4 : 8;
      const uint64_t bits = rng.next();
      out.append(reinterpret_cast<const char*>(&bits), size);
      return;
    }
    case AvroType::Kind::bytes:
    case AvroType::Kind::string: {
      const size_t size = rng.chance(6) ? rng.below(300) : rng.below(24);
      append_long(out, static_cast<int64_t>(size));
      if (rng.chance(10) && size >= 2 && type.kind == AvroType::Kind::string) {
        out += "é";
        return some_bytes(size - 2);
      }
      return some_bytes(size);
    }
    case AvroType::Kind::fixed:
      if (type.logical == AvroType::Logical::duration && !rng.chance(4)) {
        out.append("\0\0\0\0\1\0\0\0\7\0\0\0", 12);
        return;
      }
      return some_bytes(type.size);
    case AvroType::Kind::enumeration:
      return append_long(out, static_cast<int64_t>(rng.below(rng.chance(200) ? 5 : type.symbols.size())));
    case AvroType::Kind::array:
    case AvroType::Kind::map: {
      std::string items;
      const uint64_t count = rng.below(4);
      for (uint64_t i = 0; i < count; ++i) {
        if (type.kind == AvroType::Kind::map) {
          if (rng.chance(8)) {
            items += "\x0agreen";
          } else {
            items += "\x02";
            items.push_back(static_cast<char>('a' + rng.below(12)));
          }
        }
        append_value(schema, type.elements[0], rng, depth - 1, items);
      }
      const bool sized = rng.chance(3);
      if (count > 0) append_long(out, sized ? -static_cast<int64_t>(count) : static_cast<int64_t>(count));
      if (count > 0 && sized) append_long(out, static_cast<int64_t>(items.size()));
      out += items;
      out.push_back(0);
      return;
    }
    case AvroType::Kind::record:
      for (const AvroField& field : type.fields) append_value(schema, field.type, rng, depth - 1, out);
      return;
    case AvroType::Kind::choice: {
      size_t branch = rng.below(type.elements.size());
      // A type that contains itself comes to an end.
      for (size_t i = 0; depth < 0 && i < type.elements.size(); ++i)
        if (schema.type(type.elements[i]).kind == AvroType::Kind::null) branch = i;
      append_long(out, static_cast<int64_t>(rng.chance(1000) ? type.elements.size() : branch));
      if (branch < type.elements.size()) append_value(schema, type.elements[branch], rng, depth - 1, out);
      return;
    }
  }
}

Type random_scalar(Rng& rng) {
  const Type types[] = {bool_type(),
                        int_type(),
                        int_type(),
                        float_type(),
                        decimal_type(9, 2),
                        decimal_type(38, 3),
                        string_type(),
                        string_type(),
                        bytes_type(),
                        uuid_type(),
                        date_type(),
                        time_type(),
                        timestamp_type(),
                        duration_type(),
                        enum_type({"green", "red"}),
                        list_type(int_type()),
                        list_type(optional_type(string_type())),
                        map_type(string_type(), int_type()),
                        map_type(enum_type({"green", "red"}), optional_type(string_type())),
                        map_type(string_type(), list_type(float_type()))};
  return types[rng.below(std::size(types))];
}

/// Fields that the schema can give.
class Source {
 public:
  explicit Source(Rng& rng) {
    text = SchemaText(rng).record(2);
    append_container_header(header, text, kMarker);
    auto parsed = parse_avro_schema(text);
    EXPECT_TRUE(parsed.ok()) << text;
    schema = *parsed;
    spec.name = "t.avro";
    spec.binding.format = "avro";
    spec.binding.options = {{"zone", "Europe/Paris"}, {"unit", "ms"}};
    plan.format = Format::avro;
    plan.zone = "Europe/Paris";
    plan.unit = TimestampUnit::milliseconds;
    const AvroType& root = schema.type(schema.root);
    for (int tries = 0; tries < 60; ++tries) {
      DecodeField field{.name = "x" + std::to_string(plan.fields.size())};
      const AvroField& given = root.fields[rng.below(root.fields.size())];
      field.path = {given.name};
      const AvroType& inner = schema.type(schema.without_null(given.type));
      field.type = random_scalar(rng);
      if (inner.kind == AvroType::Kind::record && rng.chance(2)) field.path.push_back("f0");
      if (inner.kind == AvroType::Kind::record && rng.chance(3))
        field.type = struct_type({{"f0", optional_type(random_scalar(rng))}, {"f9", optional_type(int_type())}});
      if (rng.chance(2)) field.type = optional_type(field.type);
      DecodePlan alone = plan;
      alone.fields = {field};
      if (!check_avro_header(alone, header).ok()) continue;
      plan.fields.push_back(field);
      spec.decode.push_back({.name = field.name, .path = field.path, .type = field.type});
    }
    if (!plan.fields.empty()) spec.avro = *plan_of_avro_header(plan, header);
  }

  std::string block(Rng& rng) {
    std::string data;
    const uint64_t count = rng.chance(20) ? 1500 : rng.below(40);
    for (uint64_t i = 0; i < count; ++i) append_value(schema, schema.root, rng, 4, data);
    if (rng.chance(8) && !data.empty()) data[rng.below(data.size())] = static_cast<char>(rng.below(256));
    if (rng.chance(20) && !data.empty()) data.resize(rng.below(data.size()));
    std::string made;
    append_container_block(made, static_cast<int64_t>(count), data, kMarker);
    return made;
  }

  SourceSpec spec;
  DecodePlan plan;
  AvroSchema schema;
  std::string text, header;
};

TEST(NativeDecoder, EqualsTheTableDrivenOneOnRandomAvro) {
  const uint64_t seed = from_environment("BRAID_SEED", 20'261'128), rounds = from_environment("BRAID_ROUNDS", 6);
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
      Source& source = sources[i];
      SCOPED_TRACE("seed " + std::to_string(seed + round) + " source " + std::to_string(i) + " " + source.text);
      if (!code->readers[i]) {
        ++without;
        continue;
      }
      CountingReader counting(code->readers[i]);
      RecordReaderSlot slot;
      slot.set(&counting);
      const auto table = make_decoder(source.plan), native = make_decoder(source.plan, &slot);
      int64_t line = 1;
      for (int turn = 0; turn < 6; ++turn) {
        std::string text = turn == 0 ? source.header : "";
        for (uint64_t blocks = rng.below(4); blocks > 0; --blocks) text += source.block(rng);
        std::unique_ptr<char[]> exact(new char[text.size()]);
        std::copy(text.begin(), text.end(), exact.get());
        const TurnInput input{.bytes = {exact.get(), text.size()}, .position = turn, .first_line = line};
        line += 1000;
        Arena one, other;
        const std::vector<std::string> expected = lines_of(source.plan, table->decode(input, one));
        const std::vector<std::string> found = lines_of(source.plan, native->decode(input, other));
        for (size_t at = 0; at < std::min(expected.size(), found.size()); ++at) ASSERT_EQ(expected[at], found[at]);
        ASSERT_EQ(expected.size(), found.size());
      }
      read += counting.read_records();
      left += counting.left_records();
    }
  }
  std::printf("%zu records read natively, %zu left to the table; %zu sources have no reader\n", read, left, without);
  EXPECT_GT(read, 10 * left);
  EXPECT_LT(without, rounds);
}

}  // namespace
}  // namespace braid::codegen
