// The checked script as data: every name resolved, every expression typed, every relation with its row, key and time.
// The checker makes it; plan/build reads it. Owned by one compilation; plain values, references are indexes.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/typed/expression.h"
#include "compiler/typed/promises.h"
#include "runtime/data/row_change.h"
#include "runtime/report/span.h"
#include "runtime/schema/compatibility.h"

namespace braid::typed {

/// Index into Project::relations.
using RelationId = int;

enum class RelationKind { stream, table, view, product };

struct Connector {
  std::string kind;     ///< file, topic, inline …
  std::string address;  ///< glob, topic name
  std::string format;   ///< json, csv, avro; empty: by the environment or the file's ending
  std::vector<std::pair<std::string, Value>> options;  ///< format and connector options: null: "NA"
  Span span;
};

struct SourceField {
  std::string name;
  Type type;                      ///< as declared
  std::vector<std::string> path;  ///< its place in the record: {"customer", "id"}
  ExpressionRef fallback;         ///< `= expr`: value when absent or null; over the row of the fields above it (their
                                  ///< columns are `checked<T>`, read through Conversion::checked_read). Null if none.
  std::string documentation;
  std::vector<std::string> labels;
  /// Of what stands inside the field's struct, or its list of structs: a path of field indexes below it, and a label.
  std::vector<std::pair<std::vector<int>, std::string>> labels_below = {};
  Span span;
};

/// `rate 5_000 per 1s`: at most so many rows in such a time.
struct RowRate {
  int64_t rows;
  int64_t period_us;
};
/// `keys 200_000 per sku`: at most so many values of a field.
struct KeyCount {
  std::vector<std::string> path;
  int64_t count;
};
struct Source {
  std::vector<SourceField> fields;
  std::optional<Connector> from;
  std::optional<int64_t> idle_us;  ///< nullopt: never; default 1 min
  int64_t ahead_us = 3'600'000'000;
  ExpressionRef delete_when;  ///< table: over the row of its fields (declared types); null if none
  /// Table: records that have only a key end its version, too. Set by whoever knows where the records come from.
  bool takes_deletes = false;
  bool idle_advances = false;  ///< `then advance`: once it is idle, its time is `idle_us` behind the clock
  // What some flow reads of how its records came.
  bool reads_arrival = false;
  bool reads_headers = false;
  std::optional<RowRate> rate = {};
  std::vector<KeyCount> keys = {};
};

// ---- steps. Each works on the row of the step before; `Step::row` is the row after it. Expressions read columns of
// the row before (a join's: see there). Rows of sources have declared types here; where a field's conversion is read is
// settled by plan/build.

struct FromStep {
  RelationId relation;
  std::string port = {};    ///< of a product: rows of this port instead of the product's; empty: none
  bool by_arrival = false;  ///< of a stream: the time of its rows is when they arrived
  /// Of a stream, behind its fields: columns that say how its records came, in this order.
  bool arrival = false;  ///< kArrival, timestamp
  bool headers = false;  ///< kHeaders, map<string, bytes>
};
inline constexpr std::string_view kArrival = "?arrival";
inline constexpr std::string_view kHeaders = "?headers";
/// `from every d`: a row with the field `at` for each multiple of d, made when event time has passed it.
struct TickStep {
  int64_t every_us;
  std::vector<RelationId> moved_by;  ///< whose time that is: the streams and tables with time that the flow joins
};
struct UnionStep {
  RelationId relation;
  std::vector<int> columns;              ///< for each field of this row, the field of the other relation's row
  bool of_tables = false;                ///< of a key that several have, the row of the first of them stands
  std::vector<ExpressionRef> keys = {};  ///< of tables, over this row
};
struct WhereStep {
  ExpressionRef condition;
  std::string port;  ///< else port; empty: counted as filtered
};
/// let, select, drop, rename, and the narrowing after `where x is not null`: all entries over the row before.
struct ProjectStep {
  std::string word;  ///< "let", "select", "drop", "rename", "narrow": as `explain` names it
  std::vector<ExpressionRef> columns;
};
enum class JoinKind {
  reference,  ///< static table: no time
  as_of,      ///< versioned table
  interval    ///< stream within
};
/// Which left rows go on: each with its matches, or once, alone, if it has a match (`semi`) or has none (`anti`).
enum class JoinYield { matches, semi, anti };
struct JoinStep {
  JoinKind kind;
  bool left = false;   ///< keeps unmatched rows with a null `alias`
  bool right = false;  ///< interval: keeps unmatched right rows; all fields of the row before are optional then
  /// semi, anti: rows go on once, with a null `alias` (`left` holds), if they have a match, or if they have none.
  JoinYield yield = JoinYield::matches;
  bool nearest = false;  ///< interval: one match, nearest in time
  bool latest = false;   ///< as of: the version that is the newest when the row comes, whatever its time
  RelationId relation;   ///< the right side
  std::string alias;
  std::vector<ExpressionRef> left_keys;   ///< over the row before
  std::vector<ExpressionRef> right_keys;  ///< over the right relation's row; as many; types equal
  ExpressionRef
      residual;  ///< over the row before plus one struct column `alias` (not optional) at its end; null if none
  bool on_table_key = false;  ///< right_keys are the table's key; else a row meets each key's row that has equal ones
  std::optional<int64_t> max_age_us;
  std::optional<int64_t> wait_us;             ///< as of: of wall time; absent: for ever
  std::optional<int64_t> lower_us, upper_us;  ///< interval; both absent: `within any`
  ExpressionRef upper;                        ///< over the row before: its upper end, where that is no constant
  std::optional<int64_t> retain_us;           ///< within any; kForever for `retain forever`
  std::string port;                           ///< else port; empty: the standing `unmatched` output
  /// The row after: the row before plus field `alias`: struct of the right row (optional if `left`).
};
inline constexpr int64_t kForever = INT64_MAX;
/// "inner", "left", "right", "full", "semi", "anti": of a JoinStep or a TableJoinStep.
std::string_view outcome_word(const auto& join) {
  if (join.yield != JoinYield::matches) return join.yield == JoinYield::semi ? "semi" : "anti";
  if (join.right) return join.left ? "full" : "right";
  return join.left ? "left" : "inner";
}
/// A join with a table by other columns than its key.
inline bool by_index(const JoinStep& join) {
  return join.kind != JoinKind::interval && !join.on_table_key;
}
/// Whether it gives 0..n rows of a left row. The other joins give at most one.
inline bool makes_pairs(const JoinStep& join) {
  const bool many = join.kind == JoinKind::interval ? !join.nearest : by_index(join);
  return many && join.yield == JoinYield::matches;
}

using AggregateKind = braid::AggregateKind;
/// As scripts call it.
std::string_view name_of(AggregateKind kind);
struct Aggregate {
  AggregateKind kind;
  ExpressionRef argument;  ///< null for count()
  ExpressionRef by;        ///< the second argument, or the order that `by:` states; null: event time
  ExpressionRef filter;    ///< where:; null if none
  Type type;               ///< of the result
  Span span;
  bool before = false;           ///< of a row that `running` takes: without the row itself
  Value constant = {};           ///< of the parameter that is one; null: there is none
  Type constant_type = nullptr;  ///< of it
};
/// It depends on when its rows happened: of a table's rows, which only stand, nobody knows.
bool goes_by_time(const Aggregate& aggregate);
/// The constant as a script writes it, with a blank before it; "" if there is none.
std::string constant_text(const Aggregate& aggregate);
enum class WindowKind { tumbling, hopping, cumulative, session, span };
enum class CalendarUnit { none, day, week, month, year };
struct Window {
  WindowKind kind = WindowKind::tumbling;
  int64_t size_us = 0;                     ///< where unit is none
  int64_t slide_us = 0;                    ///< = size when tumbling; cumulative: of a step
  CalendarUnit unit = CalendarUnit::none;  ///< with `in zone`
  int64_t size_units = 0;                  ///< of `unit`
  int64_t slide_units = 0;
  CalendarUnit slide_unit = CalendarUnit::none;  ///< = unit, but where windows of one unit move on by another
  std::string zone;
  int64_t gap_us = 0;   ///< session
  int64_t max_us = 0;   ///< that a session is long at most; 0: no limit
  int64_t late_us = 0;  ///< stays open longer
  std::string name;     ///< as; empty if none
  Span span;
};
/// Rows once for each of their windows: not of sessions, nor of spans. The row after: the row before, and the window.
struct InWindowsStep {
  Window window;
  bool joined = false;  ///< a join of rows that share a window is next: late is a row, not its window
};
/// `window … group …`. Of `span` the first two keys are where the row's window begins and ends. The row after: keys,
/// then aggregates as `finish` gives them, then window: { start, end } — in the order of the row type: finish over the
/// row [keys…, aggregate results…, window]. Without a window the rows after are changes of a table, and there is no
/// column for one. With `changes` the rows of windows are changes, too.
struct GroupStep {
  bool windowed = true;
  bool changes = false;  ///< `emit changes` and `emit every` of a window
  /// Keys or aggregates read `window`, as a column behind the row before. Not of sessions, and of others only where it
  /// does not follow from the row.
  bool reads_window = false;
  Window window;
  std::vector<ExpressionRef> keys;  ///< over the row before
  std::vector<Aggregate> aggregates;
  std::vector<ExpressionRef> finish;  ///< over [keys…, aggregates…, window struct]; gives the row after
  int64_t retain_us = kForever;       ///< without a window: a key is forgotten that long after its last row
  /// Which of `keys` is the window, a struct, of sessions that change: the rows before are changes, each with the
  /// session that it is in. `windowed` and `changes` then, and `finish` has no column of the window. −1: none.
  int window_key = -1;
  std::string name;  ///< as; empty if none
};
/// A table with a table, kept up by changes. The row after: the row before (all optional if `right`) plus field
/// `alias`: struct of the right row (optional if `left`, which semi and anti joins are too).
struct TableJoinStep {
  bool left = false;   ///< keeps rows that meet none, with a null `alias`
  bool right = false;  ///< keeps right rows that meet none
  JoinYield yield = JoinYield::matches;
  RelationId relation;  ///< the right side
  std::string alias;
  std::vector<ExpressionRef> left_keys;   ///< over the row before
  std::vector<ExpressionRef> right_keys;  ///< over the right relation's row; as many; types equal
  ExpressionRef residual;  ///< over the row before and the struct, not optional; cannot fail; may be null
};
/// The first row of each key in `within_us` of event time; the row stays as it is.
struct DistinctStep {
  std::vector<ExpressionRef> keys;  ///< over the row
  int64_t within_us;
  std::string name;  ///< as; empty if none
};
/// Where a row of an element lies behind the row before it: anywhere, directly, or nowhere (`no`).
enum class ElementKind { somewhere, next, absent };
struct PatternElement {
  ElementKind kind = ElementKind::somewhere;
  std::string name;
  int64_t least = 1, most = 1;  ///< rows; `?`: 0 and 1
  bool list = false;            ///< has a quantity: its field is a list of rows
  /// Over the row before, and behind it a column for each element that has rows, in order (element_type). It reads
  /// those of elements before it and, of an element with a quantity, its own: the rows so far.
  ExpressionRef condition;
  Span span;
};
/// Of an element that has rows, where `row` is the row before: its fields that have names, `T?` of that, or a list.
Type element_type(const PatternElement& element, const std::vector<Field>& row);
/// Patterns of rows of a key, in order of event time. The row after: the keys, then each element that has rows.
struct MatchStep {
  std::vector<ExpressionRef> keys;  ///< over the row before
  int64_t within_us;                ///< from the first row to the last
  std::vector<PatternElement> elements;
  std::string name;  ///< as; empty if none
};
/// How many fields the rows of its elements have, by the row after: the first of the row before.
size_t fields_of_elements(const MatchStep& match, const std::vector<Field>& after);
/// A row for each element of a list, which stands behind the row before as the row's last field; a list that is null is
/// empty.
struct UnnestStep {
  bool left = false;   ///< a row without elements goes on once, with null
  ExpressionRef list;  ///< over the row before
};
/// What a service answers. The row after: the row before plus field `alias`: struct of the answer (optional if `left`).
struct LookupStep {
  int service = 0;  ///< index into Project::services
  bool left = false;
  std::string alias;
  std::vector<ExpressionRef> arguments;  ///< over the row before, one for each parameter, of its type
  std::vector<ExpressionRef> keys;       ///< over the row before, where that is of a table: its key
  std::string port;                      ///< else port; empty: the standing `unmatched` output
};
/// The newest row of each key, kept up by changes: `last per`, and where the versions of a table go on as a table.
struct LatestStep {
  std::vector<ExpressionRef> keys;  ///< over the row before, which stays as it is
  int64_t retain_us = kForever;     ///< a row goes when it is that old
  std::string name;                 ///< as; empty if none
};
/// `emit every d`: changes wait for the next multiple of that in event time; `wall`: of the clock.
struct EmitStep {
  int64_t every_us;
  bool wall = false;
};

/// What rows go by, in the order of importance. Nulls come last.
struct Ordering {
  ExpressionRef value;  ///< an ordered scalar, or an optional one
  bool descending = false;
};
/// The first rows of each key, and of each window if there is one. Of `span` the first two keys are where the row's
/// window begins and ends. The row after: the row before, `window` if `adds_window`, and the number of the row, an int,
/// if `numbered`. Without a window, or with `changes`, the rows after are changes of a table.
/// Of `top`: all rows that there are.
inline constexpr int64_t kAllRows = std::numeric_limits<int64_t>::max();
struct TopStep {
  bool windowed = true;
  bool changes = false;  ///< `emit changes` and `emit every` of a window
  Window window;
  bool adds_window = false;
  std::vector<ExpressionRef> keys;  ///< over the row before
  std::vector<Ordering> orders;     ///< over the row before
  int64_t count = 1;
  bool with_ties = false;
  bool numbered = false;
  int64_t retain_us = kForever;  ///< without a window: a key is forgotten that long after its last row
  std::string name;              ///< as; empty if none
};

/// Rows in the order of time, each with the aggregates of its key's rows up to it. The row after: the row before, then
/// the results of the aggregates, in hidden fields; a project step behind it makes the entries. Aggregates of the rows
/// before the row alone come first.
struct RunningStep {
  std::vector<ExpressionRef> keys;    ///< over the row before
  std::vector<Aggregate> aggregates;  ///< over the row before
  int64_t rows = 0;                   ///< only the last so many; 0: all
  int64_t within_us = 0;              ///< only those less than that older; 0: all
  int64_t retain_us = kForever;       ///< a key is forgotten that long after its last row
  std::string name;                   ///< as; empty if none
};

struct Step {
  std::variant<FromStep, TickStep, UnionStep, WhereStep, ProjectStep, JoinStep, GroupStep, TopStep, RunningStep,
               LatestStep, DistinctStep, TableJoinStep, EmitStep, MatchStep, UnnestStep, LookupStep, InWindowsStep>
      content;
  std::vector<Field> row;  ///< after the step
  Span span;               ///< of the whole step
  std::string text;        ///< first line of it, for plans and rejected rows: "where status == \"captured\""
};

struct Check {
  std::string name;
  ExpressionRef condition;  ///< over the product's row; null: of another project's product, by its interface
  enum class Otherwise { reject, alert, stop } otherwise;
  Span span;
  std::string text = {};  ///< the condition, as the script writes it
};
/// Of a product it is enforced. Of a source it is a promise, which joins rely on.
struct Unique {
  std::vector<int> fields;
  int64_t within_us;  ///< of event time; kForever only of a source
  Span span;
  std::vector<std::vector<int>> below = {};  ///< of each field: where it stands inside its struct; mostly empty
};

/// Who reads, as a clause names them.
struct Principal {
  enum class Kind { anyone, role, domain, user } kind = Kind::anyone;
  std::string name;  ///< "" of anyone
  bool operator==(const Principal&) const = default;
};
/// "role crm", as a script writes it.
std::string principal_text(const Principal& principal);
/// `allow read to …`: one of `readers` reads the rows for which `where` holds, for one of `purposes`.
struct AllowRule {
  std::vector<Principal> readers;
  std::vector<std::string> purposes;     ///< empty: any, and none
  std::optional<int64_t> until_us = {};  ///< of a grant that ends: no longer at that instant
  ExpressionRef where = nullptr;         ///< over the relation's row, cannot fail; null: every row
  Span span = {};
};
/// `mask f with …`: what those read who are not excepted. It has the type of the field.
struct MaskRule {
  std::vector<int> field;  ///< path of field indexes into the row
  ExpressionRef value;     ///< of that field, over the relation's row; reads that field alone, cannot fail
  std::vector<Principal> except;
  std::string policy;  ///< whose clause it is; empty: the relation's own
  Span span;
};
/// Who reads the rows of a relation beside its own domain, and what they see (compiler/access/read_plan.h).
struct Access {
  std::vector<AllowRule> allows;
  std::vector<MaskRule> masks;  ///< at most one for a field
};

struct Relation {
  RelationKind kind;
  std::string domain, name;
  int64_t version = 1;
  bool is_public = false;
  std::string documentation;
  std::vector<Field> row;  ///< what readers see
  /// Of each field of `row` the labels that its value carries, or that a part of it does, sorted, each once. Empty if
  /// the script labels nothing.
  std::vector<std::vector<std::string>> field_labels = {};
  std::vector<std::vector<int>> key;  ///< paths of field indexes into `row`: `window.start` is {3, 0}; empty if none
  bool has_time = false;              ///< false: static reference data
  int time_field = -1;                ///< field of `row` that is the event time; -1: it travels beside the row
  /// Of a source whose event time lies inside a struct: its path into `row`. It is a field behind those of the script
  /// as well, under a name that no script can write, which is `time_field`; readers do not have that.
  std::vector<int> time_path = {};
  int64_t within_us = 0;  ///< disorder bound of a source, or of a re-timed flow
  bool changes = false;   ///< view, product: its rows are changes of a table
  /// Of a flow that ends with versions of a table: the table's key, as paths into `row`. Those of a product go out as
  /// changes.
  std::vector<std::vector<int>> version_key;
  bool retimed = false;          ///< a flow with `time f within d` on another field than it inherits
  std::optional<Source> source;  ///< stream, table
  std::vector<Step> steps;       ///< view, product; the first is FromStep or TickStep
  std::vector<Check> checks;     ///< product
  std::vector<Unique> uniques;
  std::vector<UncheckedRule> unchecked = {};
  Access access = {};  ///< stream, table, product
  /// Product: what `to` writes of the published row, where that is not every row as it is: `where`, then `mask`.
  std::vector<Step> outlet = {};
  /// View that the checker makes: the rows of `eyes_of` as another reader sees them.
  RelationId eyes_of = -1;
  /// It reads rows of another domain, so its ports show neither the records behind them nor what happened there.
  bool hides_records = false;
  std::optional<schema::Compatibility> compatible;  ///< product: of its schemas, as its contract says
  Promises promises;                                ///< product, source: of its contract, beside those above
  bool promised_by_others = false;                  ///< source: the contract is that of a product of another project
  std::optional<Deprecation> deprecated;            ///< product, source
  bool draft = false;                               ///< product, source: what it looks like is not promised yet
  std::optional<Migration> migration = {};          ///< product
  /// Product that the checker makes for a further `to` of that product: its rows as another reader sees them. It is
  /// written, and nothing else: it has no interface, and nobody reads it.
  RelationId output_of = -1;
  std::optional<Connector> to;                  ///< product
  ChangeForm change_form = ChangeForm::upsert;  ///< product that is a table: `changes as` of `to`
  // Table without time: what flows make of it. Not both: it would be read whole, and again as it grows.
  bool followed = false;  ///< some flow takes its rows as changes
  bool referred = false;  ///< some join looks its rows up
  Span span;              ///< of the name in its declaration
  std::string qualified() const { return domain + "." + name; }
};

/// A value or cell list of a test statement, typed against the relation's row.
struct TestRow {
  std::vector<std::pair<int, Value>> fields;  ///< field index → value; nested structs whole
  bool open = false;                          ///< `..`: other fields are not compared
  Span span;
  /// For ports: names of fields as written when the port's row is not a relation's row.
  std::vector<std::pair<std::string, Value>> named;
  std::vector<Type> named_types;
};
struct GivenStatement {
  RelationId relation;
  std::vector<TestRow> rows;
  std::optional<std::string> file;  ///< given S from "file"
  std::vector<std::string> raw;     ///< given S raw ["…"]
};
/// Answers of a service from then on: rows of its parameters and its result.
struct GivenAnswers {
  int service;
  std::vector<TestRow> rows;  ///< `fields` by place among parameters, then fields of the result
};
/// From then on it answers nothing, until it is given answers again.
struct SilentService {
  int service;
};
struct DeleteStatement {
  RelationId relation;
  std::vector<TestRow> rows;
};
struct AdvanceStatement {
  RelationId relation;
  int64_t to_us;
};
struct IdleStatement {
  RelationId relation;
};
struct WaitStatement {
  int64_t duration_us;
};
struct RestartStatement {};
struct ExpectStatement {
  RelationId relation;
  std::string port;  ///< empty: the relation's rows
  std::vector<TestRow> rows;
  bool open = false;                  ///< `..` in the list: other rows are allowed
  std::optional<int64_t> at_us = {};  ///< of a table: its content as of that instant
};
struct TestStatement {
  std::variant<GivenStatement, GivenAnswers, SilentService, DeleteStatement, AdvanceStatement, IdleStatement,
               WaitStatement, RestartStatement, ExpectStatement>
      content;
  Span span;
};
struct Test {
  std::string name;
  std::string domain;
  bool in_order = false;
  std::optional<Principal> reader = {};  ///< `as role analyst`: its expectations are of what that reader sees
  std::string purpose = {};
  std::vector<std::pair<std::string, Value>> parameters;  ///< param p = e: the test compiles with these
  std::vector<TestStatement> statements;
  Span span;
};

/// `example e` of a user function: must evaluate to true.
struct FunctionExampleCheck {
  std::string function;
  ExpressionRef condition;  ///< over an empty row
  Span span;
};

struct Parameter {
  std::string domain, name;
  Type type;
  Value value;  ///< default, or as bound
  Span span;
};

struct Service {
  std::string domain, name;
  std::vector<Field> parameters;
  std::vector<Field> result;
  std::vector<std::vector<std::string>> result_labels = {};  ///< of each field; empty: none
  bool optional = false;                                     ///< the result is: what has no answer goes on with null
  Connector from;
  std::optional<int64_t> cache_us;
  int64_t cache_rows = 10'000;
  int64_t timeout_us = 5'000'000;
  int64_t retries = 2;
  int64_t parallel = 8;
  bool stops = false;  ///< a look-up that fails stops the job
  Span span;
  std::string qualified() const { return domain + "." + name; }
};

/// As the scripts of a domain state it, in whichever file.
struct Domain {
  std::string name;
  std::string owner;  ///< empty: nobody is named
  std::string description;
};

/// `use d.x expect { … }`: what the scripts of `domain` expect of the relation.
struct ExpectedOf {
  std::string domain;
  RelationId relation;
  Expectation expects;
  Span span;  ///< of the name behind `use`
};

/// `use d.x for purpose p`: flows of `domain` read the relation for it.
struct StatedPurpose {
  std::string domain;
  RelationId relation;
  std::string purpose;
  friend bool operator==(const StatedPurpose&, const StatedPurpose&) = default;
};

struct Project {
  std::vector<ExpectedOf> expectations;
  std::vector<StatedPurpose> purposes;  ///< of reads of other domains
  std::vector<Domain> domains;          ///< in the order of their names
  std::vector<Service> services;
  std::vector<Relation> relations;  ///< in an order in which each reads only earlier ones
  std::vector<Test> tests;
  std::vector<FunctionExampleCheck> examples;
  std::vector<Parameter> parameters;
};

/// The names along a path of field indexes.
std::vector<std::string> path_names(const std::vector<Field>& row, const std::vector<int>& path);
/// The `unique` clauses of a relation, as its readers see them.
std::vector<UniquePromise> unique_promises(const Relation& relation);

std::string print(const Project& project);

}  // namespace braid::typed
