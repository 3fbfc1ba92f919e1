// Tables that change. Only what they come to is computed: a row here is one that stands in the end, and none goes.
#include <tuple>

#include "runtime/data/key_bytes.h"
#include "tests/reference/run.h"

namespace braid::reference {

Run::Rows Run::latest(int index, const plan::LatestNode& node) {
  const std::vector<Field>& fields = row_of(input_of(index));
  struct Newest {
    std::tuple<int64_t, std::vector<int64_t>> order;
    const Row* row;
  };
  std::map<std::string, Newest> newest;
  for (const Row& row : rows_into(index)) {
    std::vector<Slot> slots;
    const interpret::Failure failure = compute_all(node.keys, fields, row, slots);
    if (failure.code != 0) {
      reject(index, 0, row, failure);
      continue;
    }
    outcome_.settle(plan_.nodes[index].products, index, 0, row.cause, Kind::used);
    std::string key;
    const Slot* at = slots.data();
    for (const typed::ExpressionRef& part : node.keys) {
      append_key_bytes(part->type, at, key);
      at += leaf_count(part->type);
    }
    // A version that comes late counts from the watermark on.
    const int64_t time = node.versions ? std::max(row.time, row.watermark) : row.time;
    const Newest found{{time, row.place}, &row};
    const auto [known, fresh] = newest.try_emplace(key, found);
    if (!fresh && known->second.order < found.order) known->second = found;
  }
  const int deleted = plan::deleted_column(fields);
  Rows out;
  for (const auto& [key, found] : newest) {
    if (deleted >= 0 && found.row->slots.back().u8 != 0) continue;
    if (node.retain_us != typed::kForever &&
        static_cast<int128>(std::get<0>(found.order)) + node.retain_us <= reached(index))
      continue;
    Row made = *found.row;
    made.cause.made = true;
    made.cause.has_origin = false;
    made.time = std::get<0>(found.order);
    if (deleted >= 0) made.slots.pop_back();
    made.slots.push_back(slot_u8(false));
    outcome_.make(plan_.nodes[index].products);
    out.push_back(std::move(made));
  }
  return out;
}

Run::Rows Run::join_tables(int index, const plan::TableJoinNode& node) {
  const std::vector<Keyed> lefts = keyed(index, node.step.left_keys, 0), rights = keyed(index, node.step.right_keys, 1);
  const size_t right_leaves = flatten(plan::joined_fields(row_of(input_of(index, 1)))).size();
  const std::vector<int>& products = plan_.nodes[index].products;
  for (const std::vector<Keyed>* side : {&lefts, &rights})
    for (const Keyed& each : *side)
      outcome_.settle(products, index, side == &lefts ? 1 : 0, each.row->cause, Kind::used);
  Rows out;
  const std::vector<Field>& left_row = row_of(input_of(index, 0));
  const std::vector<Field> both = plan::condition_row(left_row, row_of(input_of(index, 1)), node.step.alias);
  const size_t left_leaves = flatten(left_row).size() - 1;
  // One of the two may be missing.
  auto make = [&](const Row* left, const Row* right) {
    Row made = left != nullptr ? *left : *right;
    made.cause.made = true;
    made.cause.has_origin = false;
    if (left != nullptr)
      made.slots.pop_back();
    else
      made.slots.assign(left_leaves, slot_i128(0));
    if (node.step.left) made.slots.push_back(slot_u8(right != nullptr));
    if (right != nullptr) {
      made.slots.insert(made.slots.end(), right->slots.begin(), right->slots.end() - 1);
      made.time = std::max(made.time, right->time);
    } else {
      made.slots.insert(made.slots.end(), right_leaves, slot_i128(0));
    }
    made.slots.push_back(slot_u8(false));
    outcome_.make(products);
    out.push_back(std::move(made));
  };
  auto meet = [&](const Keyed& left, const Keyed& right) {
    if (!left.key || left.key != right.key) return Match::no;
    if (!node.step.residual) return Match::yes;
    std::vector<Slot> slots(left.row->slots.begin(), left.row->slots.end() - 1);
    slots.insert(slots.end(), right.row->slots.begin(), right.row->slots.end() - 1);
    Slot holds;
    if (compute(node.step.residual, both, slots, *left.row, &holds).code != 0) return Match::failed;
    return holds.u8 != 0 ? Match::yes : Match::no;
  };
  const bool pairs = node.step.yield == typed::JoinYield::matches;
  std::vector<bool> right_met(rights.size());
  for (const Keyed& left : lefts) {
    bool met = false;
    const Row* failed = nullptr;  // the step behind the join rejects what met it
    for (size_t i = 0; i < rights.size(); ++i) {
      const Match match = meet(left, rights[i]);
      if (match == Match::no) continue;
      if (match == Match::failed && !pairs && failed == nullptr) failed = rights[i].row;
      met = right_met[i] = true;
      if (pairs) make(left.row, rights[i].row);
    }
    const bool keeps = node.step.yield == typed::JoinYield::semi ? met : !met && node.step.left;
    if (failed != nullptr)
      make(left.row, failed);
    else if (keeps)
      make(left.row, nullptr);
  }
  for (size_t i = 0; node.step.right && i < rights.size(); ++i)
    if (!right_met[i]) make(nullptr, rights[i].row);
  return out;
}

Run::Rows Run::net(int index) {
  const bool published = std::any_of(plan_.nodes.begin(), plan_.nodes.end(), [&](const plan::Node& node) {
    return std::holds_alternative<plan::PublishNode>(node.content) && node.inputs.front() == index;
  });
  const auto& node = std::get<plan::NetNode>(plan_.nodes[index].content);
  if (!published && node.whole) return changes_by_instant(index, node);
  Rows out;
  for (const Row& row : rows_into(index)) {
    outcome_.settle(plan_.nodes[index].products, index, 0, row.cause, Kind::used);
    outcome_.make(plan_.nodes[index].products);
    out.push_back(row);
    out.back().slots.back() = slot_i64(static_cast<int64_t>(RowChange::comes));
  }
  return out;
}

}  // namespace braid::reference
