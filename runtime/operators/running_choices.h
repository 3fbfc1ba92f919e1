// Aggregates of rows that come in order and go in the same order, as those of `running … over` do: min, max, first,
// last, arg_min and arg_max keep the rows that may be chosen yet, the best in front. A row that is no better than a
// newer one is never chosen again, since it goes before that one, so each row comes and goes once. Others are those of
// tables, which take out any row.
//
// Such states are in no store: the rows that they are of are.
#pragma once

#include <memory>
#include <vector>

#include "runtime/operators/accumulators.h"

namespace braid {

/// take_out() is called for the rows in the order in which they came.
std::unique_ptr<Accumulator> make_accumulator_in_order(const AggregateSpec& spec, const std::vector<Field>& row);

}  // namespace braid
