// What a program would find of its state: which steps go on with theirs, which can be made again, and what is lost. It
// is judged as a job judges it that starts (job_store.h). Nothing is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/engine/history.h"
#include "runtime/engine/operator_state.h"

namespace braid {

struct StepVerdict {
  StateFit fit;
  Retained retained;  ///< of a step that does not go on with its state
  bool operator==(const StepVerdict& other) const {
    return fit.kind == other.fit.kind && fit.label == other.fit.label && fit.reason == other.fit.reason;
  }
};

struct StateDiff {
  std::string project;  ///< that the store belongs to
  std::vector<StepVerdict> steps;
  std::vector<std::string> added_products, gone_products;  ///< "shop.big version 2"

  /// Rows are given up, unless they are made again.
  bool loses() const;
};

/// Of a store. None if no job has committed there. `directory`: of the store. Fails as a job would, with 8002 or 8005.
Result<std::optional<StateDiff>> state_diff(const Program& program, StateStore& store, const std::string& directory,
                                            const InputPlaces& places, const StateParts& parts);
/// Of the state that a job of another program would have. `no_topics`: as retained_by_kind() has it.
StateDiff state_diff(const Program& program, const StateParts& parts, const Program& before,
                     const StateParts& parts_before, const std::string& no_topics);

}  // namespace braid
