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
  ViewRange range{.by = layout.is_keyed() ? ViewRange::By::key : ViewRange::By::time,
                  .backwards = plan.descending,
                  .behind = plan.behind};
  const auto by_index = [&](size_t index) {
    ViewRange made{.by = ViewRange::By::index, .index = index, .backwards = plan.descending, .behind = plan.behind};
    (void)range_of(plan.where, layout.index_paths(index), made);
    return made;
  };
  if (plan.by_index) return by_index(*plan.by_index);
  if (layout.is_keyed() && range_of(plan.where, layout.key_paths(), range)) return range;
  // An index knows what is there now; of events that is all that was, and a part of it counts as of another time.
  if (layout.is_keyed() && !plan.as_of.is_now()) return range;
  for (size_t index = 0; index < layout.indexes().size(); ++index) {
    ViewRange tried;
    if (range_of(plan.where, layout.index_paths(index), tried)) return by_index(index);
  }
  const std::vector<int>& time = layout.spec().time;
  if (layout.is_keyed() || time.empty() || layout.spec().time_offset_us != 0) return range;
  ViewRange of_time = range;
  if (range_of(plan.where, {time}, of_time) && !is_optional(place_of(layout.row(), time).type)) return of_time;
  return range;
}

}  // namespace

Result<std::optional<Refusal>> refuse(const ReadPlan& plan, const ViewReader& reader) {
  const auto because = [](std::string reason, bool gone = false) {
    return std::optional<Refusal>(Refusal{std::move(reason), gone});
  };
  if (plan.by_index && reader.layout().is_keyed() && !plan.as_of.is_now())
    return because("rows as of another time come in the order of the key");
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
  ViewRange range = choose(plan, reader);
  range.most = kMostLookedAt;
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
    if (!layout.rows().well_formed(row.row)) return Error{ErrorKind::store, "a row of a view is damaged", 8002, 0};
    arena.reset();
    layout.rows().decode(row.row, slots.data(), arena);
    result.position = scan->position();
    const bool wanted = std::all_of(plan.where.begin(), plan.where.end(),
                                    [&](const Condition& condition) { return holds(condition, slots.data(), bytes); });
    if (!wanted) continue;
    ++result.rows;
    if (plan.at_row) plan.at_row(row.key, result.position);
    if (!take(slots.data(), row.stamp)) {
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
  return result;
}

}  // namespace braid::serve
