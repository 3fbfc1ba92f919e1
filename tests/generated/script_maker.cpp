#include "tests/generated/script_maker.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/generated/flow_maker.h"

namespace braid::generated {
namespace {

/// A name has one type in all sources, so that sides have something to meet by.
const std::vector<Field>& pool() {
  static const std::vector<Field> fields{
      {"id", int_type()},
      {"who", optional_type(string_type())},
      {"tag", string_type()},
      {"n", optional_type(int_type())},
      {"level", int_type()},
      {"side", enum_type({"buy", "sell", "hold"})},
      {"state", optional_type(enum_type({"open", "shut"}))},
      {"ok", bool_type()},
      {"flag", optional_type(bool_type())},
      {"price", decimal_type(12, 2)},
      {"cost", optional_type(decimal_type(38, 4))},
      {"share", decimal_type(5, 5)},
      {"heat", float_type()},
      {"warm", optional_type(float_type())},
      {"wait", duration_type()},
      {"pause", optional_type(duration_type())},
      {"until", timestamp_type()},
      {"seen", optional_type(timestamp_type())},
      {"day", date_type()},
      {"clock", optional_type(time_type())},
      {"ref", uuid_type()},
      {"raw", optional_type(bytes_type())},
      {"doc", json_type()},
      {"xs", list_type(int_type())},
      {"names", optional_type(list_type(optional_type(string_type())))},
      {"place", struct_type({{"city", string_type()}, {"zone", optional_type(int_type())}})},
      {"spot", optional_type(struct_type({{"a", int_type()}, {"b", string_type()}}))},
  };
  return fields;
}

class ScriptMaker {
 public:
  explicit ScriptMaker(uint64_t seed)
      : rng_(hash_mix(seed)),
        around_{.rng = rng_,
                .relations = {},
                .functions = {},
                .aggregates = {},
                .items = {},
                .changing = seed >= kChangingSeeds,
                .wide = seed >= kWideSeeds,
                .inner_keys = seed >= kInnerKeySeeds,
                .ordered_pairs = seed >= kPairSeeds,
                .ordered_groups = seed >= kPairGroupSeeds,
                .rows = {}} {}

  MadeScript make() {
    for (int64_t i = rng_.between(0, 2); i > 0; --i) function();
    if (around_.wide) {
      if (rng_.chance(2)) generic_function();
      for (int64_t i = rng_.between(0, 2); i > 0; --i) aggregate();
      for (int64_t i = rng_.between(0, 2); i > 0; --i) service();
    }
    for (int64_t i = rng_.between(1, 3); i > 0; --i) source(Relation::Kind::stream);
    for (int64_t i = rng_.between(0, 2); i > 0; --i) source(Relation::Kind::table);
    if (rng_.chance(2)) source(Relation::Kind::static_table);
    for (int64_t i = rng_.between(0, 4); i > 0; --i) view();
    for (int64_t i = rng_.between(5, 8); i > 0; --i) product();
    MadeScript made;
    made.tree = whole({"domain t\n\n", list("\n\n", std::move(around_.items)), "\n"});
    made.waits = around_.waits;
    made.retimes = retimes_;
    made.rows = std::move(around_.rows);
    return made;
  }

 private:
  void function();
  void generic_function();
  void aggregate();
  void service();
  void ports(const FlowMaker& flow, const Relation& made, const std::set<std::string>& judged);
  void source(Relation::Kind kind);
  void view();
  void product();

