// In how many ways a program can run of which law 1 says that they must not show: a table of dimensions, all their
// combinations, and a small choice of them in which every two values of two dimensions meet. Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compiler/optimize/optimize.h"
#include "runtime/base/rng.h"
#include "runtime/data/block.h"

namespace braid::scenarios {

enum class Restarts {
  never,
  after_each_turn,      ///< a commit after every turn, and a restart from it
  again_while_starting  ///< and a second crash before the restart is over
};

struct Variation {
  optimize::Options passes;
  bool native = false;
  size_t workers = 1;
  uint32_t block_rows = kBlockRows;
  Restarts restarts = Restarts::never;
  uint64_t state_memory = UINT64_MAX;
  /// The input in turns that are cut and ordered otherwise, and released in other rounds: rows stay the same, their
  /// order may not.
  bool other_turns = false;

  std::string name;       ///< of its values: "push_filters off, native, …"
  std::string passes_id;  ///< and of the passes alone
};

/// One of its values is chosen in each variation; the first one is the plain one.
struct Dimension {
  struct Value {
    std::string name;  ///< empty: goes without saying
    std::function<void(Variation&)> choose;
  };
  std::string name;
  std::vector<Value> values;
};

/// Of a script whose turns are given. A new dimension is a new entry of this table.
std::vector<Dimension> dimensions_of_turns();
/// Of a job, which cuts its turns by the data: turns cannot be others.
std::vector<Dimension> dimensions_of_jobs();

/// Every combination, the plain one first.
std::vector<Variation> all_variations(const std::vector<Dimension>& dimensions);
/// The plain one, then few in which every value of a dimension meets every value of every other. The same each time.
std::vector<Variation> pairwise_variations(const std::vector<Dimension>& dimensions);
/// Any of all.
Variation random_variation(const std::vector<Dimension>& dimensions, Rng& rng);

}  // namespace braid::scenarios
