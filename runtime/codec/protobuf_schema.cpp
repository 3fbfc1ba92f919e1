#include "runtime/codec/protobuf_schema.h"

#include <fmt/format.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <map>
#include <optional>
#include <set>

#include "runtime/base/check.h"
#include "runtime/codec/protobuf_known_files.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

namespace pb = google::protobuf;
using Kind = ProtobufField::Kind;
using Known = ProtobufMessage::Known;

constexpr const char* kRootFile = "braid/schema.proto";

Error wrong(std::string reason) {
  if (reason.ends_with('.')) reason.pop_back();
  return {ErrorKind::input, std::move(reason)};
}

/// The first mistake.
class TextErrors : public pb::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (!first) first = fmt::format("line {}, column {}: {}", line + 1, column + 1, message);
  }
  std::optional<std::string> first;
};

class PoolErrors : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string&, const std::string& element, const pb::Message*, ErrorLocation,
                const std::string& message) override {
    if (!first) first = fmt::format("`{}`: {}", element, message);
  }
  std::optional<std::string> first;
};

/// What is wrong is in results; the library would write it to the standard error as well.
void silence_library() {
  [[maybe_unused]] static pb::LogHandler* const before = pb::SetLogHandler(nullptr);
}

/// Custom options need the files that declare them, and say nothing about bytes.
template <class Options>
void drop_custom_options(Options* options) {
  auto* given = options->mutable_uninterpreted_option();
  for (int i = given->size() - 1; i >= 0; --i) {
    const auto& names = given->Get(i).name();
    if (std::any_of(names.begin(), names.end(), [](const auto& part) { return part.is_extension(); }))
      given->DeleteSubrange(i, 1);
  }
}

void strip(pb::EnumDescriptorProto* type) {
  drop_custom_options(type->mutable_options());
  for (auto& value : *type->mutable_value()) value.clear_options();
}

void strip(pb::DescriptorProto* message) {
  const bool map_entry = message->options().map_entry();
  message->clear_options();
  if (map_entry) message->mutable_options()->set_map_entry(true);
  message->clear_extension();
  for (auto& range : *message->mutable_extension_range()) range.clear_options();
  for (auto& field : *message->mutable_field()) drop_custom_options(field.mutable_options());
  for (auto& choice : *message->mutable_oneof_decl()) choice.clear_options();
  for (auto& type : *message->mutable_enum_type()) strip(&type);
  for (auto& nested : *message->mutable_nested_type()) strip(&nested);
}

/// Text of a `.proto` file, or the descriptor of one in base64, as some clients register it.
Result<pb::FileDescriptorProto> read_file(const std::string& path, std::string_view text) {
  silence_library();
  pb::FileDescriptorProto file;
  std::string bytes;
  if (text.empty() || !parse_base64(text, bytes) || !file.ParseFromString(bytes)) {
    file.Clear();
    TextErrors errors;
    pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    pb::io::Tokenizer tokens(&stream, &errors);
    pb::compiler::Parser parser;
    parser.RecordErrorsTo(&errors);
    if (!parser.Parse(&tokens, &file) || errors.first)
      return wrong((path == kRootFile ? "" : "`" + path + "`, ") + errors.first.value_or("it is not a .proto file"));
  }
  file.set_name(path);
  file.clear_service();
  file.clear_extension();
  file.clear_source_code_info();
  file.clear_options();
  for (auto& type : *file.mutable_enum_type()) strip(&type);
  for (auto& message : *file.mutable_message_type()) strip(&message);
  return file;
}

/// The files of a schema, built one after the other: what a file imports comes before it.
class Files {
 public:
  explicit Files(const std::vector<WriterSchema::Reference>& references) : references_(references) {
    pool_.AllowUnknownDependencies();
  }

  Result<const pb::FileDescriptor*> build(const std::string& path, std::string_view text) {
    if (const pb::FileDescriptor* known = pool_.FindFileByName(path); known != nullptr) return known;
    if (!open_.insert(path).second) return wrong(fmt::format("`{}` imports itself", path));
    BRAID_ASSIGN(const pb::FileDescriptorProto file, read_file(path, text));
    for (const std::string& import : file.dependency()) {
      const std::optional<std::string_view> needed = text_of(import);
      if (!needed) {
        missing_.insert(import);
        continue;
      }
      const auto built = build(import, *needed);
      if (!built.ok()) return built.error();
    }
    PoolErrors errors;
    const pb::FileDescriptor* built = pool_.BuildFileCollectingErrors(file, &errors);
    if (built == nullptr) return wrong(errors.first.value_or("it is not a schema"));
    open_.erase(path);
    return built;
  }

  std::string missing() const { return fmt::format("{}", fmt::join(missing_, "`, `")); }

 private:
  std::optional<std::string_view> text_of(const std::string& path) const {
    for (const WriterSchema::Reference& each : references_)
      if (each.name == path) return each.text;
    if (const std::string_view known = known_protobuf_file(path); !known.empty()) return known;
    return std::nullopt;
  }