  Rng rng_;
  Surroundings around_;
  bool retimes_ = false;
};

void ScriptMaker::function() {
  ScriptFunction made{.name = around_.new_name("f"), .parameters = {}, .result = int_type()};
  const Type types[] = {int_type(),   optional_type(int_type()), string_type(), bool_type(),
                        float_type(), timestamp_type()};
  std::vector<Readable> scope;
  std::string parameters;
  for (int64_t i = rng_.between(1, 3); i > 0; --i) {
    const Type type = types[rng_.below(std::size(types))];
    const std::string name = around_.new_name("x");
    scope.push_back({name, type});
    parameters += (parameters.empty() ? "" : ", ") + name + ": " + to_string(type);
    made.parameters.push_back(type);
  }
  const Type results[] = {int_type(), string_type(), bool_type(), optional_type(int_type())};
  made.result = results[rng_.below(std::size(results))];
  ExpressionMaker maker = ExpressionMaker(rng_, scope).with_all(around_.wide);
  around_.items.push_back(whole({"function " + made.name + "(" + parameters + ") -> " + to_string(made.result) + " = ",
                                 maker.make(made.result, 3)}));
  around_.functions.push_back(std::move(made));
}

/// Of any type, or with a parameter that is a function; called with some types.
void ScriptMaker::generic_function() {
  const std::string name = around_.new_name("f");
  const Type ints = list_type(int_type());
  switch (rng_.below(4)) {
    case 0:
      around_.items.emplace_back("function " + name + "<T>(xs: list<T>, other: T) -> T = xs.first() ?? other");
      around_.functions.push_back({name, {ints, int_type()}, int_type()});
      break;
    case 1:
      around_.items.emplace_back("function " + name +
                                 "<T: number>(xs: list<T>) -> T = (xs.max() ?? 0) - (xs.min() ?? 0)");
      around_.functions.push_back({name, {ints}, int_type()});
      break;
    case 2:
      around_.items.emplace_back("function " + name +
                                 "<T: ordered>(x: T, low: T, high: T) -> bool = low <= x and x <= high");
      for (const Type& type : {int_type(), string_type(), timestamp_type(), float_type()})
        around_.functions.push_back({name, {type, type, type}, bool_type()});
      break;
    default:
      around_.items.emplace_back(
          "function " + name + "<T>(xs: list<T>, value: (T) => int) -> int = xs.reduce(0, (sum, x) => sum + value(x))");
      around_.functions.push_back({name, {ints, nullptr}, int_type()});
  }
}

/// What each row does to the state adds, or takes the least or greatest, so that no order shows.
void ScriptMaker::aggregate() {
  ScriptFunction made{.name = around_.new_name("agg"), .parameters = {int_type()}, .result = int_type()};
  std::vector<Readable> scope{{"x", int_type()}};
  std::string parameters = "x: int";
  if (rng_.chance(2)) {
    const Type second = rng_.chance(2) ? optional_type(int_type()) : string_type();
    scope.push_back({"y", second});
    made.parameters.push_back(second);
    parameters += ", y: " + to_string(second);
  }
  ExpressionMaker maker = ExpressionMaker(rng_, scope).with_all(true);
  const std::string greatest = rng_.chance(2) ? "max" : "min";
  const Part value = maker.make(int_type(), 2), other = maker.make(int_type(), 1), condition = maker.condition(2),
             flag = maker.condition(1);
  const bool optional = rng_.chance(2);
  made.result = optional ? optional_type(int_type()) : bool_type();
  around_.items.push_back(whole(
      {"aggregate " + made.name + "(" + parameters + ") -> " + to_string(made.result) + " {\n",
       "  init { total: int = 0, rows: int = 0, most: int = 0, seen: bool = false }\n", "  step {\n    total: total + ",
       value, ",\n    rows: if ", condition, " then rows + 1 else rows,\n    most: " + greatest + "(most, ", other,
       "),\n    seen: seen or ", flag, "\n  }\n",
       optional ? "  finish if rows == 0 then null else try (total + most)\n" : "  finish seen and total > most\n",
       "}"}));
  around_.aggregates.push_back(std::move(made));
}

/// What it answers is made up from what it is asked (tests/scenarios/oracle_service.h).
void ScriptMaker::service() {
  Service made{.name = around_.new_name("svc"), .parameters = {}, .answer = {}, .optional = rng_.chance(3)};
  std::string parameters, address;
  const Type types[] = {int_type(), string_type(), decimal_type(12, 2), bool_type()};
  for (int64_t i = rng_.between(1, 2); i > 0; --i) {
    made.parameters.push_back(types[rng_.below(std::size(types))]);
    const std::string name = around_.new_name("x");
    parameters += (parameters.empty() ? "" : ", ") + name + ": " + to_string(made.parameters.back());
    address += "/{" + name + "}";
  }
  const Type answers[] = {int_type(),   optional_type(int_type()),    string_type(),      bool_type(),
                          float_type(), optional_type(string_type()), decimal_type(12, 2)};
  for (int64_t i = rng_.between(1, 3); i > 0; --i)
    made.answer.push_back({around_.new_name("y"), answers[rng_.below(std::size(answers))]});
  static const char* const kOptions[] = {"", "", " cache 10m", " cache 1h max 3", " parallel 2", " retry 0"};
  around_.items.emplace_back("service " + made.name + "(" + parameters + ") -> " + to_string(struct_type(made.answer)) +
                             (made.optional ? "?" : "") + " from http \"https://t.example" + address + "\"" +
                             kOptions[rng_.below(std::size(kOptions))]);
  around_.services.push_back(std::move(made));
}

/// Those that a product has, as others read them. `judged`: ports of rows that its checks judge.
void ScriptMaker::ports(const FlowMaker& flow, const Relation& made, const std::set<std::string>& judged) {
  auto add = [&](Relation port) {
    port.name = made.name + "." + port.name;
    port.kind = Relation::Kind::stream;
    port.key.clear();
    port.fixed.clear();
    if (!port.time.empty()) port.fixed.insert(port.time);
    port.arrives = port.windows = port.ranked_in_windows = false;
    port.joined_in_time |= made.joined_in_time;
    port.pairs |= port.united;
    port.sources.insert(made.sources.begin(), made.sources.end());
    around_.ports.push_back(std::move(port));
  };
  for (const Relation& port : flow.ports()) add(port);
  const bool of_rows = made.kind == Relation::Kind::stream && !made.of_tables;
  if ((of_rows || around_.inner_keys) && rng_.chance(2)) {
    static const char* const kNames[] = {"rejected", "rejected", "late", "unmatched", "alerts"};
    Relation standing;
    standing.name = kNames[rng_.below(std::size(kNames))];
    // Which changes of a table a check judges depends on the turns.
    const bool changes = made.kind == Relation::Kind::changes || made.kind == Relation::Kind::table;
    if (changes && judged.contains(standing.name)) standing.name = "late";
    standing.has_time = false;
    // The oracle knows no reasons and no bytes, a job calls partitions by their files, and positions are those of
    // arrival.
    const std::string first = standing.name == "alerts" ? "check" : "code", name = around_.new_name("view");
    standing.row = {{first, string_type()}};
    if (standing.name != "alerts") standing.row.push_back({"step", string_type()});
    standing.row.push_back({"source", string_type()});
    around_.items.emplace_back("view " + name + " {\n  from " + made.name + "." + standing.name + "\n  select { " +
                               first + (standing.name == "alerts" ? "" : ", step") + ", origin.source }\n}");
    standing.kind = Relation::Kind::stream;
    standing.arrives = false;
    standing.sources = made.sources;
    standing.name = name;
    around_.ports.push_back(standing);
  }
  if (made.kind == Relation::Kind::stream || !made.has_time || !made.history || !rng_.chance(2)) return;
  const Type side = optional_type(struct_type(made.row));
  Relation changes;
  changes.name = "changes";
  changes.row = {{"op", string_type()}, {"before", side}, {"after", side}};
  add(std::move(changes));
}

void ScriptMaker::source(Relation::Kind kind) {
  const bool table = kind != Relation::Kind::stream;
  Relation made;
  made.kind = kind;
  made.name = around_.new_name(table ? "t" : "s");
  made.has_time = kind == Relation::Kind::table || (kind == Relation::Kind::stream && !rng_.chance(12));
  made.rows = table ? 8 : 20;
  made.sources.insert(made.name);
  std::vector<std::string> header;
  if (made.has_time) {
    made.time = "at";
    made.fixed.insert("at");
    made.row.push_back({"at", timestamp_type()});
    header.push_back(fmt::format("time at within {}s", rng_.between(0, 8)));
    if (rng_.chance(2)) header.push_back(fmt::format("ahead {}s", rng_.between(20, 120)));
  }
  std::vector<Field> fields = pool();
  if (around_.wide) {
    fields.push_back({"counts", counts_type()});
    fields.push_back({"marks", optional_type(map_type(int_type(), optional_type(string_type())))});
    fields.push_back({"lines", list_type(struct_type({{"sku", string_type()}, {"n", int_type()}}))});
  }
  auto take = [&](size_t index) {
    made.row.push_back(fields[index]);
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(index));
  };
  if (table || !rng_.chance(4)) take(0);
  for (int64_t i = rng_.between(3, 7); i > 0; --i) take(rng_.chance(2) ? rng_.below(6) : rng_.below(fields.size()));
  if (table || rng_.chance(4)) {
    std::vector<KeyPart> keys;
    for (const Field& field : made.row) {
      if (!is_optional(field.type) && is_key(field.type) && field.name != "at")
        keys.push_back({field.name, field.type});
      if (around_.inner_keys && field.name == "place") keys.push_back({"place.city", string_type()});
    }
    for (int64_t i = rng_.between(1, 2); i > 0 && !keys.empty(); --i) {
      const size_t chosen = rng_.chance(2) ? 0 : rng_.below(keys.size());
      made.fixed.insert(keys[chosen].text.substr(0, keys[chosen].text.find('.')));
      made.key.push_back(std::move(keys[chosen]));
      keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(chosen));
    }
    std::string key = "key ";
    for (const KeyPart& part : made.key) key += (key.size() > 4 ? ", " : "") + part.text;
    if (!made.key.empty()) header.push_back(key);
  }
  if (kind == Relation::Kind::table && rng_.chance(2)) {
    for (const Field& field : made.row)
      if (is(field.type, TypeKind::integer) || is(field.type, TypeKind::boolean)) {
        header.push_back("delete when " + field.name + (is(field.type, TypeKind::boolean) ? "" : " == 2"));
        break;
      }
  }
  std::vector<Part> entries;
  std::vector<Readable> above;
  for (const Field& field : made.row) {
    std::vector<Part> entry{field.name + ": " + to_string(field.type)};
    const bool keyed = made.fixed.contains(field.name);
    if (!keyed && !is_optional(field.type) && rng_.chance(8) && is_ordered(field.type) &&
        !is(field.type, TypeKind::decimal) && !is(field.type, TypeKind::uuid)) {
      ExpressionMaker maker(rng_, above);
      entry.push_back(list("", {whole({" = ", maker.make(field.type, rng_.chance(2) ? 0 : 2)})}));
    }
    entries.push_back(whole(std::move(entry)));
    above.push_back({field.name, field.type});
  }
  header.push_back("from file \"" + made.name + "\"");
  std::vector<Part> clauses;
  for (const std::string& clause : header) clauses.emplace_back(clause);
  around_.items.push_back(whole({(table ? "table " : "stream ") + made.name + "\n  ", list("\n  ", std::move(clauses)),
                                 "\n{\n  ", list(",\n  ", std::move(entries)), "\n}"}));
  around_.relations.push_back(std::move(made));
}

