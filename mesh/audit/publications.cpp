#include "mesh/audit/publications.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/ranges.h>

namespace braid::mesh {
namespace {

AuditEvent event_of(AuditType type, const StoredPublication& stored, const std::string& product, int64_t version) {
  const Publication& publication = stored.publication;
  return {.type = type,
          .time_us = publication.time_us,
          .subject = urn_of(publication.tenant, publication.domain, product, version),
          .data = {{"publication", stored.hash},
                   {"sequence", std::to_string(publication.sequence)},
                   {"signer", publication.signer}}};
}

/// What the publication changes; `before` is the one before it, null for the first.
void add_events(const StoredPublication& stored, const Publication* before, std::vector<AuditEvent>& events) {
  const auto find = [](const Publication* publication, const std::string& name,
                       int64_t version) -> const PublishedProduct* {
    if (publication == nullptr) return nullptr;
    const auto versions = publication->products.find(name);
    if (versions == publication->products.end()) return nullptr;
    const auto product = versions->second.find(version);
    return product == versions->second.end() ? nullptr : &product->second;
  };
  for (const auto& [name, versions] : stored.publication.products)
    for (const auto& [version, product] : versions) {
      const PublishedProduct* was = find(before, name, version);
      if (was != nullptr && *was == product) continue;
      AuditEvent& event = events.emplace_back(event_of(AuditType::contract_published, stored, name, version));
      event.data["interface"] = product.interface;
      event.data["minor"] = std::to_string(product.minor);
    }
  // They have no version, and the URN of what is published has one.
  const auto definition_event = [&](AuditType type, const std::string& name, const PublishedDefinition& definition) {
    AuditEvent& event = events.emplace_back(event_of(type, stored, name, 0));
    event.subject = "urn:braid:" + stored.publication.tenant + ":" + stored.publication.domain + ":" + name;
    event.data["definition"] = definition.definition;
    event.data["minor"] = std::to_string(definition.minor);
  };
  for (const auto& [name, definition] : stored.publication.definitions) {
    const auto was = before == nullptr ? stored.publication.definitions.end() : before->definitions.find(name);
    if (before == nullptr || was == before->definitions.end() || was->second != definition)
      definition_event(AuditType::contract_published, name, definition);
  }
  if (before == nullptr) return;
  if (before->keys != stored.publication.keys) {
    AuditEvent& event = events.emplace_back(event_of(AuditType::key_changed, stored, {}, 0));
    event.subject = "urn:braid:" + stored.publication.tenant + ":" + stored.publication.domain;
    event.data["before"] = fmt::format("{}", fmt::join(before->keys, " "));
    event.data["keys"] = fmt::format("{}", fmt::join(stored.publication.keys, " "));
    event.data["by"] = before->recovery == stored.publication.signer ? "recovery" : "domain";
  }
  for (const auto& [name, definition] : before->definitions)
    if (!stored.publication.definitions.contains(name)) definition_event(AuditType::contract_retired, name, definition);
  for (const auto& [name, versions] : before->products)
    for (const auto& [version, product] : versions)
      if (find(&stored.publication, name, version) == nullptr)
        events.push_back(event_of(AuditType::contract_retired, stored, name, version));
}

}  // namespace

namespace {

const std::string kMark(kPublicationsMark);

/// Of a log that says nothing of it in its head: an earlier version has written that.
Result<int64_t> recorded_in(AuditLog& log) {
  BRAID_ASSIGN(const std::vector<ChainedEvent> events, log.read());
  int64_t recorded = 0;
  for (const ChainedEvent& chained : events)
    if (chained.event.type == AuditType::contract_published || chained.event.type == AuditType::contract_retired)
      if (const auto sequence = chained.event.data.find("sequence"); sequence != chained.event.data.end())
        recorded = std::max<int64_t>(recorded, std::strtoll(sequence->second.c_str(), nullptr, 10));
  return recorded;
}

}  // namespace

Status record_publications(Registry& registry, AuditLog& log, const std::string& domain, const DomainKey& key) {
  return log.append_behind(
      [&](const AuditHead* head) -> Result<AuditAddition> {
        int64_t recorded = 0;
        if (head != nullptr) {
          const auto mark = head->marks.find(kMark);
          if (mark != head->marks.end()) recorded = mark->second;
          if (mark == head->marks.end()) {
            BRAID_ASSIGN(recorded, recorded_in(log));
          }
        }
        BRAID_ASSIGN(const std::vector<StoredPublication> links, registry.chain_since(domain, recorded));
        AuditAddition added;
        for (size_t i = 0; i < links.size(); ++i)
          if (links[i].publication.sequence > recorded)
            add_events(links[i], i == 0 ? nullptr : &links[i - 1].publication, added.events);
        if (!links.empty()) added.marks[kMark] = links.back().publication.sequence;
        return added;
      },
      key);
}

Status record_refusal(AuditLog& log, Clock& clock, const std::string& tenant, const std::string& domain,
                      const std::string& product, const std::string& broken, const DomainKey& key) {
  return log.append({{.type = AuditType::contract_refused,
                      .time_us = clock.now_us(),
                      .subject = "urn:braid:" + tenant + ":" + domain,
                      .data = {{"product", product}, {"breaks", broken}}}},
                    key);
}

}  // namespace braid::mesh
