// Which products and sources the products of a project are made of. Pure functions.
#pragma once

#include <vector>

#include "compiler/typed/project.h"

namespace braid::mesh {

/// Ids of the streams, tables and products that the relation reads, through views, in the order in which it meets them,
/// each once.
std::vector<typed::RelationId> upstream_of(const typed::Project& project, const typed::Relation& relation);

}  // namespace braid::mesh
