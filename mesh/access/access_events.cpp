#include "mesh/access/access_events.h"

#include <set>

#include "mesh/contract/interface.h"
#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

/// Of the records of a domain. What it says of its approvers is no event of a product.
AuditType type_of(const std::string& kind) {
  if (kind == "request") return AuditType::access_requested;
  if (kind == "approval") return AuditType::access_granted;
  if (kind == "denial") return AuditType::access_denied;
  if (kind == "approvers" || kind == "policies") return AuditType::policy_changed;
  return AuditType::access_revoked;
}

std::string subject_of(const std::string& tenant, const std::string& domain, const std::string& product,
                       int64_t version) {
  if (product.empty()) return "urn:braid:" + tenant + ":" + domain;
  const size_t dot = product.rfind('.');
  return urn_of(tenant, product.substr(0, dot), product.substr(dot + 1), version);
}

AuditEvent event_of(const SignedRecord& record) {
  AuditEvent made{
      .type = type_of(record.statement.kind), .time_us = record.time_us, .subject = {}, .data = record.statement.body};
  const auto product = parse_version_name(record.of("product"));
  made.subject = subject_of(record.statement.tenant, record.statement.domain, product ? product->first : std::string(),
                            product ? product->second : 0);
  made.data["record"] = record.hash;
  made.data["signer"] = record.signer;
  if (record.statement.kind == "request") made.data["reader"] = record.statement.domain;
  return made;
}

AuditEvent end_of(const AccessEntry& entry, const std::string& tenant) {
  return {.type = AuditType::access_expired,
          .time_us = *entry.until_us,
          .subject = subject_of(tenant, entry.owner(), entry.product, entry.version),
          .data = {{"request", entry.id}, {"reader", entry.reader}, {"purpose", entry.purpose}}};
}

/// Hashes of records that the log has events of.
std::set<std::string> recorded_in(const std::vector<ChainedEvent>& events) {
  std::set<std::string> recorded;
  for (const ChainedEvent& chained : events)
    if (const auto record = chained.event.data.find("record"); record != chained.event.data.end())
      recorded.insert(record->second);
  return recorded;
}

}  // namespace

Status record_access(AccessBook& book, AuditLog& log, Clock& clock, const std::string& domain, const DomainKey& key) {
  BRAID_ASSIGN(const std::vector<SignedRecord> records, book.records(domain));
  if (records.empty()) return {};
  BRAID_ASSIGN(const std::vector<ChainedEvent> events, log.read());
  const std::set<std::string> recorded = recorded_in(events);
  std::set<std::string> ended;
  for (const ChainedEvent& chained : events)
    if (chained.event.type == AuditType::access_expired)
      if (const auto request = chained.event.data.find("request"); request != chained.event.data.end())
        ended.insert(request->second);
  std::vector<AuditEvent> added;
  // A grant that this domain gave, and whose end has come. What was revoked before is on record as that.
  std::map<std::string, const SignedRecord*> given;
  for (const SignedRecord& record : records) {
    if (!recorded.contains(record.hash)) added.push_back(event_of(record));
    if (record.statement.kind == "approval") given.emplace(record.of("request"), &record);
    if (record.statement.kind == "revocation") given.erase(record.of("request"));
  }
  for (const auto& [request, record] : given) {
    int64_t until = 0;
    if (ended.contains(request) || record->of("until").empty()) continue;
    const auto product = parse_version_name(record->of("product"));
    if (!product || !parse_timestamp(record->of("until"), &until) || until > clock.now_us()) continue;
    AccessEntry entry{.id = request,
                      .product = product->first,
                      .version = product->second,
                      .reader = record->of("reader"),
                      .purpose = record->of("purpose"),
                      .until_us = until};
    added.push_back(end_of(entry, record->statement.tenant));
  }
  return log.append(added, key);
}

Status record_policies(PolicyBook& book, AuditLog& log, const std::string& domain, const DomainKey& key) {
  BRAID_ASSIGN(const std::vector<SignedRecord> records, book.records());
  BRAID_ASSIGN(const std::vector<ChainedEvent> events, log.read());
  const std::set<std::string> recorded = recorded_in(events);
  std::vector<AuditEvent> added;
  for (const SignedRecord& record : records)
    if (record.statement.domain == domain && !recorded.contains(record.hash)) added.push_back(event_of(record));
  return log.append(added, key);
}

}  // namespace braid::mesh
