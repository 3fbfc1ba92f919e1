#include "mesh/audit/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mesh/registry/content_hash.h"
#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

/// Its objects are sorted by key.
using SortedJson = nlohmann::json;

constexpr std::string_view kWords[] = {
    "io.braid.contract.published", "io.braid.contract.refused",    "io.braid.contract.breached",
    "io.braid.contract.recovered", "io.braid.contract.deprecated", "io.braid.contract.retired",
    "io.braid.access.requested",   "io.braid.access.granted",      "io.braid.access.denied",
    "io.braid.access.revoked",     "io.braid.access.expired",      "io.braid.access.used",
    "io.braid.label.declassified", "io.braid.policy.changed",      "io.braid.erasure.requested",
    "io.braid.erasure.completed",  "io.braid.key.changed"};
static_assert(std::size(kWords) == static_cast<size_t>(AuditType::key_changed) + 1);

/// Extension attributes have lower case letters and digits alone.
SortedJson json_of(const ChainedEvent& chained) {
  std::string time = timestamp_text(chained.event.time_us);
  SortedJson made{{"specversion", "1.0"},
                  {"id", std::to_string(chained.sequence)},
                  {"source", chained.source},
                  {"type", word_of(chained.event.type)},
                  {"time", time},
                  {"subject", chained.event.subject},
                  {"datacontenttype", "application/json"},
                  {"data", chained.event.data}};
  if (!chained.previous.empty()) made["previoushash"] = chained.previous;
  return made;
}

/// Throws what the library throws, or invalid_argument; read_event is the only place that catches.
ChainedEvent of_json(const SortedJson& json) {
  ChainedEvent made;
  made.source = json.at("source").get<std::string>();
  made.sequence = std::stoll(json.at("id").get<std::string>());
  if (json.contains("previoushash")) made.previous = json["previoushash"].get<std::string>();
  const std::string type = json.at("type").get<std::string>();
  const auto known = std::find(std::begin(kWords), std::end(kWords), type);
  if (known == std::end(kWords)) throw std::invalid_argument("`" + type + "` is no type of event");
  made.event.type = static_cast<AuditType>(known - std::begin(kWords));
  if (!parse_timestamp(json.at("time").get_ref<const std::string&>(), &made.event.time_us))
    throw std::invalid_argument("its time cannot be read");
  made.event.subject = json.at("subject").get<std::string>();
  made.event.data = json.at("data").get<std::map<std::string, std::string>>();
  return made;
}

Error wrong(std::string what) {
  return {.kind = ErrorKind::input, .message = std::move(what)};
}

}  // namespace

std::string_view word_of(AuditType type) {
  return kWords[static_cast<size_t>(type)];
}

std::string to_json(const ChainedEvent& event) {
  return json_of(event).dump();
}

Result<ChainedEvent> read_event(const std::string& text) {
  try {
    const SortedJson json = SortedJson::parse(text);
    if (!json.is_object()) return wrong("it is no JSON object");
    ChainedEvent made = of_json(json);
    if (to_json(made) != text) return wrong("it is not in the canonical form");
    return made;
  } catch (const SortedJson::exception& problem) {
    return wrong(fmt::format("it is not as it must be: {}", problem.what()));
  } catch (const std::logic_error& problem) {  // of stoll, too
    return wrong(problem.what());
  }
}

}  // namespace braid::mesh
