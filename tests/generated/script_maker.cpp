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
                .items = {},
                .changing = seed >= kChangingSeeds,
                .rows = {}} {}

  MadeScript make() {
    for (int64_t i = rng_.between(0, 2); i > 0; --i) function();
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
  ExpressionMaker maker(rng_, scope);
  around_.items.push_back(whole({"function " + made.name + "(" + parameters + ") -> " + to_string(made.result) + " = ",
                                 maker.make(made.result, 3)}));
  around_.functions.push_back(std::move(made));
}

void ScriptMaker::source(Relation::Kind kind) {
  const bool table = kind != Relation::Kind::stream;
  Relation made;
  made.kind = kind;
  made.name = around_.new_name(table ? "t" : "s");
  made.has_time = kind == Relation::Kind::table || (kind == Relation::Kind::stream && !rng_.chance(12));
  made.rows = table ? 8 : 20;
  std::vector<std::string> header;
  if (made.has_time) {
    made.time = "at";
    made.fixed.insert("at");
    made.row.push_back({"at", timestamp_type()});
    header.push_back(fmt::format("time at within {}s", rng_.between(0, 8)));
    if (rng_.chance(2)) header.push_back(fmt::format("ahead {}s", rng_.between(20, 120)));
  }
  std::vector<Field> fields = pool();
  auto take = [&](size_t index) {
    made.row.push_back(fields[index]);
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(index));
  };
  if (table || !rng_.chance(4)) take(0);
  for (int64_t i = rng_.between(3, 7); i > 0; --i) take(rng_.chance(2) ? rng_.below(6) : rng_.below(fields.size()));
  if (table || rng_.chance(4)) {
    std::vector<Field> keys;
    for (const Field& field : made.row)
      if (!is_optional(field.type) && is_key(field.type) && field.name != "at") keys.push_back(field);
    for (int64_t i = rng_.between(1, 2); i > 0 && !keys.empty(); --i) {
      const size_t chosen = rng_.chance(2) ? 0 : rng_.below(keys.size());
      made.key.push_back({keys[chosen].name, keys[chosen].type});
      made.fixed.insert(keys[chosen].name);
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
      made.windows = false;
      retimes_ = true;
      parts.push_back(list("", {fmt::format("\n  time {} within {}s\n", made.time, rng_.between(1, 20))}));
    }
  }
  parts.emplace_back(" ");
  parts.push_back(flow.text());
  around_.items.push_back(whole(std::move(parts)));
  around_.rows[name] = made.row;
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
  if (rng_.chance(4)) promises.push_back(whole({"check c1: ", maker.condition(2), " else reject"}));
  if (!table && made.has_time && !made.pairs && rng_.chance(5)) {
    std::vector<std::string> keys;
    for (const Field& field : made.row)
      if (is_key(field.type)) keys.push_back(field.name);
    if (!keys.empty())
      promises.emplace_back(fmt::format("unique {} within {}s", keys[rng_.below(keys.size())], rng_.between(1, 30)));
  }
  if (rng_.chance(5)) promises.push_back(whole({"check c2: ", maker.condition(2), " else alert"}));
  std::vector<Part> parts{"product " + made.name};
  if (!promises.empty())
    parts.push_back(list("", {whole({"\n  contract {\n    ", list("\n    ", std::move(promises)), "\n  }\n"})}));
  parts.emplace_back(" ");
  parts.push_back(flow.text());
  around_.items.push_back(whole(std::move(parts)));
  around_.rows[made.name] = made.row;
  made.arrives = false;
  // What others read of a product is its stream; a table among them is read through a view of the same flow.
  if (!table) around_.relations.push_back(std::move(made));
}

}  // namespace

MadeScript make_script(uint64_t seed) {
  return ScriptMaker(seed).make();
}

}  // namespace braid::generated
