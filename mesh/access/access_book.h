// Who asks for products of other domains, what their owners answer, and who may read them for that now.
//
// Each domain has a log of its own (grants/<domain>, signed_log.h), in which it alone writes: what it asks of others,
// what it decides for its products, and who else may decide. What holds follows from the logs of asker, owner and
// approvers together, whatever the order in which they are read: revoked comes before withdrawn, that before denied,
// that before granted. So no two writers ever have to agree, and a grant is live when its record is there.
//
// Whose key: that of the publications of a domain, or, of one that has published nothing, the first that signs in its
// log. An owner names the keys of its approvers with them, since whoever is first could take the name of one. Errors
// have codes of the catalogue (E7200 to E7204, and those of runtime/report/grant_diagnostics.def). One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/access/signed_log.h"
#include "mesh/registry/registry.h"

namespace braid::mesh {

enum class AccessState {
  open,     ///< nobody has decided
  granted,  ///< and it has not ended
  ended,    ///< it was granted until an instant that has passed
  denied,
  withdrawn,  ///< by the domain that asked
  revoked
};
/// "open", "granted", "ended", "denied", "withdrawn", "revoked".
std::string_view word_of(AccessState state);

/// A request and what became of it.
struct AccessEntry {
  std::string id;       ///< hash of the record of the request
  std::string product;  ///< with its domain
  int64_t version = 1;
  std::string reader;  ///< domain that asks
  std::string purpose;
  std::vector<std::string> columns = {};  ///< fields that are asked for, in order; empty: all
  std::string role = {};                  ///< for people and services with it, in place of the flows of `reader`
  int64_t asked_us = 0;
  std::optional<int64_t> asked_until_us;
  AccessState state = AccessState::open;
  std::string decided_by;  ///< domain; empty: nobody
  int64_t decided_us = 0;
  std::string because;              ///< of a denial or a revocation; may be empty
  std::optional<int64_t> until_us;  ///< of a grant that ends: no longer at that instant

  std::string owner() const { return product.substr(0, product.rfind('.')); }
};
/// The first characters of an id, as people are shown it. Commands take any part that begins one id only.
std::string short_id(const std::string& id);
/// "was denied", "ended at 2026-12-31T00:00:00Z", "is not decided yet": behind the name of a request.
std::string state_text(const AccessEntry& entry);

/// Of a version: the live grant to flows of a domain; one for all columns before others, then the one that ends last.
/// Null if there is none.
const AccessEntry* live_grant(const std::vector<AccessEntry>& entries, const std::string& product, int64_t version);

struct AccessWish {
  std::string product;
  int64_t version = 1;
  std::string reader;
  std::string purpose;
  std::optional<int64_t> until_us;
  std::vector<std::string> columns = {};
  std::string role = {};
};

struct Decision {
  enum class Kind { approve, deny, revoke } kind;
  std::string id;                   ///< whole
  std::string domain;               ///< that decides: the owner, one of its approvers; of `revoke` also the reader
  std::string because;              ///< of deny and revoke
  std::optional<int64_t> until_us;  ///< of approve; nothing: as asked
};

class AccessBook {
 public:
  /// Store and clock outlive the book.
  AccessBook(ObjectStore& store, Clock& clock) : store_(store), clock_(clock), registry_(store, clock) {}

  /// Of all domains, in the order in which they were asked. `faults`: what is wrong with logs that say nothing
  /// therefore; null: the first such log is an error.
  Result<std::vector<AccessEntry>> all(std::vector<Error>* faults = nullptr);
  /// What that domain asked of that owner. `known_key`: one that the owner's publications must lead back to (that of
  /// braid.lock); empty: any.
  Result<std::vector<AccessEntry>> between(const std::string& owner, const std::string& reader,
                                           const std::string& known_key = {});
  /// The live grant of a version to a domain, the one that ends last; nothing: there is none.
  Result<std::optional<AccessEntry>> grant(const std::string& product, int64_t version, const std::string& reader);
  /// What names the newest record and publication of each of these domains: while all are the same, so is what their
  /// logs say, but for the clock. Nothing is checked.
  Result<std::vector<std::string>> heads(const std::set<std::string>& domains);

  /// Refused where the domain has such a grant (7222) or such an open request (7223) already.
  Result<AccessEntry> request(const AccessWish& wish, const std::string& tenant, const DomainKey& key);
  /// Refused where the domain may not decide (7226), or there is nothing to decide any more (7227).
  Result<AccessEntry> decide(const Decision& decision, const std::string& tenant, const DomainKey& key);

  /// Domains that may decide for the owner beside itself, with the public names of the keys by which they do.
  Result<std::map<std::string, std::string>> approvers(const std::string& owner, const std::string& own_key = {});
  /// Writes nothing if that is what holds. What an approver granted who is no longer named ends with that.
  Status name_approvers(const std::string& owner, const std::map<std::string, std::string>& named,
                        const std::string& tenant, const DomainKey& key);

  /// A domain that has asked for access before it publishes keeps the key that it asked with (7203).
  Status check_first_key(const std::string& domain, const DomainKey& key);
  /// The domain's own log, checked. `own_key`: of who asks, if it is the domain itself (domain_keys.h).
  Result<std::vector<SignedRecord>> records(const std::string& domain, const std::string& known_key = {},
                                            const std::string& own_key = {});

 private:
  using Logs = std::map<std::string, std::vector<SignedRecord>>;  ///< by domain
  std::vector<AccessEntry> entries_in(const Logs& logs) const;
  Result<SignedRecord> append(const Statement& statement, const DomainKey& key, const std::function<Status()>& check);
  Status check_decision(const Decision& decision, const std::string& signer, AccessEntry& entry);

  ObjectStore& store_;
  Clock& clock_;
  Registry registry_;
};

}  // namespace braid::mesh
