#include <algorithm>
#include <span>

#include "runtime/data/key_bytes.h"
#include "runtime/report/lookup_findings.h"
#include "tests/reference/given_answer.h"
#include "tests/reference/run.h"

namespace braid::reference {
namespace {

/// Of two rows of one instant, the one that the model takes first.
bool earlier(const Row* a, const Row* b) {
  return std::tie(a->time, a->place) < std::tie(b->time, b->place);
}

constexpr int64_t kDefaultAhead = 3'600'000'000;

}  // namespace

Run::Rows Run::keep(int index, const plan::KeepNode& node) {
  Rows out;
  for (const Row& row : rows_into(index)) {
    Slot kept;
    const interpret::Failure failure = compute(node.condition, row_of(input_of(index)), row.slots, row, &kept);
    if (failure.code != 0) {
      // Of a check that stops the job, which row of several is first is a matter of turns.
      leave(index, 0, row, Kind::rejected, node.stops ? "stopped" : "rejected", failure.code);
    } else if (kept.u8 != 0) {
      out.push_back(row);
    } else if (!node.check.empty()) {
      leave(index, 0, row, Kind::rejected, node.stops ? "stopped" : "rejected", diag::CheckRejected::kCode);
    } else {
      leave(index, 0, row, Kind::filtered, node.port, 0);
    }
  }
  return out;
}

Run::Rows Run::project(int index, const plan::ProjectNode& node) {
  Rows out;
  for (const Row& row : rows_into(index)) {
    Row made = row;
    made.slots.clear();
    const interpret::Failure failure = compute_all(node.columns, row_of(input_of(index)), row, made.slots);
    if (failure.code != 0)
      reject(index, 0, row, failure);
    else
      out.push_back(std::move(made));
  }
  return out;
}

/// Records that come beside made rows are used, and go on as made rows.
Run::Rows Run::unite(int index) {
  const plan::Node& node = plan_.nodes[static_cast<size_t>(index)];
  const int64_t ways = plan::retracted_column(node.row) < 0 ? made_ways(input_of(index, 0)) : 0;
  Rows out;
  for (const int which : {0, 1})
    for (const Row& row : rows_into(index, which)) {
      out.push_back(row);
      if (which == 1 && row.place[0] == made_rows()) out.back().place[1] += ways;
      if (!node.derived || row.cause.made) continue;
      outcome_.settle(node.products, index, which, row.cause, Kind::used);
      outcome_.make(node.products);
      out.back().cause.made = true;
    }
  return out;
}

/// Value by value. Elements of one record differ by their place in the list.
Run::Rows Run::unnest(int index, const plan::UnnestNode& node) {
  const std::vector<Field>& before = row_of(input_of(index));
  const std::vector<int>& products = plan_.nodes[index].products;
  const Type& list = before.back().type;
  const Type made_type = plan::unnested_type(node, list);
  const bool marked = plan::retracted_column(row_of(index)) >= 0;
  const size_t list_leaf = flatten(before).size() - leaf_count(list);
  Rows out;
  for (const Row& row : rows_into(index)) {
    const Value value = from_slots(list, row.slots.data() + list_leaf);
    std::vector<Value> elements;
    if (!value.is_null()) elements = value.items();
    if (elements.empty() && !node.left) {
      leave(index, 0, row, Kind::filtered, "", 0);
      continue;
    }
    outcome_.settle(products, index, 0, row.cause, Kind::used);
    if (elements.empty()) elements.push_back({Null{}});
    for (size_t i = 0; i < elements.size(); ++i) {
      if (node.fields && !elements[i].is_null()) {
        std::vector<Value> fields;
        for (const int field : *node.fields) fields.push_back(elements[i].items()[static_cast<size_t>(field)]);
        elements[i] = {std::move(fields)};
      }
      Row made = row;
      made.slots.resize(list_leaf - (marked ? 1 : 0));
      const size_t first = made.slots.size();
      made.slots.resize(first + leaf_count(made_type));
      to_slots(made_type, elements[i], made.slots.data() + first, arena_);
      if (marked) made.slots.push_back(row.slots[list_leaf - 1]);
      made.add_number(static_cast<int64_t>(i));
      made.cause.made = true;
      outcome_.make(products);
      out.push_back(std::move(made));
    }
  }
  return out;
}

/// What a service answers is a function here, so that it does not matter when it is asked.
Run::Rows Run::lookup(int index, const plan::LookupNode& node) {
  const typed::LookupStep& step = node.step;
  const typed::Service& service = project_.services[static_cast<size_t>(step.service)];
  const std::vector<Field>& before = row_of(input_of(index));
  const size_t marks = plan::retracted_column(before) >= 0 ? 1 : 0;
  const size_t kept = row_of(index).size() - 1 - marks;
  const Type& answer_type = row_of(index)[kept].type;
  Rows out;
  for (const Row& row : rows_into(index)) {
    std::optional<std::vector<std::string>> arguments{std::in_place};
    for (size_t i = kept; i < kept + service.parameters.size() && arguments; ++i) {
      const Value value = from_slots(before[i].type, row.slots.data() + leaf_offset(before, i));
      if (value.is_null())
        arguments.reset();
      else
        arguments->push_back(to_cell(before[i].type, value));
    }
    const GivenAnswer answer = arguments ? given_answer(service.result, *arguments) : GivenAnswer();
    if (answer.kind == GivenAnswer::Kind::failed) {
      leave(index, 0, row, Kind::rejected, "rejected", diag::LookupFailed::kCode);
      continue;
    }
    if (answer.kind == GivenAnswer::Kind::nothing && !step.left) {
      leave(index, 0, row, Kind::unmatched, step.port.empty() ? "unmatched" : step.port,
            step.port.empty() ? diag::UnmatchedRow::kCode : 0);
      continue;
    }
    Row made = row;
    const size_t first = leaf_offset(before, kept);
    made.slots.resize(first);
    made.slots.resize(first + leaf_count(answer_type));
    to_slots(answer_type, answer.value, made.slots.data() + first, arena_);
    if (marks == 1) made.slots.push_back(row.slots.back());
    out.push_back(std::move(made));
  }
  return out;
}

/// Relations with rows that a step holds on their way to `node`; UINT32_MAX, which all rows have that a step made.
std::set<uint32_t> Run::held_before(int node) const {
  std::set<uint32_t> found{UINT32_MAX};
  const auto products = static_cast<uint32_t>(relation_names_.size() - plan_.products.size());
  // `relation`: of the product behind which the way goes on.
  const auto follow = [&](auto&& self, int at, bool held, std::optional<uint32_t> relation) -> void {
    const plan::Node& node = plan_.nodes[static_cast<size_t>(at)];
    const auto* join = std::get_if<plan::JoinNode>(&node.content);
    const bool at_once = join != nullptr && (join->step.latest || join->step.kind == typed::JoinKind::reference);
    held |= plan::stateful(node) && !at_once;
    if (const auto* published = std::get_if<plan::PublishNode>(&node.content); published != nullptr && !relation)
      relation = products + static_cast<uint32_t>(published->product);
    if (source_ordinal_[static_cast<size_t>(at)] >= 0 && !relation)
      relation = static_cast<uint32_t>(source_ordinal_[static_cast<size_t>(at)]);
    if (held && relation) found.insert(*relation);
    if (node.inputs.empty()) return;
    self(self, node.inputs[0], held, relation);
    const bool both = std::holds_alternative<plan::UnionNode>(node.content) || (join != nullptr && join->step.right);
    if (both) self(self, node.inputs[1], held, relation);
  };
  follow(follow, node, false, std::nullopt);
  return found;
}

/// Each original source partition starts a time of its own; what a step made counts as one partition.
Run::Rows Run::retime(int index, const plan::RetimeNode& node) {
  using Partition = std::tuple<uint32_t, std::vector<int64_t>>;
  std::map<Partition, std::vector<Row>> partitions;
  for (const Row& row : rows_into(index)) {
    const uint32_t relation = row.cause.has_origin ? row.cause.relation : UINT32_MAX;
    partitions[{relation, {row.place.begin() + 1, row.place.begin() + row.of_record - 1}}].push_back(row);
  }
  const std::set<uint32_t> held_relations = held_before(input_of(index));
  const size_t time_leaf = leaf_offset(row_of(index), node.time_column);
  // Behind joins, rows of one record, and of the same right rows, and of one time by the new one.
  const auto* in_order = std::get_if<plan::InOrderNode>(&plan_.nodes[input_of(index)].content);
  const bool by_new = in_order != nullptr && in_order->by >= 0;
  const auto by_both = [&](const Row& a, const Row& b) {
    const auto record = [](const Row& row) {
      return std::span(row.place).first(static_cast<size_t>(row.of_record + row.met));
    };
    if (a.time != b.time) return a.time < b.time;
    if (!std::ranges::equal(record(a), record(b))) return std::ranges::lexicographical_compare(record(a), record(b));
    return std::tie(a.slots[time_leaf].i64, a.place) < std::tie(b.slots[time_leaf].i64, b.place);
  };
  Rows out;
  for (auto& [partition, rows] : partitions) {
    // Rows that no step held come in the order of their partition, others in the order of time.
    const bool held = held_relations.contains(std::get<0>(partition));
    // Those of one record go by the way in which they come.
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
      return by_new ? by_both(a, b) : held ? earlier(&a, &b) : a.place < b.place;
    });
    int64_t ahead = kDefaultAhead;  // of what products and windows made
    for (size_t i = 0; i < plan_.nodes.size(); ++i)
      if (source_ordinal_[i] >= 0 && static_cast<uint32_t>(source_ordinal_[i]) == std::get<0>(partition))
        ahead = project_.relations[std::get<plan::SourceNode>(plan_.nodes[i].content).relation].source->ahead_us;
    TimeLine time(node.within_us, ahead);
    int64_t number = 0;
    for (Row& row : rows) {
      row.add_number(number++);  // windows of one key have one place, and no other time tells them apart any more
      row.watermark = time.watermark();
      row.time = row.slots[time_leaf].i64;
      if (node.by_arrival) {
        row.time = std::max(row.time, row.watermark);
        time.move_to(row.time);
      } else {
        time.observe(row.time);
      }
      out.push_back(std::move(row));
    }
    int64_t& reached = reached_.try_emplace(index, kBeforeAll).first->second;
    reached = std::max(reached, time.watermark());
  }
  reached_.try_emplace(index, kBeforeAll);
  return out;
}

