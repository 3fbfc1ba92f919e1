// Whose key signs for a domain. Errors are those of the registry (E7200, E7202).
#pragma once

#include <set>
#include <string>

#include "mesh/registry/registry.h"

namespace braid::mesh {

/// Public names of the keys that its publications allow; none: it has published nothing. `known_key`: one that they
/// must lead back to (that of braid.lock); empty: any.
Result<std::set<std::string>> keys_of(Registry& registry, const std::string& domain, const std::string& known_key = {});

}  // namespace braid::mesh
