// What a JSON Schema reads of rows that another one describes: the values of the writer must be among the reader's.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/schema/json_schema.h"

namespace braid::schema {
namespace {

using Json = nlohmann::json;

constexpr size_t kDeepest = 128;
const std::set<std::string> kTypes{"null", "boolean", "object", "array", "number", "integer", "string"};
/// Looked at below.
const std::set<std::string> kCompared{"type",
                                      "enum",
                                      "const",
                                      "anyOf",
                                      "oneOf",
                                      "properties",
                                      "required",
                                      "items",
                                      "minimum",
                                      "maximum",
                                      "exclusiveMinimum",
                                      "exclusiveMaximum",
                                      "additionalProperties",
                                      "x-braid-type"};
/// Say nothing about values.
const std::set<std::string> kNotes{"$schema", "$id",      "$comment", "title",     "description",
                                   "default", "examples", "readOnly", "writeOnly", "deprecated"};
const std::set<std::string> kUnknown{"$ref",
                                     "$dynamicRef",
                                     "allOf",
                                     "not",
                                     "if",
                                     "then",
                                     "else",
                                     "dependentSchemas",
                                     "dependentRequired",
                                     "patternProperties",
                                     "propertyNames",
                                     "prefixItems",
                                     "contains",
                                     "unevaluatedProperties",
                                     "unevaluatedItems"};

const Json* at(const Json& node, const char* key) {
  const auto found = node.find(key);
  return found == node.end() ? nullptr : &*found;
}

std::string type_text(const Json& node) {
  if (!node.is_object()) return node.dump();
  if (const Json* braid = at(node, "x-braid-type"); braid && braid->is_string()) return braid->get<std::string>();
  for (const char* key : {"anyOf", "oneOf"})
    if (const Json* branches = at(node, key); branches && branches->is_array()) {
      std::string made;
      for (const Json& each : *branches) made += (made.empty() ? "" : " or ") + type_text(each);
      return made;
    }
  if (const Json* symbols = at(node, "enum")) return "enum " + symbols->dump();
  if (const Json* type = at(node, "type")) {
    if (type->is_string()) return type->get<std::string>();
    std::string made;
    for (const Json& each : *type) made += (made.empty() ? "" : " or ") + each.get<std::string>();
    return made;
  }
  return "anything";
}

/// A union as its branches, one level deep: types in a list are branches too.
std::vector<Json> branches_of(const Json& node) {
  if (!node.is_object()) return {node};
  for (const char* key : {"anyOf", "oneOf"}) {
    const Json* branches = at(node, key);
    if (!branches || !branches->is_array()) continue;
    std::vector<Json> made;
    for (const Json& each : *branches)
      for (Json& branch : branches_of(each)) made.push_back(std::move(branch));
    return made;
  }
  if (const Json* types = at(node, "type"); types && types->is_array()) {
    std::vector<Json> made;
    for (const Json& each : *types) {
      made.push_back(node);
      made.back()["type"] = each;
    }
    return made;
  }
  return {node};
}

bool is_null(const Json& node) {
  const Json* type = node.is_object() ? at(node, "type") : nullptr;
  return type && *type == "null";
}

class Comparison {
 public:
  std::vector<Break> breaks;
  std::string error;

  bool usable(const Json& node, size_t depth = 0) {
    if (depth > kDeepest) return fails("it is nested too deep");
    if (node.is_boolean()) return true;
    if (!node.is_object()) return fails("a schema is an object, found `" + short_text(node) + "`");
    for (const auto& [key, value] : node.items())
      if (kUnknown.contains(key)) return fails("it uses `" + key + "`, which is not compared");
    if (const Json* type = at(node, "type")) {
      for (const Json& each : type->is_array() ? *type : Json::array({*type}))
        if (!each.is_string() || !kTypes.contains(each.get<std::string>()))
          return fails("`" + short_text(each) + "` is not a type of JSON Schema");
    }
    for (const char* key : {"enum", "required"})
      if (const Json* list = at(node, key); list && !list->is_array()) return fails(fmt::format("`{}` is a list", key));
    for (const char* key : {"anyOf", "oneOf"})
      if (const Json* list = at(node, key)) {
        if (!list->is_array() || list->empty()) return fails(fmt::format("`{}` is a list of schemas", key));
        for (const Json& each : *list)
          if (!usable(each, depth + 1)) return false;
      }
    if (const Json* properties = at(node, "properties")) {
      if (!properties->is_object()) return fails("`properties` is an object");
      for (const Json& each : *properties)
        if (!usable(each, depth + 1)) return false;
    }
    const Json* items = at(node, "items");
    return items == nullptr || usable(*items, depth + 1);
  }

