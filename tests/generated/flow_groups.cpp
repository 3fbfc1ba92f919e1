// Windows, groups, and what tables keep of a stream.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/declare/aggregate.h"
#include "stdlib/registry.h"
#include "tests/generated/flow_maker.h"

namespace braid::generated {
namespace {

std::string calendar_window(Rng& rng) {
  static const char* const kKinds[] = {"tumbling 1d",
                                       "tumbling 1w",
                                       "tumbling 1mo",
                                       "tumbling 2d",
                                       "hopping 2d every 1d",
                                       "hopping 1w every 1d",
                                       "hopping 1mo every 2d",
                                       "cumulative 1d every 1h",
                                       "cumulative 1mo every 1w",
                                       "cumulative 2d every 1h"};
  static const char* const kZones[] = {"Europe/Paris", "America/New_York", "Asia/Kolkata"};
  return fmt::format("{} in \"{}\"", kKinds[rng.below(std::size(kKinds))], kZones[rng.below(std::size(kZones))]);
}

}  // namespace

void FlowMaker::window() {
  if (!now_.has_time) return keep();
  Open open;
  std::vector<Part> parts{"window "};
  bool may_stay_open = true;
  switch (rng_.below(10)) {
    case 0:
    case 1:
    case 2:
      open.joinable = open.readable = true;
      parts.emplace_back(fmt::format("tumbling {}s", rng_.between(1, 20)));
      break;
    case 3:
    case 4: {
      static const char* const kHops[] = {"20s every 5s", "20s every 3s", "12s every 4s",
                                          "30s every 2s", "5s every 5s",  "7s every 1s"};
      open.joinable = true;
      open.copies = 7;
      parts.emplace_back(fmt::format("hopping {}", kHops[rng_.below(std::size(kHops))]));
      break;
    }
    case 5:
      open.joinable = true;
      open.copies = 5;
      parts.emplace_back(rng_.chance(2) ? "cumulative 20s every 4s" : "cumulative 12s every 6s");
      break;
    case 6:
    case 7:
      open.session = true;
      parts.emplace_back(fmt::format("session gap {}ms", 500 * rng_.between(1, 12)));
      if (rng_.chance(3)) parts.emplace_back(fmt::format(" max {}s", rng_.between(7, 20)));
      break;
    case 8: {
      ExpressionMaker maker = expressions();
      const bool from_time = rng_.chance(2);
      parts.emplace_back("span ");
      parts.push_back(from_time ? Part("event_time()") : maker.make(timestamp_type(), 2));
      parts.emplace_back(rng_.chance(2) ? ".." : "..<");
      parts.push_back(from_time ? whole({"event_time() + ", maker.make(duration_type(), 2)})
                                : maker.make(timestamp_type(), 2));
      open.readable = true;
      break;
    }
    default:
      parts.emplace_back(calendar_window(rng_));
  }
  open.late = may_stay_open && rng_.chance(3);
  if (open.late) parts.push_back(list("", {fmt::format(" late {}s", rng_.between(1, 8))}));
  if (now_.find("window") != nullptr) open.joinable = open.readable = false;
  add(std::move(parts));
  window_ = open;
}

Part FlowMaker::entry(const std::string& name, ExpressionMaker& maker, Type* type) {
  const bool over_table = is_table();
  std::vector<Part> parts{name + ": "};
  if (rng_.chance(6)) {  // of a field that is there where it is not null
    std::vector<const Field*> optional;
    for (const Field& field : now_.row)
      if (is_optional(field.type) &&
          (is(field.type->element, TypeKind::integer) || is(field.type->element, TypeKind::decimal) ||
           is(field.type->element, TypeKind::floating)))
        optional.push_back(&field);
    if (!optional.empty()) {
      const Field& field = *optional[rng_.below(optional.size())];
      static const char* const kNames[] = {"sum", "avg", "min", "max"};
      const std::string function = kNames[rng_.below(std::size(kNames))];
      *type = aggregate_result(*standard_library().aggregate(function), {field.type->element}, true);
      parts.emplace_back(function + "(" + field.name + ", where: " + field.name + " is not null)");
      return whole(std::move(parts));
    }
  }
  if (around_.wide && rng_.chance(3))
    if (std::optional<Part> made = entry_of_all(name, maker, type)) return *std::move(made);
  static const char* const kAll[] = {"count", "count",          "sum",   "sum",  "min",     "max",
                                     "avg",   "count_distinct", "first", "last", "arg_min", "arg_max"};
  std::string function = kAll[rng_.below(std::size(kAll))];
  if (unordered() && (function == "first" || function == "last" || function.starts_with("arg_"))) function = "count";
  if (over_table && (function == "first" || function == "last")) function = "arg_max";
  // Which of the greatest rows of a table it is, is not said: the value is the one that it goes by.
  if (over_table && function.starts_with("arg_")) {
    std::vector<const Field*> ordered;
    for (const Field& field : now_.row)
      if (is(field.type, TypeKind::integer) || is(field.type, TypeKind::string)) ordered.push_back(&field);
    if (!ordered.empty()) {
      const Field& field = *ordered[rng_.below(ordered.size())];
      *type = field.type;
      parts.emplace_back(function + "(" + field.name + ", " + field.name + ")");
      return whole(std::move(parts));
    }
    function = "count";
  }
  const AggregateDeclaration& declared = *standard_library().aggregate(function);
  const bool filtered = rng_.chance(4);
  std::vector<Type> arguments;
  std::vector<Part> call;
  if (!declared.parameters.empty()) {
    Type of = int_type();
    for (int tries = 0; tries < 20; ++tries) {
      const Type wanted = maker.some_type();
      if (declared.result({wanted, int_type()}) == nullptr) continue;
      if (is_optional(wanted) && (function == "sum" || function == "avg" || function == "min" || function == "max"))
        continue;
      of = wanted;
      break;
    }
    arguments.push_back(of);
    call.push_back(maker.exact(of, 2));
    static const std::vector<Type> kOrdered{int_type(), string_type(), timestamp_type(), float_type(), duration_type()};
    const Type by = kOrdered[rng_.below(kOrdered.size())];
    if (declared.parameters.size() == 2) {
      arguments.push_back(by);
      call.push_back(maker.make(by, 1));
    } else if (declared.takes_by && rng_.chance(4)) {
      call.push_back(whole({"by: ", maker.make(by, 1)}));
    }
  }
  if (filtered) call.push_back(whole({"where: ", maker.condition(2)}));
  *type = aggregate_result(declared, arguments, filtered);
  Part aggregate = expression({function + "(", list(", ", std::move(call)), ")"});
  if (same(*type, int_type()) && rng_.chance(6)) {
    static const char* const kSigns[] = {" + ", " * ", " - "};
    aggregate = expression({"(", std::move(aggregate), kSigns[rng_.below(std::size(kSigns))],
                            rng_.chance(2) ? Part("count()") : maker.literal(int_type()), ")"});
  }
  parts.push_back(std::move(aggregate));
  return whole(std::move(parts));
}

void FlowMaker::group() {
  std::vector<Readable> known = scope();
  if (window_ && window_->readable && rng_.chance(3)) {
    known.push_back({"window.start", timestamp_type()});
    known.push_back({"window.end", timestamp_type()});
  }
  ExpressionMaker maker = over(known).with_time(now_.has_time && !is_table());
  Relation next = now_;
  next.row.clear();
  next.key.clear();
  next.fixed.clear();
  std::vector<Part> keys;
  for (int64_t i = rng_.between(0, 2); i > 0; --i) {
    if (rng_.chance(4)) {
      const Type types[] = {int_type(), string_type(), bool_type(), float_type(), optional_type(int_type())};
      const Type type = types[rng_.below(std::size(types))];
      const std::string name = around_.new_name("g");
      keys.push_back(whole({name + ": ", maker.make(type, 2)}));
      next.row.push_back({name, type});
      continue;
    }
    std::vector<Readable> columns;
    for (const Field& field : now_.row)
      if (is_key(field.type) && next.find(field.name) == nullptr) columns.push_back({field.name, field.type});
    if (columns.empty()) continue;
    const Readable& column = columns[rng_.below(columns.size())];
    keys.emplace_back(column.text);
    next.row.push_back({column.text, column.type});
  }
  for (const Field& field : next.row) {
    next.key.push_back({field.name, field.type});
    next.fixed.insert(field.name);
  }
  std::vector<Part> entries;
  for (int64_t i = rng_.between(1, 5); i > 0; --i) {
    const std::string name = around_.new_name("a");
    Type type;
    entries.push_back(entry(name, maker, &type));
    next.row.push_back({name, type});
  }
  std::vector<Part> parts{"group "};
  if (!keys.empty()) {
    parts.push_back(list(", ", std::move(keys)));
    parts.emplace_back(" ");
  }
  parts.emplace_back("{ ");
  parts.push_back(list(", ", std::move(entries)));
  parts.emplace_back(" }");
  if (!window_ && !is_table()) parts.emplace_back(retained());
  if (!window_) parts.emplace_back(emitted());
  const bool changes = window_ && around_.changing && rng_.chance(2);
  if (changes) {
    static const char* const kEmit[] = {" emit changes", " emit changes", " emit every 4s", " emit every 2s wall"};
    parts.emplace_back(kEmit[rng_.below(std::size(kEmit))]);
  }
  add(std::move(parts));
  next.time.clear();
  next.has_time = now_.has_time || !around_.wide;
  next.pairs = next.met = next.nameless_key = false;
  next.arrives = false;
  next.windows = next.ranked_in_windows = window_.has_value();
  if (window_) {
    next.row.push_back({"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})});
    next.fixed.insert("window");
    next.rows = now_.rows * 1.5;
    if (changes) {
      next.kind = Kind::changes;
      next.windows = next.ranked_in_windows = next.history = false;
      for (const char* end : {"window.start", "window.end"}) next.key.push_back({end, timestamp_type()});
    }
  } else {
    next.kind = Kind::changes;
    next.rows = std::min(now_.rows, 10.0);
    next.history &= now_.history;
  }
  window_.reset();
  now_ = std::move(next);
}

std::string FlowMaker::retained() {
  if (!around_.changing || !rng_.chance(around_.wide ? 4 : 2) || !now_.has_time) return " retain forever";
  now_.history = false;
  return fmt::format(" retain {}s", rng_.between(2, 25));
}

std::string FlowMaker::emitted() {
  if (!around_.wide || !now_.has_time || !rng_.chance(8)) return "";
  static const char* const kEmit[] = {" emit every 5s", " emit every 12s", " emit every 3s wall", " emit changes"};
  return kEmit[rng_.below(std::size(kEmit))];
}

/// Of the rows that stand the newest by the field that `time` names.
void FlowMaker::last_of_table() {
  if (now_.find(now_.time) == nullptr) return top();
  std::vector<KeyPart> key;
  std::vector<Part> keys = some_keys(2, true, &key);
  if (keys.empty()) return keep();
  add({"last per ", list(", ", std::move(keys)), emitted()});
  now_.key = std::move(key);
  for (const KeyPart& part : now_.key) now_.fixed.insert(part.text);
  now_.kind = Kind::changes;
  now_.time.clear();
}

void FlowMaker::last() {
  if (!now_.has_time || now_.pairs) return keep();
  std::vector<Part> keys;
  now_.key.clear();
  std::set<std::string> taken;
  for (int64_t i = rng_.between(1, 2); i > 0; --i) {
    std::vector<Readable> columns;
    for (const Field& field : now_.row)
      if (is_key(field.type) && !taken.contains(field.name)) columns.push_back({field.name, field.type});
    if (columns.empty()) continue;
    const Readable& column = columns[rng_.below(columns.size())];
    taken.insert(column.text);
    keys.emplace_back(column.text);
    now_.key.push_back({column.text, column.type});
    now_.fixed.insert(column.text);
  }
  if (keys.empty()) return keep();
  add({"last per ", list(", ", std::move(keys)), retained(), emitted()});
  now_.kind = Kind::changes;
  now_.arrives = false;
  now_.windows = now_.ranked_in_windows = false;
  now_.rows = std::min(now_.rows, 10.0);
}

void FlowMaker::last_of_windows() {
  std::vector<KeyPart> key;
  std::vector<Part> keys = some_keys(2, true, &key);
  if (keys.empty()) return keep();
  const bool changes = rng_.chance(3);
  add({"last per ", list(", ", std::move(keys)), changes ? " emit changes" : ""});
  now_.row.push_back({"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})});
  now_.key = std::move(key);
  if (changes)
    for (const char* end : {"window.start", "window.end"}) now_.key.push_back({end, timestamp_type()});
  now_.fixed.insert("window");
  for (const KeyPart& part : now_.key) now_.fixed.insert(part.text.substr(0, part.text.find_first_of("?.")));
  now_.time.clear();
  now_.arrives = false;
  now_.windows = now_.ranked_in_windows = !changes;
  now_.history &= !changes;
  if (changes) now_.kind = Kind::changes;
  window_.reset();
}

}  // namespace braid::generated
