#include "mesh/access/access_events.h"

#include <limits>
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

/// How far the log of records is on record, by the names of the marks of an audit head.
const std::string kRecords = "records", kEnds = "ends", kPolicies = "policies";

int64_t mark_of(const AuditHead* head, const std::string& name, int64_t otherwise) {
  if (head == nullptr) return otherwise;
  const auto found = head->marks.find(name);
  return found == head->marks.end() ? otherwise : found->second;
}

/// What a log says that has no marks: an earlier version has written it, or nothing was recorded yet.
struct Recorded {
  std::set<std::string> records;  ///< hashes of records that it has events of
  std::set<std::string> ended;    ///< requests
};

Result<Recorded> recorded_in(AuditLog& log, const AuditHead* head, const std::string& mark) {
  Recorded made;
  if (head == nullptr || head->marks.contains(mark)) return made;
  BRAID_ASSIGN(const std::vector<ChainedEvent> events, log.read());
  for (const ChainedEvent& chained : events) {
    const std::map<std::string, std::string>& data = chained.event.data;
    if (const auto record = data.find("record"); record != data.end()) made.records.insert(record->second);
    if (chained.event.type == AuditType::access_expired)
      if (const auto request = data.find("request"); request != data.end()) made.ended.insert(request->second);
  }
  return made;
}

/// What the domain has stated, and the ends of grants that it gave.
Result<AuditAddition> addition_of(const std::vector<SignedRecord>& records, AuditLog& log, const AuditHead* head,
                                  int64_t now_us) {
  BRAID_ASSIGN(const Recorded recorded, recorded_in(log, head, kRecords));
  const int64_t number = mark_of(head, kRecords, 0),
                ended_us = mark_of(head, kEnds, std::numeric_limits<int64_t>::min());
  AuditAddition added;
  // A grant that this domain gave, and whose end has come. What was revoked before is on record as that.
  std::map<std::string, const SignedRecord*> given;
  for (const SignedRecord& record : records) {
    if (record.sequence > number && !recorded.records.contains(record.hash)) added.events.push_back(event_of(record));
    if (record.statement.kind == "approval") given.emplace(record.of("request"), &record);
    if (record.statement.kind == "revocation") given.erase(record.of("request"));
  }
  for (const auto& [request, record] : given) {
    int64_t until = 0;
    if (recorded.ended.contains(request) || record->of("until").empty()) continue;
    const auto product = parse_version_name(record->of("product"));
    if (!product || !parse_timestamp(record->of("until"), &until) || until > now_us || until <= ended_us) continue;
    AccessEntry entry{.id = request,
                      .product = product->first,
                      .version = product->second,
                      .reader = record->of("reader"),
                      .purpose = record->of("purpose"),
                      .until_us = until};
    added.events.push_back(end_of(entry, record->statement.tenant));
  }
  added.marks = {{kRecords, records.back().sequence}, {kEnds, now_us}};
  return added;
}

}  // namespace

Status record_access(AccessBook& book, AuditLog& log, Clock& clock, const std::string& domain, const DomainKey& key) {
  // Before the records are read: a grant that comes and ends behind that is for the next time.
  const int64_t now_us = clock.now_us();
  BRAID_ASSIGN(const std::vector<SignedRecord> records, book.records(domain, {}, key.public_name()));
  if (records.empty()) return {};
  return log.append_behind([&](const AuditHead* head) { return addition_of(records, log, head, now_us); }, key);
}

Status record_policies(PolicyBook& book, AuditLog& log, const std::string& domain, const DomainKey& key) {
  BRAID_ASSIGN(const std::vector<SignedRecord> records, book.records());
  if (records.empty()) return {};
  return log.append_behind(
      [&](const AuditHead* head) -> Result<AuditAddition> {
        BRAID_ASSIGN(const Recorded recorded, recorded_in(log, head, kPolicies));
        const int64_t number = mark_of(head, kPolicies, 0);
        AuditAddition added;
        for (const SignedRecord& record : records)
          if (record.statement.domain == domain && record.sequence > number && !recorded.records.contains(record.hash))
            added.events.push_back(event_of(record));
        added.marks[kPolicies] = records.back().sequence;
        return added;
      },
      key);
}

}  // namespace braid::mesh
