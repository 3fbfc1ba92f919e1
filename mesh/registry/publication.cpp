#include "mesh/registry/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "mesh/contract/promise_json.h"
#include "mesh/registry/addresses_json.h"
#include "mesh/registry/content_hash.h"
#include "mesh/registry/signed_json.h"
#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

/// Of the JSON form. A change that old readers would misread raises it.
constexpr int64_t kFormat = 1;

Error wrong(std::string what) {
  return {.kind = ErrorKind::input, .message = std::move(what)};
}

SortedJson products_json(const PublishedProducts& products) {
  SortedJson made = SortedJson::object();
  for (const auto& [name, versions] : products)
    for (const auto& [version, product] : versions) {
      SortedJson& one = made[name][std::to_string(version)] = {
          {"interface", product.interface}, {"minor", product.minor}, {"servers", addresses_json(product.addresses)}};
      if (!product.documents.empty()) one["documents"] = product.documents;
    }
  return made;
}

SortedJson readers_json(const ReadProducts& readers) {
  SortedJson made = SortedJson::object();
  for (const auto& [reader, reads] : readers)
    for (const auto& [product, read] : reads) {
      SortedJson& one = made[reader][product] = {{"interface", read.interface}, {"fields", read.fields}};
      if (!read.exhaustive.empty()) one["exhaustive"] = read.exhaustive;
      if (const SortedJson expects = expectation_to_json(read.expects); !expects.empty()) one["expects"] = expects;
    }
  return made;
}

SortedJson definitions_json(const PublishedDefinitions& definitions) {
  SortedJson made = SortedJson::object();
  for (const auto& [name, one] : definitions)
    made[name] = {{"kind", one.kind}, {"definition", one.definition}, {"minor", one.minor}};
  return made;
}

SortedJson uses_json(const UsedDefinitions& uses) {
  SortedJson made = SortedJson::object();
  for (const auto& [user, used] : uses)
    for (const auto& [name, use] : used) {
      SortedJson& one = made[user][name] = {{"definition", use.definition}, {"fields", use.fields}};
      if (!use.exhaustive.empty()) one["exhaustive"] = use.exhaustive;
    }
  return made;
}

/// All but the signature: what is signed.
SortedJson unsigned_json(const Publication& publication) {
  std::string time = timestamp_text(publication.time_us);
  SortedJson made{{"publication", kFormat},
                  {"sequence", publication.sequence},
                  {"tenant", publication.tenant},
                  {"domain", publication.domain},
                  {"time", time},
                  {"compiler", publication.compiler},
                  {"keys", publication.keys},
                  {"products", products_json(publication.products)},
                  {"readers", readers_json(publication.readers)},
                  {"signer", publication.signer}};
  for (const auto& [name, versions] : publication.retired)
    for (const auto& [version, one] : versions)
      made["retired"][name][std::to_string(version)] = {{"interface", one.interface}, {"minor", one.minor}};
  if (publication.previous) made["previous"] = *publication.previous;
  if (!publication.recovery.empty()) made["recovery"] = publication.recovery;
  if (!publication.definitions.empty()) made["definitions"] = definitions_json(publication.definitions);
  if (!publication.uses.empty()) made["uses"] = uses_json(publication.uses);
  return made;
}

std::string hash_of(const SortedJson& json) {
  std::string hash = json.get<std::string>();
  if (!is_content_hash(hash)) throw std::invalid_argument("`" + hash + "` is not a SHA-256");
  return hash;
}

int64_t version_of(const std::string& text) {
  int64_t version = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (fault != std::errc() || end != text.data() + text.size() || version < 0)
    throw std::invalid_argument("`" + text + "` is not a version");
  return version;
}

/// Throws what the library throws, or invalid_argument; read_publication is the only place that catches.
Publication of_json(const SortedJson& json) {
  if (json.at("publication").get<int64_t>() != kFormat)
    throw std::invalid_argument(fmt::format("its format is not {}", kFormat));
  Publication made;
  if (json.contains("previous")) made.previous = hash_of(json["previous"]);
  made.sequence = json.at("sequence").get<int64_t>();
  made.tenant = json.at("tenant").get<std::string>();
  made.domain = json.at("domain").get<std::string>();
  if (!parse_timestamp(json.at("time").get_ref<const std::string&>(), &made.time_us))
    throw std::invalid_argument("its time cannot be read");
  made.compiler = json.at("compiler").get<std::string>();
  made.keys = json.at("keys").get<std::vector<std::string>>();
  made.signer = json.at("signer").get<std::string>();
  if (json.contains("recovery")) made.recovery = json["recovery"].get<std::string>();
  for (const auto& [name, versions] : json.at("products").items())
    for (const auto& [version, product] : versions.items()) {
      PublishedProduct& one = made.products[name][version_of(version)];
      one = {.interface = hash_of(product.at("interface")),
             .minor = product.at("minor").get<int64_t>(),
             .addresses = addresses_of_json(product.at("servers"))};
      if (product.contains("documents"))
        for (const auto& [form, hash] : product["documents"].items()) one.documents[form] = hash_of(hash);
    }
  if (json.contains("retired"))
    for (const auto& [name, versions] : json["retired"].items())
      for (const auto& [version, one] : versions.items())
        made.retired[name][version_of(version)] = {.interface = hash_of(one.at("interface")),
                                                   .minor = one.at("minor").get<int64_t>()};
  for (const auto& [reader, reads] : json.at("readers").items())
    for (const auto& [product, read] : reads.items()) {
      ReadOfProduct& one = made.readers[reader][product];
      one.interface = hash_of(read.at("interface"));
      one.fields = read.at("fields").get<std::set<std::string>>();
      if (read.contains("exhaustive")) one.exhaustive = read["exhaustive"].get<std::set<std::string>>();
      if (read.contains("expects")) one.expects = expectation_of_json(read["expects"]);
    }
  if (json.contains("definitions"))
    for (const auto& [name, one] : json["definitions"].items())
      made.definitions[name] = {.kind = one.at("kind").get<std::string>(),
                                .definition = hash_of(one.at("definition")),
                                .minor = one.at("minor").get<int64_t>()};
  if (json.contains("uses"))
    for (const auto& [user, used] : json["uses"].items())
      for (const auto& [name, use] : used.items()) {
        UseOfDefinition& one = made.uses[user][name];
        one.definition = hash_of(use.at("definition"));
        one.fields = use.at("fields").get<std::set<std::string>>();
        if (use.contains("exhaustive")) one.exhaustive = use["exhaustive"].get<std::set<std::string>>();
      }
  return made;
}

}  // namespace

