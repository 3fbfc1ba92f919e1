// Native decoders, the table-driven ones and those that read records by the pattern of the ones before must agree on
// every record: rows bit for bit, faults, rejections with their words, records. Random schemas over random and broken
// records, NDJSON and CSV, with key orders that change, in turns of all lengths. BRAID_SEED repeats a run, BRAID_ROUNDS
// makes it longer.
#include <gtest/gtest.h>

#include "compiler/codegen/load/load.h"
#include "runtime/abi/record_frame.h"
#include "runtime/base/rng.h"
#include "runtime/codec/decoder.h"
#include "tests/decoders/decoded_lines.h"

namespace braid::codegen {
namespace {

/// Counts what the native reader reads, and what it leaves to the table-driven one.
class CountingReader : public RecordReader {
 public:
  explicit CountingReader(std::shared_ptr<const RecordReader> reader) : reader_(std::move(reader)) {}
  const char* read(ReadFrame& frame, const char* at, uint64_t row) const override {
    const char* end = reader_->read(frame, at, row);
    ++(frame.cells != nullptr || end != nullptr ? read_ : left_);
    return end;
  }
  size_t read_records() const { return read_; }
  size_t left_records() const { return left_; }

 private:
  std::shared_ptr<const RecordReader> reader_;
  mutable size_t read_ = 0, left_ = 0;
};

Type random_type(Rng& rng, int depth) {
  Type type;
  switch (rng.below(depth > 0 ? 19 : 16)) {
    case 0:
      type = bool_type();
      break;
    case 1:
    case 2:
      type = int_type();
      break;
    case 3:
      type = float_type();
      break;
    case 4:
      type = decimal_type(9, 2);
      break;
    case 5:
      type = decimal_type(static_cast<int>(1 + rng.below(38)), 0);
      break;
    case 6:
      type = decimal_type(30, static_cast<int>(rng.below(31)));
      break;
    case 7:
    case 8:
      type = string_type();
      break;
    case 9:
      type = uuid_type();
      break;
    case 10:
      type = date_type();
      break;
    case 11:
    case 12:
      type = timestamp_type();
      break;
    case 13:
      type = rng.chance(2) ? time_type() : duration_type();
      break;
    case 14:
      type = rng.chance(2) ? json_type() : bytes_type();
      break;
    case 15:
      type = enum_type({"red", "green", "", "a longer symbol than most"});
      break;
    case 16:
      type = list_type(random_type(rng, depth - 1));
      break;
    case 17: {
      const Type keys[] = {
          string_type(), string_type(), int_type(),       bool_type(),       enum_type({"red", "green"}),
          date_type(),   uuid_type(),   timestamp_type(), decimal_type(9, 2)};
      type = map_type(keys[rng.below(std::size(keys))], random_type(rng, depth - 1));
      break;
    }
    default:
      type = struct_type({{"x", random_type(rng, depth - 1)}, {"y", random_type(rng, 0)}});
  }
  return rng.chance(3) ? optional_type(type) : type;
}

std::string digits(Rng& rng, uint64_t most) {
  std::string text;
  for (uint64_t i = rng.below(most) + 1; i > 0; --i) text += static_cast<char>('0' + rng.below(10));
  return text;
}

template <size_t N>
std::string one_of(Rng& rng, const char* const (&texts)[N]) {
  return texts[rng.below(N)];
}

std::string number_text(Rng& rng) {
  if (rng.chance(6))
    return one_of(rng, {"9223372036854775807",
                        "-9223372036854775808",
                        "9223372036854775808",
                        "1e3",
                        "1.0",
                        "1.50",
                        "-0",
                        "-0.0",
                        "0.1",
                        "123456789012345678901234567890",
                        "0.5e1",
                        "1E-2",
                        "5e-324",
                        "1e309",
                        "00",
                        "01",
                        "-",
                        "-01",
                        "1.",
                        ".5",
                        "+1",
                        "99999999999999",
                        "999999999999999",
                        "0x1",
                        "0.00000000000001",
                        "12345678.12345678",
                        "NaN"});
  std::string text = rng.chance(4) ? "-" : "";
  text += rng.chance(8) ? "0"
                        : std::to_string(rng.below(9) + 1) + (rng.chance(3) ? "" : digits(rng, rng.chance(8) ? 18 : 6));
  if (rng.chance(3)) text += "." + digits(rng, rng.chance(8) ? 18 : 4);
  return text;
}

std::string date_text(Rng& rng) {
  if (rng.chance(8))
    return one_of(rng, {"2023-02-29", "2024-02-29", "0000-01-01", "2026-13-01", "2026-1-1", "9999-12-31"});
  return "2026-0" + std::to_string(1 + rng.below(3)) + "-1" + std::to_string(rng.below(3));
}

std::string instant_text(Rng& rng) {
  std::string text = date_text(rng) + (rng.chance(20) ? one_of(rng, {" ", "t", "x"}) : "T");
  text += rng.chance(20) ? one_of(rng, {"24:00:00", "23:59:60", "12:60:00", "1:00:00", "12:00", "aa:bb:cc"})
                         : "1" + std::to_string(rng.below(10)) + ":0" + std::to_string(rng.below(10)) + ":5" +
                               std::to_string(rng.below(10));
  if (rng.chance(4)) text += "." + digits(rng, 9);
  if (rng.chance(4)) return text + one_of(rng, {"", "z", "+00:00", "-05:30", "+23:59", "+24:00", "+0100", "ZZ"});
  return text + "Z";
}

/// Text of a value of the type without its quotes; mostly a good one. `plain`: JSON writes it without quotes.
std::string scalar_text(const Type& type, Rng& rng, bool& plain) {
  plain = false;
  switch (type->kind) {
    case TypeKind::boolean:
      plain = true;
      return rng.chance(20) ? one_of(rng, {"tru", "True", "falsee", "nul"}) : rng.chance(2) ? "true" : "false";
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal:
      plain = !rng.chance(20);
      return number_text(rng);
    case TypeKind::string:
      // Also of lengths around those of registers, with something special anywhere.
      if (rng.chance(3)) {
        std::string text(rng.below(300), static_cast<char>('a' + rng.below(26)));
        if (rng.chance(6)) text.insert(rng.below(text.size() + 1), rng.chance(2) ? "\\n" : "\\\"");
        if (rng.chance(30)) text.insert(rng.below(text.size() + 1), rng.chance(2) ? "\t" : "\"");
        return text;
      }
      return rng.chance(6) ? one_of(rng, {"\\u00e9", "\\\\", "a,b", "a longer text, which has more than sixteen bytes",
                                          "é", "", "NA", "line\\nend", "\\ud83d\\ude00"})
                           : std::string(rng.below(4), static_cast<char>('a' + rng.below(26)));
    case TypeKind::bytes:
      return rng.chance(4) ? "***" : "aGVsbG8=";
    case TypeKind::uuid:
      return rng.chance(6) ? "zz" : "01234567-89ab-cdef-0123-456789abcdef";
    case TypeKind::date:
      return date_text(rng);
    case TypeKind::time:
      return rng.chance(6) ? "25:00" : "12:30:0" + std::to_string(rng.below(10));
    case TypeKind::duration:
      return rng.chance(6) ? "1h" : "PT" + std::to_string(rng.below(100)) + "M";
    case TypeKind::enumeration:
      return rng.chance(6) ? "blue" : rng.chance(8) ? "gr\\u0065en" : type->symbols[rng.below(type->symbols.size())];
    default:
      if (!rng.chance(3)) return instant_text(rng);
      plain = true;
      return number_text(rng);
  }
}

std::string json_value(const Type& declared, Rng& rng, int depth) {
  if (rng.chance(is_optional(declared) ? 4 : 40)) return rng.chance(30) ? "nulL" : "null";
  const Type type = rng.chance(25) ? random_type(rng, depth) : without_optional(declared);
  if (is_optional(type)) return json_value(type, rng, depth);
  if (type->kind == TypeKind::json) return json_value(random_type(rng, std::max(depth, 1)), rng, depth - 1);
  if (type->kind == TypeKind::list) {
    std::string text = "[";
    for (uint64_t i = rng.below(4); i > 0; --i) text += json_value(type->element, rng, depth - 1) + (i > 1 ? "," : "");
    return text + "]";
  }
  if (type->kind == TypeKind::map) {
    std::string text = "{";
    for (uint64_t i = rng.below(5); i > 0; --i) {
      bool plain = false;
      text += (text.size() > 1 ? ",\"" : "\"") + scalar_text(key_of(type), rng, plain) +
              "\":" + json_value(value_of(type), rng, depth - 1);
    }
    return text + "}";
  }
  if (type->kind == TypeKind::structure) {
    std::string text = "{";
    for (const Field& field : type->fields)
      text += (text.size() > 1 ? ",\"" : "\"") + field.name + "\":" + json_value(field.type, rng, depth - 1);
    return text + "}";
  }
  bool plain = false;
  const std::string text = scalar_text(type, rng, plain);
  return plain ? text : '"' + text + '"';
}

bool has_quotes(TypeKind kind) {
  return kind != TypeKind::integer && kind != TypeKind::floating && kind != TypeKind::decimal &&
         kind != TypeKind::boolean;
}

/// A value that mostly looks like the others of its field: no other type, no quotes where others have none.
std::string steady_value(const Type& declared, Rng& rng) {
  if (rng.chance(200)) return json_value(declared, rng, 1);
  const Type type = without_optional(declared);
  if (type->kind == TypeKind::list) return rng.chance(2) ? "[]" : "[1, 2]";
  if (type->kind == TypeKind::map) return rng.chance(2) ? "{}" : "{\"b\": 1, \"a\": 2}";
  if (type->kind == TypeKind::structure) return rng.chance(2) ? "null" : "{}";
  if (is_optional(declared) && !has_quotes(type->kind) && rng.chance(20)) return "null";
  switch (type->kind) {
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal: {
      std::string text = (rng.chance(4) ? "-" : "") + std::to_string(1 + rng.below(9)) + digits(rng, 7);
      if (type->kind != TypeKind::integer && rng.chance(2)) text += "." + digits(rng, 2);
      return text;
    }
    case TypeKind::boolean:
      return rng.chance(2) ? "true" : "false";
    case TypeKind::timestamp:
      return '"' + (rng.chance(8) ? instant_text(rng) : "2026-02-03T04:05:06Z") + '"';
    default: {
      bool plain = false;
      const std::string text = scalar_text(type, rng, plain);
      return text.find_first_of("\"\\\t\n") == std::string::npos || rng.chance(60) ? '"' + text + '"' : "\"\"";
    }
  }
}

std::string csv_cell(const Type& declared, const DecodePlan& plan, Rng& rng) {
  if (rng.chance(is_optional(declared) ? 4 : 40)) return rng.chance(2) ? "" : "NA";
  const Type type = rng.chance(25) ? random_type(rng, 0) : without_optional(declared);
  if (is_optional(type)) return csv_cell(type, plan, rng);
  bool plain = false;
  std::string text = type->kind == TypeKind::list || type->kind == TypeKind::map ? json_value(type, rng, 1)
                     : type->kind == TypeKind::structure                         ? "?"
                                                                                 : scalar_text(type, rng, plain);
  if (rng.chance(20)) text = (rng.chance(2) ? " " : "0") + text;
  if (plan.decimal_comma && plain && !rng.chance(8)) std::replace(text.begin(), text.end(), '.', ',');
  if (plan.decimal_comma && plain && rng.chance(20)) text.insert(rng.below(text.size() + 1), ".");
  if (plan.quote == 0) return text;
  if (!rng.chance(8) && text.find(plan.quote) == std::string::npos && text.find(plan.separator) == std::string::npos)
    return text;
  std::string quoted(1, plan.quote);
  for (char c : text) quoted += std::string(c == plan.quote ? 2 : 1, c);
  if (rng.chance(20)) quoted += "\n" + std::string(2, plan.quote);
  return quoted + plan.quote;
}

void break_something(std::string& record, Rng& rng) {
  const char bytes[] = "{}[]\",:\\0-.eEx\x01\xFF\xC3tfn u\t\r";
  for (uint64_t i = 1 + rng.below(2); i > 0 && !record.empty(); --i) {
    const size_t at = rng.below(record.size());
    if (rng.chance(3))
      record.erase(at, 1 + rng.below(4));
    else if (rng.chance(2))
      record.insert(at, 1, bytes[rng.below(sizeof bytes - 1)]);
    else
      record[at] = bytes[rng.below(sizeof bytes - 1)];
  }
}

/// A source with random fields, and records for it.
class Source {
 public:
  Source(Rng& rng, bool csv) : csv_(csv), steady_(rng.chance(2)) {
    spec.name = csv ? "t.csv" : "t.json";
    spec.binding.format = csv ? "csv" : "json";
    const uint64_t count = rng.chance(10) ? 70 : rng.chance(40) ? 300 : 1 + rng.below(12);
    for (uint64_t i = 0; i < count; ++i) {
      SourceRead read{.name = "f" + std::to_string(i), .type = random_type(rng, 2), .has_fallback = rng.chance(5)};
      read.path = {rng.chance(8) ? "a name of a field that takes more than thirty two bytes " + std::to_string(i)
                                 : read.name};
      if (!csv && rng.chance(4)) read.path.insert(read.path.begin(), rng.chance(2) ? "in" : "out");
      if (!csv && rng.chance(10)) read.path.insert(read.path.begin(), {"in", "deep"});
      spec.decode.push_back(std::move(read));
    }
    for (uint64_t i = rng.below(6); i > 0; --i) extra_.push_back(random_type(rng, 1));
    if (rng.chance(3)) spec.binding.options.emplace_back("unit", one_of(rng, {"s", "ms", "us", "ns"}));
    if (rng.chance(3)) spec.binding.options.emplace_back("zone", "Europe/Paris");
    if (rng.chance(2)) spec.binding.options.emplace_back("null", "NA");
    plan.format = csv ? Format::csv : Format::ndjson;
    for (const SourceRead& read : spec.decode)
      plan.fields.push_back({.name = read.name,
                             .path = read.path,
                             .type = read.has_fallback ? optional_type(read.type) : read.type,
                             .has_default = read.has_fallback});
    for (const auto& [option, value] : spec.binding.options) {
      if (option == "null") plan.null_marker = value;
      if (option == "zone") plan.zone = value;
      if (option != "unit") continue;
      plan.unit = value == "s"    ? TimestampUnit::seconds
                  : value == "ms" ? TimestampUnit::milliseconds
                  : value == "us" ? TimestampUnit::microseconds
                                  : TimestampUnit::nanoseconds;
    }
    if (csv && rng.chance(2)) {
      plan.separator = ";\t|:"[rng.below(4)];
      plan.quote = "\"'\0"[rng.below(3)];
      plan.decimal_comma = rng.chance(2);
    }
    change_order(rng);
    if (csv) make_header(rng);
  }

