// Windows by recomputation: all rows of a window and key are gathered, then each aggregate looks at the list.
#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/data/exact_sum.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/time_zone.h"
#include "tests/reference/run.h"

namespace braid::reference {
namespace {

using boost::multiprecision::cpp_int;

struct WindowRange {
  int64_t start, end;
};

std::vector<WindowRange> plain_windows(const typed::Window& window, int64_t time) {
  const int64_t slide = window.kind == typed::WindowKind::hopping ? window.slide_us : window.size_us;
  int64_t start = time / slide * slide;
  if (start > time) start -= slide;
  std::vector<WindowRange> windows;
  for (; start > time - window.size_us; start -= slide) windows.push_back({start, start + window.size_us});
  return windows;
}

CalendarUnit unit_of(typed::CalendarUnit unit) {
  switch (unit) {
    case typed::CalendarUnit::none:
    case typed::CalendarUnit::day:
      return CalendarUnit::day;
    case typed::CalendarUnit::week:
      return CalendarUnit::week;
    case typed::CalendarUnit::month:
      return CalendarUnit::month;
    case typed::CalendarUnit::year:
      return CalendarUnit::year;
  }
  BRAID_UNREACHABLE("calendar unit");
}

std::vector<WindowRange> calendar_windows(const typed::Window& window, const TimeZone& zone, int64_t time) {
  const CalendarUnit unit = unit_of(window.unit), slide_unit = unit_of(window.slide_unit);
  if (window.kind == typed::WindowKind::tumbling) {
    const int64_t start = zone.floor(time, unit, window.size_units);
    return {{start, zone.next(start, unit, window.size_units)}};
  }
  std::vector<WindowRange> windows;
  if (window.slide_unit != window.unit) {
    // Each hop ends a window of the months before it.
    for (int64_t end = zone.next(time, slide_unit, window.slide_units);;
         end = zone.next(end, slide_unit, window.slide_units)) {
      const int64_t start = zone.before(end, unit, window.size_units);
      if (start > time) return windows;
      windows.push_back({start, end});
    }
  }
  for (int64_t start = zone.floor(time, unit, window.slide_units);;
       start = zone.floor(start - 1, unit, window.slide_units)) {
    int64_t end = start;
    for (int64_t i = 0; i < window.size_units; ++i) end = zone.next(end, unit, 1);
    if (end <= time) return windows;
    windows.push_back({start, end});
  }
}

/// The windows of a length that have the time: one ends after each step.
std::vector<WindowRange> cumulative_windows(const typed::Window& window, const TimeZone* zone, int64_t time) {
  int64_t start = 0, end = 0;
  if (zone != nullptr) {
    start = zone->floor(time, unit_of(window.unit), window.size_units);
    end = zone->next(time, unit_of(window.unit), window.size_units);
  } else {
    start = time / window.size_us * window.size_us;
    if (start > time) start -= window.size_us;
    end = start + window.size_us;
  }
  std::vector<WindowRange> windows;
  for (int64_t at = start; at < end;) {
    if (window.slide_unit == typed::CalendarUnit::none) {
      at += window.slide_us;
    } else {
      for (int64_t i = 0; i < window.slide_units; ++i) at = zone->next(at, unit_of(window.slide_unit), 1);
    }
    if (at > time) windows.push_back({start, std::min(at, end)});
  }
  return windows;
}

cpp_int wide(int128 value) {
  const bool negative = value < 0;
  const auto magnitude = negative ? -static_cast<uint128>(value) : static_cast<uint128>(value);
  cpp_int made = static_cast<uint64_t>(magnitude >> 64);
  made = (made << 64) + static_cast<uint64_t>(magnitude);
  return negative ? cpp_int(-made) : made;
}

/// Whether it fits the type, and then the slot.
bool narrow(const cpp_int& value, const Type& type, Slot* slot) {
  const bool decimal = is(type, TypeKind::decimal);
  const cpp_int limit = decimal ? pow(cpp_int(10), static_cast<unsigned>(type->precision)) : cpp_int(1) << 63;
  if (decimal ? abs(value) >= limit : value >= limit || value < -limit) return false;
  const cpp_int magnitude = abs(value);
  auto bits = (static_cast<uint128>(static_cast<uint64_t>(magnitude >> 64)) << 64) |
              static_cast<uint64_t>(magnitude & cpp_int(UINT64_MAX));
  const auto number = static_cast<int128>(value < 0 ? -bits : bits);
  *slot = leaf_kind(type) == LeafKind::i128 ? slot_i128(number) : slot_i64(static_cast<int64_t>(number));
  return true;
}

/// a ÷ b to a whole number, half to even; b is positive.
cpp_int divide_half_even(const cpp_int& a, const cpp_int& b) {
  const cpp_int magnitude = abs(a);
  cpp_int quotient = magnitude / b;
  const cpp_int twice = (magnitude % b) * 2;
  if (twice > b || (twice == b && quotient % 2 != 0)) ++quotient;
  return a < 0 ? cpp_int(-quotient) : quotient;
}

int128 whole(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value.content)) return *number;
  return value.wide();
}

}  // namespace

