// A view or product while it is checked, step by step: the row so far and the steps made. One object per flow.
//
// Files: steps (from, union, where, let, select, drop, rename, and what ends a flow), joins, window_joins,
// history_joins, window_lengths, row_windows and windows (window and group), once (distinct), match (patterns),
// services (lookup), unnest, tables (what tables that change need), top, running.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/context.h"
#include "compiler/check/expressions.h"
#include "compiler/check/relations.h"

namespace braid::checking {

class FlowChecker {
 public:
  FlowChecker(Context& context, RelationInfo& info);
  void run(const std::vector<ast::Clause>& clauses, const ast::Flow& flow);
  /// The flow that the declaration has, which is a view or a product.
  void run_declared();
  /// A port as a relation that a test looks at; null as of port_view.
  static RelationInfo* looked_at(Context& context, const Declaration& declaration, const ast::Name& port, Span place);

 private:
  /// A field of the next row and how it is made from this one's.
  struct Column {
    RowField field;
    typed::ExpressionRef value;
  };

  // steps.cpp
  bool from(const ast::From& from);
  void step(const ast::Step& step);
  void unite(const ast::Union& node, Span span);
  /// What a step beside `from` reads, with the eyes of this flow's domain; null as of port_view.
  RelationInfo* other_relation(const Resolved& resolved, Span place, Span step);
  /// What both sides have by the same name and type; false: something differs, which is reported.
  bool same_fields(const RelationInfo& other, const std::string& name, Span place, typed::UnionStep& made);
  void where(const ast::Where& node, Span span);
  void let(const ast::Let& node, Span span);
  void select(const ast::Select& node, Span span);
  // struct_fields.cpp
  /// A field inside a struct goes, or gets another name.
  void change_struct(std::vector<Column>& columns, ast::Path path, const FieldPath& field,
                     const std::optional<std::string>& name);
  /// Where `columns` have what the row before has at the path below that column; nothing: they have it not.
  static std::vector<int> place_in(const std::vector<Column>& columns, int column, std::vector<int> path);

  // steps.cpp again
  void drop(const ast::Drop& node, Span span);
  void rename(const ast::Rename& node, Span span);
  /// Fields of `before` that the row has no more are gone by this step; `now`: what their values are called, by column.
  void note_gone(const std::vector<RowField>& before, const std::vector<std::string>& now, std::string_view word,
                 Span span, Span last, bool folds);
  /// After a mistake in a step: it might have shown that a value is not null, so null is not reported.
  void forget_optional(std::string_view step);
  bool replaceable(const std::string& name, int column, Span span);
  void add(typed::Step step);
  std::string step_text(Span span) const;
  std::vector<Column> unchanged() const;
  /// The row becomes these columns; time, key and known facts follow them.
  void project(std::string word, std::vector<Column> columns, Span span);
  void narrow(const std::vector<std::string>& present, Span span);
  bool port(const ast::Name& name, bool of_join);
  void finish_header(const std::vector<ast::Clause>& clauses);
  void header_time(const ast::TimeClause& clause, Span span);
  void header_key(const ast::Key& clause);
  void add_implicit_key();

  // joins.cpp
  void join(const ast::Join& node, Span span);
  void join_open(const std::string& alias, Span span);
  struct JoinOptions {
    std::optional<Span> within_span, max_age_span, wait_span;
    bool any = false, window = false;
    const ast::Retain* retain = nullptr;
    Span retain_span = {};
    const ast::WithinRange* range = nullptr;
  };
  /// `equalities`: the parts that have become keys.
  void split_condition(const typed::ExpressionRef& condition, int other, typed::JoinStep& made,
                       std::vector<typed::ExpressionRef>& equalities);
  void meet_table_key(const RelationInfo& right, const std::vector<typed::ExpressionRef>& equalities,
                      typed::JoinStep& made);
  static void meet_one_row(const std::vector<typed::ExpressionRef>& equalities, typed::JoinStep& made);
  void forget_presence();
  /// A field of this side and what it is called on the other.
  struct SameField {
    std::string ours, theirs;
  };
  void merge_using(const std::vector<SameField>& names, const Row& right, Span span);
  void split_unmatched(const ast::Name& name, const std::string& alias, Span span);
  bool field_as_condition(const ast::Expr& on, const RelationInfo& right, const ast::Name& alias);
  void without_on(const RelationInfo& right, const ast::Name& alias, const std::string& name, Span head);
  void close_window(const JoinOptions& options, Span span);

