// The `public` types, functions, aggregates and services of a project, as it publishes them.
#pragma once

#include <string>
#include <vector>

#include "cli/session/session.h"
#include "mesh/definition/definition.h"

namespace braid::cli {

struct OwnDefinition {
  mesh::Definition definition;
  std::string fault;  ///< why others cannot use it; empty: they can
};

/// Of a checked session without errors; by domain and name.
std::vector<OwnDefinition> own_definitions(const Session& session);

}  // namespace braid::cli
