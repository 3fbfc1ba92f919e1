// Whose key signs for a domain. Errors are those of the registry (E7200, E7202).
#pragma once

#include <set>
#include <string>

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

/// Of those that may sign what a domain says of itself, such as the head of its audit log: keys_of(), and if it has
/// published nothing, the key that it has asked for access with. None: nobody said yet whose key it is.
Result<std::set<std::string>> signers_of(ObjectStore& store, Clock& clock, const std::string& domain,
                                         const std::string& known_key = {});

}  // namespace braid::mesh
