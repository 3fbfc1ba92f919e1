// What rows and columns of a plan are, told from where they come from: two columns that hold the same values have the
// same origin, wherever they stand and whatever they are called, and so have two steps that give the same rows. From it
// steps know again whose state is theirs when the script has changed (docs/decisions/0052-state-follows-the-script.md).
//
// A step's rows depend on what chooses them (sources, conditions, keys, windows), not on columns beside it, so a change
// that only adds or removes columns changes no step behind it that does not read them. Conditions between two steps
// that keep state are a set: their order and how they are joined by `and` do not show. That a record may be rejected
// for one of its fields is not part of it.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/abi/state_family.h"

namespace braid::plan {

/// Of a step that keeps state.
struct StateMeaning {
  uint64_t step = 0;            ///< which rows it takes, and what it does with them, apart from `parts`
  std::vector<uint64_t> parts;  ///< what it holds: of a group its aggregates, else the columns of its rows
  /// Of `running`: its keys, then of each aggregate the argument, what it is chosen by, its filter; kNoPart: none.
  std::vector<uint64_t> reads;
};

/// Of the steps of a checked plan that hold rows or aggregates, without those that are known by a name.
StateParts state_parts(const Plan& plan, const typed::Project& project);

/// One for each node; those without state have none of it.
std::vector<StateMeaning> state_meanings(const Plan& plan, const typed::Project& project);

}  // namespace braid::plan
