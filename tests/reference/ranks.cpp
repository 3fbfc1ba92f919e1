// `top` by sorting: all rows of a group in their order, of which the first are taken. `running` by looking, for each
// row of a key in order, at the list of those before it.
#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/row_codec.h"
#include "tests/reference/run.h"

namespace braid::reference {
namespace {

/// What a row goes by.
struct Ranked {
  std::vector<Value> values;
  std::vector<int64_t> place;  ///< time, source, partition, position, right rows
  std::string bytes;           ///< settles what is left: rows of one record
  const void* row;
};

int compare_values(const Ranked& a, const Ranked& b, const std::vector<typed::Ordering>& orders) {
  for (size_t i = 0; i < orders.size(); ++i) {
    const bool a_null = std::holds_alternative<Null>(a.values[i].content);
    const bool b_null = std::holds_alternative<Null>(b.values[i].content);
    if (a_null != b_null) return a_null ? 1 : -1;
    if (a_null) continue;
    const int order = compare(a.values[i], b.values[i]);
    if (order != 0) return orders[i].descending ? -order : order;
  }
  return 0;
}

}  // namespace

Run::Rows Run::top(int index, const plan::TopNode& node) {
  const typed::TopStep& step = node.step;
  std::vector<Field> fields = row_of(input_of(index));
  const bool of_table = plan::retracted_column(fields) >= 0;
  std::vector<Member> members;
  for (const Row& row : rows_into(index)) {
    Member member{&row, row, {}};
    member.row.slots.clear();
    std::vector<typed::ExpressionRef> values;
    for (const typed::Ordering& order : step.orders) values.push_back(order.value);
    interpret::Failure failure = compute_all(step.keys, fields, row, member.row.slots);
    Row ranked = row;
    ranked.slots.clear();
    if (failure.code == 0) failure = compute_all(values, fields, row, ranked.slots);
    if (failure.code != 0) {
      reject(index, 0, row, failure);
      continue;
    }
    member.arguments.emplace_back(std::move(ranked));
    members.push_back(std::move(member));
  }
  Groups groups = grouped(index, step.windowed || plan::changes_sessions(node), step.window, step.keys, members);
  if (of_table) fields.pop_back();
  const RowLayout layout(fields, 1);
  const size_t leaves = flatten(fields).size();
  Rows out;
  for (auto& [order, group] : groups) {
    if (!remembered(index, step.retain_us, group.members)) continue;
    std::vector<Ranked> ranked;
    int64_t newest = kBeforeAll;
    for (const Member* member : group.members) {
      const Row& row = *member->from;
      newest = std::max(newest, row.time);
      Ranked made{{}, {row.time}, {}, &row};
      made.place.insert(made.place.end(), row.place.begin(), row.place.begin() + row.of_record + row.met);
      if (of_table) made.place.clear();
      const Slot* slots = member->arguments[0]->slots.data();
      for (const typed::Ordering& each : step.orders) {
        made.values.push_back(from_slots(each.value->type, slots));
        slots += leaf_count(each.value->type);
      }
      std::vector<Slot> carried(row.slots.begin(), row.slots.begin() + static_cast<std::ptrdiff_t>(leaves));
      layout.encode(carried.data(), made.bytes);
      ranked.push_back(std::move(made));
    }
    std::sort(ranked.begin(), ranked.end(), [&](const Ranked& a, const Ranked& b) {
      const int by_values = compare_values(a, b, step.orders);
      return by_values != 0 ? by_values < 0 : std::tie(a.place, a.bytes) < std::tie(b.place, b.bytes);
    });
    const auto most = static_cast<size_t>(step.count);
    for (size_t i = 0; i < ranked.size(); ++i) {
      if (i >= most && !(step.with_ties && compare_values(ranked[most - 1], ranked[i], step.orders) == 0)) break;
      const Row& from = *static_cast<const Row*>(ranked[i].row);
      Row made = from;
      made.cause = {};
      made.cause.made = true;
      made.cause.has_origin = false;
      made.slots.resize(leaves);
      made.arrival.reset();
      made.time = step.windowed ? group.range.end - 1 : newest;
      made.watermark = step.windowed ? made.time : kBeforeAll;
      // Rows of a group stand in their order.
      const uint64_t low = (uint64_t{1} << 20) - 1;
      made.of_record = 3;
      made.met = 0;
      made.place = {made_rows(), 0,
                    static_cast<int64_t>((std::get<1>(order) >> 1 & ~low) | std::min<uint64_t>(i + 1, low))};
      // Changes of a table have the place of their key.
      made.cause.position = step.windowed ? made.place.back() : static_cast<int64_t>(std::get<1>(order) >> 1);
      if (step.adds_window) {
        made.slots.push_back(slot_i64(group.range.start));
        made.slots.push_back(slot_i64(group.range.end));
      }
      if (step.numbered) made.slots.push_back(slot_i64(static_cast<int64_t>(i) + 1));
      if (!step.windowed) made.slots.push_back(slot_u8(false));
      outcome_.make(plan_.nodes[index].products);
      out.push_back(std::move(made));
    }
  }
  return out;
}

Run::Rows Run::running(int index, const plan::RunningNode& node) {
  const typed::RunningStep& step = node.step;
  std::map<std::string, std::vector<Member>> keys;
  for (const Row& row : rows_into(index)) {
    std::optional<Member> made = member(index, row, step.keys, step.aggregates);
    if (!made) continue;
    if (late(row)) {
      leave(index, 0, row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    std::string key;
    const Slot* slots = made->row.slots.data();
    for (const typed::ExpressionRef& part : step.keys) {
      append_key_bytes(part->type, slots, key);
      slots += leaf_count(part->type);
    }
    keys[key].push_back(std::move(*made));
  }
  Rows out;
  for (auto& [key, members] : keys) {
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
      return std::tie(a.from->time, a.from->place) < std::tie(b.from->time, b.from->place);
    });
    size_t begin = 0;  // where the key is known from
    for (size_t at = 0; at < members.size(); ++at) {
      const Row& row = *members[at].from;
      const auto apart = [&](size_t earlier) { return static_cast<int128>(row.time) - members[earlier].from->time; };
      if (at > 0 && step.within_us == 0 && step.retain_us != typed::kForever && apart(at - 1) >= step.retain_us)
        begin = at;
      size_t first = begin;
      while (first < at && ((step.rows > 0 && at - first >= static_cast<size_t>(step.rows)) ||
                            (step.within_us > 0 && apart(first) >= step.within_us)))
        ++first;
      Row made = row;
      bool fits = true;
      for (size_t i = 0; i < step.aggregates.size(); ++i) {
        const typed::Aggregate& aggregate = step.aggregates[i];
        std::vector<Field> argument_fields;
        for (const typed::ExpressionRef& part : {aggregate.argument, aggregate.by})
          if (part) argument_fields.push_back({"", part->type});
        std::vector<const Row*> rows;
        for (size_t each = first; each < (aggregate.before ? at : at + 1); ++each)
          if (members[each].arguments[i]) rows.push_back(&*members[each].arguments[i]);
        std::vector<Slot> result(leaf_count(aggregate.type) + 1, slot_i128(0));
        fits &= this->aggregate(aggregate, argument_fields, rows, result.data());
        made.slots.insert(made.slots.end(), result.begin(), result.end() - 1);
      }
      if (fits)
        out.push_back(std::move(made));
      else
        leave(index, 0, row, Kind::rejected, "rejected", diag::Overflow::kCode);
    }
  }
  return out;
}

}  // namespace braid::reference
