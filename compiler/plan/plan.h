// The logical plan: the flows of the reachable relations as one acyclic graph of nodes. Views are inlined but built
// once, however many read them. `build` makes the checked plan: each column that nothing later reads is gone, each read
// of a source field that may not have converted is spelled out (Conversion::checked_read), each stateful node has its
// identity. Optimiser passes (compiler/optimize) turn it into a plan of equal meaning; `lower` (lower.h) into a
// physical plan. Values; nodes refer by index into Plan::nodes, inputs before readers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/typed/expression.h"
#include "compiler/typed/project.h"
#include "runtime/abi/program.h"
#include "runtime/data/row_change.h"

namespace braid::plan {

/// A declared stream or table. The row holds the fields that are read, key and time; those of a table, the key and the
/// time are converted by `from`, the others are `checked<T>`.
struct SourceNode {
  typed::RelationId relation;
  /// Of the relation's row, for each field of this node's row; or one of those below.
  std::vector<int> fields;
  static constexpr int kDeletes = -1;  ///< kDeleted
  static constexpr int kArrival = -2;  ///< typed::kArrival: when the record arrived
  static constexpr int kHeaders = -3;  ///< typed::kHeaders
};
/// Rows of a table, and of the views over it, may carry this bool column behind all others: the version closes its key
/// instead of opening a new one. `delete when` makes it, and a `where` of a view over a table: a row that no longer
/// passes must close the version that did.
inline constexpr std::string_view kDeleted = "?deleted";
/// Its index in the row, −1 if there is none.
int deleted_column(const std::vector<Field>& row);
/// Rows that are changes of a table carry the bool column kRetracted behind all others (runtime/data/row_change.h): the
/// row goes, instead of coming. A row that goes is the one that came, field by field. Steps without state pass it on.
/// Its index in the row, −1 if there is none.
int retracted_column(const std::vector<Field>& row);
/// Of versions kDeleted, of changes kRetracted: the row ends one that stands. −1 if there is neither.
int ending_column(const std::vector<Field>& row);
/// Columns that the planner adds, not the script.
bool is_hidden(const Field& field);
/// `from every d`. Inputs: the sources whose time moves it; nothing of their rows is read but the time. Row: `at`.
struct TickNode {
  int64_t every_us;
};
/// `where`, and a check of a contract that rejects or stops the job.
struct KeepNode {
  typed::ExpressionRef condition;
  std::string port;    ///< else port; empty: filtered
  std::string check;   ///< name of the contract's check; empty: a `where`
  bool stops = false;  ///< of a check: a row that does not pass stops the job
};
/// let, select, drop, rename, narrow; and those the planner adds: "read" and "publish" convert what is still checked,
/// "carry" narrows the row to what one reader needs, "align" orders the columns of a union, "finish" computes a group's
/// row from keys and aggregates.
struct ProjectNode {
  std::string word;
  std::vector<typed::ExpressionRef> columns;
};
struct UnionNode {};  ///< all inputs have this row
/// Inputs: left, right. Right rows are converted. The row: the left row, then struct `alias` of the right row (without
/// kDeleted).
struct JoinNode {
  typed::JoinStep step;    ///< keys over the inputs' rows; residual over the left row and the struct
  bool meets_one = false;  ///< interval: each left row meets at most one right row, and is done when it has
  /// Interval, over the right row, null if none: pairs with a right row that does not pass are made and filtered, so of
  /// such a row only its place is kept.
  typed::ExpressionRef right_filter = nullptr;
  /// With a table by other columns than its key: the key, over the right row. A left row meets the rows of all keys
  /// that have equal columns; right rows of a table with time come from a MovesNode.
  std::vector<typed::ExpressionRef> table_key = {};
};
/// Row: keys, aggregates, window { start, end }. Without a window: keys, aggregates, kRetracted; the input's rows may
/// be changes too. Of sessions without `windowed`, whose rows are changes: keys, aggregates, window, kRetracted.
struct GroupNode {
  bool windowed = true;
  typed::Window window;
  std::vector<typed::ExpressionRef> keys;
  std::vector<typed::Aggregate> aggregates;
  /// Without a window: the key that ends with the end of a window that InWindowsNode has given the rows; `window` says
  /// how long it stays open. −1: there is none.
  int window_key = -1;
  int64_t retain_us = typed::kForever;
};
/// Row: the input's, without kRetracted, then what the step adds, and kRetracted if it has no window.
struct TopNode {
  typed::TopStep step;  ///< keys and orders over the input's row
  int window_key = -1;  ///< as of a group
};
/// Row: the input's, then the results of the aggregates.
struct RunningNode {
  typed::RunningStep step;  ///< over the input's row
};
/// The newest row of each key, as changes. Input: rows of a stream, or versions of a table. Row: the input's without
/// kDeleted, then kRetracted.
struct LatestNode {
  bool versions = false;  ///< of a table
  std::vector<typed::ExpressionRef> keys;
  int64_t retain_us = typed::kForever;
};
/// Versions of a table on their way to a join by other columns than its key: where a key gets other values in these
/// columns, its row under the values before ends there. Row: the input's, which has those columns, then kMove, then
/// kDeleted, at its end. Rows go on as they are, with kMove 0, and others come between them
/// (runtime/data/row_change.h).
struct MovesNode {
  std::vector<typed::ExpressionRef> keys;  ///< of the table, over the input's row
  int first = 0, count = 0;                ///< the columns
};
/// Inputs: changes of two tables. Row: the left row without kRetracted, struct `alias` of the right row without it, and
/// kRetracted.
struct TableJoinNode {
  typed::TableJoinStep step;  ///< keys over the inputs' rows; residual over the left row without kRetracted, the struct
};
/// Of the changes of one key in a turn, what they come to. Row: the input's with kChange for kRetracted, and if they
/// are whole kBefore and kChangedAt.
struct NetNode {
  std::vector<typed::ExpressionRef> keys;
  bool whole = false;
};
/// Changes wait until event time, or the clock, has passed the next multiple of that. The row stays as it is.
struct EmitNode {
  int64_t every_us;
  bool wall = false;
};
/// A row for each window of the input's row that is open. Row: the input's, then `window` { start, end }; with `given`
/// the input's alone.
struct InWindowsNode {
  typed::Window window;
  int given = -1;  ///< column of the input that ends with the end of the row's window; −1: its time says
  /// In front of a join of rows that share a window: a row is late when it is behind by more than the window's `late`,
  /// and time goes on that much behind. Else windows close.
  bool joined = false;
};
/// Rows wait until time has passed them, and go on in its order. The row stays as it is.
struct InOrderNode {
  int by =
      -1;  ///< column, a timestamp: orders the rows that one record caused for one time; −1: the order they came in
};
/// Rows go on instant by instant, once time has passed them: what a step behind it makes of them is the history of a
/// table. The row stays as it is.
struct InstantsNode {
  bool versions = false;                   ///< rows are versions of a table
  std::vector<typed::ExpressionRef> keys;  ///< of the step behind it
  int pair = -1;  ///< two nodes of one number, before a join of two tables, go through their instants together
};
/// A row for each element of the list that is the input's last column, kList. Row: the input's without it, the element,
/// and kRetracted if the input has it. A list that is null is empty.
inline constexpr std::string_view kList = "?list";
struct UnnestNode {
  bool left = false;  ///< a row without elements goes on once, with null
  /// Of an element that is a struct: those of its fields that go on; absent: the element as it is.
  std::optional<std::vector<int>> fields;
};
/// What a service answers to the input's columns kArgument, which stand behind all but kRetracted: the arguments, and
/// of a table its key. Row: the input's without them, and the answer, before kRetracted.
inline constexpr std::string_view kArgument = "?argument";
struct LookupNode {
  typed::LookupStep step;  ///< its arguments and keys have become those columns
};
struct RetimeNode {
  int time_column;
  int64_t within_us;
  bool by_arrival = false;  ///< the input is a source, and the column says when its records arrived
};
/// `unique` of a contract, whose duplicates are rejected, and `distinct`, which drops them.
struct UniqueNode {
  std::vector<int> columns;
  int64_t within_us;
  bool drops = false;
};
/// Patterns. Row: the keys, then a column of each element that is read (typed::element_type of the input's `fields`).
struct MatchNode {
  struct Element {
    typed::ElementKind kind = typed::ElementKind::somewhere;
    std::string name;
    int64_t least = 1, most = 1;
    bool list = false;
    int fit = -1;  ///< bool column of the input: the part of its condition that comes first and reads the row
                   ///< at hand alone; −1: there is none
    typed::ExpressionRef rest;  ///< of the condition, over match_row(); null: nothing
    int output = -1;            ///< column of the row; −1: none
  };
  int64_t within_us = 0;
  std::vector<int> keys;    ///< columns of the input
  std::vector<int> fields;  ///< of the input: what an element's row has
  std::vector<Element> elements;
};
/// The row over which conditions of elements are asked: the input's, then a column for each element that has rows.
std::vector<Field> match_row(const MatchNode& match, const std::vector<Field>& input);
/// What an element is in that row, and in the node's.
Type match_type(const MatchNode& match, const MatchNode::Element& element, const std::vector<Field>& input);
/// A match may go out when its time is over, with the time of its last row.
bool holds_time_back(const MatchNode& match);
struct AlertNode {
  std::string check;
  typed::ExpressionRef condition;
};
struct PublishNode {
  int product;  ///< index into Plan::products
};
/// Rows that have left the flow of a product by a port. Input: the product's PublishNode, only so that it comes before.
/// Row: of a port that `else` names, that of the step; else standing_port_row (compiler/check).
struct PortNode {
  int product;  ///< index into Plan::products
  std::string port;
};

struct Node {
  std::variant<SourceNode, TickNode, KeepNode, ProjectNode, UnionNode, JoinNode, GroupNode, TopNode, RunningNode,
               LatestNode, MovesNode, TableJoinNode, NetNode, EmitNode, InstantsNode, UnnestNode, LookupNode,
               InWindowsNode, InOrderNode, RetimeNode, UniqueNode, MatchNode, AlertNode, PublishNode, PortNode>
      content;
  std::vector<int> inputs;
  std::vector<Field> row;
  std::string text;  ///< of the step, as written
  Span span;
  StateIdentity state;        ///< of stateful nodes
  std::vector<int> products;  ///< whose ledgers count what leaves here
  bool derived = false;       ///< rows made by a step that gives 0..n rows, of the same product
};

struct Plan {
  std::vector<Node> nodes;
  std::vector<typed::RelationId> products;
  uint64_t id = 0;  ///< digest of the checked plan
};

/// What of a product is put out: its rows, as its own domain sees them, or what `to` writes of them
/// (typed::Relation::outlet).
enum class PutOut { rows, outlets };
/// The plan of these products of `project`, and of all they read.
Plan build(const typed::Project& project, const std::vector<typed::RelationId>& products,
           PutOut put_out = PutOut::rows);

/// One node a line, indented below its reader, with row and state; shared nodes once.
std::string print(const Plan& plan, const typed::Project& project);

bool stateful(const Node& node);
/// Drops columns and nodes that nothing reads; used by `build`, and by passes that leave dead columns behind.
void drop_unread(Plan& plan, const typed::Project& project);
/// Columns of `row` that are `checked` are read through checked_read, directly below `try` through tried_read.
typed::ExpressionRef reading(const typed::ExpressionRef& expression, const std::vector<Field>& row);
/// Those fields of a row that are of the script: what a join's struct has of the right row.
std::vector<Field> joined_fields(const std::vector<Field>& row);
/// The row over which the condition of a join is computed: the left fields, then the struct of the right ones.
std::vector<Field> condition_row(const std::vector<Field>& left, const std::vector<Field>& right,
                                 const std::string& alias);
/// Rows of sessions go out as changes.
bool changes_sessions(const GroupNode& group);
bool changes_sessions(const TopNode& top);
/// What a row of this node has of an element of its input's list.
Type unnested_type(const UnnestNode& node, const Type& list);
/// Fills in products, derived flags. Called after nodes changed.
void annotate(Plan& plan);

}  // namespace braid::plan
