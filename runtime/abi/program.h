// A compiled script, as the runtime runs it: operators in topological order with their row layouts, kernels, state
// schemas and places in the script. Made by the compiler, immutable while it runs but for its kernel slots; plain data
// that refers by index. The runtime knows the script only through this.
//
// Rows between operators have a row type (`Operator::row`); columns are its leaves. Stateful operators hold no
// expressions: the planner puts a Rows operator before them that computes keys and arguments as fields, and one behind.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/abi/avro_plan.h"
#include "runtime/abi/kernel.h"
#include "runtime/abi/record_reader.h"
#include "runtime/data/row_change.h"
#include "runtime/data/type.h"
#include "runtime/data/value.h"
#include "runtime/report/span.h"

namespace braid {

struct ProtobufTable;  // protobuf_table.h
class WriterSchemas;   // runtime/codec/writer_schemas.h

/// Where and why a row may leave a flow.
struct Site {
  /// duplicate: rejected, and counted as a duplicate. repeated: counted as one, and no more.
  enum class Kind : uint8_t { filtered, port, rejected, unmatched, late, duplicate, repeated } kind = Kind::filtered;
  std::string port;      ///< of `port`, and of `unmatched` with an else port
  std::string step;      ///< text of the step: `where status == "captured"`
  Span span;             ///< of the step; where `from` reads a field: of its declaration
  std::string field;     ///< rejected by a field's conversion: its name
  std::string expected;  ///< and its declared type
  std::string place;     ///< of the span, for people: "payments.braid:12:3"
  std::string check;     ///< rejected by a contract's check: its name
  bool stops = false;    ///< the check stops the job instead
};

/// What of a contract is watched while the job runs (runtime/promise): of a product, or of a source that the job reads.
struct PromiseSpec {
  enum class Rule : uint8_t { fresh, latency, complete, volume, state, unique };
  std::string text;      ///< as the contract says it: "fresh within 5m"; of readers "expect fresh within 5m"
  int64_t bound_us = 0;  ///< of fresh and latency: the longest time; of volume: the period; of unique: `within`
  Rule rule = Rule::fresh;
  double share = 0;             ///< of latency, complete and unique: of all rows, more than 0, at most 1
  int64_t least = 0, most = 0;  ///< of volume: rows of a period; of state: `most` is bytes
  /// Of complete: in which rows have no null; of unique: the key. Paths like ProductSpec::key; of a source into
  /// SourceSpec::row.
  std::vector<std::vector<int>> fields = {};
  std::vector<std::string> readers = {};  ///< domains that expect it, sorted; empty: the contract promises it
  std::string owner = {};                 ///< of the domain whose contract it is; empty: nobody is named
};

/// How one field is read from a record. Fields that nothing reads are not in the list.
struct SourceRead {
  std::string name;
  std::vector<std::string> path;  ///< JSON: object members from the outside in; CSV: {column}
  Type type;                      ///< as declared, optional or not
  bool has_fallback = false;      ///< absent or null is settled by the `from` kernel, not a fault for that alone
};

struct Binding {
  /// "file", "stdin", "inline", "topic"; in a stage also "exchange", rows of another stage, and "elsewhere", read by
  /// another stage.
  std::string kind;
  std::string address;                                       ///< glob, name of the topic
  std::string format;                                        ///< "json", "csv", "avro", "debezium"; of a topic more
  std::vector<std::pair<std::string, std::string>> options;  ///< of the format: docs/language/sources.md

