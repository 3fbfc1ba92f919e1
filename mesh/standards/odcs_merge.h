// A contract that exists already, brought up to what the script says: everything that the script does not know stays.
#pragma once

#include <string>
#include <vector>

#include "mesh/standards/document.h"

namespace braid::mesh {

struct Merged {
  Node document;
  std::vector<std::string> kept_promises;  ///< rules and service levels that only `existing` has
};

/// `made`: by odcs_of. Fields, key, types and `braid.*` properties are as `made` has them; the document's identity,
/// other keys, other rules and what people have written stay. Parts are known by their name, rules also by what they
/// are about. A rule of `existing` with the id of another kind of rule in `made` stays as it is: the check has come
/// from it.
Merged merge_odcs(const Node& existing, const Node& made);

}  // namespace braid::mesh
