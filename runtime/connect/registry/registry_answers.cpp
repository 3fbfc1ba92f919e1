#include "runtime/connect/registry/registry_answers.h"

#include <nlohmann/json.hpp>

namespace braid::registry {
namespace {

using Json = nlohmann::json;

std::optional<std::string> text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<int64_t> number_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

WrongForm lacks(const char* key) {
  return {std::string("the registry's answer has no `") + key + "`"};
}

Json parsed(const std::string& body) {
  return Json::parse(body, nullptr, false);
}

Read<Schema> schema_of(const Json& json) {
  Schema made;
  const auto text = text_of(json, "schema");
  if (!json.is_object() || !text) return lacks("schema");
  made.text = *text;
  if (const auto type = text_of(json, "schemaType")) {
    if (*type == "JSON")
      made.type = SchemaType::json;
    else if (*type == "PROTOBUF")
      made.type = SchemaType::protobuf;
    else if (*type != "AVRO")
      return WrongForm{"the type of the schema, `" + *type + "`, is not known"};
  }
  if (const auto list = json.find("references"); list != json.end() && list->is_array())
    for (const Json& each : *list) {
      const auto name = text_of(each, "name"), subject = text_of(each, "subject");
      const auto version = number_of(each, "version");
      if (!name || !subject || !version) return lacks("references");
      made.references.push_back({*name, *subject, static_cast<int>(*version)});
    }
  return made;
}

/// Texts that are not UTF-8 do not come from a script or a registry; they would only be replaced.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string schema_body(const Schema& schema) {
  Json json{{"schema", schema.text}};
  if (schema.type != SchemaType::avro) json["schemaType"] = word_of(schema.type);
  for (const SchemaReference& each : schema.references)
    json["references"].push_back({{"name", each.name}, {"subject", each.subject}, {"version", each.version}});
  return dumped(json);
}

Read<Schema> read_schema(const std::string& body) {
  return schema_of(parsed(body));
}

Read<SubjectVersion> read_subject_version(const std::string& body) {
  const Json json = parsed(body);
  auto schema = schema_of(json);
  if (!schema.ok()) return schema.error();
  const auto id = number_of(json, "id"), version = number_of(json, "version");
  if (!id) return lacks("id");
  if (!version) return lacks("version");
  return SubjectVersion{text_of(json, "subject").value_or(""), static_cast<int>(*version), *id, std::move(*schema)};
}

Read<std::vector<int>> read_versions(const std::string& body) {
  const Json json = parsed(body);
  std::vector<int> made;
  if (!json.is_array()) return WrongForm{"the registry's answer is not a list of versions"};
  for (const Json& each : json) {
    if (!each.is_number_integer()) return WrongForm{"the registry's answer is not a list of versions"};
    made.push_back(static_cast<int>(each.get<int64_t>()));
  }
  return made;
}

Read<int64_t> read_id(const std::string& body) {
  const Json json = parsed(body);
  if (const auto id = number_of(json, "id")) return *id;
  return lacks("id");
}

std::string level_body(const std::string& level) {
  return dumped(Json{{"compatibility", level}});
}

Read<std::string> read_level(const std::string& body) {
  const Json json = parsed(body);
  if (const auto level = text_of(json, "compatibilityLevel")) return *level;
  if (const auto level = text_of(json, "compatibility")) return *level;
  return lacks("compatibilityLevel");
}

Read<CompatibilityAnswer> read_compatibility(const std::string& body) {
  const Json json = parsed(body);
  const auto compatible = json.find("is_compatible");
  if (!json.is_object() || compatible == json.end() || !compatible->is_boolean()) return lacks("is_compatible");
  CompatibilityAnswer made{compatible->get<bool>(), {}};
  if (const auto messages = json.find("messages"); messages != json.end() && messages->is_array())
    for (const Json& each : *messages)
      if (each.is_string()) made.messages.push_back(each.get<std::string>());
  return made;
}

}  // namespace braid::registry
