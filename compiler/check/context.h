// What all parts of the checker share: the input, the reporter, the declarations, the facts about each relation, and
// the project so far. Lives for one call of `check`; one thread.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/check/declarations.h"
#include "compiler/check/field_marks.h"
#include "compiler/check/quotes.h"
#include "runtime/data/kept_fields.h"

namespace braid::checking {

/// A field of the row that a step works on.
struct RowField {
  std::string name;
  Type type;
  bool from_script = false;  ///< of `let`, `as` or `select`: nearer than a param
  Span declared = {};        ///< empty if unknown
  int relation = -1;         ///< of a join's field: whose row it holds (Declaration::index)
  bool has_rows = false;     ///< a list of rows that is never empty: of an element with a quantity
};

/// Begins the name of what a field was before a step replaced it: no script can write it.
inline constexpr char kOriginalMark = kKeptMark;
/// The field of a table's row that is its event time, where something reads that (row_times.cpp).
inline const std::string kRowTime = std::string(1, kOriginalMark) + "time";
/// Behind the name of a view that is made once more with it.
inline constexpr const char* kTimedName = " with time";
/// How the record of a row came, where a later step reads that (arrival.cpp).
inline const std::string kCameAt = std::string(1, kOriginalMark) + "arrival";
inline const std::string kCameWith = std::string(1, kOriginalMark) + "headers";
/// Of Row::alias_columns: a step has replaced the field, and no later one reads what it was; or the rows are made of
/// several, or of others, too.
inline constexpr int kNotThere = -1;

/// A field of the flow's key, followed through renaming. `column` is -1 once the row no longer has it.
struct KeyPart {
  std::string text;
  int column = -1;
  std::vector<int> path;  ///< below the column
  bool window = false;    ///< the window of a group: any of `window`, its start and its end stands for it
  std::set<int> derived;  ///< columns computed from the window alone, such as its day: they stand for it too
};

/// A name that a step of the flow gives, wherever that step stands.
struct NameOfStep {
  enum class Kind { join, no_field, field } kind = Kind::field;  ///< no_field: of `semi join` and `anti join`
  std::string name;
  Span span = {};
  std::string word;  ///< that leads the step: "let"
};

/// A field that a step has left out of the row.
struct GoneField {
  std::string name;
  std::string word;    ///< that leads the step: "group"
  Span step = {};      ///< that word
  std::string now;     ///< what its value is called from there on; empty: it is gone
  Span last = {};      ///< the last entry of the step, behind which the field can be named; empty: nowhere
  bool folds = false;  ///< entries are aggregates
  /// Of a struct: paths into it that the step keeps, and what they are called from there on.
  std::vector<std::pair<std::string, std::string>> kept = {};
};

/// Why no record says how rows came (arrival.cpp).
struct WithoutRecord {
  enum class Why {
    unknown,
    product,  ///< they are a product's, which shows what it publishes
    port,     ///< or those of a port of it
    tick,     ///< of `from every`
    masked    ///< the reader's domain sees masks, and no headers
  } why = Why::unknown;
  std::string relation;  ///< "visit", "visits.rejected", "every 5m"
  Span span = {};        ///< of its declaration
};

/// The row at some point of a flow, with its time and key.
struct Row {
  std::vector<RowField> fields;
  bool open = false;  ///< after a mistake: other fields may exist, and unknown ones are silent
  bool table = false;
  bool changes = false;     ///< of a table: its rows are changes, not versions
  Span unnested = {};       ///< of a table whose rows are elements here: where they became so
  bool in_window = false;   ///< between a `window` and its `group`
  bool in_session = false;  ///< there: of sessions, which only the group knows
  /// There: what `window` is for a row, over the row. Null: only the group knows.
  typed::ExpressionRef window = nullptr;
  bool has_time = false;
  int time_field = -1;          ///< -1: travels beside the row
  bool time_of_window = false;  ///< a `group` made `window`, and the time is its last instant
  bool key_stated = false;      ///< the flow has no key of its own: a header may state any
  std::vector<KeyPart> key;
  std::string relation;  ///< as messages call the row's origin
  Span relation_span = {};
  Span time_clause = {}, key_clause = {};
  std::string alias;                                       ///< `from S as a`
  std::vector<std::pair<std::string, int>> alias_columns;  ///< of each field of S; kNotThere
  WithoutRecord without_record = {};
  Span time_lost = {};                     ///< of a table: the step from which on its rows have no one event time
  Span several = {};                       ///< the step behind which they are no rows of S
  std::set<std::string> present;           ///< paths (`c.email`) known not to be null
  std::vector<NameOfStep> names_of_steps;  ///< all that this flow gives
  std::vector<GoneField> gone;             ///< the newest last
  Span step = {};                          ///< the step that works on the row

