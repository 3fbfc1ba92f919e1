// One thing that happened: a CloudEvent 1.0 (structured JSON) that names the event before it by its hash. So an event
// that is altered, dropped or moved breaks the chain.
//
// Stored as canonical JSON: keys in the order of their bytes, no white space. The SHA-256 of that text is its hash.
// Plain values; pure functions; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace braid::mesh {

enum class AuditType {
  contract_published,
  contract_refused,
  contract_breached,
  contract_recovered,
  contract_deprecated,
  contract_retired,
  access_requested,
  access_granted,
  access_denied,
  access_revoked,
  access_expired,
  access_used,
  label_declassified,
  policy_changed,
  erasure_requested,
  erasure_completed,
  key_changed
};
/// "io.braid.contract.published".
std::string_view word_of(AuditType type);

struct AuditEvent {
  AuditType type = AuditType::contract_published;
  int64_t time_us = 0;
  std::string subject;                      ///< the URN of the product, or of the domain
  std::map<std::string, std::string> data;  ///< what belongs to the type: actor, reader, publication …
  friend bool operator==(const AuditEvent&, const AuditEvent&) = default;
};

/// An event in its place.
struct ChainedEvent {
  std::string source;    ///< `urn:braid:{tenant}:{node}`: who saw it
  int64_t sequence = 1;  ///< without a gap
  std::string previous;  ///< hash of the event before; empty: it is the first
  AuditEvent event;
  friend bool operator==(const ChainedEvent&, const ChainedEvent&) = default;
};

std::string to_json(const ChainedEvent& event);
/// An error says what is wrong: another form, another text for the same event, members that are not known.
Result<ChainedEvent> read_event(const std::string& json);

}  // namespace braid::mesh
