// Windows by recomputation: all rows of a window and key are gathered, then each aggregate looks at the list
// (aggregates.cpp).
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/row_codec.h"
#include "runtime/data/time_zone.h"
#include "tests/reference/run.h"

namespace braid::reference {
namespace {

struct Span {
  int64_t start, end;
};

std::vector<Span> plain_windows(const typed::Window& window, int64_t time) {
  const int64_t slide = window.kind == typed::WindowKind::hopping ? window.slide_us : window.size_us;
  int64_t start = time / slide * slide;
  if (start > time) start -= slide;
  std::vector<Span> windows;
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

std::vector<Span> calendar_windows(const typed::Window& window, const TimeZone& zone, int64_t time) {
  const CalendarUnit unit = unit_of(window.unit), slide_unit = unit_of(window.slide_unit);
  if (window.kind == typed::WindowKind::tumbling) {
    const int64_t start = zone.floor(time, unit, window.size_units);
    return {{start, zone.next(start, unit, window.size_units)}};
  }
  std::vector<Span> windows;
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
std::vector<Span> cumulative_windows(const typed::Window& window, const TimeZone* zone, int64_t time) {
  int64_t start = 0, end = 0;
  if (zone != nullptr) {
    start = zone->floor(time, unit_of(window.unit), window.size_units);
    end = zone->next(time, unit_of(window.unit), window.size_units);
  } else {
    start = time / window.size_us * window.size_us;
    if (start > time) start -= window.size_us;
    end = start + window.size_us;
  }
  std::vector<Span> windows;
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

/// Of windows that a time has.
std::vector<Span> windows_of(const typed::Window& window, const TimeZone* zone, int64_t time) {
  if (window.kind == typed::WindowKind::cumulative) return cumulative_windows(window, zone, time);
  return zone != nullptr ? calendar_windows(window, *zone, time) : plain_windows(window, time);
}

/// For the row. A span is over, too, for a row that comes after its end by its own time.
bool closed(const typed::Window& window, int64_t end, const Row& row) {
  const int128 stays_open = static_cast<int128>(end) + window.late_us;
  if (window.kind == typed::WindowKind::span) return stays_open < std::max(row.watermark, row.time);
  return stays_open <= row.watermark;
}

/// Null: windows of no calendar.
std::unique_ptr<TimeZone> zone_of(const typed::Window& window) {
  if (window.unit == typed::CalendarUnit::none) return nullptr;
  std::unique_ptr<TimeZone> zone = load_time_zone(window.zone.empty() ? "UTC" : window.zone);
  BRAID_CHECK(zone, "no such time zone");
  return zone;
}

}  // namespace

void settle_zeros(const Type& type, Slot* slots, Arena& arena) {
  if (is(type, TypeKind::floating)) {
    if (slots->f64 == 0) *slots = slot_f64(0);
  } else if (is(type, TypeKind::optional)) {
    settle_zeros(type->element, slots + 1, arena);
  } else if (is(type, TypeKind::structure)) {
    for (const Field& field : type->fields) {
      settle_zeros(field.type, slots, arena);
      slots += leaf_count(field.type);
    }
  } else if (is(type, TypeKind::list)) {
    const size_t width = leaf_count(type->element);
    Slot* items = arena.allocate_array<Slot>(slots->list.count * width);
    for (size_t i = 0; i < slots->list.count * width; ++i) items[i] = slots->list.items[i];
    for (size_t i = 0; i < slots->list.count; ++i) settle_zeros(type->element, items + i * width, arena);
    slots->list.items = items;
  }
}

Run::Groups Run::grouped(int index, bool windowed, const typed::Window& window,
                         const std::vector<typed::ExpressionRef>& keys, const std::vector<Member>& members) {
  const std::unique_ptr<TimeZone> zone = zone_of(window);
  Groups groups;
  std::map<std::string, std::vector<const Member*>> of_sessions;  ///< by key
  for (const Member& member : members) {
    const Row& row = member.row;
    std::string key;
    const Slot* slots = row.slots.data();
    for (const typed::ExpressionRef& part : keys) {
      append_key_bytes(part->type, slots, key);
      slots += leaf_count(part->type);
    }
    const bool session = window.kind == typed::WindowKind::session;
    std::vector<Span> windows;
    if (!windowed)
      windows = {{0, 0}};  // all rows are of one
    else if (window.kind == typed::WindowKind::span)
      windows = {{row.slots[0].i64, row.slots[1].i64}};
    else if (!session)
      windows = windows_of(window, zone.get(), row.time);
    size_t open = 0;
    if (session && static_cast<int128>(row.time) + window.late_us >= row.watermark) {
      ++open;
      of_sessions[key].push_back(&member);
    }
    for (const Span& range : windows) {
      if (windowed && closed(window, range.end, row)) continue;
      ++open;
      Group& group = groups[{range.end, key_hash(key), key}];
      group.range = {range.start, range.end};
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
  return groups;
}

Run::Rows Run::in_windows(int index, const plan::InWindowsNode& node) {
  const std::unique_ptr<TimeZone> zone = zone_of(node.window);
  const std::vector<int>& products = plan_.nodes[index].products;
  const std::vector<Field>& before = row_of(input_of(index));
  Rows out;
  const int64_t stays_open = node.joined ? node.window.late_us : 0;
  for (const Row& row : rows_into(index)) {
    if (node.joined && static_cast<int128>(row.time) + stays_open < row.watermark) {
      leave(index, 0, row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    std::vector<Span> windows;
    if (node.given >= 0) {
      const size_t end = leaf_offset(before, node.given) + leaf_count(before[node.given].type) - 1;
      windows = {{0, row.slots[end].i64}};
    } else {
      windows = windows_of(node.window, zone.get(), row.time);
    }
    const size_t all = windows.size();
    std::erase_if(windows, [&](const Span& window) { return !node.joined && closed(node.window, window.end, row); });
    if (windows.empty()) {
      leave(index, 0, row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    outcome_.settle(products, index, 0, row.cause, Kind::used);
    if (windows.size() < all) outcome_.partly_late(products, row.cause);
    for (const Span& window : windows) {
      Row made = row;
      if (node.given < 0) {
        made.slots.push_back(slot_i64(window.start));
        made.slots.push_back(slot_i64(window.end));
      }
      made.add_number(window.end);
      made.cause.made = true;
      if (row.watermark > kBeforeAll + stays_open) made.watermark = row.watermark - stays_open;
      outcome_.make(products);
      out.push_back(std::move(made));
    }
  }
  return out;
}

Run::Rows Run::in_order(int index) {
  Rows out;
  for (const Row& row : rows_into(index)) {
    if (late(row))
      leave(index, 0, row, Kind::late, "late", diag::LateRow::kCode);
    else
      out.push_back(row);
  }
  return out;
}

int64_t Run::reached(int node) const {
  return as_of_ ? *as_of_ : ever_reached(node);
}

int64_t Run::ever_reached(int node) const {
  if (const auto own = reached_.find(node); own != reached_.end()) return own->second;
  const std::vector<int>& inputs = plan_.nodes[node].inputs;
  // What does not wait for a table does not go by its time.
  const auto* join = std::get_if<plan::JoinNode>(&plan_.nodes[node].content);
  if (join != nullptr && join->step.latest) return ever_reached(inputs[0]);
  int64_t reached = kBeforeAll;
  for (const int input : inputs) reached = std::max(reached, ever_reached(input));
  return reached;
}

bool Run::remembered(int index, int64_t retain_us, std::vector<const Member*>& members) const {
  if (retain_us == typed::kForever) return true;
  std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) {
    return std::tie(a->row.time, a->row.place) < std::tie(b->row.time, b->row.place);
  });
  size_t first = members.size() - 1;
  while (first > 0 && members[first]->row.time - members[first - 1]->row.time < retain_us) --first;
  const int64_t last = members.back()->row.time;
  members.erase(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(first));
  return static_cast<int128>(last) + retain_us > reached(index);
}

std::optional<Run::Member> Run::member(int index, const Row& row, const std::vector<typed::ExpressionRef>& keys,
                                       const std::vector<typed::Aggregate>& aggregates) {
  const std::vector<Field>& fields = row_of(input_of(index));
  Member member{&row, row, {}};
  member.row.slots.clear();
  interpret::Failure failure = compute_all(keys, fields, row, member.row.slots);
  for (const typed::Aggregate& aggregate : aggregates) {
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
  if (failure.code == 0) return member;
  reject(index, 0, row, failure);
  return {};
}

namespace {

/// Rows of a table have no order of time: of equal ones the lesser by the bytes of its argument comes first.
void by_bytes(const std::vector<Field>& arguments, std::vector<const Row*>& rows) {
  if (arguments.empty()) return;
  const RowLayout layout({arguments.front()}, 1);
  std::vector<std::pair<std::string, const Row*>> encoded;
  for (const Row* row : rows) layout.encode(row->slots.data(), encoded.emplace_back("", row).first);
  std::stable_sort(encoded.begin(), encoded.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = encoded[i].second;
}

}  // namespace

Run::Rows Run::group(int index, const plan::GroupNode& node) {
  std::vector<Member> members;
  for (const Row& row : rows_into(index))
    if (std::optional<Member> made = member(index, row, node.keys, node.aggregates))
      members.push_back(std::move(*made));
  const bool has_window = node.windowed || plan::changes_sessions(node);
  Groups groups = grouped(index, has_window, node.window, node.keys, members);
  Rows out;
  const std::vector<Field>& made_fields = row_of(index);
  for (auto& [order, group] : groups) {
    if (!remembered(index, node.retain_us, group.members)) continue;
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
    made.place = {made_rows(), 0, made.cause.position};
    made.slots = group.members.front()->row.slots;
    Slot* of_key = made.slots.data();
    for (const typed::ExpressionRef& part : node.keys) {
      settle_zeros(part->type, of_key, arena_);
      of_key += leaf_count(part->type);
    }
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
      std::sort(rows.begin(), rows.end(),
                [](const Row* a, const Row* b) { return std::tie(a->time, a->place) < std::tie(b->time, b->place); });
      std::vector<Slot> result(leaf_count(aggregate.type) + 1, slot_i128(0));
      if (plan::retracted_column(row_of(input_of(index))) >= 0) by_bytes(argument_fields, rows);
      fits &= this->aggregate(aggregate, argument_fields, rows, result.data());
      made.slots.insert(made.slots.end(), result.begin(), result.end() - 1);
    }
    if (has_window) {
      made.slots.push_back(slot_i64(group.range.start));
      made.slots.push_back(slot_i64(group.range.end));
    }
    if (!node.windowed) made.slots.push_back(slot_u8(false));
    if (fits) {
      out.push_back(std::move(made));
      continue;
    }
    outcome_.settle(plan_.nodes[index].products, index, 0, made.cause, Kind::rejected);
    OutputRow row = output_row(made_fields, made);
    row.code = diag::Overflow::kCode;
    row.step = plan_.nodes[index].text;
    outcome_.write(plan_.nodes[index].products, "rejected", row);
    if (plan::retracted_column(made_fields) < 0)
      give_standing(plan_.nodes[index].products, "rejected", {"", fmt::format("E{:04}", row.code), row.step}, made,
                    true);
  }
  return out;
}

}  // namespace braid::reference