  void change_order(Rng& rng) {
    order_.clear();
    for (size_t i = 0; i < spec.decode.size() + extra_.size(); ++i) order_.push_back(i);
    for (size_t i = order_.size(); i > 1; --i)
      if (rng.chance(2)) std::swap(order_[i - 1], order_[rng.below(i)]);
    blank_ = rng.chance(3) ? " " : "";
    left_out_ = steady_ || rng.chance(2) ? 0 : 3 + rng.below(10);
    line_end_ = rng.chance(4) ? "\r" : "";
  }

  std::string record(Rng& rng) {
    std::string text = csv_ ? csv_record(rng) : json_object({}, rng);
    if (rng.chance(steady_ ? 60 : 12)) break_something(text, rng);
    if (steady_ && !csv_) return text + (rng.chance(60) ? " " : "") + line_end_;
    return text + (rng.chance(30) ? csv_ && rng.chance(2) ? "\r\r" : "\r" : "");
  }

  SourceSpec spec;
  DecodePlan plan;
  std::string header;  ///< CSV, where the plan has none

 private:
  void make_header(Rng& rng) {
    for (size_t i : order_) {
      if (rng.chance(30)) continue;
      std::string name = i < spec.decode.size() ? spec.decode[i].path[0] : "extra" + std::to_string(i);
      const Type& type =
          i < spec.decode.size() ? without_optional(spec.decode[i].type) : extra_[i - spec.decode.size()];
      if (i < spec.decode.size() && type->kind == TypeKind::structure) {
        for (const Field& field : type->fields) columns_.push_back({name + "." + field.name, field.type});
        continue;
      }
      columns_.push_back({name, i < spec.decode.size() ? spec.decode[i].type : type});
      if (rng.chance(40)) columns_.push_back(columns_.back());
    }
    for (const Field& column : columns_) {
      if (!header.empty()) header += plan.separator;
      header += column.name;
    }
    header += "\n";
  }

