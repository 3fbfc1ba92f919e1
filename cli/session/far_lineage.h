// The lineage of products of other projects, as the registry of the project has it.
#pragma once

#include <optional>

#include "cli/session/session.h"
#include "mesh/lineage/across.h"

namespace braid::cli {

/// The session's project with what the registry says of others behind it. Nothing if the project has no registry. A
/// registry that cannot be read is a warning (W7239), and lineage ends at the borders of the project.
std::optional<mesh::Across> lineage_across(Session& session);

}  // namespace braid::cli
