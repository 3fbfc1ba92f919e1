// What a project publishes: for each of its domains the interfaces of its products and public sources, where their rows
// are in each environment, its public types, functions, aggregates and services, and what it reads and uses of other
// domains.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/session/session.h"
#include "mesh/registry/registry.h"

namespace braid::cli {

/// What others cannot use, and why.
struct LeftOut {
  std::string name;
  std::string reason;
};

struct Drafts {
  std::vector<mesh::Draft> domains;  ///< in the order of their names
  std::vector<LeftOut> left_out;
  /// Versions that the project declares for others, and that are left out as a whole: by version_name, why.
  std::map<std::string, std::string> withheld = {};
};

/// What the products read of products of other projects, by their plans.
mesh::ReadProducts products_read(const Session& session, const std::vector<typed::RelationId>& products);

/// Of a checked session without errors. `compiler`: as the publication names it. `samples`: rows of products, by their
/// version_name.
Drafts publication_drafts(const Session& session, const std::string& compiler,
                          const std::map<std::string, std::string>& samples = {});

}  // namespace braid::cli