  // window_joins.cpp
  /// The keys and the range of a join of rows that share a window.
  bool within_window(const RelationInfo& right, Span clause, typed::JoinStep& made);
  /// Whether a join of rows that share this window is next that does more than hand rows on.
  static bool stands_in_windows(const typed::Window& window);
  /// Where the rows of this side stand in windows: the window becomes a field, and so do the windows of the other side.
  RelationInfo* stand_in_windows(const ast::Join& node, RelationInfo* right);
  RelationInfo* in_windows(const RelationInfo& right, const typed::Window& window);
  bool share_window(const RelationInfo& right, Span clause, typed::JoinStep& made);
  /// Behind the join: what `x` has beside the fields of its stream goes.
  void drop_their_window(const std::string& alias, Span span);
  typed::ExpressionRef window_beginning(const Row& row, int64_t size_us, Span span);
  void add_window(const typed::Window& window, Span span);

  // history_joins.cpp
  /// The table that a step makes can be read as of a time; false: it cannot, which is reported.
  bool has_history(const ast::Join& node, const RelationInfo& right, const JoinOptions& options);

  /// Of `join latest`: it is with a table, and its clauses fit.
  bool joins_latest(const ast::Join& node, const RelationInfo& right, const JoinOptions& options, typed::JoinStep& made,
                    Span span);

  // table_joins.cpp
  /// Both sides are tables, and can be joined by the keys that `made` has. False: that is reported.
  bool join_tables(const ast::Join& node, Span span, const RelationInfo& right, const typed::JoinStep& made);
  /// `left`: the fields of this side before the join.
  void add_table_join(const ast::Join& node, const RelationInfo& right, const std::vector<Field>& left,
                      typed::JoinStep made, Span span);
  /// Of rows all of whose fields may be null: adds one that is not, which behind the join says whether this side is
  /// there. False: there is such a field.
  bool add_presence(Span span);
  void drop_presence(Span span);
  /// The condition over the row behind the join, true where a side is missing.
  typed::ExpressionRef of_pairs(const typed::JoinStep& made, const std::vector<Field>& left, Span span);

  // ticks.cpp
  bool from_every(const ast::From& from, const ast::FromEvery& every);
  /// At the end of a flow: whose time moves its ticks.
  void move_ticks(const ast::From& from);

  // ports.cpp
  bool from_port(const ast::From& from, const Declaration& declaration, const ast::Name& port);
  /// Makes `row` that of the port `changes`; false: the product has none, which is reported.
  bool changes_of(const RelationInfo& source, const std::string& name, Span place, Row& row);
  /// The row of a product's port; nothing: it cannot be read, which is reported or known.
  std::optional<Row> port_row(const Declaration& declaration, const ast::Name& port, Span place, Span step);
  /// A port as a view of its own, for a step beside `from`. Null as of port_row.
  RelationInfo* port_view(const Declaration& declaration, const ast::Name& port, const std::string& purpose, Span place,
                          Span step);
  /// What flows that read this port find.
  void note_port(const std::string& name);

  // services.cpp
  void lookup(const ast::Lookup& node, Span span);
  void split_answered(const ast::Name& name, bool sound, Span span);

  // unnest.cpp
  void unnest(const ast::Unnest& node, Span span);
  /// Rows of a table are elements of its rows here, which have no key; that is reported.
  bool has_elements(Span place);

  // tables.cpp
  void last(const ast::Last& node, Span span);
  // last_of_window.cpp
  void last_of_window(const ast::Last& node, Span word, Span span);
  // tables.cpp again
  /// `emit every` of a step whose rows are changes: judges it, and adds it behind the step if that is sound.
  void emit_every(const std::vector<ast::StatefulOption>& options, bool sound);
  /// What bounds the keys of a step that no window closes, which is a length if `retain` states one; false: nothing
  /// does, and that is reported.
  bool bounded(const std::vector<ast::StatefulOption>& options, std::string_view step, Span span, int64_t& retain_us);
  /// The versions of a table go on as changes: behind them is one row of each key. `step` needs that. What
  /// the step retains, the rows of the table are retained: it takes that over.
  bool table_as_changes(std::string_view step, Span place, Span span, int64_t* retain_us = nullptr);
  /// Whether `time` of a table's rows is in the row, by which `step` finds the newest; reports it if not.
  bool newest_of_table(std::string_view step, Span place);
  /// Of `retain` with a length over a table: its rows have a time from which on that counts; reports it if not.
  bool retains_rows(const ast::Retain& retain, Span place);
  /// Of a `per` that is a path, or is computed: nothing in the row has its value then.
  KeyPart key_part(const ast::Expr& written, const std::optional<std::vector<int>>& path) const;
  /// Declared tables without time below the relation, or what a step reads, are looked up (`refers`) or followed;
  /// false: both, which is reported.
  bool use_untimed(typed::RelationId id, bool refers, Span place);
  bool use_untimed(const typed::Step& step, bool refers, Span place);
  /// The table's key in the row, as paths of field indexes; nothing after a report.
  std::optional<std::vector<std::vector<int>>> table_key(Span place);
  void finish_table(const std::vector<ast::Clause>& clauses);
  /// Of a view of versions whose header has more in its key than the table: only as changes a row goes from one key to
  /// another.
  void widen_key(const std::vector<ast::Clause>& clauses);

