// The decoder against libprotobuf's own parser: random schemas, and records of random fields in any order, repeated,
// split, packed and not, among unknown ones. Then the same with changed bytes. BRAID_SEED repeats a run, BRAID_ROUNDS
// makes it longer.
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>

#include "runtime/base/rng.h"
#include "runtime/codec/fault_report.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/codec/protobuf_wire.h"
#include "runtime/data/value.h"

namespace braid {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

class SchemaText {
 public:
  SchemaText(Rng& rng, bool proto3) : rng_(rng), proto3_(proto3) {}

  std::string file() {
    const std::string body = message("M", 3);
    return std::string("syntax = \"") + (proto3_ ? "proto3" : "proto2") + "\";\n" + body +
           "enum E { ZERO = 0; ONE = 1; TWO = 2; MINUS = -1; LARGE = 1000; }\n";
  }

 private:
  std::string scalar() {
    static constexpr const char* kTypes[] = {"int32",   "int64",   "uint32",   "uint64",   "sint32", "sint64",
                                             "fixed32", "fixed64", "sfixed32", "sfixed64", "bool",   "float",
                                             "double",  "string",  "bytes",    "string",   "E"};
    return kTypes[rng_.below(std::size(kTypes))];
  }

  std::string message(const std::string& name, int depth) {
    std::string nested, fields;
    const uint64_t count = 1 + rng_.below(9);
    uint32_t number = 0;
    for (uint64_t i = 0; i < count; ++i) {
      number += 1 + static_cast<uint32_t>(rng_.chance(10) ? rng_.below(3000) : rng_.below(4));
      const std::string own = "f" + std::to_string(i);
      std::string type = scalar();
      if (depth > 0 && rng_.chance(3)) {
        type = name + "_" + std::to_string(i);
        nested += message(type, depth - 1);
      }
      const uint64_t form = rng_.below(8);
      if (form == 0) {
        static constexpr const char* kKeys[] = {"int32", "string", "bool", "sint64", "fixed32"};
        fields += "map<" + std::string(kKeys[rng_.below(5)]) + ", " + type + "> " + own;
      } else if (form == 1 && i + 1 < count) {
        fields += "oneof o" + std::to_string(i) + " { " + type + " " + own + " = " + std::to_string(number) + "; ";
        number += 1;
        fields += scalar() + " g" + std::to_string(i) + " = " + std::to_string(number) + "; }\n";
        continue;
      } else if (form == 2) {
        fields += "repeated " + type + " " + own;
      } else {
        const bool plain = proto3_ && rng_.chance(2);
        fields += std::string(plain ? "" : "optional ") + type + " " + own;
        if (!proto3_ && rng_.chance(3) && (type == "int32" || type == "sint64")) {
          fields += " = " + std::to_string(number) + " [default = -3];\n";
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

class NoErrors : public pb::io::ErrorCollector {
 public:
  void AddError(int line, int, const std::string& message) override { ADD_FAILURE() << line << ": " << message; }
};

/// The schema as libprotobuf has it.
class Reference {
 public:
  explicit Reference(const std::string& text) {
    pb::FileDescriptorProto file;
    NoErrors errors;
    pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    pb::io::Tokenizer tokens(&stream, &errors);
    pb::compiler::Parser parser;
    parser.RecordErrorsTo(&errors);
    EXPECT_TRUE(parser.Parse(&tokens, &file)) << text;
    file.set_name("reference.proto");
    const pb::FileDescriptor* built = pool_.BuildFile(file);
    EXPECT_NE(built, nullptr) << text;
    root = built->FindMessageTypeByName("M");
  }
  std::unique_ptr<pb::Message> parse(std::string_view bytes) {
    std::unique_ptr<pb::Message> made(factory_.GetPrototype(root)->New());
    return made->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())) ? std::move(made) : nullptr;
  }
  const pb::Descriptor* root = nullptr;

 private:
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
};

// ---- declared types
// ---------------------------------------------------------------------------------------------------

Type type_of(const FieldDescriptor& field, Rng& rng);

Type value_type(const FieldDescriptor& field, Rng& rng) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_FIXED64:
      return decimal_type(20, 0);
    case FieldDescriptor::TYPE_BOOL:
      return bool_type();
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_DOUBLE:
      return float_type();
    case FieldDescriptor::TYPE_STRING:
      return string_type();
    case FieldDescriptor::TYPE_BYTES:
      return bytes_type();
    case FieldDescriptor::TYPE_ENUM:
      return string_type();
    case FieldDescriptor::TYPE_MESSAGE: {
      std::vector<Field> parts;
      for (int i = 0; i < field.message_type()->field_count(); ++i)
        if (i == 0 || field.message_type()->options().map_entry() || !rng.chance(3))
          parts.push_back({field.message_type()->field(i)->name(), type_of(*field.message_type()->field(i), rng)});
      return struct_type(parts);
    }
    default:
      return int_type();
  }
}

bool is_optional_field(const FieldDescriptor& field) {
  if (field.containing_type()->options().map_entry()) return false;
  return field.has_presence() && !field.has_default_value();
}

Type type_of(const FieldDescriptor& field, Rng& rng) {
  const Type value = value_type(field, rng);
  if (field.is_repeated()) return list_type(value);
  return is_optional_field(field) ? optional_type(value) : value;
}

bool is_map_entry(const Type& type) {
  return is(type, TypeKind::structure) && type->fields.size() == 2 && type->fields[0].name == "key";
}

/// Lists of entries of maps in one order.
std::string joined(std::vector<std::string> elements, bool sorted) {
  if (sorted) std::sort(elements.begin(), elements.end());
  return fmt::format("[{}]", fmt::join(elements, ","));
}

// ---- what the decoder read
// --------------------------------------------------------------------------------------------

std::string found_text(const Type& type, const Slot* slots) {
  if (is_optional(type)) return slots->u8 == 0 ? "null" : found_text(type->element, slots + 1);
  if (is(type, TypeKind::list)) {
    std::vector<std::string> elements;
    for (uint64_t i = 0; i < slots->list.count; ++i)
      elements.push_back(found_text(type->element, slots->list.items + i * leaf_count(type->element)));
    return joined(std::move(elements), is_map_entry(type->element));
  }
  std::string text;
  if (!is(type, TypeKind::structure)) {
    append_json(type, slots, text);
    return text;
  }
  for (const Field& part : type->fields) {
    text += (text.empty() ? "{" : ",") + part.name + ":" + found_text(part.type, slots);
    slots += leaf_count(part.type);
  }
  return text + "}";
}

// ---- what libprotobuf read
// --------------------------------------------------------------------------------------------

std::string message_text(const pb::Message& message, const Type& type);

std::string number_text(int128 value) {
  std::string text;
  append_json(decimal_type(38, 0), std::array{slot_i128(value)}.data(), text);
  return text;
}

std::string value_text(const pb::Message& message, const FieldDescriptor& field, const Type& type, int index) {
  const pb::Reflection& of = *message.GetReflection();
  const bool list = index >= 0;
  std::string text;
  auto put = [&](const Type& as, const Slot& slot) { append_json(as, &slot, text); };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return number_text(list ? of.GetRepeatedInt32(message, &field, index) : of.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return number_text(list ? of.GetRepeatedInt64(message, &field, index) : of.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return number_text(list ? of.GetRepeatedUInt32(message, &field, index) : of.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return number_text(int128{list ? of.GetRepeatedUInt64(message, &field, index) : of.GetUInt64(message, &field)});
    case FieldDescriptor::CPPTYPE_BOOL:
      put(bool_type(), slot_u8(list ? of.GetRepeatedBool(message, &field, index) : of.GetBool(message, &field)));
      return text;
    case FieldDescriptor::CPPTYPE_FLOAT:
      put(float_type(), slot_f64(static_cast<double>(list ? of.GetRepeatedFloat(message, &field, index)
                                                          : of.GetFloat(message, &field))));
      return text;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      put(float_type(), slot_f64(list ? of.GetRepeatedDouble(message, &field, index) : of.GetDouble(message, &field)));
      return text;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* symbol = list ? of.GetRepeatedEnum(message, &field, index) : of.GetEnum(message, &field);
      put(string_type(), slot_bytes(symbol->name()));
      return text;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string bytes = list ? of.GetRepeatedString(message, &field, index) : of.GetString(message, &field);
      put(field.type() == FieldDescriptor::TYPE_BYTES ? bytes_type() : string_type(), slot_bytes(bytes));
      return text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_text(list ? of.GetRepeatedMessage(message, &field, index) : of.GetMessage(message, &field), type);
  }
  return text;
}

std::string field_text(const pb::Message& message, const FieldDescriptor& field, const Type& type) {
  if (field.is_repeated()) {
    std::vector<std::string> elements;
    std::map<std::string, std::string> entries;  // the last one of each key
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
      std::string text = value_text(message, field, type->element, i);
      if (field.is_map()) {
        const pb::Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
        entries[value_text(entry, *entry.GetDescriptor()->FindFieldByNumber(1), {}, -1)] = std::move(text);
      } else {
        elements.push_back(std::move(text));
      }
    }
    for (auto& [key, text] : entries) elements.push_back(std::move(text));
    return joined(std::move(elements), field.is_map());
  }
  if (is_optional_field(field) && !message.GetReflection()->HasField(message, &field)) return "null";
  return value_text(message, field, without_optional(type), -1);
}

std::string message_text(const pb::Message& message, const Type& type) {
  std::string text;
  for (const Field& part : type->fields)
    text += (text.empty() ? "{" : ",") + part.name + ":" +
            field_text(message, *message.GetDescriptor()->FindFieldByName(part.name), part.type);
  return text + "}";
}

// ---- records
// ----------------------------------------------------------------------------------------------------------

void append_payload(const FieldDescriptor& field, Rng& rng, std::string& out) {
  const uint64_t bits = rng.chance(4) ? rng.next() : rng.next() >> rng.below(64);
  switch (field.type()) {
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
    case FieldDescriptor::TYPE_FLOAT:
      out.append(reinterpret_cast<const char*>(&bits), 4);
      return;
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
    case FieldDescriptor::TYPE_DOUBLE:
      out.append(reinterpret_cast<const char*>(&bits), 8);
      return;
    case FieldDescriptor::TYPE_ENUM: {
      static constexpr int64_t kNumbers[] = {0, 1, 2, -1, 1000};
      return append_wire_varint(out, static_cast<uint64_t>(kNumbers[rng.below(5)]));
    }
    default:
      append_wire_varint(out, bits);
  }
}

WireType wire_of(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
    case FieldDescriptor::TYPE_FLOAT:
      return WireType::fixed32;
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
    case FieldDescriptor::TYPE_DOUBLE:
      return WireType::fixed64;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return WireType::sized;
    default:
      return WireType::varint;
  }
}

void append_sized(uint32_t number, std::string_view bytes, std::string& out) {
  append_wire_tag(out, number, WireType::sized);
  append_wire_varint(out, bytes.size());
  out += bytes;
}

std::string random_message(const pb::Descriptor& type, Rng& rng, int depth) {
  std::string out;
  const uint64_t fields = rng.below(depth > 2 ? 14 : 5);
  for (uint64_t i = 0; i < fields; ++i) {
    if (rng.chance(12)) {
      // Nobody knows these.
      const auto number = static_cast<uint32_t>(20'000 + rng.below(50));
      append_wire_tag(out, number, WireType::group);
      append_wire_tag(out, 3, WireType::varint);
      append_wire_varint(out, rng.next());
      append_wire_tag(out, number, WireType::end_group);
      append_sized(number + 1, "xyz", out);
      continue;
    }
    const FieldDescriptor& field = *type.field(static_cast<int>(rng.below(static_cast<uint64_t>(type.field_count()))));
    const auto number = static_cast<uint32_t>(field.number());
    if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      append_sized(number, depth > 0 ? random_message(*field.message_type(), rng, depth - 1) : "", out);
    } else if (wire_of(field) == WireType::sized) {
      std::string text;
      for (uint64_t size = rng.below(12); size > 0; --size) text += static_cast<char>(' ' + rng.below(90));
      append_sized(number, text, out);
    } else if (field.is_repeated() && rng.chance(2)) {
      std::string packed;
      for (uint64_t size = rng.below(5); size > 0; --size) append_payload(field, rng, packed);
      append_sized(number, packed, out);
    } else {
      append_wire_tag(out, number, wire_of(field));
      append_payload(field, rng, out);
    }
  }
  return out;
}

// ---- the comparison
// ---------------------------------------------------------------------------------------------------

struct Read {
  std::string text;      ///< of the row
  std::string rejected;  ///< why it is none
  bool faults = false;
};

Read read(Decoder& decoder, const DecodePlan& plan, std::string_view record) {
  std::unique_ptr<char[]> exact(new char[record.size()]);
  std::copy(record.begin(), record.end(), exact.get());
  const MessageInput message{.value = {exact.get(), record.size()}};
  Arena arena;
  const DecodedTurn turn = decoder.decode({.messages = {&message, 1}}, arena);
  if (!turn.rejected.empty()) return {.text = "", .rejected = turn.rejected[0].diagnostic.message};
  Read made;
  size_t leaf = 0;
  for (const DecodeField& field : plan.fields) {
    const uint8_t fault = read_slot(turn.blocks[0].columns[leaf++], 0).u8;
    std::vector<Slot> slots;
    for (size_t i = 0; i < leaf_count(field.type); ++i) slots.push_back(read_slot(turn.blocks[0].columns[leaf++], 0));
    made.faults |= fault != 0;
    if (fault != 0) {
      EXPECT_FALSE(describe_fault(plan, field, static_cast<ConversionFault>(fault), message.value).message.empty());
      continue;
    }
    made.text += fmt::format("{}={}\n", field.name, found_text(field.type, slots.data()));
  }
  return made;
}

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(ProtobufReference, TheDecoderReadsWhatLibprotobufReads) {
  const uint64_t seed = from_environment("BRAID_SEED", 20'261'129), rounds = from_environment("BRAID_ROUNDS", 300);
  std::printf("seed %llu; again with BRAID_SEED=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seed));
  size_t equal = 0, rejected_by_both = 0, other = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    Rng rng(seed + round);
    const std::string schema = SchemaText(rng, !rng.chance(3)).file();
    SCOPED_TRACE("seed " + std::to_string(seed + round) + "\n" + schema);
    Reference reference(schema);
    DecodePlan plan{.format = Format::protobuf};
    plan.bare_schema = schema;
    std::vector<std::vector<const FieldDescriptor*>> paths;
    for (int i = 0; i < reference.root->field_count(); ++i) {
      const FieldDescriptor* field = reference.root->field(i);
      if (rng.chance(5)) continue;
      plan.fields.push_back({field->name(), {field->name()}, type_of(*field, rng)});
      paths.push_back({field});
      if (field->type() != FieldDescriptor::TYPE_MESSAGE || field->is_repeated()) continue;
      // And a field of it by its path, which is null where the message is not.
      const FieldDescriptor* inner = field->message_type()->field(0);
      Type type = type_of(*inner, rng);
      plan.fields.push_back(
          {"x" + field->name(), {field->name(), inner->name()}, is_optional(type) ? type : optional_type(type)});
      paths.push_back({field, inner});
    }
    if (plan.fields.empty()) continue;
    const Status fits = check_protobuf_schema(plan, schema, "");
    ASSERT_TRUE(fits.ok()) << fits.error().message;
    const auto decoder = make_decoder(plan);
    for (int record = 0; record < 40; ++record) {
      std::string bytes = random_message(*reference.root, rng, 4);
      const bool changed = record >= 20;
      if (changed && !bytes.empty()) {
        if (rng.chance(3))
          bytes.resize(rng.below(bytes.size()));
        else
          for (uint64_t n = 1 + rng.below(3); n > 0; --n)
            bytes[rng.below(bytes.size())] = static_cast<char>(rng.next());
      }
      const std::unique_ptr<pb::Message> message = reference.parse(bytes);
      const Read found = read(*decoder, plan, bytes);
      if (!changed) {
        ASSERT_NE(message, nullptr);
        ASSERT_EQ(found.rejected, "");
        ASSERT_FALSE(found.faults);
      } else if (message == nullptr || !found.rejected.empty() || found.faults) {
        // Broken parts that nobody reads are passed; texts that are not UTF-8 and unknown symbols are faults.
        ++(message == nullptr && !found.rejected.empty() ? rejected_by_both : other);
        continue;
      }
      std::string expected;
      for (size_t i = 0; i < plan.fields.size(); ++i) {
        const pb::Message* in = message.get();
        for (size_t depth = 0; in != nullptr && depth + 1 < paths[i].size(); ++depth) {
          const auto* of = in->GetReflection();
          in = of->HasField(*in, paths[i][depth]) ? &of->GetMessage(*in, paths[i][depth]) : nullptr;
        }
        const FieldDescriptor& last = *paths[i].back();
        expected += fmt::format("{}={}\n", plan.fields[i].name,
                                in == nullptr ? "null" : field_text(*in, last, without_optional(plan.fields[i].type)));
      }
      ASSERT_EQ(found.text, expected) << "record " << record << (changed ? ", changed" : "");
      ++equal;
    }
  }
  std::printf("%zu records equal, %zu rejected by both, %zu by one of them\n", equal, rejected_by_both, other);
  EXPECT_GT(equal, rounds * 20);
  EXPECT_GT(rejected_by_both, rounds);
}

}  // namespace
}  // namespace braid
