// The NDJSON decoder against a slow reading of the same records: nlohmann's parser makes a tree, and values are
// converted from that one by one, without prediction, scanning or slots.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/base/rng.h"
#include "runtime/codec/decoder.h"
#include "runtime/data/decimal.h"
#include "runtime/data/map_entries.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

struct Member;

struct Tree {
  enum Kind { null, boolean, number, string, array, object } kind = null;
  bool truth = false;
  std::string text;  ///< number as written, string content
  std::vector<Member> members;
};

struct Member {
  std::string key;
  Tree tree;
};

/// Builds a Tree; refuses what is nested too deep.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return put({}); }
  bool boolean(bool value) override { return put({.kind = Tree::boolean, .truth = value}); }
  bool number_integer(int64_t value) override { return put({.kind = Tree::number, .text = std::to_string(value)}); }
  bool number_unsigned(uint64_t value) override { return put({.kind = Tree::number, .text = std::to_string(value)}); }
  bool number_float(double, const std::string& text) override { return put({.kind = Tree::number, .text = text}); }
  bool string(std::string& value) override { return put({.kind = Tree::string, .text = value}); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Tree::object); }
  bool start_array(size_t) override { return open(Tree::array); }
  bool key(std::string& value) override {
    key_ = value;
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& exception) override {
    overflow = exception.id == 406;
    return false;
  }

  Tree root;
  bool overflow = false;  ///< a number that is none to nlohmann's parser, though its grammar is right

 private:
  bool put(Tree tree) {
    if (open_.empty()) {
      root = std::move(tree);
    } else {
      open_.back().tree.members.push_back({key_, std::move(tree)});
    }
    return true;
  }
  bool open(Tree::Kind kind) {
    open_.push_back({key_, Tree{.kind = kind}});
    return open_.size() <= static_cast<size_t>(kMaxNesting);
  }
  bool close() {
    auto [key, tree] = std::move(open_.back());
    open_.pop_back();
    key_ = key;
    return put(std::move(tree));
  }
  std::string key_;
  std::vector<Member> open_;
};

struct Converted {
  ConversionFault fault = ConversionFault::none;
  Value value;
};

Converted from_decimal(DecimalFault fault, Value value) {
  if (fault == DecimalFault::not_a_number) return {ConversionFault::not_a_number, {}};
  if (fault == DecimalFault::out_of_range) return {ConversionFault::out_of_range, {}};
  return {ConversionFault::none, std::move(value)};
}

Converted convert(const Type& declared, const Tree* tree);

Converted convert_member(const Type& type, const Tree& object, const std::string& name) {
  const Tree* found = nullptr;
  for (const auto& [key, member] : object.members) {
    if (key != name) continue;
    if (found != nullptr) return {ConversionFault::duplicate, {}};
    found = &member;
  }
  if (found == nullptr) return is_optional(type) ? Converted{} : Converted{ConversionFault::missing, {}};
  return convert(type, found);
}

