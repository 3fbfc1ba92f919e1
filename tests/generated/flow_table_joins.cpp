// Joins of streams with tables, as of a time or the newest version, and of tables with tables.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "tests/generated/flow_maker.h"

namespace braid::generated {
namespace {

/// The text has that name in it, whole.
bool names(const Part& part, const std::string& name) {
  const std::string text = render(part);
  auto is_of_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !is_of_name(text[at - 1])) && (end == text.size() || !is_of_name(text[end]))) return true;
  }
  return false;
}

/// Of a side that may not be there.
std::string optional_path(const std::string& path) {
  std::string made;
  for (const char c : path) {
    if (c == '.' && (made.empty() || made.back() != '?')) made += '?';
    made += c;
  }
  return made;
}

bool comparable(const Type& a, const Type& b) {
  return same(without_optional(a), without_optional(b));
}

}  // namespace

/// A table's key has to be met as it is.
void FlowMaker::join_table() {
  const Relation* right = around_.wide && rng_.chance(3) ? some_relation({Kind::changes}, true) : nullptr;
  if (right == nullptr || !right->history) right = some_relation({Kind::table, Kind::static_table}, false);
  if (right == nullptr || (right->has_time && !now_.has_time)) return keep();
  const bool made = right->kind == Kind::changes;
  const bool latest = around_.wide && now_.arrives && right->arrives && right->kind == Kind::table && rng_.chance(10);
  const std::string alias = around_.new_name("j");
  bool by_columns = false;
  std::vector<Part> conditions;
  if (around_.wide && !right->key.empty() && rng_.chance(3)) {
    Equality equality = equal_fields(*right, alias, rng_.chance(4) ? 2 : 1);
    if (equality.parts.empty()) return keep();
    conditions = std::move(equality.parts);
    by_columns = std::any_of(right->key.begin(), right->key.end(),
                             [&](const KeyPart& part) { return !equality.of_right.contains(part.text); });
  } else
    for (const KeyPart& part : right->key) {
      std::vector<Readable> fitting;
      for (const Readable& left : scope())
        if (comparable(left.type, part.type)) fitting.push_back(left);
      const bool inner = around_.inner_keys && right->kind != Kind::changes;
      if (right->find(inner ? part.text.substr(0, part.text.find('.')) : part.text) == nullptr) return keep();
      Part ours;
      if (!fitting.empty() && !rng_.chance(8)) {
        ours = fitting[rng_.below(fitting.size())].text;
      } else {
        ExpressionMaker maker = expressions();
        if (!maker.can(part.type) || is(part.type, TypeKind::decimal) || is(part.type, TypeKind::enumeration) ||
            fitting.empty())
          return keep();
        ours = maker.make(part.type, 2);
      }
      conditions.push_back(whole({alias + "." + part.text + " == ", std::move(ours)}));
    }
  static const char* const kKinds[] = {"", "", "left ", "left ", "semi ", "anti "};
  const std::string kind = kKinds[rng_.below(std::size(kKinds))];
  const bool adds = kind.empty() || kind == "left ";
  if (rng_.chance(4)) {
    ExpressionMaker maker = over(scope_with(*right, alias)).with_time(now_.has_time);
    // No equality by itself, which would be one more field to meet by.
    Part condition = expression({"not (", maker.condition(2), ")"});
    // By itself it says something of the other side.
    if (!conditions.empty() || names(condition, alias)) conditions.push_back(std::move(condition));
  }
  if (conditions.empty()) conditions.emplace_back("true");
  std::vector<Part> options;
  if (latest || made) {
  } else if (right->has_time && rng_.chance(4))
    options.emplace_back(fmt::format(" max age {}s", rng_.between(1, 40)));
  if (!latest && !made && right->has_time && now_.arrives && right->arrives && rng_.chance(12)) {
    options.emplace_back(fmt::format(" wait at most {}s", rng_.between(5, 60)));
    around_.waits = true;
  }
  Part port = kind == "left " ? else_port(4) : else_port(4, now_);
  const bool splits = kind == "left " && port.kind == Part::Kind::list;
  if (port.kind == Part::Kind::list) options.push_back(std::move(port));
  around_.waits |= latest;
  add({kind + (latest ? "join latest " : "join ") + right->name + " as " + alias + " on ",
       list(" and ", std::move(conditions)), list("", std::move(options))});
  if (adds) add_side(*right, alias, kind == "left " && !splits);
  now_.sources.insert(right->sources.begin(), right->sources.end());
  now_.of_tables |= right->of_tables || made;
  now_.joined_in_time |= right->has_time;
  now_.arrives &= !right->has_time;  // it may have waited here
  if (adds && by_columns) {
    now_.pairs = true;
    now_.key.clear();
    now_.ranked_in_windows = false;
    now_.rows = std::max(now_.rows, now_.rows * right->rows / 3);
  }
}

