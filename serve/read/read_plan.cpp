#include "serve/read/read_plan.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/state/store.h"

namespace braid::serve {
namespace {

using Op = Condition::Op;

bool holds(const Condition& condition, const Slot* slots, std::string& bytes) {
  bytes.clear();
  append_field(condition.field, slots, bytes);
  const bool is_null = is_optional(condition.field.type) && bytes.front() == '\x01';
  if (condition.op == Op::eq) return bytes == condition.value;
  if (condition.op == Op::ne) return bytes != condition.value;
  if (is_null || condition.is_null) return false;
  const int order = bytes.compare(condition.value);
  switch (condition.op) {
    case Op::lt:
      return order < 0;
    case Op::le:
      return order <= 0;
    case Op::gt:
      return order > 0;
    case Op::ge:
      return order >= 0;
    case Op::eq:
    case Op::ne:
      break;
  }
  BRAID_UNREACHABLE("a comparison");
}

/// What the request compares, as it is stored: only that narrows what is looked at.
std::vector<Condition> of_stored_values(const ReadPlan& plan) {
  std::vector<Condition> made;
  for (const Condition& each : plan.where)
    if (!is_masked(plan.sight, each.path)) made.push_back(each);
  return made;
}

bool has_masked_part(const ReadPlan& plan, const ViewLayout& layout, size_t index) {
  return std::ranges::any_of(layout.index_paths(index), [&](const auto& path) { return is_masked(plan.sight, path); });
}

void count_read(const ReadPlan& plan, const std::vector<Field>& row, uint64_t rows) {
  if (plan.sight.count == nullptr) return;
  std::set<int> columns(plan.columns.begin(), plan.columns.end());
  if (columns.empty())
    for (size_t i = 0; i < row.size(); ++i) columns.insert(static_cast<int>(i));
  for (const Condition& each : plan.where) columns.insert(each.path.front());
  plan.sight.count->count(columns, rows);
}

Error damaged_row() {
  return {ErrorKind::store, "a row of a view is damaged", 8002, 0};
}

const Condition* find(const std::vector<Condition>& where, const std::vector<int>& path, bool equal) {
  for (const Condition& each : where)
    if (each.path == path && (each.op == Op::eq) == equal && each.op != Op::ne && (equal || !each.is_null))
      return &each;
  return nullptr;
}

/// Narrows [begin, end), the range of values that begin with `begin`, by the conditions on one more field.
void narrow(const std::vector<Condition>& where, const std::vector<int>& path, std::string& begin, std::string& end) {
  const std::string prefix = begin;
  for (const Condition& each : where) {
    if (each.path != path || each.op == Op::eq || each.op == Op::ne || each.is_null) continue;
    const std::string at = prefix + each.value;
    if (each.op == Op::ge) begin = std::max(begin, at);
    if (each.op == Op::gt) begin = std::max(begin, StateStore::behind_prefix(at));
    const std::string limit = each.op == Op::lt ? at : each.op == Op::le ? StateStore::behind_prefix(at) : "";
    if (!limit.empty() && (end.empty() || limit < end)) end = limit;
  }
}

/// The range of values whose first fields are equal to what the conditions say, and of the next one what they allow.
bool range_of(const std::vector<Condition>& where, const std::vector<std::vector<int>>& paths, ViewRange& range) {
  size_t equal = 0;
  for (; equal < paths.size(); ++equal) {
    const Condition* condition = find(where, paths[equal], true);
    if (condition == nullptr) break;
    range.begin += condition->value;
  }
  if (!range.begin.empty()) range.end = StateStore::behind_prefix(range.begin);
  if (equal == paths.size()) return true;
  const bool narrows = find(where, paths[equal], false) != nullptr;
  if (narrows) narrow(where, paths[equal], range.begin, range.end);
  return equal > 0 || narrows;
}

ViewRange choose(const ReadPlan& plan, const ViewReader& reader) {
  const ViewLayout& layout = reader.layout();
  const std::vector<Condition> where = of_stored_values(plan);
  ViewRange range{.by = layout.is_keyed() ? ViewRange::By::key : ViewRange::By::time,
                  .backwards = plan.descending,
                  .behind = plan.behind};
  const auto by_index = [&](size_t index) {
    ViewRange made{.by = ViewRange::By::index, .index = index, .backwards = plan.descending, .behind = plan.behind};
    (void)range_of(where, layout.index_paths(index), made);
    return made;
  };
  if (plan.by_index) return by_index(*plan.by_index);
  if (layout.is_keyed() && range_of(where, layout.key_paths(), range)) return range;
  // An index knows what is there now; of events that is all that was, and a part of it counts as of another time.
  if (layout.is_keyed() && !plan.as_of.is_now()) return range;
  for (size_t index = 0; index < layout.indexes().size(); ++index) {
    ViewRange tried;
    if (has_masked_part(plan, layout, index)) continue;
    if (range_of(where, layout.index_paths(index), tried)) return by_index(index);
  }
  const std::vector<int>& time = layout.spec().time;
  if (layout.is_keyed() || time.empty() || layout.spec().time_offset_us != 0) return range;
  ViewRange of_time = range;
  if (range_of(where, {time}, of_time) && !is_optional(place_of(layout.row(), time).type)) return of_time;
  return range;
}

}  // namespace

bool holds(const std::vector<Condition>& where, const Slot* slots, std::string& bytes) {
  return std::ranges::all_of(where, [&](const Condition& condition) { return holds(condition, slots, bytes); });
}

Result<std::optional<Refusal>> refuse(const ReadPlan& plan, const ViewReader& reader) {
  const auto because = [](std::string reason, bool gone = false) {
    return std::optional<Refusal>(Refusal{std::move(reason), gone});
  };
  if (plan.by_index && reader.layout().is_keyed() && !plan.as_of.is_now())
    return because("rows as of another time come in the order of the key");
  if (plan.by_index && has_masked_part(plan, reader.layout(), *plan.by_index))
    return because("rows do not come in the order of a field that is masked for you");
  BRAID_ASSIGN(const ViewReader::Answer answer, reader.check(plan.as_of));
  switch (answer) {
    case ViewReader::Answer::known:
      return std::optional<Refusal>();
    case ViewReader::Answer::no_history:
      return because("the view keeps no history: `keep` is not set");
    case ViewReader::Answer::too_old:
      return because("that lies before what is kept", true);
    case ViewReader::Answer::to_come:
      return because("that epoch has not been committed yet");
  }
  BRAID_UNREACHABLE("an answer");
}

Result<ReadResult> read(const ReadPlan& plan, const ViewReader& reader, const TakeRow& take) {
  const ViewLayout& layout = reader.layout();
  const SeenRows* const seen = plan.sight.rows.get();
  if (plan.by_index && has_masked_part(plan, layout, *plan.by_index))
    return Error{ErrorKind::input, "rows do not come in the order of a field that is masked for you", 0, 0};
  ViewRange range = choose(plan, reader);
  range.most = kMostLookedAt;
  const Error of_another{ErrorKind::input, "`after` is the `next` of an answer before, to the same reader", 0, 0};
  if (seen == nullptr && plan.behind.starts_with(kSealed)) return of_another;
  if (seen != nullptr && !plan.behind.empty()) {
    std::optional<std::string> behind = seen->unseal(plan.behind);
    if (!behind) return of_another;
    range.behind = *std::move(behind);
  }
  const std::unique_ptr<SeenRows::Eye> eye = seen == nullptr ? nullptr : seen->begin();
  BRAID_ASSIGN(const std::unique_ptr<ViewScan> scan, reader.scan(range, plan.as_of));
  ReadResult result;
  Arena arena;
  std::vector<Slot> slots(layout.rows().leaves());
  std::string bytes;
  for (; scan->valid(); scan->next()) {
    if (result.rows == plan.limit) {
      result.more = true;
      break;
    }
    const ViewRow& row = scan->row();
    if (!layout.rows().well_formed(row.row)) return damaged_row();
    arena.reset();
    layout.rows().decode(row.row, slots.data(), arena);
    result.position = scan->position();
    const Slot* const shown = eye == nullptr ? slots.data() : eye->see(slots.data(), row.stamp.time);
    if (shown == nullptr) continue;
    if (!holds(plan.where, shown, bytes)) continue;
    ++result.rows;
    if (plan.at_row) plan.at_row(row.key, result.position);
    if (!take(shown, row.stamp)) {
      result.more = true;
      break;
    }
  }
  result.looked_at = scan->looked_at();
  BRAID_TRY(scan->status());
  if (scan->pauses()) {
    result.more = true;
    result.position = scan->position();
  }
  if (seen != nullptr && result.more) result.position = seen->seal(result.position);
  count_read(plan, layout.row(), result.rows);
  return result;
}

Result<bool> read_row(std::string_view key, const ReadPlan& plan, ViewReader& reader, const TakeRow& take) {
  const ViewLayout& layout = reader.layout();
  ViewRow stored;
  BRAID_ASSIGN(const bool found, reader.get(key, plan.as_of, &stored));
  const Slot* shown = nullptr;
  Arena arena;
  std::vector<Slot> slots(layout.rows().leaves());
  std::unique_ptr<SeenRows::Eye> eye;
  if (found) {
    if (!layout.rows().well_formed(stored.row)) return damaged_row();
    layout.rows().decode(stored.row, slots.data(), arena);
    shown = slots.data();
    if (plan.sight.rows != nullptr) {
      eye = plan.sight.rows->begin();
      shown = eye->see(slots.data(), stored.stamp.time);
    }
  }
  count_read(plan, layout.row(), shown == nullptr ? 0 : 1);
  if (shown == nullptr) return false;
  (void)take(shown, stored.stamp);
  return true;
}

}  // namespace braid::serve
