// What the value of an expression is made of.
#pragma once

#include "compiler/lineage/flow.h"

namespace braid::lineage {

/// Follows values through one step's expressions, over the row before it.
class ExpressionFlow {
 public:
  /// Both outlive it.
  ExpressionFlow(const std::vector<Shape>& row, const Shape& time) : row_(row), time_(time) {}

  Shape of(const typed::ExpressionRef& expression);
  /// Fields whose values decide whether one of the expressions so far failed, and with it the row.
  const std::set<Origin>& failures() const { return failures_; }
  /// What decides the cases so far that name each symbol and have no `else`.
  const std::set<Origin>& whole_cases() const { return whole_cases_; }
  /// The calls of `declassify` met so far.
  const std::vector<typed::Declassification>& declassified() const { return declassified_; }

 private:
  Shape node(const typed::Expression& expression);
  Shape loop(const typed::Loop& loop);
  Shape bind(const typed::Bind& bind);
  /// Of a value that is chosen or decided by `condition`.
  void decided_by(Shape& shape, const Shape& condition, const typed::ExpressionRef& may_fail);
  void may_fail(const Shape& shape);

  const std::vector<Shape>& row_;
  const Shape& time_;
  std::map<int, Shape> locals_;
  int attempts_ = 0;  ///< how many `try` stand around the node
  std::set<Origin> failures_;
  std::set<Origin> whole_cases_;
  std::vector<typed::Declassification> declassified_;
};

/// Everything of the shape as conditions of that kind.
Influences influences_of(const Shape& shape, Influence kind);

}  // namespace braid::lineage
