// `match` by trying: of a key's rows, in order, each is taken as the first of a match and every way on is followed to
// its end, one after the other. What happens first counts: a match goes out, or a row is rejected. Then all is tried
// anew, without the rows that are used or rejected.
#include <algorithm>
#include <set>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "tests/reference/run.h"

namespace braid::reference {
namespace {

using Element = plan::MatchNode::Element;
/// Rows of each element, as places in the key's rows.
using Taken = std::vector<std::vector<size_t>>;

/// Ordered by when it happens.
struct Event {
  size_t row = 0;        ///< with this row, or before it if `over`
  bool over = false;     ///< the time of the match is over
  int64_t deadline = 0;  ///< then
  bool fails = false;    ///< the row is rejected
  size_t start = 0;
  size_t order = 0;  ///< among the ways of that start
  uint32_t code = 0;
  Taken taken = {};

  auto when() const { return std::make_tuple(row, !over, deadline, !fails, start, order); }
};

}  // namespace

/// The rows of one key.
class Run::Trials {
 public:
  Trials(Run& run, int index, const plan::MatchNode& node, std::vector<const Row*> rows)
      : run_(run), node_(node), rows_(std::move(rows)), input_(run.row_of(run.input_of(index))) {
    fields_ = plan::match_row(node, input_);
  }

  /// What happens first of all that may begin at `from` or later.
  std::optional<Event> first(size_t from) {
    first_.reset();
    for (size_t start = from; start < rows_.size(); ++start) {
      order_ = 0;
      start_ = start;
      if (holds(0, start, Taken(node_.elements.size())) != true) continue;
      Taken taken(node_.elements.size());
      taken[0].push_back(start);
      if (!ends(taken, 0, start, start + 1)) follow(taken, 0, start + 1);
    }
    return first_;
  }
  void drop(size_t row) { rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(row)); }
  const Row& row(size_t place) const { return *rows_[place]; }
  int64_t deadline(size_t start) const { return rows_[start]->time + node_.within_us; }

  /// The element's leaves, as the type has them.
  std::vector<Slot> value(const Element& element, const std::vector<size_t>& rows) const {
    std::vector<Slot> slots;
    for (const size_t row : rows)
      for (const int field : node_.fields) {
        const Slot* from = rows_[row]->slots.data() + leaf_offset(input_, field);
        slots.insert(slots.end(), from, from + leaf_count(input_[field].type));
      }
    if (element.list) {
      auto* items = run_.arena_.allocate_array<Slot>(slots.size());
      std::copy(slots.begin(), slots.end(), items);
      Slot list = slot_i128(0);
      list.list = {items, rows.size()};
      return {list};
    }
    size_t leaves = 0;
    for (const int field : node_.fields) leaves += leaf_count(input_[field].type);
    if (rows.empty()) slots.assign(leaves, slot_i128(0));
    if (element.least == 0) slots.insert(slots.begin(), slot_u8(!rows.empty()));
    return slots;
  }

 private:
  static size_t last_of(const Taken& taken) {
    size_t last = 0;
    for (const auto& rows : taken)
      if (!rows.empty()) last = rows.back();
    return last;
  }

  /// Whether the row is one of the element; nothing, after a note of it, if that cannot be said.
  std::optional<bool> holds(size_t element, size_t row, const Taken& taken) {
    const Element& asked = node_.elements[element];
    if (asked.fit >= 0 && rows_[row]->slots[leaf_offset(input_, asked.fit)].u8 == 0) return false;
    if (!asked.rest) return true;
    std::vector<Slot> slots = rows_[row]->slots;
    for (size_t e = 0; e < node_.elements.size(); ++e) {
      if (node_.elements[e].kind == typed::ElementKind::absent) continue;
      const std::vector<Slot> more = value(node_.elements[e], taken[e]);
      slots.insert(slots.end(), more.begin(), more.end());
    }
    Slot answer[2];
    const interpret::Failure failure = run_.compute(asked.rest, fields_, slots, *rows_[row], answer);
    if (failure.code == 0) return answer[0].u8 != 0;
    happens({.row = row, .fails = true, .start = start_, .order = order_, .code = failure.code});
    return std::nullopt;
  }

  void happens(Event event) {
    if (!first_ || event.when() < first_->when()) first_ = std::move(event);
  }

  /// Whether rows lie between the last one of the match and the row at `next`.
  static bool gap(const Taken& taken, size_t next) { return last_of(taken) + 1 < next; }

  bool may_stay(const Taken& taken, size_t at, size_t next) const {
    const Element& element = node_.elements[at];
    return taken[at].size() < static_cast<size_t>(element.most) &&
           !(element.kind == typed::ElementKind::next && gap(taken, next));
  }
  /// Whether `no` element has forbidden a row before `next`.
  bool forbidden(size_t element, const Taken& taken, size_t next) {
    for (size_t row = last_of(taken) + 1; row < next; ++row)
      if (holds(element, row, taken) == true) return true;
    return false;
  }
  /// Elements that the row at `next` may be the first of; `whole`: none behind `at` must come.
  std::vector<size_t> targets(const Taken& taken, size_t at, size_t next, bool& whole) {
    std::vector<size_t> found;
    whole = false;
    if (taken[at].size() < static_cast<size_t>(node_.elements[at].least)) return found;
    for (size_t e = at + 1; e < node_.elements.size(); ++e) {
      const Element& element = node_.elements[e];
      if (element.kind == typed::ElementKind::absent) {
        if (forbidden(e, taken, next)) return found;
        continue;
      }
      if (!(element.kind == typed::ElementKind::next && gap(taken, next))) found.push_back(e);
      if (element.least > 0) return found;
    }
    whole = true;
    return found;
  }
  bool waits_for_none(size_t at) const {
    return std::any_of(node_.elements.begin() + static_cast<std::ptrdiff_t>(at) + 1, node_.elements.end(),
                       [](const Element& element) { return element.kind == typed::ElementKind::absent; });
  }