  std::string csv_record(Rng& rng) {
    std::string text;
    for (const Field& column : columns_) text += csv_cell(column.type, plan, rng) + plan.separator;
    if (!text.empty() && !rng.chance(30)) text.pop_back();
    return text;
  }

  /// The members below `path`.
  std::string json_object(const std::vector<std::string>& path, Rng& rng) {
    std::vector<std::string> members;
    std::vector<std::string> opened;
    for (size_t i : order_) {
      if (left_out_ > 0 && rng.chance(left_out_)) continue;
      if (i >= spec.decode.size()) {
        if (path.empty() || (!steady_ && rng.chance(4)))
          members.push_back(member("extra" + std::to_string(i), value_of(extra_[i - spec.decode.size()], rng, 1)));
        continue;
      }
      const SourceRead& read = spec.decode[i];
      if (read.path.size() <= path.size() || !std::equal(path.begin(), path.end(), read.path.begin())) continue;
      const std::string& key = read.path[path.size()];
      if (read.path.size() == path.size() + 1) {
        members.push_back(member(key, value_of(read.type, rng, 2)));
        if (rng.chance(steady_ ? 600 : 60)) members.push_back(member(key, value_of(read.type, rng, 2)));
        continue;
      }
      if (std::find(opened.begin(), opened.end(), key) != opened.end() && !rng.chance(steady_ ? 600 : 60)) continue;
      opened.push_back(key);
      std::vector<std::string> inner = path;
      inner.push_back(key);
      members.push_back(member(key, rng.chance(steady_ ? 120 : 12) ? json_value(optional_type(int_type()), rng, 0)
                                                                   : json_object(inner, rng)));
    }
    if (members.size() > 1 && rng.chance(steady_ ? 120 : 12)) std::swap(members[0], members[rng.below(members.size())]);
    std::string text = "{";
    for (size_t i = 0; i < members.size(); ++i) text += (i > 0 ? "," + blank_ : "") + members[i];
    return text + (rng.chance(steady_ ? 300 : 30) ? " }" : "}");
  }