  const std::vector<WriterSchema::Reference>& references_;
  pb::DescriptorPool pool_;
  std::set<std::string> open_, missing_;
};

Known known_of(const pb::Descriptor& message) {
  static const std::map<std::string, Known> names{
      {"google.protobuf.Timestamp", Known::timestamp},      {"google.protobuf.Duration", Known::duration},
      {"google.protobuf.DoubleValue", Known::wrapper},      {"google.protobuf.FloatValue", Known::wrapper},
      {"google.protobuf.Int64Value", Known::wrapper},       {"google.protobuf.UInt64Value", Known::wrapper},
      {"google.protobuf.Int32Value", Known::wrapper},       {"google.protobuf.UInt32Value", Known::wrapper},
      {"google.protobuf.BoolValue", Known::wrapper},        {"google.protobuf.StringValue", Known::wrapper},
      {"google.protobuf.BytesValue", Known::wrapper},       {"google.type.Date", Known::date},
      {"google.type.TimeOfDay", Known::time_of_day},        {"google.type.Decimal", Known::decimal_text},
      {"confluent.type.Decimal", Known::confluent_decimal},
  };
  const auto found = names.find(std::string(message.full_name()));
  return found == names.end() ? Known::none : found->second;
}

Kind kind_of(pb::FieldDescriptor::Type type) {
  using D = pb::FieldDescriptor;
  switch (type) {
    case D::TYPE_INT32:
      return Kind::int32;
    case D::TYPE_INT64:
      return Kind::int64;
    case D::TYPE_UINT32:
      return Kind::uint32;
    case D::TYPE_UINT64:
      return Kind::uint64;
    case D::TYPE_SINT32:
      return Kind::sint32;
    case D::TYPE_SINT64:
      return Kind::sint64;
    case D::TYPE_FIXED32:
      return Kind::fixed32;
    case D::TYPE_FIXED64:
      return Kind::fixed64;
    case D::TYPE_SFIXED32:
      return Kind::sfixed32;
    case D::TYPE_SFIXED64:
      return Kind::sfixed64;
    case D::TYPE_BOOL:
      return Kind::boolean;
    case D::TYPE_ENUM:
      return Kind::enumeration;
    case D::TYPE_FLOAT:
      return Kind::float32;
    case D::TYPE_DOUBLE:
      return Kind::float64;
    case D::TYPE_STRING:
      return Kind::string;
    case D::TYPE_BYTES:
      return Kind::bytes;
    case D::TYPE_MESSAGE:
      return Kind::message;
    case D::TYPE_GROUP:
      return Kind::group;
  }
  BRAID_UNREACHABLE("type of a Protobuf field");
}

void set_default(const pb::FieldDescriptor& field, ProtobufField& made) {
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
      made.default_number = field.default_value_int32();
      break;
    case pb::FieldDescriptor::CPPTYPE_INT64:
      made.default_number = field.default_value_int64();
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      made.default_number = field.default_value_uint32();
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      made.default_number = static_cast<int64_t>(field.default_value_uint64());
      break;
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      made.default_number = field.default_value_bool() ? 1 : 0;
      break;
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      made.default_number = field.default_value_enum()->number();
      break;
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      made.default_float = static_cast<double>(field.default_value_float());
      break;
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      made.default_float = field.default_value_double();
      break;
    case pb::FieldDescriptor::CPPTYPE_STRING:
      made.default_text = field.default_value_string();
      break;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
}

/// From descriptors to our own shape.
class Conversion {
 public:
  uint32_t message(const pb::Descriptor& given) {
    const auto [place, is_new] = messages_.emplace(&given, static_cast<uint32_t>(made.messages.size()));
    const uint32_t index = place->second;
    if (!is_new) return index;
    made.messages.emplace_back();
    ProtobufMessage converted;
    converted.name = given.full_name();
    converted.known = known_of(given);
    converted.map_entry = given.options().map_entry();
    if (given.is_placeholder() && unknown.empty()) unknown = given.full_name();
    for (int i = 0; i < given.field_count(); ++i) converted.fields.push_back(field(*given.field(i)));
    for (int i = 0; i < given.reserved_range_count(); ++i)
      converted.reserved.emplace_back(given.reserved_range(i)->start, given.reserved_range(i)->end - 1);
    for (int i = 0; i < given.reserved_name_count(); ++i) converted.reserved_names.push_back(given.reserved_name(i));
    made.messages[index] = std::move(converted);
    return index;
  }

  ProtobufSchema made;
  std::string unknown;  ///< a type that no file has

 private:
  uint32_t enumeration(const pb::EnumDescriptor& given) {
    const auto [place, is_new] = enums_.emplace(&given, static_cast<uint32_t>(made.enums.size()));
    if (!is_new) return place->second;
    if (given.is_placeholder() && unknown.empty()) unknown = given.full_name();
    ProtobufEnum& converted = made.enums.emplace_back();
    converted.name = given.full_name();
    for (int i = 0; i < given.value_count(); ++i)
      converted.symbols.emplace_back(given.value(i)->number(), given.value(i)->name());
    return place->second;
  }

