// The rows that a $filter chooses, as a plan of serve/read: what a plan can say is pushed into it, so that keys,
// indexes and ranges make the read short; the rest is evaluated row by row.
#pragma once

#include <vector>

#include "serve/odata/expression.h"
#include "serve/read/read_plan.h"

namespace braid::serve::odata {

struct Selection {
  std::vector<Condition> pushed = {};
  std::vector<const Node*> origin = {};  ///< of each of `pushed`: what it says a part of
  std::vector<const Node*> rest = {};    ///< all of them hold, too; of the filters

  /// Leaves what that condition says to the rows.
  void take_back(size_t condition);
  size_t nodes() const;  ///< of the rest
};

/// Of all filters, of rows of the view itself; they outlive the selection. `push`: false leaves all to the rows.
Selection select_rows(const std::vector<const Node*>& filters, bool push = true);

/// The condition on a field as a plan has it. Nothing: the value is none of the field's.
std::optional<Condition> condition_of(const FieldPlace& place, const std::vector<int>& path, Condition::Op op,
                                      const Datum& value);

}  // namespace braid::serve::odata