  // table_unions.cpp
  void unite_tables(const RelationInfo& other, const std::string& name, Span place, typed::UnionStep made, Span span);

  // made_once_more.cpp
  /// A product that reads a view with a port both as it is and with a field more reads one that is made once.
  void leaves_by_ports_once();
  /// From here on all forms of the view show fields of one.
  void make_one_form(typed::RelationId view);

  // row_times.cpp
  /// A step behind the one at hand reads the event time of rows of a table; `here`: or that one does.
  bool reads_row_time(bool here) const;
  /// Rows that are no changes yet get it as a field.
  void add_row_time(Span span);
  void keep_row_time(std::vector<Column>& columns) const;
  void lose_row_time(Span span);
  /// The time of a row before it becomes part of a table; null: it has none.
  typed::ExpressionRef row_time(Span span) const;
  /// The table with that field, behind all others; null: it cannot have it.
  RelationInfo* with_row_time(const RelationInfo& table);
  void time_versions(const RelationInfo& table, const typed::Relation& relation, RelationInfo& info);
  /// Of a table of another domain, as its reader sees it.
  void time_seen(const RelationInfo& seen, typed::Relation made, RelationInfo& info);
  /// Of a view, a product or a port of one: its flow once more.
  void time_flow(const RelationInfo& table, const typed::Relation& relation, RelationInfo& info);
  /// A relation of versions becomes one of changes.
  void follow_versions(RelationInfo& info);
  /// What is made is no product, but a view that has its rows.
  void end_form_of_product();
  /// Behind a join of tables: the later of both sides.
  void join_row_times(const std::string& alias, Span span);
  void finish_row_time(Span span);

  // table_ports.cpp
  /// `where e else port` over a table: the rows that do not pass are a table of their own, which flows and tests read.
  /// `fields`: of the row so many go there.
  void table_port(const ast::Name& name, const typed::ExpressionRef& condition, Span span,
                  std::optional<size_t> fields = {});
  /// The table of that port; null: there is none.
  RelationInfo* port_table(const Declaration& declaration, const std::string& port);

  // window_lengths.cpp
  bool window_lengths(const ast::Window& node, Span span, typed::Window& made);
  bool cumulative_lengths(const ast::Cumulative& node, typed::Window& made);
  bool session_lengths(const ast::Session& node, const ast::Window& window, typed::Window& made);
  bool without_zone(const ast::Window& window, std::string kind);
  bool span_ends(const ast::SpanWindow& node, const ast::Window& window, Span span);
  // row_windows.cpp
  /// `window` of a row, where it follows from the row's time.
  typed::ExpressionRef window_of_time(const typed::Window& window, Span span) const;
  /// The row's window after a step that makes `columns` of the row; adds it to them if it reads one that is gone.
  typed::ExpressionRef moved_window(const std::function<int(int)>& moved_to, std::vector<Column>& columns, Span step);
  /// Between a `window` and what folds its rows: the first step that goes by the window of each row.
  struct WindowUse {
    size_t step;
    bool joined;    ///< it, or one behind it, joins rows that share a window
    bool hands_on;  ///< steps in front of it hand rows on as they are
  };
  std::optional<WindowUse> window_use() const;
  /// How long a window is at most; nothing if no one knows.
  static std::optional<int64_t> longest_us(const typed::Window& window);
  /// Rows go on once for each of their windows, which is a hidden field from here on. `joined`: for a join of rows that
  /// share one.
  void give_windows(Span span, bool joined);
  void give_windows_before(size_t step);
  /// Rows of `step` are those of one window: adds it to the keys. False: the window is not known, which is reported.
  bool add_window_keys(std::string_view step, Span word, std::vector<typed::ExpressionRef>& keys);
  /// What reads the session of each row: the rows of a session, which go on together when it has closed, as a `group`
  /// of spans takes them. `rows`: the keys that do not read it. Changes all that the group reads.
  void group_session_rows(typed::GroupStep& group, std::vector<typed::ExpressionRef> rows,
                          std::vector<typed::Aggregate>& aggregates, Span span);

