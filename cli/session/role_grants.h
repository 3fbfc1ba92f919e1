// Grants of the registry to roles: people and services with the role read the product as if its header had
// `allow read to role r`, for the purpose of the grant, until it ends.
#pragma once

#include <optional>
#include <vector>

#include "cli/project/project.h"
#include "compiler/access/read_plan.h"
#include "mesh/access/access_book.h"

namespace braid::cli {

/// The live ones for roles of the reader. A registry that is not named, or cannot be read, grants nothing.
std::vector<mesh::AccessEntry> role_grants(const Project& project, const access::Subject& reader);

/// The live ones for any role. Nothing: the registry cannot be read. Without one there are none.
std::optional<std::vector<mesh::AccessEntry>> all_role_grants(const Project& project);

/// Those for the product become clauses of it. Who states no purpose reads for that of the grant.
void add_role_grants(const std::vector<mesh::AccessEntry>& grants, const access::Subject& reader,
                     typed::Relation& product);

}  // namespace braid::cli
