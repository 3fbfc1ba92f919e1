#include "runtime/codec/avro_schema.h"

#include <fmt/format.h>

#include <array>
#include <map>

#include <simdjson.h>

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"

namespace braid {
namespace {

using Kind = AvroType::Kind;
using Logical = AvroType::Logical;
using simdjson::dom::element;

constexpr int kMostLevels = 64;
constexpr size_t kMostTypes = 100'000;

constexpr std::array<std::pair<std::string_view, Kind>, 8> kPrimitives = {{{"null", Kind::null},
                                                                           {"boolean", Kind::boolean},
                                                                           {"int", Kind::integer},
                                                                           {"long", Kind::long_integer},
                                                                           {"float", Kind::float32},
                                                                           {"double", Kind::float64},
                                                                           {"bytes", Kind::bytes},
                                                                           {"string", Kind::string}}};

struct LogicalName {
  std::string_view name;
  Logical logical;
  Kind kind;
};
constexpr LogicalName kLogicals[] = {
    {"date", Logical::date, Kind::integer},
    {"time-millis", Logical::time_millis, Kind::integer},
    {"time-micros", Logical::time_micros, Kind::long_integer},
    {"timestamp-millis", Logical::timestamp_millis, Kind::long_integer},
    {"timestamp-micros", Logical::timestamp_micros, Kind::long_integer},
    {"timestamp-nanos", Logical::timestamp_nanos, Kind::long_integer},
    {"local-timestamp-millis", Logical::local_timestamp_millis, Kind::long_integer},
    {"local-timestamp-micros", Logical::local_timestamp_micros, Kind::long_integer},
    {"local-timestamp-nanos", Logical::local_timestamp_nanos, Kind::long_integer},
    {"uuid", Logical::uuid, Kind::string},
    {"uuid", Logical::uuid, Kind::fixed},
    {"duration", Logical::duration, Kind::fixed},
    {"decimal", Logical::decimal, Kind::bytes},
    {"decimal", Logical::decimal, Kind::fixed},
};

/// Names of Kafka Connect and Debezium. What they call a timestamp without zone counts as UTC.
constexpr LogicalName kConnectNames[] = {
    {"io.debezium.time.Date", Logical::date, Kind::integer},
    {"io.debezium.time.Time", Logical::time_millis, Kind::integer},
    {"io.debezium.time.MicroTime", Logical::time_micros, Kind::long_integer},
    {"io.debezium.time.NanoTime", Logical::time_nanos, Kind::long_integer},
    {"io.debezium.time.Timestamp", Logical::timestamp_millis, Kind::long_integer},
    {"io.debezium.time.MicroTimestamp", Logical::timestamp_micros, Kind::long_integer},
    {"io.debezium.time.NanoTimestamp", Logical::timestamp_nanos, Kind::long_integer},
    {"io.debezium.time.MicroDuration", Logical::duration_micros, Kind::long_integer},
    {"io.debezium.time.NanoDuration", Logical::duration_nanos, Kind::long_integer},
    {"org.apache.kafka.connect.data.Date", Logical::date, Kind::integer},
    {"org.apache.kafka.connect.data.Time", Logical::time_millis, Kind::integer},
    {"org.apache.kafka.connect.data.Timestamp", Logical::timestamp_millis, Kind::long_integer},
};

std::string_view kind_name(Kind kind) {
  for (const auto& [name, primitive] : kPrimitives)
    if (primitive == kind) return name;
  switch (kind) {
    case Kind::fixed:
      return "fixed";
    case Kind::enumeration:
      return "enum";
    case Kind::array:
      return "array";
    case Kind::map:
      return "map";
    case Kind::record:
      return "record";
    default:
      return "union";
  }
}

class SchemaParser {
 public:
  Result<AvroSchema> parse(std::string_view text, const std::vector<WriterSchema::Reference>& references) {
    for (const WriterSchema::Reference& each : references) parse_text(each.text);
    schema_.root = parse_text(text);
    if (broken()) return Error{ErrorKind::input, reason_};
    return std::move(schema_);
  }

 private:
  /// The first reason stays. What is returned after it has no meaning.
  uint32_t fail(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
    return 0;
  }
  bool broken() const { return !reason_.empty(); }

  uint32_t parse_text(std::string_view text) {
    simdjson::dom::parser parser;
    element root;
    // A primitive type may stand without quotes where no JSON is expected.
    for (const auto& [name, kind] : kPrimitives)
      if (text == name) return add({.kind = kind});
    const simdjson::padded_string padded(text);
    if (const auto error = parser.parse(padded).get(root))
      return fail(fmt::format("it is not JSON: {}", simdjson::error_message(error)));
    return parse_type(root, "", 0);
  }