Converted convert(const Type& declared, const Tree* tree) {
  Type type = without_optional(declared);
  if (tree->kind == Tree::null) return is_optional(declared) ? Converted{} : Converted{ConversionFault::null, {}};
  int128 wide = 0;
  int64_t micros = 0;
  int32_t days = 0;
  bool text = tree->kind == Tree::string;
  Converted wrong = {ConversionFault::wrong_type, {}};
  Converted bad_time = {ConversionFault::bad_time, {}};
  switch (type->kind) {
    case TypeKind::boolean:
      return tree->kind == Tree::boolean ? Converted{ConversionFault::none, {tree->truth}} : wrong;
    case TypeKind::integer: {
      if (tree->kind != Tree::number) return wrong;
      DecimalFault fault = parse_decimal(tree->text, 38, 0, &wide);
      if (fault == DecimalFault::none && wide != static_cast<int64_t>(wide)) fault = DecimalFault::out_of_range;
      return from_decimal(fault, {static_cast<int64_t>(wide)});
    }
    case TypeKind::floating:
      if (tree->kind == Tree::number) return {ConversionFault::none, {std::strtod(tree->text.c_str(), nullptr)}};
      if (text && tree->text == "NaN") return {ConversionFault::none, {std::nan("")}};
      return wrong;
    case TypeKind::decimal: {
      if (tree->kind != Tree::number && !text) return wrong;
      if (text && !nlohmann::json::accept(tree->text)) return {ConversionFault::not_a_number, {}};
      if (text && !nlohmann::json::parse(tree->text).is_number()) return {ConversionFault::not_a_number, {}};
      if (text && (tree->text.front() <= ' ' || tree->text.back() <= ' ')) return {ConversionFault::not_a_number, {}};
      DecimalFault fault = parse_decimal(tree->text, type->precision, type->scale, &wide);
      return from_decimal(fault, {wide});
    }
    case TypeKind::string:
      return text ? Converted{ConversionFault::none, {tree->text}} : wrong;
    case TypeKind::uuid:
      if (!text) return wrong;
      return parse_uuid(tree->text, &wide) ? Converted{ConversionFault::none, {wide}}
                                           : Converted{ConversionFault::bad_uuid, {}};
    case TypeKind::date:
      if (!text) return wrong;
      return parse_date(tree->text, &days) ? Converted{ConversionFault::none, {int64_t{days}}} : bad_time;
    case TypeKind::timestamp:
      if (!text) return wrong;
      return parse_timestamp(tree->text, &micros) ? Converted{ConversionFault::none, {micros}} : bad_time;
    case TypeKind::enumeration: {
      if (!text) return wrong;
      for (size_t i = 0; i < type->symbols.size(); ++i)
        if (type->symbols[i] == tree->text) return {ConversionFault::none, {static_cast<int64_t>(i)}};
      return {ConversionFault::unknown_symbol, {}};
    }
    case TypeKind::list: {
      if (tree->kind != Tree::array) return wrong;
      std::vector<Value> items;
      for (const auto& [unused, member] : tree->members) {
        Converted item = convert(type->element, &member);
        if (item.fault != ConversionFault::none) return {item.fault, {}};
        items.push_back(item.value);
      }
      return {ConversionFault::none, {items}};
    }
    case TypeKind::map: {
      if (tree->kind != Tree::object) return wrong;
      std::vector<Value> entries;
      for (const auto& [name, member] : tree->members) {
        Value key;
        if (!parse_key_text(key_of(type), name, &key))
          return {is(key_of(type), TypeKind::integer) ? ConversionFault::not_a_number : ConversionFault::wrong_type,
                  {}};
        Converted value = convert(value_of(type), &member);
        if (value.fault != ConversionFault::none) return {value.fault, {}};
        entries.push_back({std::vector<Value>{key, value.value}});
      }
      if (!order_entries(entries)) return {ConversionFault::duplicate, {}};
      return {ConversionFault::none, {entries}};
    }
    case TypeKind::structure: {
      if (tree->kind != Tree::object) return wrong;
      std::vector<Value> items;
      for (const Field& field : type->fields) {
        Converted part = convert_member(field.type, *tree, field.name);
        if (part.fault != ConversionFault::none) return {part.fault, {}};
        items.push_back(part.value);
      }
      return {ConversionFault::none, {items}};
    }
    default:
      ADD_FAILURE() << "not in the test: " << to_string(type);
      return {};
  }
}

Converted convert_field(const DecodeField& field, const Tree& root) {
  const Tree* object = &root;
  for (size_t i = 0; i < field.path.size(); ++i) {
    if (object->kind == Tree::null)
      return is_optional(field.type) ? Converted{} : Converted{ConversionFault::missing, {}};
    if (object->kind != Tree::object) return {ConversionFault::wrong_type, {}};
    if (i + 1 == field.path.size()) return convert_member(field.type, *object, field.path[i]);
    const Tree* next = nullptr;
    for (const auto& [key, member] : object->members) {
      if (key != field.path[i]) continue;
      if (next != nullptr) return {ConversionFault::duplicate, {}};
      next = &member;
    }
    if (next == nullptr) return is_optional(field.type) ? Converted{} : Converted{ConversionFault::missing, {}};
    object = next;
  }
  return {};
}

