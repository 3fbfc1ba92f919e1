// What the passes over a plan know of a pattern's conditions. Pure functions.
#pragma once

#include "compiler/plan/plan.h"

namespace braid::plan {

/// A condition of an element as the operands of its `and`: those up to the first that reads an element are asked of
/// each row when it comes, `rest` of a row that a match may take. Null: there are none.
struct SplitCondition {
  typed::ExpressionRef row, rest;
};
/// `columns`: of the row at hand; those of elements are behind them.
SplitCondition split_condition(const typed::ExpressionRef& condition, int columns);

}  // namespace braid::plan
