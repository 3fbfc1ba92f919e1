// Tables that steps make, as of a time: for each instant at which a row came, the whole table is computed again from
// the rows up to it.
#include <algorithm>
#include <functional>

#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "tests/reference/run.h"

namespace braid::reference {

Run::Rows Run::instants(int index, const plan::InstantsNode& node) {
  Rows out;
  for (const Row& row : rows_into(index)) {
    std::vector<Slot> keys;
    const interpret::Failure failure = compute_all(node.keys, row_of(input_of(index)), row, keys);
    if (failure.code != 0) {
      reject(index, 0, row, failure);
      continue;
    }
    if (!node.versions && late(row)) {
      leave(index, 0, row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    out.push_back(row);
    if (node.versions) out.back().time = std::max(row.time, row.watermark);
  }
  return out;
}

Run::Made Run::making_of(int table) const {
  Made made;
  std::function<bool(int)> find = [&](int node) {
    if (std::holds_alternative<plan::JoinNode>(plan_.nodes[node].content)) return false;
    bool found = false;
    for (const int input : plan_.nodes[node].inputs) found |= find(input);
    if (found)
      made.steps.insert(node);
    else if (std::holds_alternative<plan::InstantsNode>(plan_.nodes[node].content))
      made.beginnings.insert(node);
    return found || made.beginnings.contains(node);
  };
  find(table);
  return made;
}

std::map<int64_t, Run::Rows> Run::history(int table) {
  const Made made = making_of(table);
  std::set<int64_t> instants;
  for (const int node : made.beginnings)
    for (const Row& row : rows_[node]) instants.insert(row.time);
  // A key may be forgotten that long after each row.
  const std::set<int64_t> of_rows = instants;
  for (const int step : made.steps) {
    const int64_t retain_us = retained(step);
    for (const int64_t instant : of_rows)
      if (retain_us != typed::kForever) instants.insert(instant + retain_us);
  }
  std::map<int64_t, Rows> versions;
  for (const int64_t instant : instants) {
    as_of_ = instant;
    versions[instant] = table_of(table, made, [&](const Row& row) { return row.time <= instant; });
  }
  as_of_.reset();
  return versions;
}

Run::Rows Run::table_of(int table, const Made& made, const std::function<bool(const Row&)>& counts) {
  // What becomes of each row is told once, of the whole.
  const Outcome outcome = outcome_;
  const auto given = given_;
  std::map<int, Rows> whole;
  for (const std::set<int>* nodes : {&made.beginnings, &made.steps})
    for (const int node : *nodes) whole[node] = rows_[node];
  for (const int node : made.beginnings) std::erase_if(rows_[node], [&](const Row& row) { return !counts(row); });
  for (const int step : made.steps) rows_[step] = rows_of_node(step);
  Rows rows = rows_[table];
  for (auto& [node, all] : whole) rows_[node] = std::move(all);
  outcome_ = outcome;
  given_ = given;
  return rows;
}

int64_t Run::retained(int node) const {
  const auto& content = plan_.nodes[node].content;
  if (const auto* group = std::get_if<plan::GroupNode>(&content)) return group->retain_us;
  if (const auto* top = std::get_if<plan::TopNode>(&content)) return top->step.retain_us;
  if (const auto* latest = std::get_if<plan::LatestNode>(&content)) return latest->retain_us;
  return typed::kForever;
}

Run::Made Run::making_from_sources(int table) const {
  Made made;
  std::function<void(int)> find = [&](int node) {
    const bool begins = plan_.nodes[node].inputs.empty();
    (begins ? made.beginnings : made.steps).insert(node);
    for (const int input : plan_.nodes[node].inputs) find(input);
  };
  find(table);
  return made;
}

Run::Rows Run::join_latest(int index, const typed::JoinStep& step, int table) {
  const Made made = making_from_sources(table);
  for (const Keyed& right : keyed(index, step.right_keys, 1))
    outcome_.settle(plan_.nodes[index].products, index, 0, right.row->cause, Kind::used);
  Rows out;
  for (const Keyed& left : keyed(index, step.left_keys, 0)) {
    BRAID_CHECK(left.row->arrival && !input_.steps.empty(), "the oracle knows no arrival");
    // Changes of a turn come out at its end.
    const Rows known = table_of(table, made, [&](const Row& row) { return *row.arrival < *left.row->arrival; });
    std::vector<const Row*> met;
    for (const Keyed& right : keyed(index, step.right_keys, 1, known))
      if (left.key && right.key == left.key) met.push_back(right.row);
    if (typed::by_index(step))
      join_all(index, step, *left.row, by_table_key(index, met), out);
    else
      settle_met(index, step, *left.row, met.empty() ? nullptr : met.back(), out);
  }
  return out;
}

Run::Rows Run::join_history(int index, const typed::JoinStep& step, int table) {
  const Made made = making_of(table);
  const std::map<int64_t, Rows> versions = history(table);
  for (const Keyed& right : keyed(index, step.right_keys, 1))
    outcome_.settle(plan_.nodes[index].products, index, 0, right.row->cause, Kind::used);
  Rows out;
  for (const Keyed& left : keyed(index, step.left_keys, 0)) {
    if (late(*left.row)) {
      leave(index, 1, *left.row, Kind::late, "late", diag::LateRow::kCode);
      continue;
    }
    std::vector<const Row*> met;
    const auto after = versions.upper_bound(left.row->time);
    Rows there;
    if (left.key && after != versions.begin()) there = std::prev(after)->second;
    const std::optional<size_t> early = left.key ? leaves_early(index, step, *left.row) : std::nullopt;
    if (early) {
      // Of the table that is there which the time of what makes it has passed.
      outcome_.early(plan_.nodes[index].products, left.row->cause);
      const int64_t passed = watermarks_of(table)[*early];
      as_of_ = std::min(left.row->time, passed);
      there = table_of(table, made, [&](const Row& row) { return row.time <= left.row->time && row.time < passed; });
      as_of_.reset();
    }
    for (const Keyed& right : keyed(index, step.right_keys, 1, there))
      if (left.key && right.key == left.key) met.push_back(right.row);
    if (typed::by_index(step))
      join_all(index, step, *left.row, by_table_key(index, met), out);
    else
      settle_met(index, step, *left.row, met.empty() ? nullptr : met.back(), out);
  }
  return out;
}

std::vector<const Row*> Run::by_table_key(int index, const std::vector<const Row*>& rows) {
  const auto& join = std::get<plan::JoinNode>(plan_.nodes[index].content);
  std::map<std::string, const Row*> sorted;
  for (const Row* row : rows) {
    std::vector<Slot> slots;
    compute_all(join.table_key, row_of(input_of(index, 1)), *row, slots);
    std::string key;
    const Slot* at = slots.data();
    for (const typed::ExpressionRef& part : join.table_key) {
      append_key_bytes(part->type, at, key);
      at += leaf_count(part->type);
    }
    sorted[key] = row;
  }
  std::vector<const Row*> found;
  for (const auto& [key, row] : sorted) found.push_back(row);
  return found;
}

Run::Rows Run::changes_by_instant(int index, const plan::NetNode& node) {
  const std::vector<Field>& fields = row_of(input_of(index));
  const size_t leaves = flatten(fields).size() - 1;  // without what says that the row goes
  const Type type = struct_type({fields.begin(), fields.end() - 1});
  std::map<std::string, Row> standing;
  Rows out;
  for (const auto& [instant, rows] : history(input_of(index))) {
    std::map<std::string, Row> now;
    for (const Row& row : rows) {
      std::vector<Slot> slots;
      compute_all(node.keys, fields, row, slots);
      std::string key;
      const Slot* at = slots.data();
      for (const typed::ExpressionRef& part : node.keys) {
        append_key_bytes(part->type, at, key);
        at += leaf_count(part->type);
      }
      now[key] = row;
    }
    std::set<std::string> keys;
    for (const auto* table : {&standing, &now})
      for (const auto& [key, row] : *table) keys.insert(key);
    for (const std::string& key : keys) {
      const auto before = standing.find(key), after = now.find(key);
      const bool stood = before != standing.end(), stands = after != now.end();
      const auto text = [&](const Row& row) { return to_json(type, from_slots(type, row.slots.data())); };
      if (stood && stands && text(before->second) == text(after->second)) continue;
      const Row& said = stands ? after->second : before->second;
      Row made = said;
      made.slots.resize(leaves);
      const RowChange change = !stands ? RowChange::goes : stood ? RowChange::becomes : RowChange::comes;
      made.slots.push_back(slot_i64(static_cast<int64_t>(change)));
      const bool has_before = stood && stands;
      made.slots.push_back(slot_u8(has_before));
      for (size_t leaf = 0; leaf < leaves; ++leaf)
        made.slots.push_back(has_before ? before->second.slots[leaf] : slot_i128(0));
      made.slots.push_back(slot_u8(true));
      made.slots.push_back(slot_i64(instant));
      made.time = made.watermark = instant;
      made.cause.made = true;
      made.cause.has_origin = false;
      // Of one instant each key has one change, whatever row caused it.
      made.cause.position = static_cast<int64_t>(key_hash(key) >> 1);
      made.place = {made_rows(), 0, made.cause.position};
      made.of_record = 3;
      made.met = 0;
      outcome_.make(plan_.nodes[index].products);
      out.push_back(std::move(made));
    }
    standing = std::move(now);
  }
  return out;
}

}  // namespace braid::reference