Type random_type(Rng& rng, int depth) {
  Type type;
  switch (rng.below(depth > 0 ? 13 : 10)) {
    case 0:
      type = bool_type();
      break;
    case 1:
      type = int_type();
      break;
    case 2:
      type = float_type();
      break;
    case 3:
      type = decimal_type(9, 2);
      break;
    case 4:
      type = decimal_type(30, 3);
      break;
    case 5:
      type = string_type();
      break;
    case 6:
      type = uuid_type();
      break;
    case 7:
      type = date_type();
      break;
    case 8:
      type = timestamp_type();
      break;
    case 9:
      type = enum_type({"red", "green"});
      break;
    case 10:
      type = list_type(random_type(rng, depth - 1));
      break;
    case 11:
      type = map_type(rng.chance(2) ? string_type() : int_type(), random_type(rng, depth - 1));
      break;
    default: {
      std::vector<Field> fields;
      for (uint64_t i = rng.below(4); i > 0; --i)
        fields.push_back({std::string(1, static_cast<char>('a' + i)), random_type(rng, depth - 1)});
      type = struct_type(fields);
    }
  }
  return rng.chance(3) ? optional_type(type) : type;
}

std::string blank(Rng& rng) {
  return rng.chance(20) ? (rng.chance(2) ? " " : "\t\r ") : "";
}

std::string quoted(std::string text, Rng& rng) {
  std::string out;
  append_json_string(out, text);
  if (rng.chance(10) && out.size() > 2) out.insert(1, rng.chance(2) ? "\\u00e9\\ud83d\\ude00" : "\\/\\n");
  return out;
}

std::string random_json(const Type& declared, Rng& rng, int depth);

std::string any_json(Rng& rng, int depth) {
  return random_json(random_type(rng, depth), rng, depth);
}

