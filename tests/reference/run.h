// One evaluation of a plan: the rows that leave each node, node after node. Private to this folder.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "compiler/interpret/interpret.h"
#include "runtime/data/arena.h"
#include "runtime/report/diagnostic.h"
#include "tests/reference/outcome.h"
#include "tests/reference/ways.h"

namespace braid::reference {

inline constexpr int64_t kBeforeAll = INT64_MIN;
inline constexpr int64_t kAfterAll = INT64_MAX;

/// A row on an edge. Its text lies in the run's arena.
struct Row {
  std::vector<Slot> slots;
  int64_t time = 0;
  int64_t watermark = kBeforeAll;  ///< of its partition, just before it
  Cause cause;
  std::vector<int64_t> place;    ///< settles ties of one instant: source, partition, position, and what joins add
  std::ptrdiff_t of_record = 3;  ///< so many of them name the record, with its ways through products before the last
  std::ptrdiff_t met = 0;        ///< so many behind those name the right rows that it has met, join after join

  /// The place of one of several rows that a step makes of this one, behind the right rows that it has met.
  void add_number(int64_t number) {
    if (place.size() == static_cast<size_t>(of_record + met)) place.push_back(kBeforeAll);
    place.push_back(number);
  }
  std::string table_key;          ///< of a table's row: canonical bytes of the table's own key
  std::optional<size_t> arrival;  ///< of the record that it is, as Input::steps counts; none: it was made
};

/// Of a key: -0.0 and 0.0 are one, which is 0.0. Lists are written anew, into the arena.
void settle_zeros(const Type& type, Slot* slots, Arena& arena);

/// When the time of a partition moves (architecture 2a, time 1 and 2).
class TimeLine {
 public:
  TimeLine(int64_t within, int64_t ahead) : within_(within), ahead_(ahead) {}
  /// W before the row.
  int64_t watermark() const;
  void observe(int64_t time);
  /// It moves to `time` without a record, or by one that needs no other to confirm it.
  void move_to(int64_t time);
  /// The last that is confirmed, or the only one there is.
  std::optional<int64_t> last() const { return max_ ? max_ : candidate_; }

 private:
  int64_t within_, ahead_;
  std::optional<int64_t> max_, candidate_;
};

class Run {
 public:
  Run(const plan::Plan& plan, const typed::Project& project, const Input& input);
  ~Run();
  std::vector<ProductOutcome> evaluate();

 private:
  using Rows = std::vector<Row>;

  // source.cpp
  Rows source(int index, const plan::SourceNode& node);
  int64_t arrived(const InputRecord& record) const;
  struct Declared {
    std::vector<Field> row;  ///< checked<T> of each declared field
    std::vector<Slot> slots;
    std::map<int, interpret::Failure> failures;  ///< of fallbacks
  };
  Declared declared(const typed::Relation& relation, const InputRecord& record, const Row& row);

  // ticks.cpp
  Rows ticks(int index, const plan::TickNode& node);

  // steps.cpp
  Rows keep(int index, const plan::KeepNode& node);
  Rows project(int index, const plan::ProjectNode& node);
  Rows unite(int index);
  Rows retime(int index, const plan::RetimeNode& node);
  std::set<uint32_t> held_before(int node) const;
  Rows unnest(int index, const plan::UnnestNode& node);
  Rows lookup(int index, const plan::LookupNode& node);
  Rows unique(int index, const plan::UniqueNode& node);
  Rows alert(int index, const plan::AlertNode& node);
  Rows publish(int index, const plan::PublishNode& node);
  /// The product reads another domain: it does not show where in its file a record begins.
  bool hides(int product) const;
  /// Such a product shows of steps of other domains codes alone.
  bool shows(int product, Span step) const;
  // ports.cpp
  Rows port(int index, const plan::PortNode& node);
  /// To flows that read the port. `standing`: texts and the origin instead of the row.
  void give(const std::vector<int>& products, const std::string& port, const Row& row);
  void give_standing(int product, const std::string& port, const std::vector<std::string>& texts, const Row& row,
                     bool has_bytes);
  void give_standing(const std::vector<int>& products, const std::string& port, const std::vector<std::string>& texts,
                     const Row& row, bool has_bytes);

