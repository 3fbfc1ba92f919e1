// The functions of expressions: their names, what they take, and the literals that fit other types.
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "serve/odata/parser.h"

namespace braid::serve::odata {
namespace {

using K = Kind;

/// What a function takes: `t` text, `i` a whole number, `m` an instant or a date, `c` an instant or a time, `z` an
/// instant, `d` a duration, `n` a number, `s` a text or bytes.
struct Signature {
  std::string_view name;
  Function function;
  std::string_view takes;
  Kind gives;
  int scale = 0;
};
constexpr Signature kFunctions[] = {
    {"contains", Function::contains, "tt", K::boolean},
    {"startswith", Function::startswith, "tt", K::boolean},
    {"endswith", Function::endswith, "tt", K::boolean},
    {"length", Function::length, "s", K::integer},
    {"indexof", Function::indexof, "tt", K::integer},
    {"substring", Function::substring, "ti", K::text},
    {"substring", Function::substring, "tii", K::text},
    {"tolower", Function::tolower, "t", K::text},
    {"toupper", Function::toupper, "t", K::text},
    {"trim", Function::trim, "t", K::text},
    {"concat", Function::concat, "tt", K::text},
    {"year", Function::year, "m", K::integer},
    {"month", Function::month, "m", K::integer},
    {"day", Function::day, "m", K::integer},
    {"hour", Function::hour, "c", K::integer},
    {"minute", Function::minute, "c", K::integer},
    {"second", Function::second, "c", K::integer},
    {"fractionalseconds", Function::fractionalseconds, "c", K::decimal, 6},
    {"date", Function::date, "m", K::date},
    {"time", Function::time, "c", K::time},
    {"totaloffsetminutes", Function::totaloffsetminutes, "z", K::integer},
    {"totalseconds", Function::totalseconds, "d", K::decimal, 6},
    {"round", Function::round, "n", K::null},
    {"floor", Function::floor, "n", K::null},
    {"ceiling", Function::ceiling, "n", K::null},
};

constexpr std::string_view kOfOthers[] = {"cast",           "isof",         "now",        "matchesPattern", "hassubset",
                                          "hassubsequence", "geo.distance", "geo.length", "geo.intersects", "case"};

bool takes(char what, Kind kind) {
  if (kind == K::null) return true;
  switch (what) {
    case 't':
      return kind == K::text;
    case 's':
      return kind == K::text || kind == K::bytes;
    case 'i':
      return kind == K::integer;
    case 'n':
      return is_number(kind);
    case 'm':
      return kind == K::instant || kind == K::date;
    case 'c':
      return kind == K::instant || kind == K::time;
    case 'z':
      return kind == K::instant;
    case 'd':
      return kind == K::duration;
    default:
      return false;
  }
}

std::string kinds_of(const std::vector<NodePtr>& operands) {
  std::string made;
  for (const NodePtr& each : operands) made.append(made.empty() ? "" : ", ").append(edm_name(each->kind));
  return made.empty() ? "nothing" : made;
}

}  // namespace

Parsed<NodePtr> Parser::call(const std::string& name) {
  for (const std::string_view other : kOfOthers)
    if (other == name) return not_implemented(fmt::format("the function `{}` is not supported", name));
  // Instants without operands.
  if (name == "mindatetime" || name == "maxdatetime") {
    cursor_.step();
    cursor_.step();
    if (!cursor_.take(')')) return cursor_.expected("`)`");
    Node node{.op = Node::Op::literal, .kind = K::instant};
    node.value = number_datum(K::instant, name == "mindatetime" ? days_from_civil(0, 1, 1) * kMicrosPerDay
                                                                : days_from_civil(10000, 1, 1) * kMicrosPerDay - 1);
    return make(std::move(node));
  }
  bool known = false;
  for (const Signature& each : kFunctions) known = known || each.name == name;
  if (!known)
    return wrong(fmt::format("there is no function `{}`{}", name, name == "substringof" ? "; use contains" : ""));
  cursor_.step();
  cursor_.step();
  Node node{.op = Node::Op::function};
  if (!cursor_.take(')')) {
    do {
      BRAID_ASSIGN(NodePtr each, expression());
      node.of.push_back(std::move(each));
    } while (cursor_.take(','));
    if (!cursor_.take(')')) return cursor_.expected("`,` or `)`");
  }
  for (const Signature& each : kFunctions) {
    if (each.name != name || each.takes.size() != node.of.size()) continue;
    bool fits = true;
    for (size_t i = 0; i < node.of.size(); ++i) fits = fits && takes(each.takes[i], node.of[i]->kind);
    if (!fits) continue;
    node.function = each.function;
    node.kind = each.gives;
    node.scale = each.scale;
    if (each.gives == K::null) node.kind = node.of[0]->kind;
    return make(std::move(node));
  }
  return wrong(fmt::format("the function `{}` does not take {}", name, kinds_of(node.of)));
}

bool fit_literal(Node& literal, const Node& beside) {
  const auto becomes = [&](Kind kind, int128 number) {
    literal.value = number_datum(kind, number);
    literal.kind = kind;
    return true;
  };
  if (literal.kind == K::date && beside.kind == K::instant)
    return becomes(K::instant, literal.value.number * kMicrosPerDay);
  if (literal.kind == K::text && beside.kind == K::enumeration && beside.type) {
    for (size_t i = 0; i < beside.type->symbols.size(); ++i) {
      if (beside.type->symbols[i] != literal.text) continue;
      becomes(K::enumeration, static_cast<int128>(i));
      literal.type = beside.type;
      literal.value.type = beside.type.get();
      return true;
    }
    return false;
  }
  if (literal.kind != K::text) return true;
  int32_t days = 0;
  int64_t micros = 0;
  int128 uuid = 0;
  switch (beside.kind) {
    case K::guid:
      return parse_uuid(literal.text, &uuid) && becomes(K::guid, uuid);
    case K::date:
      return parse_date(literal.text, &days) && becomes(K::date, days);
    case K::time:
      return parse_time(literal.text, &micros) && becomes(K::time, micros);
    case K::instant:
      return parse_timestamp(literal.text, &micros) && becomes(K::instant, micros);
    case K::duration:
      return parse_duration_iso(literal.text, &micros) && becomes(K::duration, micros);
    default:
      return true;
  }
}

}  // namespace braid::serve::odata