  void compare(const Json& reader, const Json& writer, const std::string& path) {
    if (reader == writer) return;
    const std::vector<Json> reads = branches_of(reader), writes = branches_of(writer);
    for (const Json& each : writes) {
      // The branch that takes it; if there is none, what is wrong with the one that is meant.
      std::optional<std::vector<Break>> best;
      for (const Json& candidate : reads) {
        Comparison inner;
        inner.values(candidate, each, path);
        const bool alike = kind_of(candidate) == kind_of(each);
        if (inner.breaks.empty()) {
          best.emplace();
          break;
        }
        if (alike && !best) best = std::move(inner.breaks);
      }
      if (!best && is_null(each))
        best = {{path, BreakKind::optional, type_text(reader), type_text(writer)}};
      else if (!best)
        best = {{path, BreakKind::type, type_text(reader), type_text(writer)}};
      for (Break& one : *best) add(std::move(one));
    }
  }

 private:
  bool fails(std::string message) {
    error = std::move(message);
    return false;
  }
  static std::string short_text(const Json& node) { return node.dump(-1, ' ', true).substr(0, 60); }

  void add(Break one) {
    for (const Break& each : breaks)
      if (each.field == one.field && each.kind == one.kind && each.of_writer == one.of_writer) return;
    breaks.push_back(std::move(one));
  }

  /// "integer" counts as "number": which numbers, the bounds say.
  static std::string kind_of(const Json& node) {
    if (!node.is_object()) return "";
    const Json* type = at(node, "type");
    if (type && type->is_string()) return *type == "integer" ? "number" : type->get<std::string>();
    if (const Json* symbols = at(node, "enum"))
      if (std::all_of(symbols->begin(), symbols->end(), [](const Json& each) { return each.is_string(); }))
        return "string";
    return "";
  }

  /// Neither of the two is a union.
  void values(const Json& reader, const Json& writer, const std::string& path) {
    const auto differs = [&] { add({path, BreakKind::type, type_text(reader), type_text(writer)}); };
    if (reader.is_boolean() ? reader.get<bool>() : reader.empty()) return;
    if (reader.is_boolean() || !writer.is_object()) return differs();
    if (symbols(reader, writer, path)) return;
    const std::string read = kind_of(reader), written = kind_of(writer);
    if (!read.empty() && read != written) return differs();
    if (const Json* type = at(reader, "type"); type && *type == "integer" && *at(writer, "type") != "integer")
      return differs();
    if (!bounds(reader, writer) || scale_of(reader) < scale_of(writer)) return differs();
    for (const auto& [key, value] : reader.items()) {
      if (kCompared.contains(key) || kNotes.contains(key)) continue;
      const Json* same = at(writer, key.c_str());
      if (same == nullptr || *same != value) return differs();
    }
    objects(reader, writer, path);
    if (const Json* items = at(reader, "items")) {
      const Json* elements = at(writer, "items");
      compare(*items, elements ? *elements : Json(true), path + "[]");
    }
  }

  /// Values that are listed; true if that decides it.
  bool symbols(const Json& reader, const Json& writer, const std::string& path) {
    const auto listed = [](const Json& node) -> std::optional<Json> {
      if (const Json* list = at(node, "enum")) return *list;
      if (const Json* one = at(node, "const")) return Json::array({*one});
      return std::nullopt;
    };
    const auto reads = listed(reader);
    if (!reads) return false;
    const auto writes = listed(writer);
    if (!writes) {
      add({path, BreakKind::type, type_text(reader), type_text(writer)});
      return true;
    }
    for (const Json& each : *writes)
      if (std::find(reads->begin(), reads->end(), each) == reads->end())
        add({path, BreakKind::symbol, type_text(reader),
             each.is_string() ? each.get<std::string>() : short_text(each)});
    return true;
  }

