// The bound on a step's state in words, from its time bounds, as `braid explain` prints it.
#pragma once

#include <string>

#include "compiler/plan/plan.h"

namespace braid::plan {

/// "versions of meteorology.weather of the last 2h 15m, and rows that wait up to 10m"; empty for stateless nodes.
std::string state_bound(const Plan& plan, int node, const typed::Project& project);

}  // namespace braid::plan