  uint32_t add(AvroType type) {
    if (schema_.types.size() == kMostTypes) return fail("it has too many types");
    schema_.types.push_back(std::move(type));
    return static_cast<uint32_t>(schema_.types.size() - 1);
  }

  static std::optional<std::string> text_of(element object, std::string_view key) {
    std::string_view text;
    if (object[key].get(text) != simdjson::SUCCESS) return std::nullopt;
    return std::string(text);
  }
  std::string needed(element object, std::string_view key, std::string_view what) {
    auto found = text_of(object, key);
    if (!found) fail(fmt::format("{} has no `{}`", what, key));
    return found.value_or("");
  }
  std::vector<std::string> texts_of(element object, std::string_view key) {
    std::vector<std::string> texts;
    simdjson::dom::array array;
    if (object[key].get(array) != simdjson::SUCCESS) return texts;
    for (const element each : array) {
      std::string_view text;
      if (each.get(text) != simdjson::SUCCESS) fail(fmt::format("`{}` holds something that is not a text", key));
      texts.emplace_back(text);
    }
    return texts;
  }

  static std::string full_name(const std::string& name, const std::string& space) {
    return name.find('.') != std::string::npos || space.empty() ? name : space + "." + name;
  }

  uint32_t parse_name(std::string_view name, const std::string& space) {
    for (const auto& [primitive, kind] : kPrimitives)
      if (name == primitive) return add({.kind = kind});
    for (const std::string& full : {full_name(std::string(name), space), std::string(name)})
      if (const auto known = named_.find(full); known != named_.end()) return known->second;
    return fail(fmt::format("nothing has the name `{}`", name));
  }

  uint32_t parse_type(element written, const std::string& space, int level) {
    if (level > kMostLevels) return fail(fmt::format("it is nested deeper than {} levels", kMostLevels));
    std::string_view name;
    if (written.get(name) == simdjson::SUCCESS) return parse_name(name, space);
    simdjson::dom::array branches;
    if (written.get(branches) == simdjson::SUCCESS) {
      AvroType made{.kind = Kind::choice};
      for (const element each : branches) {
        made.elements.push_back(parse_type(each, space, level + 1));
        if (broken()) return 0;
        if (schema_.types[made.elements.back()].kind == Kind::choice) return fail("a union stands in a union");
      }
      if (made.elements.empty()) return fail("a union has no branch");
      return add(std::move(made));
    }
    if (!written.is_object()) return fail("a type is neither a name, nor an object, nor a list");
    element inner;
    if (written["type"].get(inner) != simdjson::SUCCESS) return fail("a type has no `type`");
    if (inner.get(name) != simdjson::SUCCESS) return parse_type(inner, space, level + 1);
    if (name == "record" || name == "error") return parse_record(written, space, level);
    if (name == "enum") return parse_enum(written, space);
    if (name == "fixed") return parse_fixed(written, space);
    if (name == "array" || name == "map") {
      const char* key = name == "array" ? "items" : "values";
      element item;
      if (written[key].get(item) != simdjson::SUCCESS) return fail(fmt::format("the type `{}` has no `{}`", name, key));
      AvroType made{.kind = name == "array" ? Kind::array : Kind::map};
      made.elements.push_back(parse_type(item, space, level + 1));
      if (broken()) return 0;
      return add(std::move(made));
    }
    const uint32_t made = parse_name(name, space);
    if (broken()) return 0;
    for (const auto& [primitive, kind] : kPrimitives)
      if (name == primitive) read_logical(written, schema_.types[made]);
    return made;
  }

  /// Its full name, by which others may refer to it from now on.
  std::string declare(element written, const std::string& space, std::string& inner_space, std::string_view what) {
    const std::string name = needed(written, "name", what);
    const std::string full = full_name(name, text_of(written, "namespace").value_or(space));
    const size_t dot = full.rfind('.');
    inner_space = dot == std::string::npos ? "" : full.substr(0, dot);
    const std::string plain = full.starts_with('.') ? full.substr(1) : full;
    if (!named_.emplace(plain, static_cast<uint32_t>(schema_.types.size())).second)
      fail(fmt::format("`{}` is declared twice", plain));
    return plain;
  }

