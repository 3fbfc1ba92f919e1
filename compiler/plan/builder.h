// What `build` (plan.h) keeps while it turns the flows of a script into nodes. Only for the files that build a plan.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"

namespace braid::plan {

using typed::ExpressionRef;

inline const typed::ColumnRead* as_column(const ExpressionRef& expression) {
  return std::get_if<typed::ColumnRead>(&expression->node);
}

/// Used for one plan. Every member that adds nodes takes the node it stands behind and returns the last it added, both
/// as indices into `Plan::nodes`.
class Builder {
 public:
  Builder(const typed::Project& project, PutOut put_out) : project_(project), put_out_(put_out) {}

  Plan build(const std::vector<typed::RelationId>& products);

 private:
  int add(Node node) {
    plan_.nodes.push_back(std::move(node));
    return static_cast<int>(plan_.nodes.size()) - 1;
  }
  const std::vector<Field>& row(int node) const { return plan_.nodes[node].row; }
  typed::RelationId id_of(const typed::Relation& relation) const {
    return static_cast<typed::RelationId>(&relation - project_.relations.data());
  }

  // The shape of a flow (build.cpp)

  int relation(typed::RelationId id);
  /// Whether the rows are versions of keys: those of tables and of views over one.
  bool is_table(typed::RelationId id) const;
  /// Of a flow.
  bool reads_table(const typed::Relation& relation) const;
  int flow(typed::RelationId id);
  /// A join that holds rows back is on the way to the node.
  bool joined_in_time(int at) const;
  int step(int at, const typed::Step& step, const typed::Relation& owner);
  int keep_checked(int at, const typed::Check& check);
  /// A check is not asked of a row that closes its key.
  ExpressionRef unless_ends(int at, const ExpressionRef& condition) const;
  /// Nor an alert of one that goes.
  ExpressionRef unless_goes(int at, const ExpressionRef& condition) const;
  /// The versions with which a flow ends, as changes.
  int as_table(int at, const typed::Relation& relation);
  /// The rows of a view, converted; of versions without a key, those that open one.
  int as_stream(typed::RelationId id, int at);
  int publish(typed::RelationId id, int at);
  /// What `to` writes of a product's rows, where that is asked for.
  int outlet(int at, const typed::Relation& product);

  // How rows come (build_from.cpp)

  int from(const typed::FromStep& from, const typed::Step& step, const typed::Relation& owner);
  /// A declared stream or table, with what flows read of how its records came.
  int source(typed::RelationId id);
  /// Its fields alone.
  int declared(typed::RelationId id);
  /// The time of the rows is their arrival, which that column has.
  int by_arrival(int at, int column, const typed::Step& step, const typed::Relation& owner);
  int by_column(RetimeNode made, int at, std::string label, std::string text, Span span);
  /// `time f within d` in the header of a flow.
  int retime(int at, const typed::Relation& relation);
  /// Of a source's columns, those that are no fields and are not asked for go; those that are have their names of
  /// fields that are kept for later steps.
  int without(int source, bool arrival, bool headers, std::string text, Span span);

  // Rows as they are (build_rows.cpp)

  ExpressionRef column(int node, int index, Span span) const;
  /// A node of its own for one reader, in which only that reader's columns live: what a stateful step holds.
  int carry(int input, std::string text, Span span);
  /// Converts what is still checked: at the end of a product, on the right of a join, for the time of a flow.
  int read_all(int input, std::string word, std::string text, Span span);
  /// Converts those columns that are still checked.
  int read_columns(int input, const std::vector<int>& columns, const typed::Step& step);
  /// What says that a row closes its key, or goes, stays behind the other columns.
  void carry_mark(int at, std::vector<ExpressionRef>& columns, std::vector<Field>& fields, Span span) const;
  /// What a step computes is not asked of a row that closes its key.
  ExpressionRef unless_deleted(int at, ExpressionRef expression) const;
  /// `where` over a table: every row goes on, those that do not pass close their key.
  int close_unless(int at, const ExpressionRef& condition, const typed::Step& step);
  /// The list is computed behind the row that its elements go on with.
  int unnest(int at, const typed::UnnestStep& unnest, const typed::Step& step);
  /// The arguments are computed behind the row that goes on with the answer.
  int lookup(int at, const typed::LookupStep& lookup, const typed::Step& step, const typed::Relation& owner);

  // Unions (build_unions.cpp)

  int unite(int at, const typed::UnionStep& other, const typed::Step& step);
  /// Its columns in the order of those of `at`.
  int align(int right, const typed::UnionStep& other, int at, const typed::Step& step);
  /// Of rows of a key that several tables have, that of the first stands. `by_time`: the history of that.
  int unite_tables(int at, const typed::UnionStep& other, const typed::Step& step, const typed::Relation& owner,
                   bool by_time = false);
  /// Behind the columns of the projection `at` the branch, and the mark of the rows of `mark_of`, which it reads.
  void add_branch(int at, int mark_of, int64_t branch, Span span);
  int first_branch(int at, const typed::UnionStep& other, const typed::Step& step, const std::string& label);

  // Tables as of a time (build_history.cpp)

  /// A flow up to the first step that makes a table. Its rows go the same way, whatever becomes of the table.
  struct Beginning {
    int at = -1;
    size_t steps = 0;
  };
  /// Its rows are changes.
  static bool makes_table(const typed::Step& step);
  Beginning beginning(typed::RelationId id);
  /// A table as a join reads it as of a time: rows that open or end their keys. One that a step makes is made once
  /// more, instant by instant: what the changes of a turn come to has no history.
  int history(typed::RelationId id);
  /// Those that are computed from the first `columns` columns, which are the row's.
  static std::vector<ExpressionRef> keys_of(const typed::Step& step, size_t columns);
  int instants(int at, InstantsNode made, std::string label, const typed::Step& step);
  /// Versions of that table as changes.
  int newest_by_time(int at, const typed::Relation& table, const std::string& label, const typed::Step& step);