  int find(std::string_view name) const;
  /// The rows of this step are not single rows of `alias`. `all`: nor have they its fields.
  void lose_alias(Span word, bool all) {
    for (auto& [name, column] : alias_columns)
      if (all) column = kNotThere;
    several = word;
  }
  std::vector<Field> types() const;
};

struct RelationInfo {
  const Declaration* declaration = nullptr;
  enum class State { fresh, working, done } state = State::fresh;
  int id = -1;                                      ///< typed::RelationId once done; -1: not in the project
  Row row;                                          ///< as its readers find it
  std::map<std::string, std::vector<Field>> ports;  ///< those that `else` names
  std::map<std::string, Row> port_rows;             ///< of these, as flows that read them find it
  std::set<std::string> mixed_ports;                ///< of these, to which steps give different rows
  std::set<std::string> open_ports;                 ///< of these not all fields are known
  bool is_static = false;
  std::vector<int> key_columns;    ///< of a table: columns of the key, if all are plain
  std::vector<bool> has_fallback;  ///< of a source's fields: may be left out in tests
  Span from_span = {};             ///< of the `from` that reads another relation
  bool key_unknown = false;        ///< its key is in error: what depends on it is silent
};

struct ParamInfo {
  Type type;
  Value value;
  std::set<const Declaration*> reads;  ///< types
};

struct FunctionInfo {
  enum class State { fresh, working, done } state = State::fresh;
  bool broken = false;
};

/// Where a product goes, by its `to`.
struct NamedOutput {
  std::string connector, path;
  Span span = {};  ///< of the path
  const Declaration* product = nullptr;
};

struct Context {
  Context(const CheckInput& check_input, Reporter& check_reporter)
      : input(check_input),
        reporter(check_reporter),
        quotes(check_reporter),
        declarations(check_input.scripts, check_input.functions, check_reporter),
        relations(declarations.relations().size()) {
    for (size_t i = 0; i < relations.size(); ++i) relations[i].declaration = declarations.relations()[i];
  }
  Context(const Context&) = delete;

  const CheckInput& input;
  Reporter& reporter;
  SingleQuotes quotes;
  Declarations declarations;
  std::vector<RelationInfo> relations;                                            ///< by Declaration::index
  std::map<std::pair<const Declaration*, std::string>, RelationInfo> port_views;  ///< of products, by the port's name
  std::map<int, RelationInfo> timed;  ///< tables whose rows have kRowTime, by the relation that has it not
  /// Flows whose rows have kCameAt, kCameWith, or both, by the relation that has not.
  std::map<std::tuple<int, bool, bool>, RelationInfo> came;
  /// Streams whose rows stand in windows, by the relation and the window.
  std::map<std::pair<int, std::string>, RelationInfo> windowed;
  /// Views with a port that some product reads in several forms: once more with all their fields, the newest last.
  std::map<typed::RelationId, std::deque<RelationInfo>> whole_forms;
  /// Relations as another reader sees them, by the relation and the reader.
  std::map<std::pair<int, std::string>, RelationInfo> eyes;
  std::map<typed::RelationId, RowMarks> marks;  ///< of relations of the project, as they are asked for
  std::map<const Declaration*, Type> aliases;
  std::set<const Declaration*> aliases_working;
  std::map<const Declaration*, ParamInfo> params;
  std::map<const Declaration*, FunctionInfo> functions;
  std::map<const Declaration*, int> services;                        ///< as need_service
  std::vector<const Declaration*> calls;                             ///< functions being checked, outermost first
  std::vector<RelationInfo*> working;                                ///< relations being checked, outermost first
  std::set<std::pair<const Domain*, std::string>> missed_relations;  ///< not found, and reported
  std::vector<NamedOutput> outputs;
  /// Of calls whose value is by chance: a number each, by what is checked and the call's place among those of it. A
  /// flow that is made once more has the same ones, so its rows have the same values.
  std::map<std::pair<const Declaration*, uint32_t>, uint32_t> sites;
  std::pair<const Declaration*, uint32_t> next_call = {nullptr, 0};
  uint32_t next_site() {
    const auto number = static_cast<uint32_t>(sites.size());
    const auto [site, fresh] = sites.try_emplace(next_call, number);
    ++next_call.second;
    return site->second;
  }
  typed::Project project;