  /// Null: it is not set.
  const std::string* option(std::string_view name) const {
    for (const auto& [each, value] : options)
      if (each == name) return &value;
    return nullptr;
  }
  /// Whether records are changes of a table's rows, with what stood there before.
  bool has_changes() const { return format == "debezium"; }
  /// Whether records are in Avro's binary encoding.
  bool is_avro() const {
    const std::string* encoding = has_changes() ? option("encoding") : nullptr;
    return format == "avro" || (encoding != nullptr && *encoding == "avro");
  }
};

/// Something outside that answers: `service geo(ip: string) -> { … } from …`.
struct ServiceSpec {
  std::string name;  ///< domain.name
  std::vector<Field> parameters;
  std::vector<Field> result;  ///< fields of an answer
  /// "file", "http", "postgres", "inline"; `address`: a path, an address, a query, the last two with `{parameter}`s.
  Binding binding;
  /// Of http and postgres, as braid.toml has them, references replaced. Secrets: shown nowhere.
  std::vector<std::pair<std::string, std::string>> settings;
  std::optional<int64_t> cache_us;  ///< answers hold that long; absent: for their turn
  uint64_t cache_rows = 10'000;     ///< answers that are kept at most
  int64_t timeout_us = 5'000'000;   ///< of one attempt
  uint32_t retries = 2;             ///< attempts after the first
  uint32_t parallel = 8;            ///< requests on their way at most
  bool stops = false;               ///< a row for which there is no answer stops the job
  uint64_t identity = 0;            ///< of its name, parameters and result: answers of another one are not its
  Span span;
};

struct SourceSpec {
  std::string name;  ///< domain.name
  int64_t version = 1;
  bool is_table = false;
  bool has_time = false;  ///< its records carry an event time
  /// A table without event time whose rows are followed as they come: each record takes the place of the one before it
  /// of its key.
  bool is_followed = false;
  /// Reference data, read whole before the turns. All else takes turns, with or without event time.
  bool is_static() const { return is_table && !has_time && !is_followed; }
  /// Of a stage: rows of another one, which have their origin and their watermark with them.
  bool is_exchange() const { return binding.kind == "exchange"; }
  /// It is read from a broker, by offsets.
  bool is_of_broker() const { return binding.kind == "topic" || is_exchange(); }
  std::vector<SourceRead> decode;
  /// Avro: how records of the schema that is expected are read, for the code generator. None: nobody knows the schema
  /// yet.
  std::shared_ptr<const AvroPlan> avro;
  /// Protobuf: the same.
  std::shared_ptr<const ProtobufTable> protobuf;
  RecordReaderSlot reader;  ///< native code that decodes its records, once there is some
  /// Over the row [checked<field 0>, checked<field 1>, …] (a field with a fallback: checked<T?>): applies fallbacks,
  /// converts key and time, evaluates `delete when`. Its output row is `row`.
  KernelSlot from_kernel;
  std::vector<int> passthrough;  ///< as RowsOperator::passthrough, of the from kernel
  std::vector<Field> row;
  std::vector<uint32_t> sites;  ///< site of a structural fault (of `from`), for records that give no row: [0]
  int time_field = -1;          ///< field of `row`, a timestamp
  /// Bool field of `row`, of a table that takes deletes: the row ends its key's version. A record that has only a key
  /// gives such a row without the `from` kernel. −1: none.
  int deleted_field = -1;
  /// Fields of `row`: the declared key, which places records in partitions. Empty: none is declared, or the row has not
  /// all of it.
  std::vector<int> key;
  int64_t within_us = 0;
  int64_t ahead_us = 0;
  std::optional<int64_t> idle_us;
  bool idle_advances = false;  ///< `then advance`: once it is idle, its time is that much behind the clock
  // How its records came stands behind the fields of `decode`, in this order, as the `from` kernel reads them.
  bool has_arrival = false;  ///< timestamp: when the topic took the record, if it says so, else the clock of the turn
  bool has_headers = false;  ///< map<string, bytes>: of the record of a topic; of a file empty
  Binding binding;
  WriterSchemas* writer_schemas = nullptr;  ///< Avro: of the records of a topic; outlives the program. Any thread
  uint32_t fronts = 0;                      ///< of an exchange: so many tasks write it
  std::vector<PromiseSpec> promises = {};   ///< of its contract, and what readers expect of it
  Span span;
};

/// Identity of a stateful step: from its meaning in the checked plan, or `as name`. Carries its state across versions
/// of the script; `schema` is a digest of the state's layout.
struct StateIdentity {
  std::string label;  ///< for people: "enriched_payment: join customer as c"
  uint64_t identity = 0;
  uint64_t schema = 0;
};

struct SourceOperator {
  int source;
};
/// `from every d`: a row for each multiple of d from the first event time of the inputs, which are sources, up to their
/// last, made when their watermark has passed it. Output row: its time. Rows of the inputs are not settled here.
struct TickOperator {
  int64_t every_us;
};
/// Fused row-by-row steps.
struct RowsOperator {
  KernelSlot kernel;
  /// For each leaf of the output row: the leaf of the input row that it is, or −1 where the kernel computes it.
  std::vector<int> passthrough;
};
struct UnionOperator {};  ///< inputs have this operator's row already

/// Which left rows go on: each with its matches, or once, alone, if it has a match (`semi`) or has none (`anti`).
enum class JoinYield : uint8_t { matches, semi, anti };

/// Right input: rows of the table, key fields last. Output row: the first `left_fields` fields of the left input, then
/// the struct of the first `right_fields` fields of the right input (optional if `left`).
struct JoinShape {
  bool left = false;
  /// Interval: a right row without a match goes on, too, once its interval has closed. All left fields are optional.
  bool right = false;
  JoinYield yield = JoinYield::matches;  ///< semi, anti: `left` holds, and the struct is always null
  int left_fields = 0;
  int right_fields = 0;
  std::vector<int> left_keys;   ///< fields of the left input's row; equal types as right_keys; null matches nothing
  std::vector<int> right_keys;  ///< fields of the right input's row
  /// Bool field of the right input's row, of a table: the row ends its key's version instead of opening one (the
  /// source's `delete when`, a row that a `where` of the table's view does not keep, a change that goes). −1: none.
  int right_delete = -1;
  /// Of a table that is met by other columns than its key: the key, fields of the right input's row. A left row meets
  /// the row of each key that has equal `right_keys`, in the order of the key's bytes. Empty: `right_keys` are the key.
  std::vector<int> table_key;
  /// Over the row [left fields…, struct of right fields (not optional)]: rows kept match. A site of kind filtered
  /// means no match, rejected rejects the left record. Empty slot: none.
  KernelSlot residual;
  uint32_t unmatched_site = 0;  ///< inner, semi: where rows go that met nothing
  uint32_t met_site = 0;        ///< anti: where rows go that have a match
  uint32_t late_site = 0;
};
struct ReferenceJoinOperator {
  JoinShape shape;
};
struct AsOfJoinOperator {
  JoinShape shape;
  std::optional<int64_t> max_age_us;
  std::optional<int64_t> wait_us;  ///< of wall time that a row waits for the table at most; absent: for ever
  /// A row meets the newest version that has come, and does not wait: which one that is, turns decide.
  bool latest = false;
};
struct IntervalJoinOperator {
  JoinShape shape;
  bool nearest = false;
  std::optional<int64_t> lower_us, upper_us;  ///< absent: any
  int64_t retain_us = 0;                      ///< of `any`; INT64_MAX: for ever
  /// A left row meets at most one right row, and leaves the state when it has. A right row that repeats the key of one
  /// that it could meet a left row with is a duplicate. Not with `nearest`.
  bool meets_one = false;
  uint32_t duplicate_site = 0;  ///< where meets_one
  /// Over the right input's row; its site is of kind filtered, and it never fails. A pair with a right row that does
  /// not pass is made and leaves at the site; of such a row the fields are not kept. Inner joins without a residual,
  /// and not with `nearest`. Empty slot: none.
  KernelSlot right_filter;
  int upper_field = -1;  ///< duration field of the left input's row: the upper end of its range; −1: there is none
};

struct AggregateSpec {
  using Kind = AggregateKind;
  Kind kind;
  int argument = -1;  ///< field of the input row; −1: count()
  int by = -1;        ///< field: the second argument, or the order; −1: event time
  int filter = -1;    ///< bool field; −1: all rows
  Type type;          ///< of the result
  Value constant;     ///< of the parameter that is one (AggregateInput); null: there is none
  /// The first aggregate of the same kind and argument, before this one; where the filters of both keep a row, the
  /// fields agree. −1: none.
  int same_argument = -1;
  uint32_t expression = RowReason::kNoExpression;  ///< that it is: where a result that does not fit comes from
};
struct WindowSpec {
  bool hopping = false;
  bool cumulative = false;            ///< windows of a length begin together; one ends after each step
  int64_t size_us = 0, slide_us = 0;  ///< where `calendar`, or `slide_calendar`, is none
  enum class Calendar : uint8_t { none, day, week, month, year } calendar = Calendar::none;
  Calendar slide_calendar = Calendar::none;
  int64_t size_units = 0, slide_units = 0;
  std::string zone;
  int64_t gap_us = 0;  ///< of sessions, which have no lengths; 0: no sessions
  int64_t max_us = 0;  ///< that a session is long at most; 0: no limit
  bool span = false;   ///< the first two keys are where the row's window begins and ends
  int64_t late_us = 0;
};
/// Input row: keys, then arguments. Output row: keys, aggregate results, `window` { start, end }; its event time is the
/// last instant of the window. Without a window: keys, aggregate results, and whether the row goes; at the end of a
/// turn the rows of groups that it has changed go, and come as they are now. Event time: of the newest row of the
/// group. Sessions whose rows are changes have `windowed` false, a gap, and `window` in front of the mark.
struct GroupOperator {
  bool windowed = true;
  WindowSpec window;
  int retracted = -1;  ///< bool field of the input row, whose rows are changes too: the row goes
  std::vector<int> keys;
  std::vector<AggregateSpec> aggregates;
  /// Without a window: which of `keys` ends with the end of a window that InWindowsOperator has given the rows. The
  /// state of a group goes `window.late_us` behind it; its row stays. −1: there is none.
  int window_key = -1;
  int64_t retain_us = INT64_MAX;  ///< without a window: a key is forgotten, and its row goes, that long after its last
                                  ///< row, which come in the order of time; INT64_MAX: never
  uint32_t late_site = 0;
  uint32_t overflow_site = 0;  ///< a result that does not fit its type, at emission
};
/// `top`: the first rows of each key, and of each window if there is one. Rows that agree in all orders go by (time,
/// source, partition, position); those of a table, of which nobody knows these, by their content. Nulls come last.
/// Output row: the first `fields` fields of the input's, `window` { start, end } if the step adds it, the number of the
/// row from 1 if it is numbered, and without a window whether the row goes. Event time as of a group.
struct TopOperator {
  struct Order {
    int field;
    bool descending = false;
  };
  GroupOperator group;  ///< window, keys and sites; no aggregates
  std::vector<Order> orders;
  int64_t count = 1;
  bool with_ties = false;  ///< and rows that agree with the last of them in all orders
  int fields = 0;
  bool adds_window = false;
  bool numbered = false;
};
/// `running`: rows go on in the order of (time, source, partition, position), each with the aggregates of its key's
/// rows up to it. Output row: the first `fields` fields of the input's, then the results of the aggregates.
struct RunningOperator {
  std::vector<int> keys;
  std::vector<AggregateSpec> aggregates;
  int before = 0;  ///< so many of them, the first, are of the rows before the row alone
  int fields = 0;
  int64_t rows = 0;               ///< only the last so many; 0: all
  int64_t within_us = 0;          ///< only those less than that older; 0: all
  int64_t retain_us = INT64_MAX;  ///< a key is forgotten that long after its last row; INT64_MAX: never
  uint32_t late_site = 0;
  uint32_t overflow_site = 0;  ///< a result that does not fit its type
};
/// The newest row of each key by (time, source, partition, position): at the end of a turn the row before it goes, and
/// it comes. Output row: the first `fields` fields of the input's, and whether the row goes.
struct LatestOperator {
  bool versions = false;  ///< rows are versions of a table
  int fields = 0;
  int deleted = -1;  ///< bool field of the input row: the row ends its key. −1: none does
  std::vector<int> keys;
  int64_t retain_us = INT64_MAX;  ///< of a stream: a row goes when it is that old; INT64_MAX: never
};
/// Versions of a table on their way to a join by other columns than its key. Output row: as the input row, whose last
/// two fields are kMove and `deleted`. Each row goes on; where its key had, or will have, other values in the columns,
/// rows come with it that end the key under the one or the other (Move in runtime/data/row_change.h).
struct MovesOperator {
  std::vector<int> keys;     ///< fields: the table's key
  std::vector<int> columns;  ///< fields, one behind the other: what the table is joined by
};
/// Two tables: each change of one side meets the rows that the other has now. Output row: the first `fields` fields of
/// the left input (all optional if `right`), the struct of those of the right one (optional if `left`), and whether the
/// row goes.
struct TableJoinOperator {
  struct Side {
    int fields = 0;
    int retracted = -1;     ///< bool field: the row goes
    std::vector<int> keys;  ///< fields; equal types on both sides; null meets nothing
  };
  bool left = false;                     ///< rows of the left side that meet none go on, too
  bool right = false;                    ///< and those of the right side
  JoinYield yield = JoinYield::matches;  ///< semi, anti: `left` holds, and the struct is null but for failures
  /// Over the row [left fields…, struct of right fields (not optional)]: pairs kept match. Empty: all do. A pair for
  /// which it fails counts as a match; of semi and anti, the left row goes on with the right row until that has gone.
  KernelSlot residual;
  Side sides[2];
};
/// What the changes of one key come to, at the end of each turn. Output row: the first `fields` fields of the input's,
/// and an int that is a RowChange.
struct NetOperator {
  int fields = 0;
  int retracted = -1;     ///< bool field of the input row: the row goes
  std::vector<int> keys;  ///< fields of the input row
  bool keeps = false;     ///< changes of one key come from several tasks: the rows that stand are kept
  bool whole = false;     ///< behind the int: kBefore and kChangedAt (runtime/data/row_change.h)
};
/// `emit every d`: rows, which are changes, wait until event time has passed the next multiple of d, or the clock has.
struct EmitOperator {
  int64_t every_us;
  bool wall = false;  ///< of the clock by which rows wait (TurnEngine::set_wall)
};
/// Each row once for each window that it belongs to and that is open. Output row: the input's, then `window`
/// { start, end }; with `given` the input's alone.
struct InWindowsOperator {
  WindowSpec window;
  int given = -1;  ///< field of the input row that ends with the end of its only window; −1: it follows from the time
  uint32_t late_site = 0;
  /// No window closes here: a row is late when it is behind by more than `window.late_us`, and the time behind this
  /// step stands that much behind the time before it.
  bool joined = false;
};
/// Rows go on when time has passed them, in the order of (time, source, partition, position).
struct InOrderOperator {
  uint32_t late_site = 0;
  int by = -1;  ///< timestamp field: the order of rows of one time that one record caused; −1: as they came
};
/// Rows wait until time has passed them and go on instant by instant, so that what steps behind it make of them is the
/// history of a table: all rows of one time go through the steps that make changes, and then those of the next. Output
/// row: the first `fields` fields of the input's.
struct InstantsOperator {
  bool versions = false;  ///< rows are versions of a table: one that comes late counts from the watermark on
  int fields = 0;
  std::vector<int> keys;  ///< fields of the input row: of the step behind it
  uint32_t late_site = 0;
  bool pair = false;  ///< the step behind joins two tables: both sides go through their instants together
  int leader = -1;    ///< of a pair's right side: the operator of the left one, which decides. −1: none
};
/// Rows of one element of a pattern, and matches of one key that are open at once. Bounds on what a pattern costs: a
/// row more is not taken, or rejected.
inline constexpr int64_t kMostRowsOfElement = 1000;
inline constexpr size_t kMostOpenMatches = 1000;
/// `match per k within d { … }`. Rows of a key in the order of (time, partition, position); see
/// docs/decisions/0043-match.md. Output row: the keys, then the fields of the elements that are read.
struct MatchOperator {
  struct Element {
    enum class Kind : uint8_t { somewhere, next, absent } kind = Kind::somewhere;
    enum class Shape : uint8_t { row, optional, list } shape = Shape::row;
    uint32_t least = 1, most = 1;
    int fit = -1;          ///< bool field of the input row: whether the row may be one of it; −1: each row
    int holds = -1;        ///< its place among what `condition` gives, which decides then; −1: `fit` alone
    bool is_read = false;  ///< `condition` reads its rows
    int output = -1;       ///< field of the output row; −1: nobody reads it
  };
  int64_t within_us = 0;
  std::vector<int> keys;    ///< fields of the input row
  std::vector<int> fields;  ///< of the input row: what the elements' rows have
  std::vector<Element> elements;
  /// Over the input row, then for each element that has rows its value so far, then for each with `holds` whether it is
  /// asked: bools, whether the row at hand is one of the element. Empty slot: no element has `holds`.
  KernelSlot condition;
  std::vector<int> passthrough;  ///< as RowsOperator::passthrough
  uint32_t late_site = 0;
  uint32_t rejected_site = 0;  ///< more matches are open than there may be
};
/// A row for each element of the list that is the input row's last field; null is an empty list. Output row: the fields
/// before the list, but for the last of them if it is `retracted`; the element; that field.
struct UnnestOperator {
  bool left = false;           ///< a row without elements goes on once, with null
  bool retracted = false;      ///< rows are changes: the field before the list says whether a row goes
  bool adds_presence = false;  ///< the element is optional in the output row, and not in the list
  size_t width = 0;            ///< leaves of an element in the list
  std::vector<int> leaves;     ///< of these, those that go on
  uint32_t empty_site = 0;     ///< where rows go that have no element
};
/// Each row goes on with what the service answers to its last `arguments` fields. Output row: the fields before them,
/// and the struct of the answer, optional if `left`. A row with an argument that is null is not asked about: there is
/// nothing. Of changes kRetracted stands behind all, in both rows, and behind the arguments the key of the table: a row
/// that goes has the answer that it came with.
struct LookupOperator {
  int service = 0;  ///< index into Program::services
  int arguments = 0;
  int keys = 0;                 ///< fields behind the arguments
  bool retracted = false;       ///< rows are changes
  bool left = false;            ///< a row for which there is nothing goes on, with null
  uint32_t unmatched_site = 0;  ///< else it goes there
  uint32_t failed_site = 0;     ///< where rows go for which there is no answer
};
/// `time f within d` of a flow: from here on `time_field` is the event time.
struct RetimeOperator {
  int time_field;
  int64_t within_us;
  uint32_t late_site = 0;
  bool by_arrival = false;  ///< `from S by arrival`: directly behind the source; no row is behind the time before it
};
/// `unique k within d` and `distinct k within d`: the first by (time, partition, position) wins for d.
struct UniqueOperator {
  std::vector<int> fields;
  int64_t within_us;
  uint32_t duplicate_site = 0;
  uint32_t late_site = 0;
};
/// Alert checks: rows go on; those for which the kernel (one Where step a check) drops are written to `alerts`.
struct AlertOperator {
  KernelSlot kernel;
  std::string check;
};
/// Writes the rows of a product. Its rows go on unchanged to operators that have it as input: products that read this
/// product. There a ledger begins anew: a published row is `in` of each reader, with this product as its source
/// (Record::source is then Program::sources.size() + product), and operators behind list only the readers.
struct PublishOperator {
  int product;
};
/// Rows that have left the flow of a product by one of its ports. They begin a ledger, as published rows do: each is
/// `in` of the readers, with the product as its source. Input: the product's publish step, which comes after all steps
/// that give such rows. Output row: of a port that `else` names, the row of the step; of `alerts`, { check, origin, row
/// }; of the others { reason, code, step, origin, bytes, row }, with `row` as JSON.
struct PortOperator {
  int product;
  std::string port;
};
/// In a stage: its rows go on in another one.
struct SendOperator {
  int exchange;
};

struct Operator {
  std::variant<SourceOperator, TickOperator, RowsOperator, UnionOperator, ReferenceJoinOperator, AsOfJoinOperator,
               IntervalJoinOperator, GroupOperator, TopOperator, RunningOperator, LatestOperator, MovesOperator,
               TableJoinOperator, NetOperator, EmitOperator, InstantsOperator, UnnestOperator, LookupOperator,
               InWindowsOperator, InOrderOperator, RetimeOperator, UniqueOperator, MatchOperator, AlertOperator,
               PublishOperator, PortOperator, SendOperator>
      content;
  std::vector<int> inputs;  ///< operators before this one; joins: left, right
  std::vector<Field> row;   ///< of its output
  StateIdentity state;      ///< of stateful operators
  /// Products whose ledgers count what leaves here: those that read this step, through views or tables too.
  std::vector<int> products;
  /// Rows here were made by a step that gives 0..n rows (window, interval join) of that product: they have the derived
  /// ledger.
  bool derived = false;
  std::string text;  ///< of the step, for plans and progress
  Span span;
};

/// How a step that groups rows does it; null: it does not.
inline const GroupOperator* grouping_of(const Operator& op) {
  if (const auto* top = std::get_if<TopOperator>(&op.content)) return &top->group;
  return std::get_if<GroupOperator>(&op.content);
}

struct ProductSpec {
  std::string domain, name;
  int64_t version = 1;
  std::vector<Field> row;
  std::vector<std::vector<int>> key;  ///< paths of field indexes into `row`: `window.start` is {3, 0}; empty: none
  std::vector<int> sources;           ///< of Program::sources it reads, through views, not through other products
  std::vector<int> products;          ///< other products it reads
  std::string format = "json";
  /// Its rows are changes of a table: blocks that are written have a RowChange behind the columns of `row`.
  bool changes = false;
  std::vector<Field> marks = {};  ///< then: the columns behind those of `row`, the first of them the RowChange
  ChangeForm change_form = ChangeForm::upsert;
  std::vector<PromiseSpec> promises = {};
  /// It reads rows of another domain: its ports show no record, and of what happened outside its domain only a code.
  bool hides_records = false;
  Span span;
  std::string qualified() const { return domain + "." + name; }
};

/// A topic that carries rows from one stage of a job to another (runtime/tasks/stages.h).
struct Exchange {
  std::string topic;
  int32_t partitions = 1;
  std::vector<int> keys;    ///< fields of the rows; equal keys have one partition
  bool nulls_match = true;  ///< null is a key like any other; else it meets nothing
  std::string step;         ///< text of the step that reads them
};

struct Program {
  std::string name;
  uint64_t id = 0;  ///< digest of the checked plan, not of how it is optimised or compiled
  std::vector<SourceSpec> sources;
  std::vector<Operator> operators;
  std::vector<ProductSpec> products;
  std::vector<ServiceSpec> services;
  std::map<uint32_t, std::string> domains;  ///< of the files of scripts, as Span::file numbers them
  /// Of a stage, which is a part of a program that runs as several jobs would: what it sends. Sources and products are
  /// those of the whole program, with exchanges that it reads behind the sources.
  std::vector<Exchange> exchanges;
  const Program* whole = nullptr;  ///< of a stage: outlives it, and owns its kernels
  std::vector<Site> sites;
  std::vector<FallibleExpression> expressions;  ///< that rows may fail on: RowReason::expression
  uint32_t cache_count = 0;                     ///< entries of CallContext::caches
  std::vector<void (*)(void*)> free_caches;
  /// Keeps kernels alive: interpreted ones and the code of the native ones. Shared: a native kernel may replace an
  /// interpreted one that still runs. The interpreted ones explain the failures of both.
  std::vector<std::shared_ptr<const Kernel>> kernels;
  /// Keeps native record readers alive.
  std::vector<std::shared_ptr<const RecordReader>> readers;
};

}  // namespace braid
