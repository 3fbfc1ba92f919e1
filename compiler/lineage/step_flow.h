// What the steps of a flow do to the origins of its rows.
#pragma once

#include "compiler/lineage/expression_flow.h"

namespace braid::lineage {

/// A field of that type as it comes from there. `labels`: a shape of the same field whose labels it has; may be null.
Shape shape_of_origin(Origin origin, const Type& type, const Shape* labels);
/// The fields of a relation or of a port, as a flow that reads them finds them.
std::vector<Shape> fields_read(const std::vector<RelationFlow>& known, const typed::Project& project,
                               const Reading& reading);

class StepFlow {
 public:
  /// All outlive it. Notes what the steps read, and the ports that they name, in `flow`.
  StepFlow(const typed::Project& project, const std::vector<RelationFlow>& known, RelationFlow& flow)
      : project_(project), known_(known), flow_(flow) {}

  void add(const typed::Step& step);
  const Rows& rows() const { return rows_; }
  const std::vector<typed::Declassification>& declassified() const { return declassified_; }

 private:
  class Expressions;
  struct Right;

  void from(const typed::FromStep& step);
  void tick(const typed::TickStep& step);
  void unite(const typed::UnionStep& step);
  void where(const typed::WhereStep& step);
  void project(const typed::ProjectStep& step);
  void join(const typed::JoinStep& step);
  void join_table(const typed::TableJoinStep& step);
  void group(const typed::GroupStep& step);
  void top(const typed::TopStep& step);
  void running(const typed::RunningStep& step);
  void latest(const typed::LatestStep& step);
  void distinct(const typed::DistinctStep& step);
  void match(const typed::MatchStep& step, const std::vector<Field>& after);
  void unnest(const typed::UnnestStep& step);
  void lookup(const typed::LookupStep& step);
  void windows(const typed::InWindowsStep& step);

  /// The rows of another relation, and what decides which of them there are.
  Right right(typed::RelationId relation);
  void keyed(const Right& right, const std::vector<typed::ExpressionRef>& keys);
  Shape aggregate(const typed::Aggregate& aggregate, Expressions& expressions);
  Shape window_shape() const;
  void decided_by(const Shape& shape, Influence influence) { rows_.decide.merge(influences_of(shape, influence)); }
  /// The rows at this step, which go to that port.
  void port(const std::string& name, const std::vector<Field>& row);

  const typed::Project& project_;
  const std::vector<RelationFlow>& known_;
  RelationFlow& flow_;
  Rows rows_;
  /// Of tables that the flow reads or makes: a version that is like the one before it is no change, so that every field
  /// decides since when a row is there, and by that which of two rows comes first.
  Influences since_;
  std::vector<typed::Declassification> declassified_;
};

}  // namespace braid::lineage
