// Right rows of an interval join that a filter behind it keeps from every result.
#pragma once

#include "compiler/plan/plan.h"

namespace braid::plan {

/// Gives inner joins the part of the filter directly behind them that reads their right side alone
/// (JoinNode::right_filter). The filter itself stays.
void find_right_filters(Plan& plan);

}  // namespace braid::plan