  std::string_view text(Span span) const { return input.sources.text(span); }
  /// With its texts in double quotes, as a fix writes it.
  std::string fixed_text(Span span) const { return quotes.text(input.sources, span); }
  /// The first place of `word` inside `span`; `span` itself if there is none.
  Span word(Span span, std::string_view word) const;
  /// E5001 with the way out.
  void not_yet(Span span, std::string construct, std::string way_out);
  /// The length of a duration in a clause, in µs; nothing after a report where only a calendar knows it, or where it
  /// is longer than event time.
  std::optional<int64_t> length_of(const ast::Duration& duration, std::string what);
  /// Whether the file is the interface of another project's products.
  bool is_interface(uint32_t file) const { return file >= input.first_interface; }
  /// W5002; of an interface it is for the owner to watch.
  void not_watched(Span span);
  /// E3201: `step` needs the event time that `row`, of that relation, lacks. Says which clause gives it one.
  DiagnosticBuilder no_event_time(const Row& row, std::string relation, std::string step);
};

/// While it lives, calls by chance are those of the declaration. What is checked on the way to something else, where it
/// is read first, takes no number of that.
class CallsOf {
 public:
  CallsOf(Context& context, const Declaration& declaration)
      : context_(context), outer_(std::exchange(context.next_call, {&declaration, 0})) {}
  CallsOf(const CallsOf&) = delete;
  ~CallsOf() { context_.next_call = outer_; }

 private:
  Context& context_;
  std::pair<const Declaration*, uint32_t> outer_;
};

inline Place place_of(const Declaration& declaration) {
  return {declaration.script, declaration.domain};
}

// ---- implemented in the files that tell their story ----------------------------------------------------------------

/// missing_names.cpp: a name that the row has not, and that a step of its flow gives or has left out. False if none
/// does. `instead`: another way to the same value, or nothing.
bool report_lost_name(Context& context, const Row& row, const std::string& name, Span span, std::string instead = {});
/// Says which step has left the field out, if one has.
void show_loss(DiagnosticBuilder& report, const Row& row, const std::string& name);
/// relations.cpp: makes sure that the relation is checked; reports a cycle.
RelationInfo& need_relation(Context& context, const Declaration& declaration, Span from);
/// sources.cpp
void check_source(Context& context, RelationInfo& info, const ast::Source& source);
/// steps.cpp: views and products
void check_flow(Context& context, RelationInfo& info, const std::vector<ast::Clause>& clauses, const ast::Flow& flow);
/// contracts.cpp: clauses of all relations that do not change their row.
void check_contract(Context& context, RelationInfo& info, const std::vector<ast::Clause>& clauses,
                    typed::Relation& made);
/// contracts.cpp: false if it names no share of the rows, which is reported.
bool check_quantile(Context& context, const ast::Latency& node);
/// state_promise.cpp: that the state of a product fits what its contract promises, where the rates and keys of its
/// sources tell.
void check_state(Context& context, const typed::Relation& relation, typed::RelationId id, Span span);
/// The least of its `volume` is no more than can come.
void check_volume(Context& context, const typed::Relation& relation, typed::RelationId id, const ast::Volume& promised,
                  Span span);
/// promises.cpp: that what `expect` names is promised, and that promises can hold.
void check_promises(Context& context, bool of_run);
/// contracts.cpp: what one `to` says of where `made` goes.
void check_output(Context& context, const RelationInfo& info, const ast::Clause& to, typed::Relation& made);
/// access_rules.cpp: what one `to` writes of the rows of `made`, which has its rules of access.
void check_outlet(Context& context, const RelationInfo& info, const ast::ToConnector& to, typed::Relation& made);
/// outputs.cpp: a product for each `to` behind the first; `info` is of the product, which is in the project.
void add_outputs(Context& context, const RelationInfo& info, const std::vector<ast::Clause>& clauses);
/// migration.cpp: `migrate` in the header of a product, once all relations are checked.
void check_migrations(Context& context, const Declaration& declaration);
std::optional<typed::Connector> check_connector(Context& context, const Place& place, const ast::Connector& connector,
                                                bool is_output);
/// access_rules.cpp: `allow`, `mask`, the domain's policies, and what `to` writes. After the other clauses.
void check_access(Context& context, const RelationInfo& info, const std::vector<ast::Clause>& clauses,
                  typed::Relation& made);
/// output_paths.cpp: fields in the path of an output, which are of `row`.
void check_output_path(Context& context, const ast::Connector& connector, const Row& row, const std::string& product);
/// Two products that name one file, or one topic. `of_run`: those the run is about, or the others.
void check_shared_outputs(Context& context, bool of_run);
/// tests.cpp: those the run is about (`of_run`), or the others.
void check_tests(Context& context, bool of_run);
/// functions.cpp: likewise
void check_functions(Context& context, bool of_run);
/// services.cpp: the service of a declaration, checked once; its number in the project, -1 if it is in error.
int need_service(Context& context, const Declaration& declaration);
/// The same by its name; reports that there is none.
int find_service(Context& context, const Place& place, const ast::Name& name);
/// params.cpp
void check_params(Context& context);

}  // namespace braid::checking