  ProtobufField field(const pb::FieldDescriptor& given) {
    ProtobufField converted;
    converted.kind = kind_of(given.type());
    converted.name = given.name();
    converted.number = static_cast<uint32_t>(given.number());
    converted.repeated = given.is_repeated();
    converted.required = given.is_required();
    converted.has_default = given.has_default_value();
    converted.has_presence = given.has_presence();
    if (const auto* choice = given.real_containing_oneof(); choice != nullptr) converted.oneof = choice->index();
    if (given.message_type() != nullptr) converted.type = message(*given.message_type());
    if (given.enum_type() != nullptr) converted.type = enumeration(*given.enum_type());
    if (!converted.repeated) set_default(given, converted);
    return converted;
  }

  std::map<const pb::Descriptor*, uint32_t> messages_;
  std::map<const pb::EnumDescriptor*, uint32_t> enums_;
};

/// The message of that index among those of a file or a message, without entries of maps.
template <class Owner>
const pb::Descriptor* nth_message(const Owner& owner, int count, const pb::Descriptor* (Owner::*get)(int) const,
                                  int32_t index) {
  for (int i = 0; i < count; ++i) {
    const pb::Descriptor* each = (owner.*get)(i);
    if (!each->options().map_entry() && index-- == 0) return each;
  }
  return nullptr;
}

bool find_indexes(const pb::RepeatedPtrField<pb::DescriptorProto>& messages, const std::string& around,
                  std::string_view name, std::vector<int32_t>& indexes) {
  int32_t index = 0;
  for (const pb::DescriptorProto& each : messages) {
    if (each.options().map_entry()) continue;
    const std::string own = around + each.name();
    indexes.push_back(index++);
    if (own == name || find_indexes(each.nested_type(), own + ".", name, indexes)) return true;
    indexes.pop_back();
  }
  return false;
}

std::string_view word_of(Kind kind) {
  constexpr std::string_view kWords[] = {"int32",   "int64",   "uint32",   "uint64",   "sint32",  "sint64",
                                         "fixed32", "fixed64", "sfixed32", "sfixed64", "bool",    "enum",
                                         "float",   "double",  "string",   "bytes",    "message", "group"};
  return kWords[static_cast<size_t>(kind)];
}

}  // namespace

Result<ProtobufSchema> parse_protobuf_schema(std::string_view text,
                                             const std::vector<WriterSchema::Reference>& references,
                                             const std::vector<int32_t>& message) {
  Files files(references);
  BRAID_ASSIGN(const pb::FileDescriptor* file, files.build(kRootFile, text));
  const pb::Descriptor* root = nullptr;
  for (const int32_t index : message.empty() ? std::vector<int32_t>{0} : message) {
    root = root == nullptr ? nth_message(*file, file->message_type_count(), &pb::FileDescriptor::message_type, index)
                           : nth_message(*root, root->nested_type_count(), &pb::Descriptor::nested_type, index);
    if (root == nullptr) return wrong(fmt::format("it has no message of the indexes {}", fmt::join(message, ", ")));
  }
  Conversion conversion;
  conversion.made.root = conversion.message(*root);
  if (!conversion.unknown.empty())
    return wrong(files.missing().empty()
                     ? fmt::format("it uses the type `{}`, which it does not have", conversion.unknown)
                     : fmt::format("it uses the type `{}`, and its imports `{}` are not among its references",
                                   conversion.unknown, files.missing()));
  return std::move(conversion.made);
}

Result<std::vector<int32_t>> find_protobuf_message(std::string_view text, std::string_view name) {
  BRAID_ASSIGN(const pb::FileDescriptorProto file, read_file(kRootFile, text));
  std::vector<int32_t> indexes;
  std::string_view plain = name;
  if (const std::string package = std::string(file.package()) + "."; name.starts_with(package))
    plain.remove_prefix(package.size());
  if (find_indexes(file.message_type(), "", plain, indexes) || find_indexes(file.message_type(), "", name, indexes))
    return indexes;
  return wrong(fmt::format("it has no message `{}`", name));
}

std::string describe(const ProtobufSchema& schema, const ProtobufField& field) {
  std::string text = field.repeated ? "repeated " : "";
  text += word_of(field.kind);
  if (field.kind == Kind::message || field.kind == Kind::group) {
    const ProtobufMessage& of = schema.messages[field.type];
    if (of.map_entry)
      return fmt::format("map<{}, {}>", describe(schema, of.fields.front()), describe(schema, of.fields.back()));
    text += " `" + of.name + "`";
  }
  if (field.kind == Kind::enumeration) text += " `" + schema.enums[field.type].name + "`";
  return text;
}

}  // namespace braid