  // session_changes.cpp
  /// What aggregates a session that changes, and that is read, may have; false: one of others is reported.
  bool session_rows_may_go(const std::vector<typed::Aggregate>& aggregates);
  /// The second half of group_session_rows: `window` is its column, the number of the row stands behind it.
  void group_session_changes(typed::GroupStep& group, std::vector<typed::Aggregate>& aggregates, int window, Span span);

  // row_windows.cpp again
  /// At the end of a flow: what folds the rows of a `window`?
  void end_window(Span flow);

  // once.cpp
  void distinct(const ast::Distinct& node, Span span);
  /// A step that goes through the rows of a stream in the order of event time; false: it cannot, which is reported.
  bool goes_by_time(std::string_view step, Span word, std::string_view of_table, std::string_view why);
  /// What stands behind `distinct`, or `per`, as keys; false: one of them is none, which is reported. A key that could
  /// not be read is null.
  bool add_keys(const std::vector<ast::ExprPtr>& written, std::vector<typed::ExpressionRef>& keys);
  /// Of a step whose rows go out once, and whose own length bounds its state.
  void once_options(const std::vector<ast::StatefulOption>& options, std::string_view step, std::string_view once,
                    std::string_view bound, std::string& name);

  /// `emit` behind a step whose rows go out once, and `retain` where nothing would stay longer, are in error.
  void rows_go_once(Span place, const ast::Emit& emit, std::string_view step, std::string_view why);
  void nothing_to_retain(Span place, const std::string& where, std::string_view why);
  /// To leave out what stands there.
  Span with_blanks_before(Span place) const;

  // match.cpp
  void match(const ast::Match& node, Span span);
  /// A key of the pattern at `step` that is computed.
  void key_without_name(const ast::Expr& key, Span step);
  /// Its word, its place and its quantity, without the condition; false: one of them is reported.
  bool pattern_element(const ast::Match& node, size_t place, typed::PatternElement& made);
  /// Behind a `window`: its ends are keys, too. False: it cannot be, which is reported.
  bool match_in_window(Span word, std::vector<typed::ExpressionRef>& keys);
  /// Of a match the fields at `ends` and behind it become its `window`.
  void end_match_in_window(size_t ends, bool sound, Span span);
  // top.cpp
  void top(const ast::Top& node, Span span);
  /// The field `window` that a `group` before has made, if it is part of the key; −1: there is none.
  int window_of_group() const;
  bool top_windows(typed::TopStep& made, Span word);
  bool top_table(const ast::Top& node, typed::TopStep& made, Span word, Span span);
  /// Something tells the rows of a key apart, whose rows are changes; false: nothing does, and that is reported.
  bool top_key(const ast::Top& node, const typed::TopStep& made, Span word);
  bool top_orders(const std::vector<ast::Ordering>& orders, typed::TopStep& made);
  bool top_keys(const std::vector<ast::ExprPtr>& per, typed::TopStep& made, std::vector<KeyPart>& key);

  // originals.cpp
  /// Adds what `columns` lose of the row as it came, if a later step reads it.
  void keep_originals(std::vector<Column>& columns) const;
  void drop_originals(Span span);
  void put_originals_last(Span span);
  void before_step(const ast::Step& step);
  bool read_later(const std::string& field) const;

  // arrival.cpp
  /// What later steps read of how the records of a stream or table came stands behind the row there. By arrival,
  /// versions of a table hold from when they came.
  void add_how_it_came(bool by_arrival, typed::FromStep& made, Span span);
  /// Of what is no stream: the relation whose rows have that, if later steps ask for it and it can be.
  RelationInfo& as_it_came(RelationInfo& read, bool by_arrival);
  void by_arrival_of_flow(const ast::From& from, typed::FromStep& made);
  /// Says which rows these are, and where `by arrival` is written instead.
  void never_arrived(Span clause);
  void begin_by_arrival();
  /// Adds what `columns` lose of that, if a later step reads it.
  void keep_how_it_came(std::vector<Column>& columns) const;
  bool calls_later(std::string_view function) const;
  /// Behind the flow, or in front of the step at hand.
  bool came_goes(const std::string& field) const;
  /// Both sides of a union have it, or none.
  RelationInfo* unite_as_they_came(RelationInfo* other, const Resolved& resolved, Span span);
  /// Why rows that are read so do not say it, if they do not.
  static WithoutRecord how_it_came_of(const RelationInfo& read, const Resolved& resolved);
  /// The same rows with those fields; null: they cannot have them.
  RelationInfo* with_how_it_came(const RelationInfo& read, bool arrival, bool headers);
  void read_source_as_it_came(const RelationInfo& read, const typed::Relation& relation, bool arrival, bool headers,
                              RelationInfo& info);

