#include "mesh/standards/odcs_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "mesh/standards/script_text.h"
#include "runtime/data/script_text.h"

namespace braid::mesh {
namespace {

const char* logical_word(TypeKind kind) {
  switch (kind) {
    case TypeKind::boolean:
      return "boolean";
    case TypeKind::integer:
      return "integer";
    case TypeKind::floating:
    case TypeKind::decimal:
      return "number";
    case TypeKind::date:
      return "date";
    case TypeKind::time:
      return "time";
    case TypeKind::timestamp:
      return "timestamp";
    case TypeKind::list:
      return "array";
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::json:
      return "object";
    default:
      return "string";
  }
}

/// Of the text of a type of the language.
std::string logical_word_of(std::string_view text) {
  const std::string word = sized_word(text.substr(0, text.find_first_of("<{?"))).word;
  static const std::map<std::string, std::string, std::less<>> kWords{
      {"bool", "boolean"}, {"int", "integer"}, {"float", "number"}, {"decimal", "number"},
      {"date", "date"},    {"time", "time"},   {"list", "array"},   {"timestamp", "timestamp"},
      {"map", "object"},   {"json", "object"}, {"", "object"}};
  const auto found = kWords.find(word);
  return found == kWords.end() ? "string" : found->second;
}

/// Names of types in databases, schemas and warehouses.
const std::map<std::string, std::string>& physical_words() {
  static const std::map<std::string, std::string> words{{"bool", "bool"},
                                                        {"boolean", "bool"},
                                                        {"bit", "bool"},
                                                        {"tinyint", "int"},
                                                        {"smallint", "int"},
                                                        {"int", "int"},
                                                        {"int2", "int"},
                                                        {"int4", "int"},
                                                        {"int8", "int"},
                                                        {"integer", "int"},
                                                        {"bigint", "int"},
                                                        {"int32", "int"},
                                                        {"int64", "int"},
                                                        {"long", "int"},
                                                        {"short", "int"},
                                                        {"serial", "int"},
                                                        {"bigserial", "int"},
                                                        {"float", "float"},
                                                        {"float4", "float"},
                                                        {"float8", "float"},
                                                        {"float64", "float"},
                                                        {"real", "float"},
                                                        {"double", "float"},
                                                        {"double precision", "float"},
                                                        {"string", "string"},
                                                        {"text", "string"},
                                                        {"varchar", "string"},
                                                        {"varchar2", "string"},
                                                        {"nvarchar", "string"},
                                                        {"nvarchar2", "string"},
                                                        {"char", "string"},
                                                        {"nchar", "string"},
                                                        {"character", "string"},
                                                        {"clob", "string"},
                                                        {"citext", "string"},
                                                        {"character varying", "string"},
                                                        {"uuid", "uuid"},
                                                        {"guid", "uuid"},
                                                        {"uniqueidentifier", "uuid"},
                                                        {"date", "date"},
                                                        {"time", "time"},
                                                        {"timestamp", "timestamp"},
                                                        {"timestamptz", "timestamp"},
                                                        {"timestamp_tz", "timestamp"},
                                                        {"timestamp_ntz", "timestamp"},
                                                        {"timestamp_ltz", "timestamp"},
                                                        {"datetime", "timestamp"},
                                                        {"datetime2", "timestamp"},
                                                        {"datetimeoffset", "timestamp"},
                                                        {"timestamp with time zone", "timestamp"},
                                                        {"timestamp without time zone", "timestamp"},
                                                        {"timestamp-millis", "timestamp"},
                                                        {"timestamp-micros", "timestamp"},
                                                        {"interval", "duration"},
                                                        {"duration", "duration"},
                                                        {"bytes", "bytes"},
                                                        {"binary", "bytes"},
                                                        {"varbinary", "bytes"},
                                                        {"bytea", "bytes"},
                                                        {"blob", "bytes"},
                                                        {"raw", "bytes"},
                                                        {"json", "json"},
                                                        {"jsonb", "json"},
                                                        {"variant", "json"},
                                                        {"super", "json"}};
  return words;
}

constexpr int kMostDigits = 38;

/// `numeric(12,2)`; an integer where there is no point and it fits.
std::string sized_number(const SizedWord& word) {
  static const std::set<std::string> kNumbers{"decimal", "numeric", "number", "dec", "bignumeric"};
  if (!kNumbers.contains(word.word) || !word.first) return "";
  const int scale = word.second.value_or(0);
  if (*word.first < 1 || *word.first > kMostDigits || scale < 0 || scale > *word.first) return "";
  constexpr int kDigitsOfInt = 18;
  return scale == 0 && *word.first <= kDigitsOfInt ? "int" : fmt::format("decimal({},{})", *word.first, scale);
}

class TypeReading {
 public:
  TypeReading(const Node& property, const std::string& indent)
      : property_(property),
        indent_(indent),
        logical_(property.text_of("logicalType")),
        physical_(property.text_of("physicalType")) {}

