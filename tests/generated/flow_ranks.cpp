// `top`: the first rows of windows and of tables. `running`: what the rows up to each one come to.
#include <fmt/format.h>

#include "tests/generated/flow_maker.h"

namespace braid::generated {

/// `plain`: fields alone, which are then the key of a table.
std::vector<Part> FlowMaker::some_keys(int most, bool plain, std::vector<KeyPart>* key) {
  std::vector<Part> keys;
  std::set<std::string> taken;
  for (int64_t i = rng_.between(0, most); i > 0; --i) {
    if (!plain && rng_.chance(5)) {
      const Type types[] = {int_type(), string_type(), bool_type(), optional_type(int_type())};
      keys.push_back(expressions().make(types[rng_.below(std::size(types))], 2));
      continue;
    }
    std::vector<const Field*> columns;
    for (const Field& field : now_.row)
      if (is_key(field.type) && !taken.contains(field.name)) columns.push_back(&field);
    if (columns.empty()) break;
    const Field& column = *columns[rng_.below(columns.size())];
    taken.insert(column.name);
    keys.emplace_back(column.name);
    if (key != nullptr) key->push_back({column.name, column.type});
  }
  return keys;
}

void FlowMaker::top() {
  const bool windowed = window_.has_value() || (!is_table() && now_.ranked_in_windows);
  if ((!now_.has_time && !is_table()) || unordered()) return window_ ? group() : keep();
  const bool changes = windowed && rng_.chance(4) && !(window_ && window_->session);
  const bool table = !windowed || changes;
  const int64_t count = rng_.chance(2) ? 1 : rng_.between(2, 4);
  const bool ties = rng_.chance(3);
  const bool needs_number = table && !is_table() && (count > 1 || ties);
  const bool numbered = needs_number || rng_.chance(2);
  std::vector<Part> parts{fmt::format("top {}{} by ", count, ties ? " with ties" : "")};
  std::vector<Part> orders;
  static const std::vector<Type> kOrdered{int_type(),         string_type(),   timestamp_type(),
                                          float_type(),       duration_type(), optional_type(int_type()),
                                          decimal_type(12, 2)};
  for (int64_t i = rng_.between(1, 2); i > 0; --i) {
    std::vector<Readable> known;
    for (const Readable& each : scope())
      if (is_ordered(without_optional(each.type))) known.push_back(each);
    Part value = !known.empty() && !rng_.chance(3) ? Part(known[rng_.below(known.size())].text)
                                                   : expressions().make(kOrdered[rng_.below(kOrdered.size())], 2);
    orders.push_back(whole({std::move(value), rng_.chance(2) ? " desc" : ""}));
  }
  parts.push_back(list(", ", std::move(orders)));
  std::vector<KeyPart> key;
  std::vector<Part> keys = some_keys(2, table, &key);
  const bool key_is_computed = keys.size() > key.size();
  if (!keys.empty()) {
    parts.emplace_back(" per ");
    parts.push_back(list(", ", std::move(keys)));
  }
  const std::string number = around_.new_name("n");
  if (numbered) parts.emplace_back(" numbered " + number);
  if (!windowed && !is_table()) parts.emplace_back(retained());
  if (changes)
    parts.emplace_back(rng_.chance(2) ? " emit changes" : " emit every 4s");
  else if (!windowed)
    parts.emplace_back(emitted());
  add(std::move(parts));
  if (window_) now_.row.push_back({"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})});
  if (windowed || !is_table() || numbered || (count == 1 && !ties)) {
    now_.key = std::move(key);
    if (changes)
      for (const char* end : {"window.start", "window.end"}) now_.key.push_back({end, timestamp_type()});
    if (numbered) now_.key.push_back({number, int_type()});
  }
  if (windowed) now_.fixed.insert("window");
  now_.nameless_key = key_is_computed;
  if (numbered) {
    now_.row.push_back({number, int_type()});
    now_.fixed.insert(number);
  }
  for (const KeyPart& part : now_.key) now_.fixed.insert(part.text.substr(0, part.text.find_first_of("?.")));
  now_.time.clear();
  now_.arrives = false;
  now_.windows = now_.ranked_in_windows = windowed && !changes;
  now_.history &= !changes;
  if (table) now_.kind = Kind::changes;
  window_.reset();
}

void FlowMaker::running() {
  if (!now_.has_time || now_.pairs) return keep();
  std::vector<Part> parts{"running "};
  std::vector<Part> keys = some_keys(2, false, nullptr);
  if (!keys.empty()) {
    parts.emplace_back("per ");
    parts.push_back(list(", ", std::move(keys)));
    parts.emplace_back(" ");
  }
  const bool ranged = rng_.chance(3);
  rows_go_ = true;
  if (ranged)
    parts.emplace_back(fmt::format("over {}s ", rng_.between(1, 15)));
  else if (rng_.chance(2))
    parts.emplace_back(fmt::format("over {} rows ", rng_.between(1, 4)));
  else
    rows_go_ = false;
  ExpressionMaker maker = expressions();
  std::vector<Part> entries;
  std::vector<Field> made;
  for (int64_t i = rng_.between(1, 4); i > 0; --i) {
    std::string name = around_.new_name("a");
    if (rng_.chance(6))
      for (const Field& field : now_.row)
        if (!now_.fixed.contains(field.name) && field.name != now_.time && field.name != "window" && rng_.chance(3)) {
          name = field.name;
          break;
        }
    bool taken = false;
    for (const Field& field : made) taken |= field.name == name;
    if (taken) continue;
    Type type;
    if (rng_.chance(4)) {
      const Type types[] = {int_type(), string_type(), timestamp_type(), bool_type()};
      type = optional_type(types[rng_.below(std::size(types))]);
      std::vector<Part> call{maker.make(without_optional(type), 2)};
      if (rng_.chance(3)) call.push_back(whole({"where: ", maker.condition(2)}));
      entries.push_back(whole({name + ": previous(", list(", ", std::move(call)), ")"}));
    } else {
      entries.push_back(entry(name, maker, &type));
    }
    made.push_back({name, type});
  }
  rows_go_ = false;
  parts.emplace_back("{ ");
  parts.push_back(list(", ", std::move(entries)));
  parts.emplace_back(" }");
  if (!ranged) {
    const bool history = now_.history;
    parts.emplace_back(retained());
    now_.history = history;  // rows of a stream: nothing of it is a table
  }
  add(std::move(parts));
  for (const Field& field : made) {
    bool replaced = false;
    for (Field& before : now_.row)
      if (before.name == field.name) {
        before.type = field.type;
        replaced = true;
      }
    if (!replaced) now_.row.push_back(field);
  }
  now_.arrives = false;
}

}  // namespace braid::generated
