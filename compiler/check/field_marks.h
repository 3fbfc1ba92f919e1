// What is known of the values in the fields of a relation, beside their types: labels (`#pii`), and that a reader's
// mask stands before a value. Marks follow values through the steps of a flow, and stand at paths into the row.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/typed/project.h"

namespace braid::checking {

struct Context;

struct FieldMark {
  enum class Kind { label, masked } kind = Kind::label;
  std::string name;       ///< of a label "pii"; of what is masked the field where the mask stands: "email"
  std::string relation;   ///< masked: whose field, "customers.customer_view"
  std::vector<int> path;  ///< below the column
  bool operator<(const FieldMark& other) const {
    return std::tie(kind, name, relation, path) < std::tie(other.kind, other.name, other.relation, other.path);
  }
};
using ColumnMarks = std::set<FieldMark>;
/// One for each field of a row.
using RowMarks = std::vector<ColumnMarks>;

/// Of the relation's row. `relation` may be one that the project does not have yet; those that it reads it has.
RowMarks marks_of(Context& context, const typed::Relation& relation);
/// Labels of one field of a relation, sorted, each once.
std::vector<std::string> labels_of(const RowMarks& marks, int field);

/// A step goes by a value that the domain of the flow sees masked: joins, groups, sorts or filters by it. Reported.
void check_masked_keys(Context& context, const typed::Relation& relation);

}  // namespace braid::checking
