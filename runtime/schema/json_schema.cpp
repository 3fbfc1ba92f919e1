#include "runtime/schema/json_schema.h"

#include <nlohmann/json.hpp>

#include "runtime/base/check.h"

namespace braid::schema {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kTime = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?$";
constexpr const char* kDuration =
    "^-?P([0-9]+W|[0-9]+D(T[0-9]+H([0-9]+M)?([0-9]+(\\.[0-9]+)?S)?)?|([0-9]+D)?T([0-9]+H)?([0-9]+M)?"
    "([0-9]+(\\.[0-9]+)?S)?)$";
constexpr const char* kNumber = "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$";

struct Forms {
  bool reads = false;  ///< records that are read; else rows that are written
  TimestampForms timestamps;
};

Json with_braid_type(Json json, const Type& type) {
  json["x-braid-type"] = to_string(type);
  return json;
}

/// 10^digits as JSON has it exactly: a number of 38 digits fits no integer of this machine, but a double to its last
/// bit.
Json power_of_ten(int digits, bool negative) {
  if (digits > 18) return (negative ? -1 : 1) * std::strtod(("1e" + std::to_string(digits)).c_str(), nullptr);
  int64_t value = 1;
  for (int i = 0; i < digits; ++i) value *= 10;
  return negative ? -value : value;
}

Json decimal(const Type& type, const Forms& forms) {
  const int digits = type->precision - type->scale;
  Json number{{"type", "number"},
              {"exclusiveMinimum", power_of_ten(digits, true)},
              {"exclusiveMaximum", power_of_ten(digits, false)}};
  if (!forms.reads) return with_braid_type(number, type);
  Json either{{"anyOf", {number, {{"type", "string"}, {"pattern", kNumber}}}}};
  return with_braid_type(either, type);
}

Json timestamp(const Type& type, const Forms& forms) {
  Json text{{"type", "string"}};
  if (!forms.timestamps.without_zone) text["format"] = "date-time";
  if (!forms.timestamps.numbers) return with_braid_type(text, type);
  return with_braid_type(Json{{"anyOf", {text, {{"type", "number"}}}}}, type);
}

Json schema_of(const Type& type, const Forms& forms);

Json object_of(const std::vector<Field>& fields, const Forms& forms) {
  Json properties = Json::object(), required = Json::array();
  for (const Field& field : fields) {
    properties[field.name] = schema_of(field.type, forms);
    if (!is_optional(field.type)) required.push_back(field.name);
  }
  Json made{{"type", "object"}, {"properties", properties}};
  if (!required.empty()) made["required"] = required;
  return made;
}

Json schema_of(const Type& type, const Forms& forms) {
  switch (type->kind) {
    case TypeKind::boolean:
      return {{"type", "boolean"}};
    case TypeKind::integer:
      return {{"type", "integer"}, {"minimum", INT64_MIN}, {"maximum", INT64_MAX}};
    case TypeKind::floating:
      return {{"anyOf", {{{"type", "number"}}, {{"enum", {"NaN", "Infinity", "-Infinity"}}}}}};
    case TypeKind::decimal:
      return decimal(type, forms);
    case TypeKind::string:
      return {{"type", "string"}};
    case TypeKind::bytes:
      return with_braid_type({{"type", "string"}, {"contentEncoding", "base64"}}, type);
    case TypeKind::uuid:
      return with_braid_type({{"type", "string"}, {"format", "uuid"}}, type);
    case TypeKind::date:
      return with_braid_type({{"type", "string"}, {"format", "date"}}, type);
    case TypeKind::time:
      return with_braid_type({{"type", "string"}, {"pattern", kTime}}, type);
    case TypeKind::timestamp:
      return timestamp(type, forms);
    case TypeKind::duration:
      return with_braid_type({{"type", "string"}, {"pattern", kDuration}}, type);
    case TypeKind::enumeration:
      return {{"type", "string"}, {"enum", type->symbols}};
    case TypeKind::json:
      return with_braid_type(Json::object(), type);
    case TypeKind::list:
      return {{"type", "array"}, {"items", schema_of(type->element, forms)}};
    case TypeKind::map:
      return with_braid_type({{"type", "object"}, {"additionalProperties", schema_of(value_of(type), forms)}}, type);
    case TypeKind::structure:
      return object_of(type->fields, forms);
    case TypeKind::optional:
      return {{"anyOf", {schema_of(type->element, forms), {{"type", "null"}}}}};
    case TypeKind::checked:
      return schema_of(type->element, forms);
    case TypeKind::null:
      return {{"type", "null"}};
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("type of a field");
}

/// Fields by their places: several may stand in one object of the record.
struct Place {
  std::string name;
  std::vector<const SchemaField*> here;
  std::vector<Place> parts;

  Place& part(const std::string& wanted) {
    for (Place& each : parts)
      if (each.name == wanted) return each;
    return parts.emplace_back(Place{wanted, {}, {}});
  }
  bool needed() const {
    for (const SchemaField* each : here)
      if (!each->may_lack && !is_optional(each->type)) return true;
    for (const Place& each : parts)
      if (each.needed()) return true;
    return false;
  }
};

Json schema_of(const Place& place, const Forms& forms) {
  Json all = Json::array();
  for (const SchemaField* each : place.here) {
    Json made = schema_of(each->may_lack ? optional_type(each->type) : each->type, forms);
    if (!each->documentation.empty()) made["description"] = each->documentation;
    all.push_back(std::move(made));
  }
  if (!place.parts.empty()) {
    Json properties = Json::object(), required = Json::array();
    for (const Place& part : place.parts) {
      properties[part.name] = schema_of(part, forms);
      if (part.needed()) required.push_back(part.name);
    }
    Json made{{"type", "object"}, {"properties", properties}};
    if (!required.empty()) made["required"] = required;
    all.push_back(place.needed() ? std::move(made) : Json{{"anyOf", {made, {{"type", "null"}}}}});
  }
  return all.size() == 1 ? all.front() : Json{{"allOf", all}};
}

std::string written(const RowSchema& rows, const Forms& forms, JsonDraft draft) {
  Place root;
  for (const SchemaField& field : rows.fields) {
    Place* place = &root;
    for (const std::string& part : field.path) place = &place->part(part);
    place->here.push_back(&field);
  }
  Json properties = Json::object(), required = Json::array();
  for (const Place& part : root.parts) {
    properties[part.name] = schema_of(part, forms);
    if (part.needed()) required.push_back(part.name);
  }
  Json made{{"$schema", draft == JsonDraft::draft_7 ? "http://json-schema.org/draft-07/schema#"
                                                    : "https://json-schema.org/draft/2020-12/schema"},
            {"title", rows.name + ".v" + std::to_string(rows.version)}};
  if (!rows.documentation.empty()) made["description"] = rows.documentation;
  made["type"] = "object";
  made["properties"] = std::move(properties);
  if (!required.empty()) made["required"] = std::move(required);
  return made.dump(2) + "\n";
}

}  // namespace

std::string json_schema_of_rows(const RowSchema& rows, JsonDraft draft) {
  return written(rows, {}, draft);
}

std::string json_schema_of_records(const RowSchema& records, TimestampForms timestamps) {
  return written(records, {.reads = true, .timestamps = timestamps}, JsonDraft::draft_2020_12);
}

}  // namespace braid::schema
