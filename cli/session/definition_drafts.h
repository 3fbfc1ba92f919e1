// The `public` types, functions, aggregates and services of a project, as it publishes them.
#pragma once

#include <string>
#include <vector>

#include "cli/session/session.h"
#include "mesh/definition/definition.h"

namespace braid::cli {

/// Of a checked session without errors; by domain and name.
std::vector<mesh::Definition> own_definitions(const Session& session);

}  // namespace braid::cli
