// From the logical to the physical plan: neighbouring row-by-row steps become one row program, stateful nodes become
// operators whose keys and arguments are fields, every place where a row may leave gets its site.
#pragma once

#include "compiler/plan/physical.h"
#include "compiler/plan/plan.h"

namespace braid::plan {

struct LowerOptions {
  bool fuse_stateless = true;  ///< off: an operator for each step
  bool prune_decoder = true;   ///< off: every declared field is decoded, read or not
};

PhysicalPlan lower(const Plan& plan, const typed::Project& project, const LowerOptions& options);

/// Operators with their row programs, as `braid explain --stage physical` shows them.
std::string print(const PhysicalPlan& plan);

}  // namespace braid::plan
