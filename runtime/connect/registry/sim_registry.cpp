#include "runtime/connect/registry/sim_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "runtime/base/rng.h"
#include "runtime/connect/registry/registry_answers.h"

namespace braid::registry {
namespace {

using Json = nlohmann::json;

HttpAnswer answered(const Json& json) {
  return {200, json.dump(), std::nullopt};
}

HttpAnswer fault(int status, int code, const std::string& message) {
  return {status, Json{{"error_code", code}, {"message", message}}.dump(), std::nullopt};
}

std::string unescaped(std::string_view part) {
  std::string made;
  for (size_t i = 0; i < part.size(); ++i) {
    unsigned value = 0;
    if (part[i] == '%' && i + 2 < part.size()) {
      std::from_chars(part.data() + i + 1, part.data() + i + 3, value, 16);
      made += static_cast<char>(value);
      i += 2;
    } else {
      made += part[i];
    }
  }
  return made;
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t end = std::min(path.find('/'), path.size());
    parts.push_back(unescaped(path.substr(0, end)));
    path.remove_prefix(end);
  }
  return parts;
}

bool same(const Schema& a, const Schema& b) {
  return a.type == b.type && a.text == b.text &&
         std::equal(a.references.begin(), a.references.end(), b.references.begin(), b.references.end(),
                    [](const SchemaReference& x, const SchemaReference& y) {
                      return x.name == y.name && x.subject == y.subject && x.version == y.version;
                    });
}

}  // namespace

bool SimRegistry::Subject::deleted() const {
  return std::all_of(versions.begin(), versions.end(), [](const Version& each) { return each.deleted; });
}

Guid SimRegistry::guid_of(int64_t id) {
  Guid made;
  for (size_t i = 0; i < made.size(); ++i)
    made[i] = static_cast<uint8_t>(hash_mix(static_cast<uint64_t>(id), i / 8) >> (8 * (i % 8)));
  return made;
}

HttpAnswer SimRegistry::answer(HttpMethod method, const std::string& path, const std::string& body,
                               const std::vector<std::string>& headers) {
  ++requests_;
  const std::string needed = "Authorization: " + settings_.authorization;
  if (!settings_.authorization.empty() && std::find(headers.begin(), headers.end(), needed) == headers.end())
    return fault(401, 401, "Unauthorized");
  const size_t question = std::min(path.find('?'), path.size());
  const std::string query = question < path.size() ? path.substr(question + 1) : "";
  const std::vector<std::string> parts = parts_of(std::string_view(path).substr(0, question));
  if (parts.size() == 3 && parts[0] == "schemas" && parts[1] == "ids") {
    const auto id = static_cast<size_t>(std::atoll(parts[2].c_str()));
    if (id < 1 || id > schemas_.size()) return fault(404, 40403, "Schema " + parts[2] + " not found");
    return {200, schema_text(static_cast<int64_t>(id)), std::nullopt};
  }
  if (parts.size() == 3 && parts[0] == "schemas" && parts[1] == "guids" && settings_.knows_guids) {
    for (size_t id = 1; id <= schemas_.size(); ++id)
      if (to_text(guid_of(static_cast<int64_t>(id))) == parts[2])
        return {200, schema_text(static_cast<int64_t>(id)), std::nullopt};
    return fault(404, 40403, "Schema " + parts[2] + " not found");
  }
  if (!parts.empty() && parts[0] == "subjects") return subjects(method, parts, query, body);
  if (parts.size() >= 4 && parts[0] == "compatibility" && method == HttpMethod::post) return compatibility(parts, body);
  if (parts.size() == 2 && parts[0] == "config") return config(method, parts[1], body);
  return {404, "", std::nullopt};
}

std::string SimRegistry::schema_text(int64_t id) const {
  return schema_body(schemas_[static_cast<size_t>(id - 1)]);
}

HttpAnswer SimRegistry::subjects(HttpMethod method, const std::vector<std::string>& parts, const std::string& query,
                                 const std::string& body) {
  const bool deleted_too = query.find("deleted=true") != std::string::npos;
  if (parts.size() == 1) {
    Json names = Json::array();
    for (const auto& [name, subject] : subjects_)
      if (!subject.deleted()) names.push_back(name);
    return answered(names);
  }
  const std::string& name = parts[1];
  if (method == HttpMethod::remove) return remove(name, query.find("permanent=true") != std::string::npos);
  if (method == HttpMethod::post && parts.size() == 3) return add(name, body);
  const auto found = subjects_.find(name);
  if (found == subjects_.end() || (found->second.deleted() && !deleted_too))
    return fault(404, 40401, "Subject '" + name + "' not found.");
  if (parts.size() == 4) return version(name, parts[3], deleted_too);
  Json numbers = Json::array();
  for (size_t i = 0; i < found->second.versions.size(); ++i)
    if (!found->second.versions[i].deleted || deleted_too) numbers.push_back(i + 1);
  return answered(numbers);
}