  // running.cpp
  void running(const ast::Running& node, Span span);
  bool of_rows_in_range(const typed::Aggregate& aggregate);
  bool running_range(const ast::Running& node, typed::RunningStep& made, Span span);
  /// The entries become fields of the row, made of it and of the aggregates, which are fields behind it until then.
  void running_entries(const ast::Struct& aggregates, typed::RunningStep made, bool sound, Span span);

  // windows.cpp
  void window(const ast::Window& node, Span span);
  void group(const ast::Group& node, Span span);
  void by_time_field(typed::Aggregate& aggregate) const;
  /// Of rows that stand, which have no order of their own: by the key of the table. False: it is lost, which is
  /// reported.
  bool by_table_key(typed::Aggregate& aggregate);
  /// Whether the aggregate can follow a table, whose rows go again; reports it if not.
  bool of_rows_that_go(typed::Aggregate& aggregate);
  /// True: of windows that put out changes.
  bool group_options(const std::vector<ast::StatefulOption>& options, const typed::Window* window,
                     std::string_view step, std::string& name);
  /// What of the key is the window of a row, whose field is that column. Of a table, what tells its windows apart.
  static std::vector<KeyPart> window_parts(const typed::Window& window, bool changes, int column,
                                           std::set<int> derived);

  Context& context_;
  RelationInfo& info_;
  Place place_;
  Row row_;
  Span from_relation_span_ = {};
  const ast::Flow* flow_ = nullptr;                     ///< while its steps are checked
  size_t step_ = 0;                                     ///< of these, the one that is
  int time_read_ = -1;                                  ///< the last step that calls `event_time()`
  bool keeps_time_ = false;                             ///< rows have kRowTime for who reads them
  bool keeps_arrival_ = false, keeps_headers_ = false;  ///< likewise kCameAt, kCameWith
  std::string timed_port_;                              ///< of the flow, made once more: the port that is asked for
  RelationInfo* port_info_ = nullptr;                   ///< and what is known of its rows
  bool time_lost_ = false;                              ///< something that the table is made of has no such field
  bool ends_ = false;                                   ///< behind the last step
  bool cut_off_ = false;  ///< something behind the step could not be read: it may be the rest of it
  typed::Relation made_;
  struct PendingWindow {
    typed::Window window;
    Span word;
    bool sound = true;
    bool read = false;                         ///< `running` or `distinct` goes by it
    std::optional<int64_t> longest_us = {};    ///< where its length is known
    std::optional<typed::Window> joined = {};  ///< rows stand in these windows, for a join of those that share one
    std::optional<WindowUse> use = {};         ///< the step in front of which rows are given their windows
    int64_t moved_us = 0;   ///< so much later than in their window rows may be since they stand there
    std::string lost = {};  ///< the step behind which not all rows are in their window
    Span lost_span = {};
  };
  std::optional<PendingWindow> window_;
};

Type window_type();
/// window_joins.cpp
bool is_within_window(const ast::Join& join);
/// struct_fields.cpp: the struct without the field at the path (the names from `at` on), or with it under another name;
/// null where it was null.
typed::ExpressionRef changed_struct(const typed::ExpressionRef& value, const ast::Path& path, size_t at,
                                    const std::optional<std::string>& name);
/// headers.cpp: paths of field indexes of what the key of the rows is; nothing where a part of it is lost.
std::optional<std::vector<std::vector<int>>> whole_key(const Row& row);
/// Of a row whose windows a step has given it: no script can name it.
inline constexpr std::string_view kWindowField = "?window";
/// The window of the other row, while a join of rows that share one is made.
inline constexpr std::string_view kTheirWindow = "its window";
/// missing_names.cpp: what the steps of a flow give names to.
std::vector<NameOfStep> names_of_steps(const ast::Flow& flow);
/// Of `rejected`, `late`, `unmatched`, and of `alerts`: what flows that read them find.
std::vector<Field> standing_port_row(std::string_view port);
/// The path of field indexes, first of the row and then of structs, that the value is read by, if it is just that.
std::optional<std::vector<int>> path_of_value(const typed::ExpressionRef& value);

}  // namespace braid::checking