nlohmann::json addresses_json(const std::vector<InterfaceAddress>& addresses) {
  SortedJson made = SortedJson::array();
  for (const InterfaceAddress& one : addresses)
    made.push_back({{"environment", one.environment},
                    {"connector", one.connector},
                    {"address", one.address},
                    {"format", one.format}});
  return made;
}

std::vector<InterfaceAddress> addresses_of_json(const nlohmann::json& json) {
  std::vector<InterfaceAddress> made;
  for (const SortedJson& one : json)
    made.push_back({.environment = one.at("environment").get<std::string>(),
                    .connector = one.at("connector").get<std::string>(),
                    .address = one.at("address").get<std::string>(),
                    .format = one.at("format").get<std::string>()});
  return made;
}

std::string version_name(const std::string& product, int64_t version) {
  return fmt::format("{}@{}", product, version);
}

std::optional<std::pair<std::string, int64_t>> parse_version_name(const std::string& name) {
  const size_t at = name.rfind('@');
  if (at == std::string::npos || at == 0) return std::nullopt;
  int64_t version = 0;
  const auto [end, fault] = std::from_chars(name.data() + at + 1, name.data() + name.size(), version);
  if (fault != std::errc() || end != name.data() + name.size() || version < 0) return std::nullopt;
  return std::pair(name.substr(0, at), version);
}

std::string signed_json(const Publication& publication, const DomainKey& key) {
  Publication named = publication;
  named.signer = key.public_name();
  return sign_json(unsigned_json(named), key);
}

Result<Publication> read_publication(const std::string& text) {
  BRAID_ASSIGN(const SignedJson read, read_signed_json(text));
  try {
    Publication made = of_json(read.json);
    if (unsigned_json(made) != read.json) return wrong("it has members that this version does not know");
    if (!read.is_signed_by(made.signer)) return wrong("its signature is wrong");
    return made;
  } catch (const SortedJson::exception& problem) {
    return wrong(fmt::format("it is not as it must be: {}", problem.what()));
  } catch (const std::invalid_argument& problem) {
    return wrong(problem.what());
  }
}

std::set<std::string> objects_of(const Publication& publication) {
  std::set<std::string> names;
  for (const auto& [name, one] : publication.definitions) names.insert(object_name(one.definition));
  for (const auto& [name, versions] : publication.products)
    for (const auto& [version, product] : versions) {
      names.insert(object_name(product.interface));
      for (const auto& [form, hash] : product.documents) names.insert(object_name(hash));
    }
  return names;
}

std::string why_not_next(const Publication& before, const Publication& next) {
  if (before.domain != next.domain) return "the one before it is of another domain";
  if (before.sequence + 1 != next.sequence) return "its number does not follow the one before it";
  if (std::ranges::find(before.keys, next.signer) != before.keys.end()) return {};
  if (before.recovery.empty() || before.recovery != next.signer)
    return "it is signed with a key that the one before it does not allow";
  Publication same = next;
  same.previous = before.previous;
  same.sequence = before.sequence;
  same.time_us = before.time_us;
  same.compiler = before.compiler;
  same.keys = before.keys;
  same.signer = before.signer;
  return same == before ? std::string() : "it is signed with the key for recovery, and changes more than the keys";
}

std::string why_not_first(const Publication& publication) {
  if (publication.sequence != 1 || publication.previous) return "it is the first one, and its number is not 1";
  if (std::ranges::find(publication.keys, publication.signer) == publication.keys.end())
    return "its key is not one that it allows";
  return {};
}

bool is_domain_name(const std::string& name) {
  if (name.empty() || name.size() > 200 || name.front() == '.' || name.back() == '.') return false;
  return name.find("..") == std::string::npos && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

}  // namespace braid::mesh