HttpAnswer SimRegistry::version(const std::string& name, const std::string& number, bool deleted_too) {
  const Subject& subject = subjects_[name];
  auto index = static_cast<size_t>(std::atoll(number.c_str()));
  if (number == "latest")
    for (size_t i = 0; i < subject.versions.size(); ++i)
      if (!subject.versions[i].deleted || deleted_too) index = i + 1;
  if (index < 1 || index > subject.versions.size() || (subject.versions[index - 1].deleted && !deleted_too))
    return fault(404, 40402, "Version " + number + " not found.");
  const int64_t id = subject.versions[index - 1].id;
  Json json = Json::parse(schema_text(id));
  json["subject"] = name;
  json["version"] = index;
  json["id"] = id;
  return answered(json);
}

HttpAnswer SimRegistry::add(const std::string& name, const std::string& body) {
  auto read = read_schema(body);
  if (!read.ok()) return fault(422, 42201, read.error().message);
  if (read->type != SchemaType::protobuf && !Json::accept(read->text))
    return fault(422, 42201, "the schema is not JSON");
  for (const SchemaReference& each : read->references) {
    const auto found = subjects_.find(each.subject);
    if (found == subjects_.end() || each.version < 1 ||
        static_cast<size_t>(each.version) > found->second.versions.size())
      return fault(422, 42201, "reference `" + each.name + "` not found");
  }
  const auto known =
      std::find_if(schemas_.begin(), schemas_.end(), [&](const Schema& each) { return same(each, *read); });
  const int64_t id = known - schemas_.begin() + 1;
  Subject& subject = subjects_[name];
  for (const Version& each : subject.versions)
    if (each.id == id && !each.deleted) return answered({{"id", id}});
  const std::vector<std::string> broken = differences(name, *read, false);
  if (!broken.empty()) return fault(409, 409, fmt::format("{}", fmt::join(broken, "; ")));
  if (known == schemas_.end()) schemas_.push_back(*read);
  subject.versions.push_back({id});
  return answered({{"id", id}});
}

HttpAnswer SimRegistry::remove(const std::string& name, bool for_good) {
  const auto found = subjects_.find(name);
  if (found == subjects_.end() || (found->second.deleted() && !for_good))
    return fault(404, 40401, "Subject '" + name + "' not found.");
  Json numbers = Json::array();
  for (size_t i = 0; i < found->second.versions.size(); ++i) numbers.push_back(i + 1);
  if (for_good && !found->second.deleted()) return fault(404, 40405, "Subject '" + name + "' was not deleted first");
  for (Version& each : found->second.versions) each.deleted = true;
  if (for_good) subjects_.erase(found);
  return answered(numbers);
}

std::string SimRegistry::level_of(const std::string& name) const {
  const auto found = subjects_.find(name);
  if (found != subjects_.end() && found->second.level) return *found->second.level;
  return schema::registry_word_of(settings_.level);
}

std::vector<std::string> SimRegistry::differences(const std::string& name, const Schema& schema, bool latest) const {
  const schema::FindBreaks find_breaks = schema.type == SchemaType::avro   ? settings_.avro
                                         : schema.type == SchemaType::json ? settings_.json
                                                                           : nullptr;
  std::string word = level_of(name);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c == '_' ? c : static_cast<char>(c | 0x20); });
  const auto level = schema::compatibility_of(word);
  const auto found = subjects_.find(name);
  if (find_breaks == nullptr || !level || found == subjects_.end()) return {};
  std::vector<std::string> earlier;
  for (const Version& each : found->second.versions)
    if (!each.deleted) earlier.push_back(schemas_[static_cast<size_t>(each.id - 1)].text);
  if (latest && !earlier.empty()) earlier.erase(earlier.begin(), earlier.end() - 1);
  const auto broken = schema::broken_readers(*level, schema.text, earlier, find_breaks);
  if (!broken.ok()) return {broken.error().message};
  std::vector<std::string> messages;
  for (const schema::BrokenReader& each : *broken) messages.push_back(schema::to_text(each));
  return messages;
}

HttpAnswer SimRegistry::compatibility(const std::vector<std::string>& parts, const std::string& body) {
  const std::string& name = parts[2];
  if (!subjects_.contains(name)) return fault(404, 40401, "Subject '" + name + "' not found.");
  auto read = read_schema(body);
  if (!read.ok()) return fault(422, 42201, read.error().message);
  const std::vector<std::string> broken = differences(name, *read, parts.size() == 5);
  Json json{{"is_compatible", broken.empty()}};
  if (settings_.verbose) json["messages"] = broken;
  return answered(json);
}

HttpAnswer SimRegistry::config(HttpMethod method, const std::string& name, const std::string& body) {
  if (method == HttpMethod::get) return answered({{"compatibilityLevel", level_of(name)}});
  const auto level = read_level(body);
  if (!level.ok()) return fault(422, 42203, "no level");
  std::string word = *level;
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c == '_' ? c : static_cast<char>(c | 0x20); });
  if (!schema::compatibility_of(word)) return fault(422, 42203, "Invalid compatibility level: " + *level);
  subjects_[name].level = *level;
  return answered({{"compatibility", *level}});
}

}  // namespace braid::registry