/// Text of a value that mostly fits the type.
std::string random_json(const Type& declared, Rng& rng, int depth) {
  if (is_optional(declared) && rng.chance(4)) return "null";
  if (depth > 0 && rng.chance(15)) return any_json(rng, depth - 1);
  if (rng.chance(40)) return "null";
  Type type = without_optional(declared);
  switch (type->kind) {
    case TypeKind::boolean:
      return rng.chance(2) ? "true" : "false";
    case TypeKind::integer: {
      const char* odd[] = {"9223372036854775807",
                           "-9223372036854775808",
                           "9223372036854775808",
                           "1e3",
                           "1.0",
                           "1.5",
                           "-0",
                           "123456789012345678901234567890",
                           "0.5e1"};
      return rng.chance(5) ? odd[rng.below(std::size(odd))] : std::to_string(rng.between(-1000, 1'000'000'000'000));
    }
    case TypeKind::floating: {
      const char* odd[] = {"1e300", "-1.5E-10", "0.1", "\"NaN\"", "5e-324", "1.7976931348623157e308"};
      return rng.chance(4) ? odd[rng.below(std::size(odd))] : std::to_string(rng.unit() * 100);
    }
    case TypeKind::decimal: {
      const char* odd[] = {"1234567.89", "12345678.9", "0.001",  "0.100",  "-0.01", "1e5",
                           "\"12.5\"",   "\"x\"",      "\" 1\"", "\"01\"", "1E-2"};
      std::string text = std::to_string(rng.between(-99999, 99999)) + "." + std::to_string(10 + rng.below(90));
      return rng.chance(3) ? odd[rng.below(std::size(odd))] : text;
    }
    case TypeKind::string:
      return quoted(
          std::string(rng.below(40), static_cast<char>('a' + rng.below(26))) + (rng.chance(5) ? "\"\\é\x01" : ""), rng);
    case TypeKind::uuid:
      return rng.chance(6) ? "\"zz\"" : "\"01234567-89ab-cdef-0123-456789abcdef\"";
    case TypeKind::date:
      return rng.chance(6) ? "\"2026-02-30\"" : "\"2026-02-2" + std::to_string(rng.below(9)) + "\"";
    case TypeKind::timestamp:
      return rng.chance(6) ? "\"yesterday\"" : "\"2026-02-03T04:05:06." + std::to_string(rng.below(999)) + "Z\"";
    case TypeKind::enumeration:
      return rng.chance(6) ? "\"blue\"" : rng.chance(2) ? "\"red\"" : "\"gr\\u0065en\"";
    case TypeKind::list: {
      std::string out = "[" + blank(rng);
      for (uint64_t i = 0, n = rng.below(20); i < n; ++i)
        out += (i > 0 ? "," : "") + blank(rng) + random_json(type->element, rng, depth - 1) + blank(rng);
      return out + "]";
    }
    case TypeKind::map: {
      std::string out = "{" + blank(rng);
      for (uint64_t i = 0, n = rng.below(6); i < n; ++i) {
        std::string key = is(key_of(type), TypeKind::integer)
                              ? std::to_string(rng.between(-99, 99))
                              : std::string(rng.below(3), static_cast<char>('a' + rng.below(4)));
        if (rng.chance(30)) key = "x";
        out += (i > 0 ? "," : "") + blank(rng) + quoted(key, rng) + blank(rng) + ":" + blank(rng) +
               random_json(value_of(type), rng, depth - 1) + blank(rng);
      }
      return out + "}";
    }
    default: {
      std::vector<std::string> members;
      for (const Field& field : type->fields)
        if (!rng.chance(8))
          members.push_back(quoted(field.name, rng) + blank(rng) + ":" + blank(rng) +
                            random_json(field.type, rng, depth - 1));
      if (rng.chance(4)) members.push_back("\"extra\":" + any_json(rng, depth - 1));
      if (!members.empty() && rng.chance(12)) members.push_back(members[rng.below(members.size())]);
      if (!members.empty() && rng.chance(4)) std::swap(members[0], members[rng.below(members.size())]);
      std::string out = "{" + blank(rng);
      for (size_t i = 0; i < members.size(); ++i) out += (i > 0 ? "," : "") + blank(rng) + members[i] + blank(rng);
      return out + "}";
    }
  }
}

std::string mutate(std::string record, Rng& rng) {
  for (uint64_t i = 1 + rng.below(2); i > 0 && !record.empty(); --i) {
    size_t at = rng.below(record.size());
    const char bytes[] = "{}[]\",:\\0-.eEx\x01\xFF\xC3tfn u";
    switch (rng.below(3)) {
      case 0:
        record.erase(at, 1 + rng.below(4));
        break;
      case 1:
        record.insert(at, 1, bytes[rng.below(sizeof bytes - 1)]);
        break;
      default:
        record[at] = bytes[rng.below(sizeof bytes - 1)];
    }
  }
  return record;
}