  // places.cpp
  int64_t made_ways(int at) const;
  void note_relations(int at, std::vector<int64_t>& found) const;
  /// The place of a row for who reads the product, or a port of it.
  void place_behind(int product, Row& row);
  /// What stands for the source of rows that a step has made.
  int64_t made_rows() const { return static_cast<int64_t>(relation_names_.size()); }

  // joins.cpp
  Rows join(int index, const plan::JoinNode& node);
  Rows join_table(int index, const typed::JoinStep& step);
  Rows join_history(int index, const typed::JoinStep& step, int table);
  Rows join_latest(int index, const typed::JoinStep& step, int table);
  /// A left row that has met this right row, or none.
  void settle_met(int index, const typed::JoinStep& step, const Row& left, const Row* right, Rows& out);
  Rows join_interval(int index, const typed::JoinStep& step);
  Rows join_nearest(int index, const typed::JoinStep& step);
  Rows join_exists(int index, const typed::JoinStep& step);
  /// By other columns than the table's key: the left row with each of these, which are in the order of their keys. The
  /// first condition to fail rejects a row of a semi or anti join, else the pair.
  void join_all(int index, const typed::JoinStep& step, const Row& left, const std::vector<const Row*>& rights,
                Rows& out);
  std::vector<const Row*> by_table_key(int index, const std::vector<const Row*>& rows);
  /// A semi or anti join's left row that has a match, or has none.
  void settle_exists(int index, const typed::JoinStep& step, const Row& left, bool met, Rows& out);
  /// A row with the canonical bytes of its key; null where a part of it is null, which matches nothing.
  struct Keyed {
    const Row* row;
    std::optional<std::string> key;
    bool deletes = false;        ///< of a table: ends the version of its key
    std::optional<int64_t> end;  ///< of a left row: the upper end that it computes
  };
  /// Rows of which a key fails are rejected and gone.
  std::vector<Keyed> keyed(int index, const std::vector<typed::ExpressionRef>& keys, int which) {
    return keyed(index, keys, which, rows_into(index, which));
  }
  std::vector<Keyed> keyed(int index, const std::vector<typed::ExpressionRef>& keys, int which, const Rows& rows);
  std::vector<Keyed> rights_in_time(int index, const typed::JoinStep& step);
  /// With which step a row that waits for the table by the wall clock goes on before the table's time, if it does.
  std::optional<size_t> leaves_early(int index, const typed::JoinStep& step, const Row& left) const;
  /// The watermark of a node's rows behind each step: the least of the sources before it.
  std::vector<int64_t> watermarks_of(int node) const;
  enum class Match { yes, no, failed };
  Match residual(int index, const typed::JoinStep& step, const Row& left, const Row& right,
                 interpret::Failure& failure);
  Row joined(int index, const typed::JoinStep& step, const Row& left, const Row* right) const;
  void leave_unmatched(int index, const typed::JoinStep& step, const Row& left);

