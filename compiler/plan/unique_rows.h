// Which columns tell the rows of a node apart: from the promises of sources, `unique` of products and the keys of
// windows.
#pragma once

#include "compiler/plan/plan.h"

namespace braid::plan {

/// Of the rows with equal values in `columns`, the event times of any two are more than `apart_us` apart; kForever:
/// there is at most one.
struct UniqueColumns {
  std::vector<int> columns;
  int64_t apart_us;
};
std::vector<UniqueColumns> unique_columns(const Plan& plan, int node, const typed::Project& project);

/// Marks the interval joins whose left rows meet at most one right row (JoinNode::meets_one).
void find_single_matches(Plan& plan, const typed::Project& project);

}  // namespace braid::plan
