// What a step with aggregates reads of a row, as columns: each expression once, in the order in which the step asks
// them, which is the order in which a row fails. A step whose rows may be late also carries the row before it, field by
// field, since that is what a late row shows: nothing is computed for it, and a field that the step reads as it is
// stands once.
#pragma once

#include <string>
#include <vector>

#include "compiler/plan/plan.h"

namespace braid::plan {

class ComputedColumns {
 public:
  /// `before` outlives it.
  explicit ComputedColumns(const std::vector<Field>& before) : before_(before) {}

  /// Where the expression over the row before is; `output` names the field that it becomes a part of. −1 of no
  /// expression.
  int column(const typed::ExpressionRef& expression, std::string name, const std::string& output);
  /// What may fail is asked only of the rows that the aggregate's filter keeps, or that have been asked already.
  typed::ExpressionRef guarded(const typed::ExpressionRef& expression, const typed::ExpressionRef& filter) const;
  std::string text_of(const typed::ExpressionRef& expression) const;

  /// The fields of the script in the row before, each as a column: its place, in their order. One that the step
  /// converts is the converted one; others that have not been are still `checked`.
  std::vector<int> add_row();

  /// The columns once more: those of `first` in front, named as in the row before, then the others.
  struct Arranged {
    std::vector<typed::ExpressionRef> columns;  ///< over row()
    std::vector<Field> row;
    std::vector<int> places;  ///< where each column is now
  };
  Arranged arranged(const std::vector<int>& first, Span span) const;

  const std::vector<Field>& before() const { return before_; }
  const std::vector<typed::ExpressionRef>& columns() const { return columns_; }
  const std::vector<Field>& row() const { return row_; }
  const std::vector<std::string>& outputs() const { return outputs_; }

 private:
  bool has(const typed::ExpressionRef& expression) const;
  /// The field of the row before that the column is, as it is or converted; −1: it is computed.
  int field_of(const typed::ExpressionRef& column) const;

  const std::vector<Field>& before_;
  std::vector<typed::ExpressionRef> columns_;
  std::vector<Field> row_;
  std::vector<std::string> outputs_;  ///< the fields that they become a part of
  std::vector<std::string> texts_;
};

}  // namespace braid::plan