/// `fields`: of the arguments' row: argument, then by, as far as there are. False: the result does not fit.
bool Run::aggregate(const typed::Aggregate& aggregate, const std::vector<Field>& fields, std::vector<const Row*> rows,
                    Slot* result) {
  const Type& type = without_optional(aggregate.type);
  const bool optional_result = is_optional(aggregate.type);
  auto value_of = [&](const Row* row, int field) {
    return from_slots(fields[field].type, row->slots.data() + leaf_offset(fields, field));
  };
  auto give = [&](const Value& value) {
    to_slots(aggregate.type, value, result, arena_);
    return true;
  };
  auto give_number = [&](const cpp_int& number) {
    Slot slot;
    if (!narrow(number, type, &slot)) return false;
    if (optional_result) *result++ = slot_u8(true);
    *result = slot;
    return true;
  };
  std::sort(rows.begin(), rows.end(),
            [](const Row* a, const Row* b) { return std::tie(a->time, a->place) < std::tie(b->time, b->place); });
  switch (aggregate.kind) {
    case typed::AggregateKind::count:
      return give_number(rows.size());
    case typed::AggregateKind::count_distinct: {
      std::set<std::string> different;
      for (const Row* row : rows) {
        std::string bytes;
        append_key_bytes(fields[0].type, row->slots.data(), bytes);
        different.insert(bytes);
      }
      return give_number(different.size());
    }
    case typed::AggregateKind::sum:
    case typed::AggregateKind::average: {
      const bool mean = aggregate.kind == typed::AggregateKind::average;
      if (rows.empty() && mean) return give({Null{}});
      if (is(type, TypeKind::floating)) {
        ExactSum sum;
        exact_sum_clear(&sum);
        for (const Row* row : rows) exact_sum_add(&sum, value_of(row, 0).floating());
        return give({mean ? exact_sum_mean(&sum, rows.size()) : exact_sum_read(&sum)});
      }
      cpp_int sum = 0;
      for (const Row* row : rows) sum += wide(whole(value_of(row, 0)));
      if (!mean) return give_number(sum);
      const int from = is(fields[0].type, TypeKind::decimal) ? fields[0].type->scale : 0;
      const int to = is(type, TypeKind::decimal) ? type->scale : 0;
      return give_number(
          divide_half_even(sum * pow(cpp_int(10), static_cast<unsigned>(to - from)), cpp_int(rows.size())));
    }
    case typed::AggregateKind::minimum:
    case typed::AggregateKind::maximum: {
      const int sign = aggregate.kind == typed::AggregateKind::minimum ? 1 : -1;
      if (rows.empty()) return give({Null{}});
      Value best = value_of(rows.front(), 0);
      for (const Row* row : rows)
        if (Value value = value_of(row, 0); sign * compare(value, best) < 0) best = value;
      // Zero has one sign and NaN one form.
      if (auto* number = std::get_if<double>(&best.content)) *number = *number == 0 ? 0 : *number;
      return give(best);
    }
    case typed::AggregateKind::first:
    case typed::AggregateKind::last:
    case typed::AggregateKind::arg_min:
    case typed::AggregateKind::arg_max: {
      if (rows.empty()) return give({Null{}});
      const bool latest = aggregate.kind == typed::AggregateKind::last;
      const bool greatest = latest || aggregate.kind == typed::AggregateKind::arg_max;
      if (latest) std::reverse(rows.begin(), rows.end());
      const Row* best = rows.front();
      for (const Row* row : rows) {
        if (!aggregate.by) break;
        const int order = compare(value_of(row, 1), value_of(best, 1));
        if (greatest ? order > 0 : order < 0) best = row;
      }
      return give(value_of(best, 0));
    }
  }
  BRAID_UNREACHABLE("aggregate");
}

