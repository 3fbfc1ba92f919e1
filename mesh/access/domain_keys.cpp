#include "mesh/access/domain_keys.h"

#include <algorithm>

#include "mesh/access/signed_log.h"
#include "mesh/audit/publications.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {

namespace {

const std::string kGrants = "grants/";  // as AccessBook has it

std::set<std::string> keys_in(const std::vector<StoredPublication>& chain) {
  std::set<std::string> keys;
  for (const StoredPublication& link : chain) keys.insert(link.publication.keys.begin(), link.publication.keys.end());
  return keys;
}

/// Of the chain as far as it was read, or of all of it where a signer is missing.
Result<std::set<std::string>> keys_for(Registry& registry, const std::vector<StoredPublication>& chain,
                                       const std::string& domain, const std::set<std::string>& signers) {
  std::set<std::string> keys = keys_in(chain);
  const bool whole = chain.empty() || chain.back().publication.sequence == 1;
  if (whole || std::ranges::includes(keys, signers)) return keys;
  BRAID_ASSIGN(const std::vector<StoredPublication> all, registry.chain(domain));
  return keys_in(all);
}

}  // namespace

Result<std::set<std::string>> keys_of(Registry& registry, const std::string& domain, const std::string& known_key,
                                      const std::set<std::string>& signers) {
  BRAID_ASSIGN(const std::vector<StoredPublication> chain, registry.chain(domain, known_key));
  if (!known_key.empty() && (chain.empty() || chain.back().publication.signer != known_key)) {
    const Diagnostic finding =
        diag::RegistryDamaged{.object = "domains/" + domain + "/head",
                              .place = registry.place(),
                              .reason = "its publications do not lead back to the key that braid.lock pins"}
            .make();
    return Error{ErrorKind::input, finding.message, finding.code};
  }
  return keys_for(registry, chain, domain, signers);
}

Result<std::set<std::string>> keys_beside(Registry& registry, const std::string& domain, const std::string& own_key,
                                          const std::set<std::string>& signers) {
  BRAID_ASSIGN(const std::vector<StoredPublication> chain, registry.chain(domain, own_key));
  return keys_for(registry, chain, domain, signers);
}

Result<std::map<std::string, KeyEnd>> key_ends(Registry& registry, const std::string& domain) {
  std::map<std::string, KeyEnd> ends;
  BRAID_ASSIGN(const std::vector<StoredPublication> chain, registry.chain(domain));
  // From the first one on; a key may come back.
  for (size_t at = chain.size(); at-- > 0;) {
    const Publication& now = chain[at].publication;
    if (at + 1 < chain.size())
      for (const std::string& before : chain[at + 1].publication.keys)
        if (std::ranges::find(now.keys, before) == now.keys.end())
          ends[before] = {.publication = now.sequence, .time_us = now.time_us};
    for (const std::string& key : now.keys) ends.erase(key);
  }
  return ends;
}

std::optional<int64_t> publications_known_to(const AuditHead& head) {
  const auto found = head.marks.find(std::string(kPublicationsMark));
  return found == head.marks.end() ? std::nullopt : std::optional(found->second);
}

Result<std::set<std::string>> signers_of(ObjectStore& store, Clock& clock, const std::string& domain,
                                         const std::string& known_key, std::optional<int64_t> publications) {
  Registry registry(store, clock);
  std::set<std::string> keys;
  if (is_domain_name(domain)) {
    BRAID_ASSIGN(keys, keys_of(registry, domain, known_key));
    if (publications && keys.size() > 1) {
      using Ends = std::map<std::string, KeyEnd>;
      BRAID_ASSIGN(const Ends ends, key_ends(registry, domain));
      for (const auto& [key, end] : ends)
        if (end.publication < *publications) keys.erase(key);
    }
    if (!keys.empty()) return keys;
  }
  BRAID_ASSIGN(const std::vector<SignedRecord> records, SignedLog(store, clock, kGrants + domain).read());
  if (!records.empty()) keys.insert(records.front().signer);
  return keys;
}

}  // namespace braid::mesh