  // windows.cpp
  struct Member {
    const Row* from;
    Row row;                                    ///< its slots are the key's
    std::vector<std::optional<Row>> arguments;  ///< of each aggregate: argument, by; none where `where:` drops it
  };
  struct WindowRange {
    int64_t start, end;
  };
  struct Group {
    WindowRange range;
    std::string key;
    std::vector<const Member*> members;
  };
  /// By end, hash and bytes of the key. Members that no window takes are late; the others are used.
  using Groups = std::map<std::tuple<int64_t, uint64_t, std::string>, Group>;
  /// A row with its key and what each aggregate reads; nothing, and the row is rejected, where that fails.
  std::optional<Member> member(int index, const Row& row, const std::vector<typed::ExpressionRef>& keys,
                               const std::vector<typed::Aggregate>& aggregates);
  Groups grouped(int index, bool windowed, const typed::Window& window, const std::vector<typed::ExpressionRef>& keys,
                 const std::vector<Member>& members);
  Rows group(int index, const plan::GroupNode& node);
  Rows in_windows(int index, const plan::InWindowsNode& node);
  /// Rows that come before their time has passed, others are late.
  Rows in_order(int index);
  /// Where a key is forgotten that long after its last row: leaves the members since it was forgotten last; false: it
  /// is forgotten in the end, too.
  bool remembered(int index, int64_t retain_us, std::vector<const Member*>& members) const;
  /// The largest watermark that a partition before the node comes to, or the instant at hand.
  int64_t reached(int node) const;
  int64_t ever_reached(int node) const;
  // patterns.cpp
  class Trials;
  Rows match(int index, const plan::MatchNode& node);
  // ranks.cpp
  Rows top(int index, const plan::TopNode& node);
  Rows running(int index, const plan::RunningNode& node);
  // tables.cpp. What a table comes to: of its changes, the rows that stand behind the last.
  Rows latest(int index, const plan::LatestNode& node);
  Rows join_tables(int index, const plan::TableJoinNode& node);
  Rows net(int index);
  // history.cpp
  Rows instants(int index, const plan::InstantsNode& node);
  struct Made {
    std::set<int> beginnings;  ///< nodes whose rows, instant by instant, become the table; none: it has no such history
    std::set<int> steps;       ///< nodes behind them, up to the table's
  };
  Made making_of(int table) const;
  Made making_from_sources(int table) const;
  /// For how long the step remembers its keys.
  int64_t retained(int node) const;
  /// What the table comes to of those rows of its beginnings that count.
  Rows table_of(int table, const Made& made, const std::function<bool(const Row&)>& counts);
  /// Of such a table: its rows from each of these times on, up to the next.
  std::map<int64_t, Rows> history(int table);
  /// What changes from each of these times to the next.
  Rows changes_by_instant(int index, const plan::NetNode& node);
  /// `rows`: in their order.
  bool aggregate(const typed::Aggregate& aggregate, const std::vector<Field>& fields, std::vector<const Row*> rows,
                 Slot* result);

  // run.cpp
  Rows rows_of_node(int index);
  /// Where a product reads made rows by several ways, they are rows of their own on each.
  void make_for_further_ways(int index);
  const std::vector<Field>& row_of(int node) const { return plan_.nodes[node].row; }
  int input_of(int index, int which = 0) const { return plan_.nodes[index].inputs[which]; }
  /// They stay where they are.
  const Rows& rows_into(int index, int which = 0);
  interpret::Failure compute(const typed::ExpressionRef& expression, const std::vector<Field>& fields,
                             const std::vector<Slot>& slots, const Row& row, Slot* result);
  /// One after the other, up to the first that fails; absent expressions are left out.
  interpret::Failure compute_all(const std::vector<typed::ExpressionRef>& expressions, const std::vector<Field>& fields,
                                 const Row& row, std::vector<Slot>& results);
  OutputRow output_row(const std::vector<Field>& fields, const Row& row) const;
  void leave(int index, int input, const Row& row, Kind kind, const std::string& port, uint32_t code);
  void reject(int index, int input, const Row& row, const interpret::Failure& failure) {
    leave(index, input, row, Kind::rejected, "rejected", failure.code);
  }
  bool late(const Row& row) const { return row.time < row.watermark; }

  const plan::Plan& plan_;
  const typed::Project& project_;
  const Input& input_;
  Arena arena_;
  std::vector<Rows> rows_;                          ///< that leave each node
  std::vector<int> source_ordinal_;                 ///< of each node that is a source
  std::map<int, std::vector<int64_t>> watermarks_;  ///< of each node that is a source, behind each step
  std::map<int, int64_t> reached_;                  ///< of each node that begins a time
  std::optional<int64_t> as_of_;                    ///< the instant of which a table is computed
  std::vector<std::string> relation_names_;
  Outcome outcome_;
  std::optional<Ways> ways_;
  std::deque<Rows> parted_;                            ///< of records that take another way than the first
  std::map<std::pair<int, std::string>, Rows> given_;  ///< rows of ports, by product
  uint64_t ports_read_ = 0;
  std::map<int, std::vector<int64_t>> read_by_;  ///< by product: the relations of its records, in order
  typed::CallSites sites_;
  std::map<const typed::Expression*, std::unique_ptr<interpret::Evaluator>> evaluators_;
  std::vector<typed::ExpressionRef> kept_expressions_;
  std::vector<void*> caches_;
  CallContext call_;
};

}  // namespace braid::reference
