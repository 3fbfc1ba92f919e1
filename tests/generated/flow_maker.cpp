#include "tests/generated/flow_maker.h"

#include <fmt/format.h>
#include <algorithm>

#include "runtime/base/check.h"

namespace braid::generated {

const Field* Relation::find(const std::string& field) const {
  for (const Field& each : row)
    if (each.name == field) return &each;
  return nullptr;
}

void Relation::end() {
  for (const KeyPart& part : key) nameless_key |= find(part.text) == nullptr;
  ranked_in_windows &= !nameless_key;
}

std::vector<Readable> readables(const std::vector<Field>& row, const std::string& prefix) {
  std::vector<Readable> found;
  for (const Field& field : row) {
    found.push_back({prefix + field.name, field.type});
    const Type& type = without_optional(field.type);
    if (!is(type, TypeKind::structure)) continue;
    const bool optional = is_optional(field.type);
    for (const Field& part : type->fields)
      found.push_back(
          {prefix + field.name + (optional ? "?." : ".") + part.name, optional ? optional_type(part.type) : part.type});
  }
  return found;
}

bool is_key(const Type& type) {
  switch (without_optional(type)->kind) {
    case TypeKind::structure:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::json:
      return false;
    default:
      return true;
  }
}

std::vector<Readable> FlowMaker::scope() const {
  return readables(now_.row);
}

ExpressionMaker FlowMaker::expressions() const {
  return over(scope()).with_time(now_.has_time && !is_table());
}

ExpressionMaker FlowMaker::over(std::vector<Readable> scope) const {
  return ExpressionMaker(rng_, std::move(scope), around_.functions).with_all(around_.wide);
}

std::vector<std::string> FlowMaker::free_fields() const {
  std::vector<std::string> free;
  for (const Field& field : now_.row) {
    const bool needed = is_table() && std::any_of(now_.key.begin(), now_.key.end(), [&](const KeyPart& part) {
                          return part.text.substr(0, part.text.find_first_of("?.")) == field.name;
                        });
    if (!needed) free.push_back(field.name);
  }
  return free;
}

const Relation* FlowMaker::some_relation(const std::set<Kind>& kinds, bool with_time) {
  std::vector<const Relation*> found;
  for (const Relation& relation : around_.relations)
    if (kinds.contains(relation.kind) && (relation.has_time || !with_time)) found.push_back(&relation);
  return found.empty() ? nullptr : found[rng_.below(found.size())];
}

void FlowMaker::from(const Relation& relation) {
  now_ = relation;
  now_.of_tables |= relation.kind != Kind::stream && relation.kind != Kind::static_table;
  steps_.push_back(whole({"from " + relation.name}));
}

void FlowMaker::make(int steps, bool ports) {
  ports_ = ports;
  const Relation* begin = rng_.chance(4) ? some_relation({Kind::table, Kind::changes}, true) : nullptr;
  if (begin == nullptr) begin = some_relation({Kind::stream}, false);
  if (around_.wide && !around_.ports.empty() && rng_.chance(6))
    begin = &around_.ports[rng_.below(around_.ports.size())];
  from(*begin);
  for (int i = 0; i < steps; ++i) step();
  if (window_) group();
}

Part FlowMaker::text() const {
  return whole({"{\n  ", list("\n  ", steps_), "\n}"});
}

bool FlowMaker::wide_step() {
  if (window_) {
    if (now_.find("window") != nullptr || unordered() || !rng_.chance(2)) return false;
    if (!around_.ordered_pairs || rng_.chance(2))
      top();
    else if (window_->session || window_->late || rng_.chance(2))
      last_of_windows();
    else
      match();
    return true;
  }
  if (is_table()) {
    switch (rng_.below(6)) {
      case 0:
      case 1:
        top();
        return true;
      case 2:
        last_of_table();
        return true;
      case 3:
        unnest();
        group();
        return true;
      default:
        return false;
    }
  }
  if (now_.ranked_in_windows && rng_.chance(2)) {
    top();
    return true;
  }
  switch (rng_.below(12)) {
    case 0:
      top();
      return true;
    case 1:
    case 2:
      running();
      return true;
    case 3:
    case 4:
      unnest();
      return true;
    case 5:
      match();
      return true;
    case 6:
    case 7:
      lookup();
      return true;
    default:
      return false;
  }
}

void FlowMaker::step() {
  if (around_.wide && rng_.chance(2) && wide_step()) return;
  if (window_)
    return rng_.chance(3)                        ? (rng_.chance(2) ? keep() : let())
           : window_->joinable && rng_.chance(3) ? join_stream()
                                                 : group();
  if (is_table()) {
    switch (rng_.below(12)) {
      case 0:
        return rng_.chance(2) ? keep() : narrow();
      case 1:
        return keep();
      case 2:
      case 3:
        return let();
      case 4:
        return select();
      case 5:
        return drop();
      case 6:
        return rename();
      case 7:
      case 8:
      case 9:
        return join_tables();
      default:
        return group();
    }
  }
  switch (rng_.below(30)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return keep();
    case 4:
      return narrow();
    case 5:
    case 6:
    case 7:
    case 8:
      return let();
    case 9:
    case 10:
      return select();
    case 11:
      return drop();
    case 12:
      return rename();
    case 13:
    case 14:
      return unite();
    case 15:
      return distinct();
    case 16:
    case 17:
    case 18:
    case 19:
      return join_table();
    case 20:
    case 21:
    case 22:
    case 23:
      return join_stream();
    case 24:
      return rng_.chance(2) ? group() : last();
    default:
      return window();
  }
}

Part FlowMaker::else_port(int one_in) {
  if (!ports_ || is_table() || !rng_.chance(static_cast<uint64_t>(one_in))) return "";
  return list("", {" else " + around_.new_name("port")});
}

Part FlowMaker::else_port(int one_in, const Relation& rows) {
  Part port = else_port(one_in);
  if (port.kind != Part::Kind::list) return port;
  made_ports_.push_back(rows);
  made_ports_.back().name = render(port).substr(6);
  return port;
}

void FlowMaker::keep() {
  add({"where ", expressions().condition(2), else_port(4, now_)});
}

/// Behind `where x is not null` the field is there.
void FlowMaker::narrow() {
  std::vector<Field*> optional;
  for (Field& field : now_.row)
    if (is_optional(field.type)) optional.push_back(&field);
  if (optional.empty()) return keep();
  Field& field = *optional[rng_.below(optional.size())];
  const Relation before = now_;
  field.type = without_optional(field.type);
  // So are its fields, of which the key may consist.
  for (KeyPart& part : now_.key) {
    if (part.text == field.name) part.type = field.type;
    if (!part.text.starts_with(field.name + "?.")) continue;
    part.text.erase(field.name.size(), 1);
    for (const Field& inner : field.type->fields)
      if (part.text == field.name + "." + inner.name) part.type = inner.type;
  }
  std::vector<Part> parts{"where ", field.name + " is not null"};
  if (rng_.chance(3)) {
    parts.emplace_back(" and ");
    parts.push_back(expressions().condition(1));
  }
  parts.push_back(else_port(5, before));
  add(std::move(parts));
}

void FlowMaker::let() {
  std::string name = around_.new_name("e");
  std::vector<std::string> replaceable;
  for (const Field& field : now_.row)
    if (!now_.fixed.contains(field.name) && field.name != "window") replaceable.push_back(field.name);
  if (rng_.chance(5) && !replaceable.empty()) name = replaceable[rng_.below(replaceable.size())];
  ExpressionMaker maker = expressions();
  const Type type = maker.some_type();
  add({"let " + name + " = ", maker.exact(type, 3)});
  for (Field& field : now_.row)
    if (field.name == name) {
      field.type = type;
      return;
    }
  now_.row.push_back({name, type});
}

void FlowMaker::select() {
  std::vector<Part> entries;
  Relation next = now_;
  next.row.clear();
  next.time.clear();
  next.windows = next.ranked_in_windows = false;
  auto keeps = [&](const std::string& field) {
    for (const Field& each : next.row)
      if (each.name == field) return true;
    return false;
  };
  auto pass = [&](const std::string& field) {
    if (keeps(field)) return;
    next.row.push_back({field, now_.find(field)->type});
    if (field == now_.time) next.time = field;
    if (field == "window") {
      next.windows = now_.windows;
      next.ranked_in_windows = now_.ranked_in_windows;
    }
    entries.emplace_back(field);
  };
  if (is_table())
    for (KeyPart& part : next.key) {
      if (now_.find(part.text) != nullptr) {
        pass(part.text);
        continue;
      }
      const std::string name = around_.new_name("k");
      entries.emplace_back(name + ": " + part.text);
      next.row.push_back({name, part.type});
      part.text = name;
      next.fixed.insert(name);
    }
  ExpressionMaker maker = expressions();
  const std::vector<Readable> known = scope();
  for (int64_t i = rng_.between(2, 6); i > 0; --i) {
    switch (rng_.below(4)) {
      case 0: {
        const std::string name = around_.new_name("e");
        const Type type = maker.some_type();
        entries.push_back(whole({name + ": ", maker.exact(type, 3)}));
        next.row.push_back({name, type});
        break;
      }
      case 1: {
        const Readable& one = known[rng_.below(known.size())];
        // A key by two names is the key by one of them.
        if (around_.wide && is_table() && one.text == "window") break;
        const std::string name = around_.new_name("e");
        entries.emplace_back(name + ": " + one.text);
        next.row.push_back({name, one.type});
        if (one.text == now_.time || (around_.wide && now_.fixed.contains(one.text))) next.fixed.insert(name);
        break;
      }
      default:
        pass(now_.row[rng_.below(now_.row.size())].name);
    }
  }
  if (rng_.chance(8)) {
    const std::string name = around_.new_name("e");
    const Type a = maker.some_type();
    entries.push_back(whole({name + ": { a: ", maker.exact(a, 2), ", b: ", maker.exact(int_type(), 2), " }"}));
    next.row.push_back({name, struct_type({{"a", a}, {"b", int_type()}})});
  }
  add({"select { ", list(", ", std::move(entries)), " }"});
  now_ = std::move(next);
}

void FlowMaker::drop() {
  std::vector<std::string> free = free_fields();
  if (free.size() < 3) return let();
  const std::string field = free[rng_.below(free.size())];
  std::erase_if(now_.row, [&](const Field& each) { return each.name == field; });
  if (field == now_.time) now_.time.clear();
  if (field == "window") now_.windows = now_.ranked_in_windows = false;
  add({"drop " + field});
}

void FlowMaker::rename() {
  const size_t which = rng_.below(now_.row.size());
  Field& field = now_.row[which];
  if (field.name == "window") return keep();
  const std::string name = around_.new_name("r"), before = field.name;
  for (KeyPart& part : now_.key)
    if (part.text == before || part.text.starts_with(before + ".") || part.text.starts_with(before + "?"))
      part.text = name + part.text.substr(before.size());
  if (now_.fixed.erase(before) > 0) now_.fixed.insert(name);
  if (now_.time == before) now_.time = name;
  field.name = name;
  add({"rename " + before + " to " + name});
}

/// Both sides are made equal by `select`, the other one in a view of its own.
void FlowMaker::unite() {
  const Relation* other = some_relation({Kind::stream}, false);
  if (other == nullptr || other->has_time != now_.has_time || now_.rows + other->rows > 500) return keep();
  std::vector<Field> common;
  for (const Field& field : now_.row)
    if (const Field* theirs = other->find(field.name);
        theirs != nullptr && same(theirs->type, field.type) && field.name != "window")
      common.push_back(field);
  if (common.size() < 2) return let();
  std::vector<Part> entries;
  for (const Field& field : common) entries.emplace_back(field.name);
  const std::string view = around_.new_name("side");
  around_.items.push_back(
      whole({"view " + view + " {\n  from " + other->name + "\n  select { ", whole({list(", ", entries)}), " }\n}"}));
  add({"select { ", list(", ", entries), " }"});
  add({"union " + view});
  const bool same_time = now_.time == other->time;
  now_.row = std::move(common);
  if (!same_time || now_.find(now_.time) == nullptr) now_.time.clear();
  now_.fixed.insert(other->fixed.begin(), other->fixed.end());
  now_.joined_in_time |= other->joined_in_time;
  now_.pairs |= other->pairs;
  now_.met |= other->met;
  if (around_.wide)  // of one record by two ways nothing says which is the first
    for (const std::string& source : other->sources) now_.pairs |= now_.sources.contains(source);
  now_.sources.insert(other->sources.begin(), other->sources.end());
  now_.arrives &= other->arrives;
  now_.of_tables |= other->of_tables;
  now_.united |= around_.wide && !around_.inner_keys;  // the first scripts leave out what read such products
  now_.windows = now_.ranked_in_windows = false;
  now_.rows += other->rows;
}

void FlowMaker::distinct() {
  if (!now_.has_time || now_.pairs) return keep();
  ExpressionMaker maker = expressions();
  std::vector<Part> keys;
  for (int64_t i = rng_.between(1, 2); i > 0; --i) {
    std::vector<Readable> among = scope();
    bool found = false;
    const Readable key = some_key(among, found);
    keys.push_back(found && !rng_.chance(4) ? Part(key.text) : maker.make(int_type(), 2));
  }
  add({"distinct ", list(", ", std::move(keys)), fmt::format(" within {}s", rng_.between(1, 30))});
  now_.arrives &= !around_.wide;  // for `join latest` it comes when it is let go
}

/// A row for each element of a list; of a table, whose rows need a `group` then, too.
void FlowMaker::unnest() {
  std::vector<Field> lists;
  for (const Field& field : now_.row)
    if (is(without_optional(field.type), TypeKind::list) && !now_.fixed.contains(field.name)) lists.push_back(field);
  const bool left = rng_.chance(3);
  std::string name = around_.new_name("u");
  Part list = "";
  Type element = int_type();
  if (!lists.empty() && !rng_.chance(4)) {
    const Field& field = lists[rng_.below(lists.size())];
    element = without_optional(field.type)->element;
    list = field.name;
    if (rng_.chance(5)) {
      name = field.name;
      std::erase_if(now_.row, [&](const Field& each) { return each.name == name; });
    }
  } else {
    list = expressions().make(list_type(int_type()), 2);
  }
  add({left ? "left unnest " : "unnest ", std::move(list), " as " + name});
  now_.row.push_back({name, left ? optional_type(element) : element});
  now_.rows *= 1.5;
  now_.arrives = false;
  if (is_table()) now_.kind = Kind::changes;
}

Readable FlowMaker::some_key(const std::vector<Readable>& among, bool& found) {
  std::vector<const Readable*> keys;
  for (const Readable& each : among)
    if (is_key(each.type)) keys.push_back(&each);
  found = !keys.empty();
  return found ? *keys[rng_.below(keys.size())] : Readable{};
}

}  // namespace braid::generated