  /// Whether nothing can come any more behind the row `row`: it has gone out, or nothing will.
  bool ends(const Taken& taken, size_t at, size_t row, size_t next) {
    bool whole = false;
    const bool more = !targets(taken, at, next, whole).empty() || may_stay(taken, at, next);
    if (!whole) return !more;
    if (more || waits_for_none(at)) return false;
    happens({.row = row, .start = start_, .order = order_, .taken = taken});
    return true;
  }

  void follow(const Taken& taken, size_t at, size_t next) {
    if (next == rows_.size() || rows_[next]->time > deadline(start_)) {
      bool whole = false;
      targets(taken, at, next, whole);
      if (whole)
        happens({.row = next,
                 .over = true,
                 .deadline = deadline(start_),
                 .start = start_,
                 .order = order_,
                 .taken = taken});
      ++order_;
      return;
    }
    // All that the row may be or must not be is asked, whatever the answers are.
    bool whole = false;
    std::vector<size_t> ways = targets(taken, at, next, whole);
    if (may_stay(taken, at, next)) ways.insert(ways.begin(), at);
    std::vector<size_t> on;
    for (size_t e = at; e < node_.elements.size(); ++e) {
      const bool way = std::find(ways.begin(), ways.end(), e) != ways.end();
      const bool no = node_.elements[e].kind == typed::ElementKind::absent && e > at &&
                      (whole || (!ways.empty() && e < ways.back())) && !forbidden(e, taken, next);
      if (!way && !no) continue;
      const std::optional<bool> answer = holds(e, next, taken);
      if (!answer) return;  // the row is rejected before anything comes of it
      if (way && *answer) on.push_back(e);
    }
    for (const size_t e : on) {
      Taken more = taken;
      more[e].push_back(next);
      if (ends(more, e, next, next + 1))
        ++order_;
      else
        follow(more, e, next + 1);
    }
    if (!on.empty()) return;
    if (ends(taken, at, next, next + 1))
      ++order_;
    else
      follow(taken, at, next + 1);
  }

  Run& run_;
  const plan::MatchNode& node_;
  std::vector<const Row*> rows_;
  const std::vector<Field>& input_;
  std::vector<Field> fields_;
  std::optional<Event> first_;
  size_t start_ = 0, order_ = 0;
};

Run::Rows Run::match(int index, const plan::MatchNode& node) {
  const std::vector<Field>& fields = row_of(input_of(index));
  const std::vector<int>& products = plan_.nodes[index].products;
  std::map<std::string, std::vector<const Row*>> by_key;
  for (const Row& row : rows_into(index)) {
    if (late(row)) {
      leave(index, 0, row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    std::string key;
    for (const int column : node.keys)
      append_key_bytes(fields[column].type, row.slots.data() + leaf_offset(fields, column), key);
    by_key[key].push_back(&row);
  }
  Rows out;
  for (auto& [key, rows] : by_key) {
    std::stable_sort(rows.begin(), rows.end(), [](const Row* a, const Row* b) {
      return std::tie(a->time, a->place) < std::tie(b->time, b->place);
    });
    std::set<const Row*> rejected;
    Trials trials(*this, index, node, rows);
    size_t from = 0;
    int64_t number = 0;
    while (const std::optional<Event> event = trials.first(from)) {
      if (event->fails) {
        const Row& row = trials.row(event->row);
        rejected.insert(&row);
        interpret::Failure failure;
        failure.code = event->code;
        reject(index, 0, row, failure);
        trials.drop(event->row);
        continue;
      }
      Row made;
      made.cause.made = true;
      made.cause.has_origin = false;
      made.place = {made_rows(), 0, static_cast<int64_t>(key_hash(key) >> 1)};
      made.add_number(number++);
      made.cause.position = made.place[2];
      for (const int column : node.keys) {
        const Slot* slots = rows.front()->slots.data() + leaf_offset(fields, column);
        const auto at = made.slots.insert(made.slots.end(), slots, slots + leaf_count(fields[column].type));
        settle_zeros(fields[column].type, &*at, arena_);
      }
      for (size_t e = 0; e < node.elements.size(); ++e) {
        for (const size_t row : event->taken[e]) {
          made.time = trials.row(row).time;
          from = row + 1;
        }
        if (node.elements[e].output < 0) continue;
        const std::vector<Slot> value = trials.value(node.elements[e], event->taken[e]);
        made.slots.insert(made.slots.end(), value.begin(), value.end());
      }
      if (node.elements.back().kind == typed::ElementKind::absent) made.time = trials.deadline(event->start);
      made.watermark = made.time;  // it goes out when that has passed
      outcome_.make(products);
      out.push_back(std::move(made));
    }
    for (const Row* row : rows)
      if (rejected.count(row) == 0) outcome_.settle(products, index, 0, row->cause, Kind::used);
  }
  return out;
}

}  // namespace braid::reference