Run::Rows Run::group(int index, const plan::GroupNode& node) {
  const std::vector<Field>& fields = row_of(input_of(index));
  const typed::Window& window = node.window;
  const bool calendar = window.unit != typed::CalendarUnit::none;
  const std::unique_ptr<TimeZone> zone = calendar ? load_time_zone(window.zone.empty() ? "UTC" : window.zone) : nullptr;
  BRAID_CHECK(!calendar || zone, "no such time zone");

  struct Member {
    const Row* from;
    Row row;                                    ///< its slots are the key's
    std::vector<std::optional<Row>> arguments;  ///< of each aggregate: argument, by; none where `where:` drops it
  };
  struct Group {
    WindowRange range;
    std::string key;
    std::vector<const Member*> members;
  };
  std::vector<Member> members;
  for (const Row& row : rows_into(index)) {
    Member member{&row, row, {}};
    member.row.slots.clear();
    interpret::Failure failure = compute_all(node.keys, fields, row, member.row.slots);
    for (const typed::Aggregate& aggregate : node.aggregates) {
      if (failure.code != 0) break;
      Slot kept[2] = {slot_u8(true), slot_u8(false)};
      if (aggregate.filter) failure = compute(aggregate.filter, fields, row.slots, row, kept);
      member.arguments.emplace_back();
      if (failure.code != 0 || kept[0].u8 == 0) continue;
      Row argument = row;
      argument.slots.clear();
      std::vector<typed::ExpressionRef> parts;
      for (const typed::ExpressionRef& part : {aggregate.argument, aggregate.by})
        if (part) parts.push_back(part);
      failure = compute_all(parts, fields, row, argument.slots);
      member.arguments.back() = std::move(argument);
    }
    if (failure.code != 0)
      reject(index, 0, row, failure);
    else
      members.push_back(std::move(member));
  }

  std::map<std::tuple<int64_t, uint64_t, std::string>, Group> groups;  ///< by end, hash and bytes of the key
  std::map<std::string, std::vector<const Member*>> of_sessions;       ///< by key
  for (const Member& member : members) {
    const Row& row = member.row;
    std::string key;
    const Slot* slots = row.slots.data();
    for (const typed::ExpressionRef& part : node.keys) {
      append_key_bytes(part->type, slots, key);
      slots += leaf_count(part->type);
    }
    const bool session = window.kind == typed::WindowKind::session;
    std::vector<WindowRange> windows;
    if (!node.windowed)
      windows = {{0, 0}};  // all rows are of one
    else if (window.kind == typed::WindowKind::span)
      windows = {{row.slots[0].i64, row.slots[1].i64}};
    else if (window.kind == typed::WindowKind::cumulative)
      windows = cumulative_windows(window, zone.get(), row.time);
    else if (!session)
      windows = calendar ? calendar_windows(window, *zone, row.time) : plain_windows(window, row.time);
    size_t open = 0;
    if (session && static_cast<int128>(row.time) + window.late_us >= row.watermark) {
      ++open;
      of_sessions[key].push_back(&member);
    }
    for (const WindowRange& range : windows) {
      if (node.windowed && static_cast<int128>(range.end) + window.late_us <= row.watermark) continue;
      ++open;
      Group& group = groups[{range.end, key_hash(key), key}];
      group.range = range;
      group.members.push_back(&member);
    }
    if (open == 0) {
      leave(index, 0, *member.from, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    outcome_.settle(plan_.nodes[index].products, index, 0, row.cause, Kind::used);
    if (open < windows.size()) outcome_.partly_late(plan_.nodes[index].products, row.cause);
  }
  // Row after row in time: one that is too far from the one before, or from the first, begins a new session.
  for (auto& [key, rows] : of_sessions) {
    std::sort(rows.begin(), rows.end(), [](auto* a, auto* b) { return a->row.time < b->row.time; });
    for (size_t first = 0; first < rows.size();) {
      const int64_t start = rows[first]->row.time;
      size_t end = first + 1;
      while (end < rows.size() && rows[end]->row.time - rows[end - 1]->row.time <= window.gap_us &&
             (window.max_us == 0 || rows[end]->row.time - start < window.max_us))
        ++end;
      WindowRange range{start, rows[end - 1]->row.time + window.gap_us};
      if (window.max_us > 0) range.end = std::min(range.end, start + window.max_us);
      groups[{range.end, key_hash(key), key}] = {
          range,
          key,
          {rows.begin() + static_cast<std::ptrdiff_t>(first), rows.begin() + static_cast<std::ptrdiff_t>(end)}};
      first = end;
    }
  }

  Rows out;
  const std::vector<Field>& made_fields = row_of(index);
  const auto made_source = static_cast<int64_t>(relation_names_.size());
  for (const auto& [order, group] : groups) {
    Row made;
    made.cause.made = true;
    made.cause.has_origin = false;
    made.time = made.watermark = group.range.end - 1;
    if (!node.windowed) {
      made.time = made.watermark = kBeforeAll;
      for (const Member* member : group.members) made.time = std::max(made.time, member->row.time);
    }
    // Where such a row is published, that is its position there.
    made.cause.position = static_cast<int64_t>(std::get<1>(order) >> 1);
    made.place = {made_source, 0, made.cause.position};
    made.slots = group.members.front()->row.slots;
    outcome_.make(plan_.nodes[index].products);
    bool fits = true;
    for (size_t i = 0; i < node.aggregates.size(); ++i) {
      const typed::Aggregate& aggregate = node.aggregates[i];
      std::vector<Field> argument_fields;
      for (const typed::ExpressionRef& part : {aggregate.argument, aggregate.by})
        if (part) argument_fields.push_back({"", part->type});
      std::vector<const Row*> rows;
      for (const Member* member : group.members)
        if (member->arguments[i]) rows.push_back(&*member->arguments[i]);
      std::vector<Slot> result(leaf_count(aggregate.type) + 1, slot_i128(0));
      fits &= this->aggregate(aggregate, argument_fields, rows, result.data());
      made.slots.insert(made.slots.end(), result.begin(), result.end() - 1);
    }
    if (node.windowed) {
      made.slots.push_back(slot_i64(group.range.start));
      made.slots.push_back(slot_i64(group.range.end));
    } else {
      made.slots.push_back(slot_u8(false));
    }
    if (fits) {
      out.push_back(std::move(made));
      continue;
    }
    outcome_.settle(plan_.nodes[index].products, index, 0, made.cause, Kind::rejected);
    OutputRow row = output_row(made_fields, made);
    row.code = diag::Overflow::kCode;
    row.step = plan_.nodes[index].text;
    outcome_.write(plan_.nodes[index].products, "rejected", row);
  }
  return out;
}

}  // namespace braid::reference