  // Joins (build_joins.cpp)

  int join(int at, const typed::JoinStep& join, const typed::Step& step, const typed::Relation& owner);
  /// A table without `time` whose rows some flow takes as changes, or a view of one.
  bool follows(typed::RelationId id) const;
  std::vector<ExpressionRef> table_key(int at, const typed::Relation& table, Span span) const;
  /// A join of tables is on the way to the node: a row may come before the one goes whose place it takes.
  bool pairs_tables(int at) const;
  /// Of such a table what the changes of a key come to, again as changes.
  int net_of_pairs(int at, const typed::Relation& table, const typed::Step& step, const typed::Relation& owner);
  /// For a join that keeps right rows: the left row with every field optional, and what the join reads of it.
  int optional_fields(int at, auto& join, const typed::Step& step);
  /// The right side of a join with a table by other columns than its key. Of one with time, the columns stand behind
  /// its rows, and a step before the join follows keys that move from one value of them to another.
  int by_other_columns(int right, JoinNode& join, const typed::Step& step, const typed::Relation& owner);
  /// `by_time`: of both sides the history.
  int join_tables(int at, typed::TableJoinStep join, const typed::Step& step, const typed::Relation& owner,
                  bool by_time = false);

  // Groups, ranks, patterns: rows that are made of several (build_groups.cpp)

  static std::string label_of(const typed::Step& step, const std::string& name, const typed::Relation& owner);
  static Type window_type();
  int group(int at, const typed::GroupStep& group, const typed::Step& step, const typed::Relation& owner);
  /// Rows of the step go on in the order of time.
  int in_order(int at, const typed::Step& step, const typed::Relation& owner);
  /// The rows of `at` once for each of their windows, which is their last column. Of `keys` the first two are that of a
  /// `span`. What may fail of what the step `reads` is computed before, so that it fails once for a record, unless it
  /// reads the window: a column behind those of `at`.
  int in_windows(int at, const typed::Window& window, std::vector<ExpressionRef>& keys,
                 const std::vector<ExpressionRef*>& reads, const typed::Step& step, const typed::Relation& owner);
  int rows_in_windows(int at, const typed::InWindowsStep& in_windows, const typed::Step& step,
                      const typed::Relation& owner);
  int running(int at, const typed::RunningStep& running, const typed::Step& step, const typed::Relation& owner);
  int top(int at, const typed::TopStep& top, const typed::Step& step, const typed::Relation& owner);
  int top_of_windows(int at, const typed::TopStep& top, const typed::Step& step, const typed::Relation& owner);
  /// Keys that are no columns stand behind the row while the first of each is found.
  int distinct(int at, const typed::DistinctStep& distinct, const typed::Step& step, const typed::Relation& owner);
  /// Fields inside structs stand behind the row meanwhile.
  int first_of_each(int at, const typed::Unique& unique, const typed::Relation& owner);
  /// Keys and what conditions ask of the row at hand alone stand behind the row as it comes.
  int match(int at, const typed::MatchStep& pattern, const typed::Step& step, const typed::Relation& owner);

  // Changes, and what begins from other than a relation (build_changes.cpp)

  int latest(int at, std::vector<ExpressionRef> keys, bool versions, std::string label, std::string text, Span span);
  /// Versions of a table as changes, if the rows are versions. `by_time`: instant by instant.
  int as_changes(int at, const typed::Relation& table, bool by_time, std::string label, const typed::Step& step);
  int net(int at, NetNode made, std::string text, std::string label, Span span);
  int net_of_product(int at, const typed::Relation& product);
  /// The versions of a product's table in the order of time, each with the one before it of its key. What they come to
  /// in a turn depends on how they come; this does not.
  int read_changes(const typed::FromStep& from, const typed::Step& step, const typed::Relation& owner);
  /// `op`, and the row before and after the change, of which one may be null.
  static Node changes_row(int at, const ExpressionRef& before, const ExpressionRef& after, const typed::Step& step);
  /// Rows that go and come, instant by instant: at each of them a key has one of both at most.
  int net_by_instants(int at, const typed::Relation& table, const typed::Step& step, const typed::Relation& owner);
  int ticks(const typed::TickStep& every, const typed::Step& step, const typed::Relation& owner);
  /// Rows of a port that a step names are as they were there, with fields that nobody has converted yet.
  int read_port(const typed::FromStep& from, const typed::Step& step);
  /// Rows of `at` leave the flow by a port that its step names.
  void note_port(const typed::Relation& owner, const std::string& port, int at);

  const typed::Project& project_;
  PutOut put_out_;
  Plan plan_;
  std::map<typed::RelationId, int> built_;
  std::map<typed::RelationId, int> sources_;
  std::map<typed::RelationId, int> versions_of_;  ///< of products that are tables
  std::map<typed::RelationId, Beginning> beginnings_;
  std::map<typed::RelationId, int> histories_;                                     ///< of tables that steps make
  std::map<typed::RelationId, int> published_;                                     ///< of products: the node that does
  std::map<std::pair<typed::RelationId, std::string>, std::vector<Field>> ports_;  ///< rows of those that `else` names
  int pairs_ = 0;                                                                  ///< of InstantsNode::pair
  bool versions_ = false;  ///< the rows of the flow at hand are versions of a table
  bool by_time_ = false;   ///< the step at hand makes a table of rows that come instant by instant
};

}  // namespace braid::plan