  uint32_t parse_record(element written, const std::string& space, int level) {
    std::string inner_space;
    AvroType made{.kind = Kind::record};
    made.name = declare(written, space, inner_space, "a record");
    const std::string name = made.name;
    const uint32_t index = add(std::move(made));
    simdjson::dom::array fields;
    if (written["fields"].get(fields) != simdjson::SUCCESS)
      return fail(fmt::format("the record `{}` has no `fields`", name));
    std::vector<AvroField> all;
    for (const element each : fields) {
      if (!each.is_object()) return fail(fmt::format("a field of `{}` is not an object", name));
      AvroField field;
      field.name = needed(each, "name", fmt::format("a field of `{}`", name));
      for (const AvroField& other : all)
        if (other.name == field.name) return fail(fmt::format("`{}` has the field `{}` twice", name, field.name));
      field.aliases = texts_of(each, "aliases");
      element type;
      if (each["type"].get(type) != simdjson::SUCCESS)
        return fail(fmt::format("the field `{}` has no `type`", field.name));
      field.type = parse_type(type, inner_space, level + 1);
      if (broken()) return 0;
      element value;
      if (each["default"].get(value) == simdjson::SUCCESS) field.default_json = simdjson::minify(value);
      all.push_back(std::move(field));
    }
    schema_.types[index].fields = std::move(all);
    return index;
  }

  uint32_t parse_enum(element written, const std::string& space) {
    std::string inner_space;
    AvroType made{.kind = Kind::enumeration};
    made.name = declare(written, space, inner_space, "an enum");
    made.symbols = texts_of(written, "symbols");
    made.symbol = text_of(written, "default");
    if (made.symbols.empty()) return fail(fmt::format("the enum `{}` has no symbol", made.name));
    return add(std::move(made));
  }

  uint32_t parse_fixed(element written, const std::string& space) {
    std::string inner_space;
    AvroType made{.kind = Kind::fixed};
    made.name = declare(written, space, inner_space, "a fixed");
    int64_t size = 0;
    if (written["size"].get(size) != simdjson::SUCCESS || size < 0 || size > (int64_t{1} << 30))
      return fail(fmt::format("the fixed `{}` has no `size`", made.name));
    made.size = static_cast<uint32_t>(size);
    read_logical(written, made);
    return add(std::move(made));
  }

  static void read_logical(element written, AvroType& type) {
    const auto name = text_of(written, "logicalType");
    if (!name) return read_connect_name(written, type);
    for (const LogicalName& each : kLogicals) {
      if (each.name != *name || each.kind != type.kind) continue;
      if (each.logical == Logical::uuid && type.kind == Kind::fixed && type.size != 16) return;
      if (each.logical == Logical::duration && type.size != 12) return;
      if (each.logical == Logical::decimal) {
        int64_t precision = 0, scale = 0;
        if (written["precision"].get(precision) != simdjson::SUCCESS || precision < 1) return;
        if (written["scale"].get(scale) == simdjson::SUCCESS && (scale < 0 || scale > precision)) return;
        if (precision > INT32_MAX) return;
        type.precision = static_cast<int>(precision);
        type.scale = static_cast<int>(scale);
      }
      type.logical = each.logical;
      return;
    }
  }

  static void read_connect_name(element written, AvroType& type) {
    const auto name = text_of(written, "connect.name");
    if (!name) return;
    for (const LogicalName& each : kConnectNames)
      if (each.name == *name && each.kind == type.kind) type.logical = each.logical;
  }

  AvroSchema schema_;
  std::string reason_;
  std::map<std::string, uint32_t> named_;
};

}  // namespace

uint32_t AvroSchema::without_null(uint32_t index) const {
  const AvroType& given = types[index];
  if (given.kind != Kind::choice || given.elements.size() != 2) return index;
  for (size_t i = 0; i < 2; ++i)
    if (types[given.elements[i]].kind == Kind::null) return given.elements[1 - i];
  return index;
}

Result<AvroSchema> parse_avro_schema(std::string_view text, const std::vector<WriterSchema::Reference>& references) {
  return SchemaParser().parse(text, references);
}

std::string describe(const AvroSchema& schema, uint32_t index) {
  const AvroType& type = schema.type(index);
  std::string text(kind_name(type.kind));
  switch (type.kind) {
    case Kind::choice:
      text.clear();
      for (const uint32_t branch : type.elements) text += (text.empty() ? "" : " or ") + describe(schema, branch);
      return text;
    case Kind::array:
    case Kind::map:
      return text + " of " + describe(schema, type.elements[0]);
    case Kind::record:
    case Kind::enumeration:
    case Kind::fixed:
      text += " " + type.name;
      break;
    default:
      break;
  }
  if (type.logical == Logical::decimal)
    return text + fmt::format(" (decimal, {} digits, {} behind the point)", type.precision, type.scale);
  for (const LogicalName& each : kLogicals)
    if (each.logical == type.logical) return text + " (" + std::string(each.name) + ")";
  for (const LogicalName& each : kConnectNames)
    if (each.logical == type.logical) return text + " (" + std::string(each.name) + ")";
  return text;
}

}  // namespace braid
