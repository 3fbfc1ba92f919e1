// What stands in a publication beside the interfaces, for people and other tools: the contract (ODCS), the product
// graph (ODPS) and the lineage of each version of a product.
#pragma once

#include <string>
#include <vector>

#include "mesh/lineage/graph.h"
#include "mesh/registry/registry.h"

namespace braid::cli {

/// "odcs", "odps", "lineage".
std::vector<std::string> document_forms();
/// The form of rows that show what a product is: JSON, a row a line.
inline const std::string kSamples = "samples";

/// Of each product of the draft. Texts follow from the project and its environments alone, so that a publication of an
/// unchanged project is the same one. Public sources have a contract, and no flow. `graph`: of the project.
void add_documents(const typed::Project& project, const mesh::Graph& graph, mesh::Draft& draft);

}  // namespace braid::cli
