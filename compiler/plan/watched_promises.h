// What of a product's contract the runtime watches while a job runs.
#pragma once

#include <vector>

#include "compiler/typed/project.h"
#include "runtime/abi/program.h"

namespace braid::plan {

/// In the order of PromiseSpec::Rule.
std::vector<PromiseSpec> watched_promises(const typed::Relation& product);

}  // namespace braid::plan
