// What the runtime watches while a job runs: of the contract of a product or source, and of what readers expect of it.
#pragma once

#include <vector>

#include "compiler/typed/project.h"
#include "runtime/abi/program.h"

namespace braid::plan {

/// First what the contract promises, in the order of PromiseSpec::Rule, then what other relations of the project
/// expect, a promise of the same words once for all readers. Paths are of `relation.row`. Of a product `unique` is
/// enforced, and not watched. Nothing of a table that is read once.
std::vector<PromiseSpec> watched_promises(const typed::Project& project, typed::RelationId relation);

/// Of a source: the fields, as indexes of `relation.row`, that are read only to watch them.
std::vector<int> watched_fields(const typed::Project& project, typed::RelationId relation);

}  // namespace braid::plan