  /// Whether the reader's bounds hold for all that the writer's let through.
  static bool bounds(const Json& reader, const Json& writer) {
    for (const bool upper : {false, true}) {
      const auto bound = [&](const Json& node) -> std::optional<std::pair<long double, bool>> {
        const Json* open = at(node, upper ? "exclusiveMaximum" : "exclusiveMinimum");
        const Json* closed = at(node, upper ? "maximum" : "minimum");
        const auto signed_value = [&](const Json& value) {
          const long double exact = value.is_number_unsigned()  ? static_cast<long double>(value.get<uint64_t>())
                                    : value.is_number_integer() ? static_cast<long double>(value.get<int64_t>())
                                                                : static_cast<long double>(value.get<double>());
          return upper ? exact : -exact;
        };
        if (open && open->is_number()) return std::pair(signed_value(*open), true);
        if (closed && closed->is_number()) return std::pair(signed_value(*closed), false);
        return std::nullopt;
      };
      const auto reads = bound(reader), writes = bound(writer);
      if (!reads) continue;
      if (!writes || writes->first > reads->first) return false;
      if (writes->first == reads->first && reads->second && !writes->second) return false;
    }
    return true;
  }

  /// Digits behind the point: of a decimal its own, none of an integer, any number of another.
  static int scale_of(const Json& node) {
    const Json* type = at(node, "type");
    if (type && *type == "integer") return 0;
    const Json* braid = at(node, "x-braid-type");
    int precision = 0, scale = 0;
    if (!braid || !braid->is_string() ||
        std::sscanf(braid->get<std::string>().c_str(), "decimal(%d,%d)", &precision, &scale) != 2)
      return type && *type == "number" ? INT32_MAX : 0;
    return scale;
  }

  void objects(const Json& reader, const Json& writer, const std::string& path) {
    const Json none = Json::object(), nothing = Json::array();
    const auto or_none = [](const Json* json, const Json& other) -> const Json& { return json ? *json : other; };
    const Json& reads = or_none(at(reader, "properties"), none);
    const Json& writes = or_none(at(writer, "properties"), none);
    const Json& needed = or_none(at(reader, "required"), nothing);
    const Json& given = or_none(at(writer, "required"), nothing);
    const auto place = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
    for (const Json& each : needed) {
      if (!each.is_string()) continue;
      const auto name = each.get<std::string>();
      const Json* wanted = at(reads, name.c_str());
      const std::string type = wanted ? type_text(*wanted) : "anything";
      if (const Json* there = at(writes, name.c_str()); there == nullptr)
        add({place(name), BreakKind::missing, type, ""});
      else if (std::find(given.begin(), given.end(), each) == given.end())
        add({place(name), BreakKind::optional, type, type_text(*there)});
    }
    const Json* others = at(reader, "additionalProperties");
    for (const auto& [name, written] : writes.items()) {
      if (const Json* read = at(reads, name.c_str()))
        compare(*read, written, place(name));
      else if (others && others->is_boolean() && !others->get<bool>())
        add({place(name), BreakKind::extra, "", type_text(written)});
      else if (others && others->is_object())
        compare(*others, written, place(name));
    }
    // Values of maps.
    if (const Json* written = at(writer, "additionalProperties");
        others && others->is_object() && written && written->is_object())
      compare(*others, *written, place("*"));
  }
};

}  // namespace

Result<std::vector<Break>> find_json_breaks(std::string_view reader, std::string_view writer) {
  if (reader == writer) return std::vector<Break>{};
  const Json read = Json::parse(reader, nullptr, false), written = Json::parse(writer, nullptr, false);
  Comparison comparison;
  for (const Json* each : {&read, &written}) {
    if (each->is_discarded()) return Error{ErrorKind::input, "it is not JSON"};
    if (!comparison.usable(*each)) return Error{ErrorKind::input, comparison.error};
  }
  comparison.compare(read, written, "");
  return std::move(comparison.breaks);
}

}  // namespace braid::schema