  ScriptType type() {
    const Node* options = property_.find("logicalTypeOptions");
    format_ = options ? options->text_of("format") : "";
    if (exact()) return made_;
    if (logical_.empty()) {
      by_physical_type();
    } else if (logical_ == "object") {
      structure();
    } else if (logical_ == "array") {
      array();
    } else if (logical_ == "map") {
      map();
    } else if (logical_ == "vector") {
      made_.text = "list<float>";
    } else {
      scalar();
    }
    return made_;
  }

 private:
  /// A type as this program writes it, or one with all its digits.
  bool exact() {
    if (is_type_text(physical_) && !physical_.ends_with("?") &&
        (logical_.empty() || logical_word_of(physical_) == logical_ ||
         (logical_ == "map" && physical_.starts_with("map<"))) &&
        !property_.find("properties") && !property_.find("items")) {
      made_.text = physical_;
      return true;
    }
    if (logical_ != "number" && logical_ != "integer" && !logical_.empty()) return false;
    made_.text = sized_number(sized_word(physical_));
    if (logical_ == "number" && made_.text == "int") made_.text.clear();
    return !made_.text.empty();
  }

  void by_physical_type() {
    const auto found = physical_words().find(sized_word(physical_).word);
    if (found != physical_words().end())
      made_.text = found->second;
    else if (property_.find("properties"))
      structure();
    else
      made_.why_not =
          physical_.empty() ? "it has no type" : fmt::format("its type is `{}`, which says nothing here", physical_);
  }

  void scalar() {
    const auto physical = physical_words().find(sized_word(physical_).word);
    const std::string by_physical = physical == physical_words().end() ? "" : physical->second;
    static const std::map<std::string, std::string> kPlain{
        {"boolean", "bool"}, {"date", "date"}, {"time", "time"}, {"timestamp", "timestamp"}};
    if (const auto found = kPlain.find(logical_); found != kPlain.end()) {
      // Until 3.1 a date was all that there was for an instant.
      made_.text = logical_ == "date" && by_physical == "timestamp" ? by_physical : found->second;
    } else if (logical_ == "integer") {
      const bool wide = format_ == "u64" || format_ == "i128" || format_ == "u128";
      made_.text = format_ == "u64" ? "decimal(20,0)" : wide ? "decimal(38,0)" : "int";
      if (wide && format_ != "u64") made_.remark = fmt::format("of `{}`, which has up to 39 digits", format_);
    } else if (logical_ == "number") {
      const SizedWord word = sized_word(physical_);
      const std::string sized = sized_number(word);
      made_.text = sized == "int" ? fmt::format("decimal({},0)", *word.first) : "float";
      if (made_.text == "float" && format_.empty() && by_physical != "float")
        made_.remark = "a guess: the contract does not say how many digits it has";
    } else {
      string(by_physical);
    }
  }

  void string(const std::string& by_physical) {
    if (!enumeration().empty())
      made_.text = enumeration();
    else if (format_ == "uuid" || by_physical == "uuid")
      made_.text = "uuid";
    else if (format_ == "binary" || format_ == "byte" || by_physical == "bytes")
      made_.text = "bytes";
    else if (format_ == "duration" || by_physical == "duration")
      made_.text = "duration";
    else if (by_physical == "json")
      made_.text = "json";
    else
      made_.text = "string";
  }

  /// Of version 3.2, where all values are texts.
  std::string enumeration() const {
    const Node* values = property_.find("enum");
    if (!values || !values->is(Node::Kind::list)) return "";
    std::string symbols;
    for (const Node& each : values->elements) {
      const Node* value = each.is(Node::Kind::map) ? each.find("value") : &each;
      if (!value || !value->is(Node::Kind::text)) return "";
      const std::string name = script_name(value->scalar);
      symbols += fmt::format("{}{}", symbols.empty() ? "" : ", ",
                             name.starts_with('`') || name.empty() ? string_literal(value->scalar) : name);
    }
    return symbols.empty() ? "" : "enum { " + symbols + " }";
  }