void ScriptMaker::view() {
  FlowMaker flow(around_);
  const std::string name = around_.new_name("view");
  flow.make(static_cast<int>(rng_.between(1, 4)), false);
  Relation made = flow.result();
  made.name = name;
  std::vector<Part> parts{"view " + name};
  if (made.kind == Relation::Kind::stream && made.has_time && !made.joined_in_time && rng_.chance(4)) {
    std::vector<std::string> times;
    for (const Field& field : made.row)
      if (is(field.type, TypeKind::timestamp) && field.name != made.time) times.push_back(field.name);
    if (!times.empty()) {
      made.time = times[rng_.below(times.size())];
      made.fixed.insert(made.time);
      made.windows = made.ranked_in_windows = false;
      retimes_ = true;
      parts.push_back(list("", {fmt::format("\n  time {} within {}s\n", made.time, rng_.between(1, 20))}));
    }
  }
  parts.emplace_back(" ");
  parts.push_back(flow.text());
  around_.items.push_back(whole(std::move(parts)));
  around_.rows[name] = made.row;
  made.end();
  around_.relations.push_back(std::move(made));
}

void ScriptMaker::product() {
  FlowMaker flow(around_);
  flow.make(static_cast<int>(rng_.between(1, 6)), true);
  Relation made = flow.result();
  made.name = around_.new_name("p");
  std::vector<Part> promises;
  ExpressionMaker maker = flow.expressions();
  const bool table = made.kind != Relation::Kind::stream;
  std::set<std::string> judged;
  if (rng_.chance(4)) {
    promises.push_back(whole({"check c1: ", maker.condition(2), " else reject"}));
    judged.insert("rejected");
  }
  if (!table && made.has_time && !made.pairs && rng_.chance(5)) {
    std::vector<std::string> keys;
    for (const Field& field : made.row)
      if (is_key(field.type)) keys.push_back(field.name);
    if (!keys.empty())
      promises.emplace_back(fmt::format("unique {} within {}s", keys[rng_.below(keys.size())], rng_.between(1, 30)));
  }
  if (rng_.chance(5)) {
    promises.push_back(whole({"check c2: ", maker.condition(2), " else alert"}));
    judged.insert("alerts");
  }
  std::vector<Part> parts{"product " + made.name};
  if (!promises.empty())
    parts.push_back(list("", {whole({"\n  contract {\n    ", list("\n    ", std::move(promises)), "\n  }\n"})}));
  parts.emplace_back(" ");
  parts.push_back(flow.text());
  around_.items.push_back(whole(std::move(parts)));
  around_.rows[made.name] = made.row;
  made.arrives = false;
  made.pairs |= made.united;
  made.end();
  if (around_.wide) ports(flow, made, judged);
  // What others read of a product is its stream; a table among them is read through a view of the same flow.
  if (!table) around_.relations.push_back(std::move(made));
}

}  // namespace

MadeScript make_script(uint64_t seed) {
  return ScriptMaker(seed).make();
}

}  // namespace braid::generated
