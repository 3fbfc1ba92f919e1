// By what rows are placed in partitions, traced through a program: which steps bring together rows of several
// partitions, and so begin a stage. Internal to stages.cpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/abi/program.h"

namespace braid {

/// The leaves of a row by which its partition was chosen, in the order of the key that chose it.
struct Placing {
  std::vector<int> leaves;
  std::string scheme;  ///< how it was chosen: rows of two inputs with one scheme and equal keys have one partition
  bool operator==(const Placing&) const = default;
};

/// Reference data and what row-by-row steps make of it: each stage that needs it has it.
inline constexpr int kEverywhere = -1;

struct Placed {
  std::vector<std::optional<Placing>> placings;  ///< by operator
  /// Its stage, or kEverywhere. One that is later than that of an input has its rows placed by its keys before them.
  std::vector<int> levels;
  /// Of steps that read a port: stages before their own, in which rows may leave by it.
  std::map<int, std::set<int>> port_levels;
  std::string reason;  ///< empty, or why there cannot be such stages
};

/// What its rows are to be placed by, of a step that keeps state by key: fields of the input `which`.
struct StepKey {
  std::vector<int> fields;
  bool nulls_match = true;
};
std::optional<StepKey> key_of_step(const Operator& op, size_t which);

Placed trace_placing(const Program& program, const std::map<int, int32_t>& partitions);

}  // namespace braid
