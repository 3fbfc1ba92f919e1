// Interfaces of one domain as a script: a `public stream` or `public table` for each. It is what `use` of another
// project's product reads, so that a product of others is a source like any other. Row conditions and masks that a
// reader's compiler applies are clauses of it. Pure; any thread.
//
// Rows of a product that is a table say in files that their key is gone by `"__deleted": true`
// (runtime/codec/change_encoder.h); the script has a field kEndsKey for it, which readers do not have.
#pragma once

#include <string>
#include <vector>

#include "mesh/contract/interface.h"

namespace braid::mesh {

/// All are of one domain, and at most one has names of other domains (InterfaceAccess::uses), which are those of the
/// script. Ends with a line end.
std::string script_of(const std::vector<Interface>& interfaces);

/// A type as a script writes it, with names in backticks where they need them.
std::string type_in_script(const Type& type);

}  // namespace braid::mesh