Run::Rows Run::unique(int index, const plan::UniqueNode& node) {
  const std::vector<Field>& fields = row_of(index);
  std::vector<const Row*> rows;
  for (const Row& row : rows_into(index)) {
    if (late(row))
      leave(index, 0, row, Kind::late, "late", diag::LateRow::kCode);
    else
      rows.push_back(&row);
  }
  // Rows of one record go by the way that they came.
  std::stable_sort(rows.begin(), rows.end(), earlier);
  std::map<std::string, int64_t> winners;
  Rows out;
  for (const Row* row : rows) {
    std::string key;
    for (const int column : node.columns)
      append_key_bytes(fields[column].type, row->slots.data() + leaf_offset(fields, column), key);
    const auto winner = winners.find(key);
    if (winner != winners.end() && static_cast<int128>(row->time) - winner->second < node.within_us) {
      leave(index, 0, *row, Kind::duplicate, node.drops ? "" : "rejected", diag::DuplicateRow::kCode);
      continue;
    }
    winners[key] = row->time;
    out.push_back(*row);
  }
  return out;
}

Run::Rows Run::alert(int index, const plan::AlertNode& node) {
  for (const Row& row : rows_into(index)) {
    Slot holds;
    const interpret::Failure failure = compute(node.condition, row_of(input_of(index)), row.slots, row, &holds);
    if (failure.code == 0 && holds.u8 != 0) continue;
    OutputRow made = output_row(row_of(index), row);
    made.check = node.check;
    for (const int product : plan_.nodes[index].products) {
      if (!shows(product, plan_.nodes[index].span)) continue;
      OutputRow written = made;
      if (hides(product) && row.cause.line > 0) written.position = 0;
      give_standing({product}, "alerts", {node.check}, row, false);
      outcome_.write({product}, "alerts", written);
    }
  }
  return rows_into(index);
}

/// Who reads a product begins a ledger of its own: each published row comes in anew.
Run::Rows Run::publish(int index, const plan::PublishNode& node) {
  const auto relation =
      static_cast<uint32_t>(relation_names_.size() - plan_.products.size()) + static_cast<uint32_t>(node.product);
  Rows out;
  for (const Row& row : rows_into(index)) {
    outcome_.settle({node.product}, index, 0, row.cause, Kind::used);
    outcome_.write({node.product}, "", output_row(row_of(index), row));
    Row published = row;
    place_behind(node.product, published);
    published.cause = {.relation = relation,
                       .partition = row.cause.partition,
                       .position = row.cause.position,
                       .line = row.cause.line,
                       .record = out.size()};
    out.push_back(std::move(published));
  }
  std::set<int> readers;
  for (const plan::Node& reader : plan_.nodes)
    if (std::find(reader.inputs.begin(), reader.inputs.end(), index) != reader.inputs.end() &&
        !std::holds_alternative<plan::PortNode>(reader.content))
      readers.insert(reader.products.begin(), reader.products.end());
  for (const int reader : readers) outcome_.enter(reader, relation, static_cast<int64_t>(out.size()));
  return out;
}

}  // namespace braid::reference
