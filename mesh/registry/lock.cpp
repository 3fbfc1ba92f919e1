#include "mesh/registry/lock.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "mesh/registry/addresses_json.h"
#include "mesh/registry/content_hash.h"
#include "mesh/registry/publication.h"

namespace braid::mesh {
namespace {

constexpr int64_t kFormat = 1;

Error wrong(std::string what) {
  return {.kind = ErrorKind::input, .message = std::move(what)};
}

}  // namespace

std::string lock_text(const Lock& lock) {
  nlohmann::json made{{"lock", kFormat}, {"domains", nlohmann::json::object()}, {"products", nlohmann::json::object()}};
  for (const auto& [name, domain] : lock.domains)
    made["domains"][name] = {{"key", domain.key}, {"sequence", domain.sequence}};
  for (const auto& [name, pin] : lock.products)
    made["products"][name] = {{"version", pin.version},
                              {"minor", pin.minor},
                              {"interface", pin.interface},
                              {"servers", addresses_json(pin.addresses)}};
  for (const auto& [name, pin] : lock.definitions)
    made["definitions"][name] = {{"minor", pin.minor}, {"definition", pin.definition}};
  return made.dump(2) + "\n";
}

Result<Lock> read_lock(const std::string& text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    if (!json.is_object() || json.at("lock") != kFormat) return wrong(fmt::format("its format is not {}", kFormat));
    Lock made;
    for (const auto& [name, domain] : json.at("domains").items())
      made.domains[name] = {.key = domain.at("key").get<std::string>(),
                            .sequence = domain.at("sequence").get<int64_t>()};
    for (const auto& [name, pin] : json.at("products").items()) {
      made.products[name] = {.version = pin.at("version").get<int64_t>(),
                             .minor = pin.at("minor").get<int64_t>(),
                             .interface = pin.at("interface").get<std::string>(),
                             .addresses = addresses_of_json(pin.at("servers"))};
      if (!is_content_hash(made.products[name].interface)) return wrong("the pin of `" + name + "` is not a SHA-256");
    }
    if (json.contains("definitions"))
      for (const auto& [name, pin] : json["definitions"].items()) {
        made.definitions[name] = {.minor = pin.at("minor").get<int64_t>(),
                                  .definition = pin.at("definition").get<std::string>()};
        if (!is_content_hash(made.definitions[name].definition))
          return wrong("the pin of `" + name + "` is not a SHA-256");
      }
    return made;
  } catch (const nlohmann::json::exception& problem) {
    return wrong(fmt::format("it is not as it must be: {}", problem.what()));
  }
}

std::string use_name(const std::string& product, std::optional<int64_t> version) {
  return version ? version_name(product, *version) : product;
}

std::pair<std::string, std::optional<int64_t>> parse_use_name(const std::string& name) {
  if (const auto versioned = parse_version_name(name)) return {versioned->first, versioned->second};
  return {name, std::nullopt};
}

}  // namespace braid::mesh