/// The rows of two tables as they are now.
void FlowMaker::join_tables() {
  const Relation* right = some_relation({Kind::table, Kind::changes}, true);
  if (right == nullptr || now_.rows * right->rows > 2'000) return let();
  static const char* const kKinds[] = {"", "", "left ", "left ", "right ", "full ", "semi ", "anti "};
  std::string kind = around_.wide ? kKinds[rng_.below(std::size(kKinds))] : rng_.chance(2) ? "left " : "";
  auto may_be_null = [](const std::vector<KeyPart>& key) {
    return std::all_of(key.begin(), key.end(), [](const KeyPart& part) { return is_optional(part.type); });
  };
  if (kind == "full " && may_be_null(now_.key) && may_be_null(right->key)) kind = "left ";
  const std::string alias = around_.new_name("j");
  const bool adds = kind != "semi " && kind != "anti ";
  const bool keeps_right = kind == "right " || kind == "full ", optional = kind == "left " || kind == "full ";
  std::vector<std::string> common;
  for (const Field& field : now_.row)
    if (const Field* theirs = right->find(field.name);
        theirs != nullptr && same(theirs->type, field.type) && is_key(field.type))
      common.push_back(field.name);
  Equality equality;
  std::string used;
  if (around_.wide && !common.empty() && rng_.chance(3)) {
    used = common[rng_.below(common.size())];
    equality.of_left.insert(used);
    equality.of_right.insert(used);
  } else {
    equality = equal_fields(*right, alias, rng_.chance(4) ? 2 : 1);
    if (equality.parts.empty()) return let();
  }
  if (around_.wide && used.empty() && rng_.chance(3)) {
    ExpressionMaker maker = over(scope_with(*right, alias));
    if (!kind.empty()) maker.never_failing();
    equality.parts.push_back(expression({"not (", maker.condition(2), ")"}));
  }
  auto met = [](const std::vector<KeyPart>& key, const std::set<std::string>& by) {
    return std::all_of(key.begin(), key.end(), [&](const KeyPart& part) { return by.contains(part.text); });
  };
  const bool one_left = met(now_.key, equality.of_left), one_right = met(right->key, equality.of_right);
  // A field of `using` that both sides fill is a part of the key only where it is all of both.
  if (keeps_right && !used.empty() && !(one_left && one_right)) {
    equality.parts.emplace_back(alias + "." + used + " == " + used);
    used.clear();
  }
  add({kind + "join " + right->name + " as " + alias,
       used.empty() ? whole({" on ", list(" and ", std::move(equality.parts))}) : Part(" using " + used)});
  now_.sources.insert(right->sources.begin(), right->sources.end());
  now_.history &= right->history;
  if (keeps_right) {
    for (Field& field : now_.row)
      if (field.name != used) field.type = optional_type(field.type);
    for (KeyPart& part : now_.key)
      if (part.text != used) part = {optional_path(part.text), optional_type(part.type)};
    if (kind == "right " && one_left) now_.key.clear();
  }
  if (adds) add_side(*right, alias, optional);
  if (adds && (keeps_right || !one_right))
    for (const KeyPart& part : right->key)
      now_.key.push_back({optional ? alias + "?." + optional_path(part.text) : alias + "." + part.text,
                          optional ? optional_type(part.type) : part.type});
  if (keeps_right && !used.empty() && one_left && one_right) now_.key = {{used, now_.find(used)->type}};
  for (const KeyPart& part : now_.key) now_.fixed.insert(part.text.substr(0, part.text.find_first_of("?.")));
  now_.time.clear();
  now_.kind = Kind::changes;
  now_.rows = std::max(now_.rows, now_.rows * right->rows / 4) + (keeps_right ? right->rows : 0);
}

}  // namespace braid::generated