TEST(NdjsonDecoder, EqualsTheReferenceOnRandomRecords) {
  size_t accepted = 0, rejected = 0, faults = 0;
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    // A row type, of which some fields are read, some from deeper down.
    std::vector<Field> row;
    for (uint64_t i = 1 + rng.below(8); i > 0; --i) row.push_back({"field_" + std::to_string(i), random_type(rng, 2)});
    row.push_back({"in", struct_type({{"x", int_type()}, {"y", optional_type(string_type())}})});
    Type record_type = struct_type(row);
    DecodePlan plan;
    for (const Field& field : row) plan.fields.push_back({field.name, {field.name}, field.type, rng.chance(2)});
    plan.fields.push_back({"inner_x", {"in", "x"}, int_type(), rng.chance(2)});
    plan.fields.push_back({"inner_y", {"in", "y"}, optional_type(string_type()), rng.chance(2)});
    plan.fields.push_back({"none", {"in", "z", "z"}, optional_type(string_type()), rng.chance(8)});

    std::vector<std::string> lines;
    for (int i = 0; i < 40; ++i) {
      std::string line = random_json(record_type, rng, 3);
      if (rng.chance(6)) line = mutate(line, rng);
      TreeBuilder builder;
      nlohmann::json::sax_parse(line, &builder);
      if (line.find('\n') == std::string::npos && !builder.overflow) lines.push_back(line);
    }
    auto decoder = make_decoder(plan);
    // The same records in turns of different lengths.
    size_t next = 0;
    while (next < lines.size()) {
      size_t count = std::min<size_t>(1 + rng.below(20), lines.size() - next);
      std::string turn;
      for (size_t i = next; i < next + count; ++i) turn += lines[i] + "\n";
      if (next + count == lines.size() && rng.chance(2)) turn.pop_back();
      Arena arena;
      std::unique_ptr<char[]> exact(new char[turn.size()]);  // so that a sanitizer sees reads beyond it
      memcpy(exact.get(), turn.data(), turn.size());
      DecodedTurn decoded = decoder->decode({.bytes = {exact.get(), turn.size()}, .position = 1}, arena);
      std::string refusals;
      for (const RejectedRecord& each : decoded.rejected)
        refusals += std::to_string(each.record) + ": " + each.diagnostic.message + "\n";
      SCOPED_TRACE(refusals);
      size_t block = 0, at = 0, refused = 0, record = 0;
      for (size_t i = next; i < next + count; ++i) {
        if (lines[i].find_first_not_of(" \t\r") == std::string::npos) continue;
        ASSERT_LT(record, decoded.records.size());
        TreeBuilder builder;
        bool good = is_utf8(lines[i]) && lines[i].find_first_not_of(" \t\r") == lines[i].find('{') &&
                    nlohmann::json::sax_parse(lines[i], &builder);
        if (!good) {
          ASSERT_LT(refused, decoded.rejected.size()) << lines[i];
          ASSERT_EQ(decoded.rejected[refused++].record, record) << lines[i];
          ++rejected;
        } else {
          ASSERT_LT(block, decoded.blocks.size()) << lines[i];
          const Block& rows = decoded.blocks[block];
          ASSERT_EQ(rows.record[at], record) << lines[i];
          size_t column = 0;
          for (const DecodeField& field : plan.fields) {
            if (!field.touched) continue;
            Converted expected = convert_field(field, builder.root);
            std::vector<Slot> slots;
            for (size_t leaf = 0; leaf < 1 + leaf_count(field.type); ++leaf)
              slots.push_back(read_slot(rows.columns[column++], static_cast<uint32_t>(at)));
            ASSERT_EQ(static_cast<int>(slots[0].u8), static_cast<int>(expected.fault))
                << field.name << ": " << to_string(field.type) << " in " << lines[i];
            if (expected.fault == ConversionFault::none) {
              Value found = from_slots(field.type, slots.data() + 1);
              ASSERT_TRUE(equal(found, expected.value)) << field.name << " in " << lines[i];
            } else {
              ++faults;
              for (size_t leaf = 1; leaf < slots.size(); ++leaf) ASSERT_EQ(slots[leaf].i128, 0) << lines[i];
            }
          }
          if (++at == rows.rows) {
            at = 0;
            ++block;
          }
          ++accepted;
        }
        ++record;
      }
      ASSERT_EQ(record, decoded.records.size());
      ASSERT_EQ(refused, decoded.rejected.size());
      ASSERT_EQ(block, decoded.blocks.size());
      next += count;
    }
  }
  EXPECT_GT(accepted, 20'000u);
  EXPECT_GT(rejected, 3'000u);
  EXPECT_GT(faults, 10'000u);
}

}  // namespace
}  // namespace braid
