// The passes themselves; each returns how many changes it made.
#pragma once

#include "compiler/plan/plan.h"

namespace braid::optimize {

/// Computes constant expressions at compile time: `1h * 2`, the branch of an `if` that is always taken.
int fold_constants(plan::Plan& plan, const typed::Project& project);
/// Filters run before the columns that they do not need are computed, and before left joins with reference data.
int push_filters(plan::Plan& plan, const typed::Project& project);
/// Equal filters and projections of several products over one input run once.
int share_subplans(plan::Plan& plan, const typed::Project& project);

}  // namespace braid::optimize