  std::string value_of(const Type& type, Rng& rng, int depth) const {
    return steady_ ? steady_value(type, rng) : json_value(type, rng, depth);
  }

  std::string member(const std::string& key, const std::string& value) { return '"' + key + "\":" + blank_ + value; }

  bool csv_;
  bool steady_;  ///< most records have the same keys in the same order, and good values
  std::vector<Type> extra_;
  std::vector<size_t> order_;
  std::vector<Field> columns_;
  std::string blank_, line_end_;
  uint64_t left_out_ = 0;
};

/// Turns of records, some of them more than a block, decoded all ways. Adds to `records` how many there were.
void compare_decoders(Source& source, const RecordReaderSlot& slot, const RecordReaderSlot& behind_patterns,
                      size_t& records, Rng& rng) {
  DecodePlan alone = source.plan;
  alone.patterns = false;
  auto table = make_decoder(alone);
  RecordReaderSlot late, late_behind;  // the reader turns up between two turns
  std::vector<std::unique_ptr<Decoder>> others;
  others.push_back(make_decoder(alone, &late));
  others.push_back(make_decoder(source.plan));
  others.push_back(make_decoder(source.plan, &late_behind));
  int64_t position = source.plan.format == Format::csv ? 0 : 1;
  for (int turn = 0; turn < 6; ++turn) {
    std::string text = turn == 0 ? source.header : "";
    const uint64_t count = rng.chance(12) ? 1100 + rng.below(1200) : rng.below(60);
    for (uint64_t i = 0; i < count; ++i) {
      if (rng.chance(100)) source.change_order(rng);
      text += source.record(rng) + "\n";
    }
    if (turn == 5 && !text.empty() && rng.chance(2)) text.pop_back();
    std::unique_ptr<char[]> exact(new char[text.size()]);  // so that a sanitizer sees what is read beyond it
    std::copy(text.begin(), text.end(), exact.get());
    const TurnInput input{.bytes = {exact.get(), text.size()}, .position = position, .first_line = 7};
    if (turn > 0 || rng.chance(2)) late.set(slot.get()), late_behind.set(behind_patterns.get());
    Arena arena;
    const DecodedTurn decoded = table->decode(input, arena);
    records += decoded.records.size();
    const std::vector<std::string> expected = lines_of(source.plan, decoded);
    for (const auto& decoder : others) {
      Arena other;
      const std::vector<std::string> found = lines_of(source.plan, decoder->decode(input, other));
      for (size_t i = 0; i < std::min(expected.size(), found.size()); ++i) ASSERT_EQ(expected[i], found[i]) << text;
      ASSERT_EQ(expected.size(), found.size());
    }
    position += static_cast<int64_t>(text.size());
  }
}

void compare_random_sources(bool csv) {
  const uint64_t seed = from_environment("BRAID_SEED", 20'251'125), rounds = from_environment("BRAID_ROUNDS", 5);
  std::printf("seed %llu; again with BRAID_SEED=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  auto compile = load_compiler();
  ASSERT_TRUE(compile.ok()) << compile.error().message;
  size_t read = 0, left = 0, without = 0, records = 0, behind_patterns = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    Rng rng(seed + round);
    std::vector<Source> sources;
    std::vector<SourceSpec> specs;
    for (int i = 0; i < 8; ++i) {
      sources.emplace_back(rng, csv);
      specs.push_back(sources.back().spec);
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
      SCOPED_TRACE("seed " + std::to_string(seed + round) + " source " + std::to_string(i));
      if (!code->readers[i]) {
        ++without;
        continue;
      }
      CountingReader counting(code->readers[i]), counting_behind(code->readers[i]);
      RecordReaderSlot slot, slot_behind;
      slot.set(&counting);
      slot_behind.set(&counting_behind);
      compare_decoders(sources[i], slot, slot_behind, records, rng);
      if (testing::Test::HasFatalFailure()) return;
      read += counting.read_records();
      left += counting.left_records();
      behind_patterns += counting_behind.read_records() + counting_behind.left_records();
    }
  }
  std::printf("%zu records read natively, %zu left to the table; %zu sources have no reader\n", read, left, without);
  EXPECT_GT(read, left);
  if (!csv) {
    std::printf("%zu of %zu records left to it by patterns\n", behind_patterns, records);
    EXPECT_LT(behind_patterns, read + left) << "patterns read next to nothing";
  }
  EXPECT_LT(without, rounds * 2);
}

TEST(NativeDecoder, EqualsTheTableDrivenOneOnRandomNdjson) {
  compare_random_sources(false);
}

TEST(NativeDecoder, EqualsTheTableDrivenOneOnRandomCsv) {
  compare_random_sources(true);
}

}  // namespace
}  // namespace braid::codegen
