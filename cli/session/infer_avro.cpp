#include "cli/session/infer_avro.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cli/project/inferred_type.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/avro_schema.h"
#include "runtime/data/decimal.h"
#include "runtime/data/script_text.h"

namespace braid::cli {
namespace {

using Kind = AvroType::Kind;
using Logical = AvroType::Logical;

constexpr int kInferFailed = 7020;

class AvroDeclaration {
 public:
  AvroDeclaration(const AvroSchema& schema, const InferOptions& options) : schema_(schema), options_(options) {
    for (const AvroField& field : schema.type(schema.root).fields) add_field(field);
  }

  bool empty() const { return fields_ == 0; }

  std::string text() const {
    std::string made = fmt::format("/// From the schema of {}; choose time and key.\n", options_.path);
    made += "stream " + options_.stream_name + "\n";
    if (!time_.empty()) made += "  time " + time_ + " within 1m  // a guess: the schema does not say it\n";
    if (!key_.empty()) made += "  key " + key_ + "\n";
    made += "  from file \"" + options_.path + "\" format avro" + (local_ ? "(zone: \"UTC\")" : "") + "\n{\n";
    for (const std::string& line : lines_) made += "  " + line + "\n";
    return made + "}\n";
  }

 private:
  /// A type as a script writes it; `reason` if there is none.
  std::string type_text(uint32_t index, const std::string& indent, std::string& reason) {
    const AvroType& type = schema_.type(index);
    if (type.kind == Kind::choice) return choice_text(index, indent, reason);
    switch (type.logical) {
      case Logical::decimal:
        if (type.precision <= kDecimalDigits) return fmt::format("decimal({},{})", type.precision, type.scale);
        reason = fmt::format("a decimal of {} digits, and the most are {}", type.precision, kDecimalDigits);
        return "";
      case Logical::date:
        return "date";
      case Logical::time_millis:
      case Logical::time_micros:
      case Logical::time_nanos:
        return "time";
      case Logical::local_timestamp_millis:
      case Logical::local_timestamp_micros:
      case Logical::local_timestamp_nanos:
        local_ = true;
        return "timestamp";
      case Logical::timestamp_millis:
      case Logical::timestamp_micros:
      case Logical::timestamp_nanos:
        return "timestamp";
      case Logical::uuid:
        return "uuid";
      case Logical::duration:
      case Logical::duration_micros:
      case Logical::duration_nanos:
        return "duration";
      case Logical::none:
        break;
    }
    switch (type.kind) {
      case Kind::boolean:
        return "bool";
      case Kind::integer:
      case Kind::long_integer:
        return "int";
      case Kind::float32:
      case Kind::float64:
        return "float";
      case Kind::bytes:
      case Kind::fixed:
        return "bytes";
      case Kind::string:
        return "string";
      case Kind::enumeration:
        return enum_text(type);
      case Kind::array: {
        const std::string element = type_text(type.elements[0], indent, reason);
        return element.empty() ? "" : "list<" + element + ">";
      }
      case Kind::record:
        return record_text(index, indent, reason);
      case Kind::map:
        reason = "a map, which no type of a field takes";
        return "";
      case Kind::null:
      case Kind::choice:
        break;
    }
    reason = "it is always null";
    return "";
  }

  std::string choice_text(uint32_t index, const std::string& indent, std::string& reason) {
    const uint32_t one = schema_.without_null(index);
    if (one != index) {
      const std::string inner = type_text(one, indent, reason);
      return inner.empty() ? "" : inner + "?";
    }
    bool null = false, whole = true, numbers = true;
    for (const uint32_t branch : schema_.type(index).elements) {
      const AvroType& type = schema_.type(branch);
      const bool integer = type.kind == Kind::integer || type.kind == Kind::long_integer;
      null |= type.kind == Kind::null;
      if (type.kind == Kind::null) continue;
      whole &= integer;
      numbers &= type.logical == Logical::none && (integer || type.kind == Kind::float32 || type.kind == Kind::float64);
    }
    if (numbers) return std::string(whole ? "int" : "float") + (null ? "?" : "");
    reason = describe(schema_, index);
    return "";
  }

  static std::string enum_text(const AvroType& type) {
    std::vector<std::string> symbols;
    for (const std::string& symbol : type.symbols) symbols.push_back(script_name(symbol));
    return fmt::format("enum {{ {} }}", fmt::join(symbols, ", "));
  }

  std::string record_text(uint32_t index, const std::string& indent, std::string& reason) {
    if (std::find(open_.begin(), open_.end(), index) != open_.end()) {
      reason = fmt::format("`{}` contains itself", schema_.type(index).name);
      return "";
    }
    open_.push_back(index);
    std::string text = "{\n";
    bool any = false;
    for (const AvroField& field : schema_.type(index).fields) {
      std::string why_not;
      const std::string type = type_text(field.type, indent + "  ", why_not);
      any |= !type.empty();
      text += indent + "  " +
              (type.empty() ? fmt::format("// left out: \"{}\": {}", field.name, why_not)
                            : script_name(field.name) + ": " + type + ",") +
              "\n";
    }
    open_.pop_back();
    if (!any) reason = "a record without a field that has a type here";
    return any ? text + indent + "}" : "";
  }

  void add_field(const AvroField& field) {
    std::string reason;
    const std::string name = script_name(field.name), type = type_text(field.type, "  ", reason);
    if (type.empty()) {
      lines_.push_back(fmt::format("// left out: \"{}\": {}", field.name, reason));
      return;
    }
    ++fields_;
    lines_.push_back(name + ": " + type + ",");
    if (type == "timestamp" && time_.empty()) time_ = name;
    const bool is_id = field.name == "id" || field.name.ends_with("_id") || field.name == "key";
    const bool keyed = type.find_first_of("{<?") == std::string::npos && type != "float";
    if (is_id && keyed && key_.empty()) key_ = name;
  }

  const AvroSchema& schema_;
  const InferOptions& options_;
  std::vector<uint32_t> open_;  ///< records whose fields are being written
  std::vector<std::string> lines_;
  std::string time_, key_;
  bool local_ = false;
  int fields_ = 0;
};

}  // namespace

Result<std::string> infer_avro_stream(std::string_view head, const InferOptions& options) {
  auto failed = [](std::string reason) { return Error{ErrorKind::input, std::move(reason), kInferFailed}; };
  const auto header = read_container_header(head);
  if (!header.ok()) return failed(header.error().message);
  if (!*header) return failed("it ends within its header");
  const auto schema = parse_avro_schema((*header)->schema);
  if (!schema.ok()) return failed("its schema cannot be read: " + schema.error().message);
  if (schema->type(schema->root).kind != Kind::record)
    return failed(fmt::format("its values are `{}`, and not records", describe(*schema, schema->root)));
  const AvroDeclaration declaration(*schema, options);
  if (declaration.empty()) return failed("no field of it has a type that the language knows");
  return declaration.text();
}

}  // namespace braid::cli
