// What a node of the plan does, as text. How it names the columns of its inputs is left to whoever asks: by number
// (digest.h), or by what they hold wherever they stand (provenance.h).
#pragma once

#include <string>

#include "compiler/plan/plan.h"

namespace braid::plan {

class Meaning {
 public:
  Meaning(const Node& node, const Plan& plan, const typed::Project& project)
      : node_(node), plan_(plan), project_(project) {}
  virtual ~Meaning() = default;

  std::string text() const { return std::visit(*this, node_.content); }

  std::string operator()(const SourceNode& source) const;
  std::string operator()(const TickNode& ticks) const;
  std::string operator()(const KeepNode& keep) const;
  std::string operator()(const ProjectNode& project) const;
  std::string operator()(const UnionNode&) const;
  std::string operator()(const JoinNode& join) const;
  std::string operator()(const GroupNode& group) const;
  std::string operator()(const TopNode& top) const;
  std::string operator()(const RunningNode& running) const;
  std::string operator()(const LatestNode& latest) const;
  std::string operator()(const MovesNode& moves) const;
  std::string operator()(const TableJoinNode& join) const;
  std::string operator()(const NetNode& net) const;
  std::string operator()(const EmitNode& emit) const;
  std::string operator()(const InstantsNode& instants) const;
  std::string operator()(const InWindowsNode& in_windows) const;
  std::string operator()(const InOrderNode& in_order) const;
  std::string operator()(const UnnestNode& unnest) const;
  std::string operator()(const LookupNode& lookup) const;
  std::string operator()(const RetimeNode& retime) const;
  std::string operator()(const UniqueNode& unique) const;
  std::string operator()(const MatchNode& match) const;
  std::string operator()(const AlertNode& alert) const;
  std::string operator()(const PublishNode& publish) const;
  std::string operator()(const PortNode& port) const;

  /// An aggregate over the first input.
  std::string folded(const typed::Aggregate& aggregate) const;

 protected:
  /// Of an expression over the row of that input.
  virtual std::string expression(const typed::ExpressionRef& expression, int over) const;
  /// Of one over the rows of both inputs, condition_row().
  virtual std::string residual(const typed::ExpressionRef& expression) const;
  /// Of one over match_row().
  virtual std::string rest(const MatchNode& match, const typed::ExpressionRef& expression) const;
  /// Of a column of the first input.
  virtual std::string column(int index) const;
  /// False: of what the node adds to its rows, aggregates and fields that are read, nothing is said.
  virtual bool whole() const { return true; }

  const std::vector<Field>& input(int index) const { return plan_.nodes[node_.inputs[index]].row; }

  const Node& node_;
  const Plan& plan_;
  const typed::Project& project_;

 private:
  std::string columns(const std::vector<int>& list) const;
};

/// Rows print columns by number, so that renaming a field keeps the meaning of what reads it.
std::vector<Field> unnamed(const std::vector<Field>& row);

}  // namespace braid::plan
