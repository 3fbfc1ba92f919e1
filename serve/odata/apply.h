// $apply as stages: filters, and groups with aggregates. What a stage gives are rows of a shape of its own.
//
// Immutable once read; threads may share it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve/odata/parser.h"

namespace braid::serve::odata {

struct Aggregate {
  enum class Method : uint8_t { sum, min, max, average, countdistinct, count };
  Method method = Method::count;
  NodePtr of = {};  ///< null: rows are counted
  std::string alias;
};

struct Stage {
  NodePtr filter = {};  ///< else groups
  std::vector<Resolved> by = {};
  std::vector<Aggregate> aggregates = {};
  Shape gives = {};                                               ///< of groups: first `by`, then the aggregates
  std::vector<FieldPlace> by_places = {}, aggregate_places = {};  ///< in what it gives
};

/// `shape`: of the rows that come in.
Parsed<std::vector<Stage>> read_apply(std::string_view text, const Shape& shape, const Aliases& aliases);

}  // namespace braid::serve::odata
