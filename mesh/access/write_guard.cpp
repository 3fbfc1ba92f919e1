#include "mesh/access/write_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "mesh/access/signed_log.h"
#include "mesh/audit/audit_log.h"
#include "mesh/registry/content_hash.h"
#include "mesh/registry/store_errors.h"

namespace braid::mesh {
namespace {

constexpr size_t kLongestName = 400;
/// Events that one append may add: a domain that publishes a thousand products for the first time, and then some.
constexpr int64_t kMostEvents = 100'000;
const std::string kGrants = "grants", kPolicies = "policies", kAudit = "audit", kHead = "head";

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    parts.push_back(name.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

/// A place in a log: what `<sequence>-<hash>.json` and `<sequence> <hash>` say.
struct Place {
  int64_t sequence = 0;
  std::string hash;
};

std::optional<Place> place_in(std::string_view text, char between) {
  const size_t at = text.find(between);
  if (at == std::string_view::npos) return std::nullopt;
  Place made;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + at, made.sequence);
  made.hash = text.substr(at + 1);
  const bool right = fault == std::errc() && end == text.data() + at && made.sequence > 0 && is_content_hash(made.hash);
  return right ? std::optional(made) : std::nullopt;
}

std::optional<Place> place_of_file(std::string_view name) {
  if (!name.ends_with(".json")) return std::nullopt;
  name.remove_suffix(5);
  std::optional<Place> made = place_in(name, '-');
  if (made && audit_event_name(made->sequence, made->hash) != std::string(name) + ".json") return std::nullopt;
  return made;
}

/// Of a log of records.
std::optional<Place> place_of_head(std::string_view content) {
  if (!content.ends_with('\n')) return std::nullopt;
  content.remove_suffix(1);
  return place_in(content, ' ');
}

}  // namespace

bool WriteGuard::is_name(const std::string& name) {
  if (name.size() > kLongestName) return false;
  const std::vector<std::string> parts = parts_of(name);
  if (parts.size() == 2) return parts[0] == kPolicies && (parts[1] == kHead || place_of_file(parts[1]));
  if (parts.size() != 3) return false;
  if (parts[0] == "objects") return is_content_hash(parts[2]) && object_name(parts[2]) == name;
  if (!is_domain_name(parts[1])) return false;
  if (parts[0] == "domains") return parts[2] == kHead;
  return (parts[0] == kGrants || parts[0] == kAudit) && (parts[2] == kHead || place_of_file(parts[2]));
}

Result<std::string> WriteGuard::why_not(const std::string& name, const std::string& content) {
  if (!is_name(name)) return std::string("a registry has nothing of that name");
  const std::vector<std::string> parts = parts_of(name);
  if (!is_head(name)) {
    const std::optional<Place> place = place_of_file(parts.back());
    const std::string& hash = place ? place->hash : parts.back();
    if (content_hash(content) != hash) return std::string("its content has another SHA-256 than its name");
    return std::string();
  }
  if (parts[0] == "domains") return why_not_publication(parts[1], content);
  if (parts[0] == kAudit) return why_not_events(parts[1], content);
  return why_not_records(name.substr(0, name.rfind('/')), content);
}

Result<std::string> WriteGuard::why_not_publication(const std::string& domain, const std::string& content) {
  const std::string hash = content.substr(0, content.size() - std::min<size_t>(content.size(), 1));
  if (!content.ends_with('\n') || !is_content_hash(hash)) return std::string("it is not the hash of a publication");
  const Result<std::optional<std::string>> text = store_.read(object_name(hash));
  if (!text.ok()) return unreadable(store_, text.error());
  if (!*text) return std::string("the publication is not there");
  const Result<Publication> next = read_publication(**text);
  if (!next.ok()) return "the publication cannot be believed: " + next.error().message;
  if (next->domain != domain) return "it is a publication of the domain `" + next->domain + "`";
  BRAID_ASSIGN(const std::optional<StoredPublication> now, registry_.head(domain));
  std::set<std::string> there;
  if (now) {
    if (next->previous != now->hash) return std::string("it does not follow the publication that is the newest");
    if (std::string fault = why_not_next(now->publication, *next); !fault.empty()) return fault;
    there = objects_of(now->publication);
  } else {
    if (std::string fault = why_not_first(*next); !fault.empty()) return fault;
    // Who asked for access before keeps the key.
    BRAID_ASSIGN(const std::string first, first_signer(kGrants + "/" + domain, domain));
    if (!first.empty() && first != next->signer)
      return std::string("the domain has asked for access with another key before it published");
  }
  for (const std::string& object : objects_of(*next)) {
    if (there.contains(object)) continue;
    const Result<std::optional<std::string>> one = store_.read(object);
    if (!one.ok()) return unreadable(store_, one.error());
    if (!*one) return "its object " + object + " is not there";
  }
  return std::string();
}

Result<std::string> WriteGuard::why_not_signer(const std::string& domain, const std::string& signer,
                                               const std::string& first) {
  BRAID_ASSIGN(const std::optional<StoredPublication> newest, registry_.head(domain));
  bool may = first.empty() || first == signer;
  if (newest) may = std::ranges::find(newest->publication.keys, signer) != newest->publication.keys.end();
  return may ? std::string() : "a key that does not sign for `" + domain + "` has signed it";
}

Result<std::string> WriteGuard::first_signer(const std::string& folder, const std::string& domain) {
  const Result<std::optional<StoredHead>> head = store_.read_head(folder + "/head");
  if (!head.ok()) return unreadable(store_, head.error());
  if (!*head) return std::string();
  // All that was let in before has the same key, so the last one says it.
  const std::optional<Place> place = place_of_head((*head)->content);
  if (!place) return damaged(store_, folder + "/head", "it does not name a record");
  const std::string name = folder + "/" + audit_event_name(place->sequence, place->hash);
  const Result<std::optional<std::string>> text = store_.read(name);
  if (!text.ok()) return unreadable(store_, text.error());
  if (!*text) return damaged(store_, name, "it is missing");
  const Result<SignedRecord> record = read_signed_record(**text);
  if (!record.ok()) return damaged(store_, name, record.error().message);
  return record->statement.domain == domain ? record->signer : std::string();
}

Result<std::string> WriteGuard::why_not_records(const std::string& folder, const std::string& content) {
  const std::optional<Place> place = place_of_head(content);
  if (!place) return std::string("it does not name a record");
  const Result<std::optional<std::string>> text =
      store_.read(folder + "/" + audit_event_name(place->sequence, place->hash));
  if (!text.ok()) return unreadable(store_, text.error());
  if (!*text) return std::string("the record is not there");
  const Result<SignedRecord> record = read_signed_record(**text);
  if (!record.ok()) return "the record cannot be believed: " + record.error().message;
  if (record->hash != place->hash || record->sequence != place->sequence) return std::string("it is another record");

  const Result<std::optional<StoredHead>> head = store_.read_head(folder + "/head");
  if (!head.ok()) return unreadable(store_, head.error());
  Place before;
  if (*head) {
    const std::optional<Place> now = place_of_head((*head)->content);
    if (!now) return damaged(store_, folder + "/head", "it does not name a record");
    before = *now;
  }
  if (record->sequence != before.sequence + 1 || record->previous != before.hash)
    return std::string("it does not follow the record that is the newest");

  const std::string& domain = record->statement.domain;
  std::string first;
  if (folder == kPolicies) {
    BRAID_ASSIGN(const std::vector<std::string> council, policies_.council());
    if (!council.empty() && std::ranges::find(council, domain) == council.end())
      return "the domain `" + domain + "` is not of the council";
    BRAID_ASSIGN(const std::vector<SignedRecord> records, policies_.records());
    for (const SignedRecord& one : records)
      if (one.statement.domain == domain && first.empty()) first = one.signer;
  } else {
    if (folder != kGrants + "/" + domain) return "it is a record of the domain `" + domain + "`";
    BRAID_ASSIGN(first, first_signer(folder, domain));
  }
  return why_not_signer(domain, record->signer, first);
}

Result<std::string> WriteGuard::why_not_events(const std::string& node, const std::string& content) {
  const std::string source = source_in_head(content, node);
  if (source.empty()) return std::string("it is not the head of that log");
  const Result<AuditHead> next = read_audit_head(content, source);
  if (!next.ok()) return "the head cannot be believed: " + next.error().message;
  const std::string folder = kAudit + "/" + node;
  const Result<std::optional<StoredHead>> stored = store_.read_head(folder + "/head");
  if (!stored.ok()) return unreadable(store_, stored.error());
  AuditHead now;
  if (*stored) {
    Result<AuditHead> read = read_audit_head((*stored)->content, source);
    if (!read.ok()) return "it is not the head of that log: " + read.error().message;
    now = *read;
  }
  std::string hash = next->hash;
  if (next->sequence <= now.sequence || next->sequence - now.sequence > kMostEvents)
    return std::string("it does not add to the log");
  for (int64_t sequence = next->sequence; sequence > now.sequence; --sequence) {
    if (!is_content_hash(hash)) return fmt::format("the event {} is not named by its hash", sequence);
    const Result<std::optional<std::string>> text = store_.read(folder + "/" + audit_event_name(sequence, hash));
    if (!text.ok()) return unreadable(store_, text.error());
    if (!*text) return fmt::format("the event {} is not there", sequence);
    const Result<ChainedEvent> event = read_event(**text);
    if (!event.ok()) return fmt::format("the event {} cannot be believed: {}", sequence, event.error().message);
    if (event->sequence != sequence || event->source != source)
      return fmt::format("the event {} is another one", sequence);
    hash = event->previous;
  }
  if (hash != now.hash) return std::string("it does not follow the event that is the newest");
  return why_not_signer(node, next->signer, now.signer);
}

}  // namespace braid::mesh
