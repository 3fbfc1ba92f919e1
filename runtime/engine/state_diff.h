// What a program would find of its state in a store: which steps go on with theirs. Nothing is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/engine/operator_state.h"

namespace braid {

struct StateDiff {
  std::string project;  ///< that the store belongs to
  std::vector<StateFit> steps;
  std::vector<std::string> added_products, gone_products;  ///< "shop.big version 2"

  /// The program can go on without JobOptions::accept.
  bool fits() const;
  /// Rows are given up.
  bool loses() const;
};

/// None if no job has committed there. `directory`: of the store. Fails as a job would, with 8002 or 8005.
Result<std::optional<StateDiff>> state_diff(const Program& program, StateStore& store, Fs& fs,
                                            const std::string& directory);

}  // namespace braid
