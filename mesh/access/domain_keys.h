// Whose key signs for a domain. Errors are those of the registry (E7200, E7202).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "mesh/audit/audit_log.h"
#include "mesh/registry/registry.h"

namespace braid::mesh {

/// Public names of the keys that its publications allow, or have allowed; none: it has published nothing. `known_key`:
/// one that they must lead back to (that of braid.lock); empty: any. `signers`: of what is to be judged; where one of
/// them is older than `known_key`, all publications are read.
Result<std::set<std::string>> keys_of(Registry& registry, const std::string& domain, const std::string& known_key = {},
                                      const std::set<std::string>& signers = {});
/// The same for who has a key of the domain, and needs no proof of what that key has signed. The key may be another
/// one, too: then it is not among them.
Result<std::set<std::string>> keys_beside(Registry& registry, const std::string& domain, const std::string& own_key,
                                          const std::set<std::string>& signers = {});

/// When a key has signed last for a domain: the publication that gave the next key, by its number and its time.
struct KeyEnd {
  int64_t publication = 0;
  int64_t time_us = 0;
};
/// Of the keys that the domain had and has no more, by public name. Reads all its publications.
Result<std::map<std::string, KeyEnd>> key_ends(Registry& registry, const std::string& domain);

/// Of those that may sign what a domain says of itself, such as the head of its audit log: keys_of(), and if it has
/// published nothing, the key that it has asked for access with. None: nobody said yet whose key it is.
/// `publications`: the newest one that what is signed knows of (a mark of an audit head); keys that ended before it are
/// not among them. Nothing: it says nothing of that, and earlier keys count.
Result<std::set<std::string>> signers_of(ObjectStore& store, Clock& clock, const std::string& domain,
                                         const std::string& known_key = {}, std::optional<int64_t> publications = {});
/// Of an audit head: the `publications` for signers_of().
std::optional<int64_t> publications_known_to(const AuditHead& head);

}  // namespace braid::mesh