  void structure() {
    const Node* properties = property_.find("properties");
    const auto physical = physical_words().find(sized_word(physical_).word);
    if (!properties || properties->elements.empty()) {
      made_.text = "json";
      if (physical == physical_words().end() || physical->second != "json")
        made_.remark = "an object, of which the contract names no property";
      return;
    }
    std::string text = "{\n";
    bool any = false;
    for (const Node& property : properties->elements) {
      const std::string name = script_name(property.text_of("name"));
      const ScriptType type = script_type(property, indent_ + "  ");
      if (name.empty() || type.text.empty()) {
        text += fmt::format("{}  // left out: {}: {}\n", indent_, string_literal(property.text_of("name")),
                            one_line(name.empty() ? "no field can have that name" : type.why_not));
        continue;
      }
      any = true;
      text +=
          fmt::format("{}  {}: {}{},{}\n", indent_, name, type.text, property.text_of("required") == "true" ? "" : "?",
                      type.remark.empty() ? "" : "  // " + type.remark);
    }
    if (any)
      made_.text = text + indent_ + "}";
    else
      made_.why_not = "none of its properties has a type here";
  }

  void array() {
    const Node* items = property_.find("items");
    if (!items || !items->is(Node::Kind::map)) {
      made_.text = "json";
      made_.remark = "a list, of which the contract says no more";
      return;
    }
    const ScriptType element = script_type(*items, indent_);
    made_ = element;
    if (element.text.empty()) return;
    const bool optional = items->text_of("required") == "false";
    made_.text = fmt::format("list<{}{}>", element.text, optional ? "?" : "");
  }

  void map() {
    const Node* parts = property_.find("map");
    const Node* key = parts ? parts->find("key") : nullptr;
    const Node* value = parts ? parts->find("value") : nullptr;
    if (!key || !value) {
      made_.why_not = "a map without `key` and `value`";
      return;
    }
    const ScriptType of_key = script_type(*key, indent_), of_value = script_type(*value, indent_);
    static const std::set<std::string> kKeys{"string", "int", "bool", "uuid", "date", "time", "timestamp", "duration"};
    if (of_value.text.empty() || !kKeys.contains(of_key.text)) {
      made_.why_not = of_value.text.empty() ? of_value.why_not : fmt::format("a map by `{}`", of_key.text);
      return;
    }
    made_.text =
        fmt::format("map<{}, {}{}>", of_key.text, of_value.text, value->text_of("required") == "false" ? "?" : "");
  }

  const Node& property_;
  const std::string& indent_;
  std::string logical_, physical_, format_;
  ScriptType made_;
};

}  // namespace

std::string stable_id(std::string_view name) {
  std::string made;
  for (const char c : name) made += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ? c : '_';
  return made.empty() ? "_" : made;
}

void put_type(Node& property, const Type& type) {
  const Type& plain = without_optional(type);
  property.set("logicalType", logical_word(plain->kind));
  Node options = Node::map();
  switch (plain->kind) {
    case TypeKind::integer:
      options.set("format", "i64");
      break;
    case TypeKind::floating:
      options.set("format", "f64");
      break;
    case TypeKind::timestamp:
      options.set("timezone", Node::boolean(true));
      break;
    case TypeKind::uuid:
      options.set("format", "uuid");
      break;
    case TypeKind::bytes:
      options.set("format", "binary");
      break;
    case TypeKind::duration:
      options.set("format", "duration");
      break;
    default:
      break;
  }
  property.set_if("logicalTypeOptions", std::move(options));
  const bool nested = plain->kind == TypeKind::structure || plain->kind == TypeKind::list;
  if (!nested) property.set("physicalType", to_string(plain));
  property.set("required", Node::boolean(!is_optional(type)));
  if (plain->kind == TypeKind::structure) {
    Node properties = Node::list();
    for (const Field& field : plain->fields) {
      Node one = Node::map();
      one.set("name", field.name);
      put_type(one, field.type);
      properties.add(std::move(one));
    }
    property.set("properties", std::move(properties));
  }
  if (plain->kind == TypeKind::list) {
    Node items = Node::map();
    put_type(items, plain->element);
    property.set("items", std::move(items));
  }
}

ScriptType script_type(const Node& property, const std::string& indent) {
  return TypeReading(property, indent).type();
}

}  // namespace braid::mesh
