#include "mesh/contract/type_json.h"

#include <fmt/format.h>

#include "runtime/base/check.h"

namespace braid::mesh {
namespace {

struct Plain {
  TypeKind kind;
  const char* name;
  Type (*make)();
};

constexpr Plain kPlain[] = {
    {TypeKind::boolean, "bool", bool_type},
    {TypeKind::integer, "int", int_type},
    {TypeKind::floating, "float", float_type},
    {TypeKind::string, "string", string_type},
    {TypeKind::bytes, "bytes", bytes_type},
    {TypeKind::uuid, "uuid", uuid_type},
    {TypeKind::date, "date", date_type},
    {TypeKind::time, "time", time_type},
    {TypeKind::timestamp, "timestamp", timestamp_type},
    {TypeKind::duration, "duration", duration_type},
    {TypeKind::json, "json", json_type},
};

Error no_type(const Json& json) {
  return {.kind = ErrorKind::input, .message = fmt::format("`{}` is no type", json.dump().substr(0, 80))};
}

Result<Type> decimal(const Json& json) {
  if (!json.is_array() || json.size() != 2 || !json[0].is_number_integer() || !json[1].is_number_integer())
    return no_type(json);
  const auto precision = json[0].get<int64_t>(), scale = json[1].get<int64_t>();
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) return no_type(json);
  return decimal_type(static_cast<int>(precision), static_cast<int>(scale));
}

Result<Type> enumeration(const Json& json) {
  if (!json.is_array() || json.empty()) return no_type(json);
  std::vector<std::string> symbols;
  for (const Json& symbol : json) {
    if (!symbol.is_string()) return no_type(json);
    symbols.push_back(symbol.get<std::string>());
  }
  return enum_type(std::move(symbols));
}

Result<Type> read(const Json& json, int depth);

Result<Type> structure(const Json& json, int depth) {
  if (!json.is_array()) return no_type(json);
  std::vector<Field> fields;
  for (const Json& field : json) {
    if (!field.is_object() || !field.contains("name") || !field["name"].is_string() || !field.contains("type"))
      return no_type(field);
    Result<Type> type = read(field["type"], depth + 1);
    if (!type) return type;
    std::string name = field["name"].get<std::string>();
    if (find_field(fields, name) >= 0) return no_type(field);
    fields.push_back({std::move(name), std::move(*type)});
  }
  return struct_type(std::move(fields));
}

Result<Type> map(const Json& json, int depth) {
  if (!json.is_array() || json.size() != 2) return no_type(json);
  Result<Type> key = read(json[0], depth + 1);
  if (!key) return key;
  if (!is_map_key(*key)) return no_type(json);
  Result<Type> value = read(json[1], depth + 1);
  if (!value) return value;
  return map_type(std::move(*key), std::move(*value));
}

Result<Type> read(const Json& json, int depth) {
  if (depth > kMaxTypeNesting) return no_type(json);
  if (json.is_string()) {
    for (const Plain& plain : kPlain)
      if (json.get_ref<const std::string&>() == plain.name) return plain.make();
    return no_type(json);
  }
  if (!json.is_object() || json.size() != 1) return no_type(json);
  const std::string& word = json.begin().key();
  const Json& of = json.begin().value();
  if (word == "decimal") return decimal(of);
  if (word == "enum") return enumeration(of);
  if (word == "struct") return structure(of, depth);
  if (word == "map") return map(of, depth);
  if (word != "list" && word != "optional") return no_type(json);
  Result<Type> element = read(of, depth + 1);
  if (!element) return element;
  return word == "list" ? list_type(std::move(*element)) : optional_type(std::move(*element));
}

}  // namespace

Json type_to_json(const Type& type) {
  for (const Plain& plain : kPlain)
    if (plain.kind == type->kind) return plain.name;
  switch (type->kind) {
    case TypeKind::decimal:
      return {{"decimal", Json::array({type->precision, type->scale})}};
    case TypeKind::enumeration:
      return {{"enum", type->symbols}};
    case TypeKind::list:
      return {{"list", type_to_json(type->element)}};
    case TypeKind::map:
      return {{"map", Json::array({type_to_json(key_of(type)), type_to_json(value_of(type))})}};
    case TypeKind::optional:
      return {{"optional", type_to_json(type->element)}};
    case TypeKind::structure: {
      Json fields = Json::array();
      for (const Field& field : type->fields)
        fields.push_back({{"name", field.name}, {"type", type_to_json(field.type)}});
      return {{"struct", std::move(fields)}};
    }
    default:
      BRAID_UNREACHABLE("a type of the compiler alone");
  }
}

Result<Type> type_of_json(const Json& json) {
  return read(json, 0);
}

}  // namespace braid::mesh
