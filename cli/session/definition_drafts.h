// The `public` types, functions, aggregates and services of a project, as it publishes them.
#pragma once

#include <string>
#include <vector>

#include "cli/session/session.h"
#include "mesh/definition/definition.h"

namespace braid::cli {

/// Where a file that scripts name is, for readers in other folders.
std::string whole_path(const Project& project, const std::string& path);

/// Of a checked session without errors; by domain and name.
std::vector<mesh::Definition> own_definitions(const Session& session);

}  // namespace braid::cli
