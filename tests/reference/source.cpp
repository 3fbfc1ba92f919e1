#include <algorithm>

#include "compiler/typed/failure.h"
#include "runtime/base/check.h"
#include "runtime/data/key_bytes.h"
#include "tests/reference/run.h"

namespace braid::reference {

Run::Declared Run::declared(const typed::Relation& relation, const InputRecord& record, const Row& row) {
  Declared made;
  BRAID_CHECK(record.fields.size() == relation.row.size(), "a record has not the fields of its relation");
  for (const Field& field : relation.row) made.row.push_back({field.name, checked_type(field.type)});
  made.slots.resize(flatten(made.row).size(), slot_i128(0));
  for (size_t i = 0; i < record.fields.size(); ++i) {
    Slot* slots = made.slots.data() + leaf_offset(made.row, i);
    const InputField& field = record.fields[i];
    const typed::ExpressionRef& fallback = relation.source->fields[i].fallback;
    if (field.fault != ConversionFault::none) {
      slots[0] = slot_u8(false);
      slots[0].u8 = static_cast<uint8_t>(field.fault);
    } else if (!field.value.is_null() || !fallback) {
      to_slots(made.row[i].type, field.value, slots, arena_);
    } else {
      // Over the fields above, with their fallbacks.
      const interpret::Failure failure = compute(fallback, made.row, made.slots, row, slots + 1);
      if (failure.code == 0) continue;
      slots[0].u8 = static_cast<uint8_t>(ConversionFault::null);
      const auto above = made.failures.find(failure.column);
      made.failures[static_cast<int>(i)] = above == made.failures.end() ? failure : above->second;
    }
  }
  return made;
}

int64_t Run::arrived(const InputRecord& record) const {
  return input_.steps.empty() ? input_.wall_us : input_.steps[record.arrival].wall;
}

Run::Rows Run::source(int index, const plan::SourceNode& node) {
  const typed::Relation& relation = project_.relations[node.relation];
  const std::vector<Field>& row_type = row_of(index);
  const auto ordinal = static_cast<uint32_t>(source_ordinal_[index]);
  const auto found = input_.sources.find(relation.qualified());
  typed::ExpressionRef delete_when;
  if (relation.source->delete_when) {
    std::vector<Field> all;
    for (const Field& field : relation.row) all.push_back({field.name, checked_type(field.type)});
    delete_when = plan::reading(relation.source->delete_when, all);
  }
  std::set<int> needed_to_delete = {relation.time_field};
  for (const auto& path : relation.key) needed_to_delete.insert(path.front());
  if (delete_when)
    for (const int field : typed::columns_read(delete_when)) needed_to_delete.insert(field);
  Rows rows;
  uint64_t number = 0;
  std::vector<int64_t>& watermarks = watermarks_[index];
  watermarks.assign(input_.steps.size(), kAfterAll);
  for (uint32_t partition = 0; found != input_.sources.end() && partition < found->second.size(); ++partition) {
    TimeLine time(relation.within_us, relation.source->ahead_us);
    std::vector<int64_t> own(input_.steps.size(), kBeforeAll);
    size_t seen = 0;
    auto followed = found->second[partition].followed.begin();
    for (const InputRecord& record : found->second[partition].records) {
      for (; followed != found->second[partition].followed.end() && followed->records <= seen; ++followed)
        time.move_to(followed->time);
      ++seen;
      for (const int product : plan_.nodes[index].products) outcome_.enter(product, ordinal, 1);
      Row row;
      row.cause = {.relation = ordinal,
                   .partition = partition,
                   .position = record.position,
                   .line = record.line,
                   .record = number++};
      row.place = {ordinal, partition, record.position};
      row.arrival = record.arrival;
      if (record.broken != 0) {
        row.slots.resize(flatten(row_type).size(), slot_i128(0));
        reject(index, 0, row, {record.broken});
        continue;
      }
      const Declared all = declared(relation, record, row);
      // Left to right: what `from` converts must be sound, the rest goes on as it is.
      std::optional<interpret::Failure> failure;
      auto fault_of = [&](int field) -> std::optional<interpret::Failure> {
        const Slot& status = all.slots[leaf_offset(all.row, field)];
        if (status.u8 == 0) return std::nullopt;
        if (const auto known = all.failures.find(field); known != all.failures.end()) return known->second;
        const Type& type = relation.source->fields[field].type;
        return interpret::Failure{typed::conversion_code(static_cast<ConversionFault>(status.u8), type), field};
      };
      bool deletes = false;
      std::optional<interpret::Failure> undecided;
      if (delete_when) {
        Slot slot;
        const interpret::Failure why = compute(delete_when, all.row, all.slots, row, &slot);
        const auto fault = why.code == 0 || why.column < 0 ? std::nullopt : fault_of(why.column);
        if (why.code != 0)
          undecided = fault ? *fault : why;
        else
          deletes = slot.u8 != 0;
      }
      for (size_t i = 0; i < node.fields.size() && !failure; ++i) {
        const int field = node.fields[i];
        if (field == plan::SourceNode::kArrival) {
          row.slots.push_back(slot_i64(arrived(record)));
          continue;
        }
        if (field == plan::SourceNode::kHeaders) {
          row.slots.push_back(slot_i128(0));  // records of files have none
          row.slots.back().list = {nullptr, 0};
          continue;
        }
        if (field < 0) {
          failure = undecided;
          row.slots.push_back(slot_u8(deletes));
          continue;
        }
        const Slot* slots = all.slots.data() + leaf_offset(all.row, field);
        const size_t leaves = leaf_count(all.row[field].type);
        if (is(row_type[i].type, TypeKind::checked)) {
          row.slots.insert(row.slots.end(), slots, slots + leaves);
          continue;
        }
        // A record that deletes its key needs no more than key and time, and what says that it deletes.
        if (delete_when && !needed_to_delete.count(field)) {
          failure = undecided;
          if (!failure && deletes) {
            row.slots.insert(row.slots.end(), leaves - 1, slot_i128(0));
            continue;
          }
        }
        if (!failure) failure = fault_of(field);
        row.slots.insert(row.slots.end(), slots + 1, slots + leaves);
      }
      if (failure) {
        row.slots.assign(flatten(row_type).size(), slot_i128(0));
        reject(index, 0, row, *failure);
        continue;
      }
      if (relation.has_time) {
        row.time = all.slots[leaf_offset(all.row, relation.time_field) + 1].i64;
        if (static_cast<int128>(row.time) > static_cast<int128>(input_.clock_us) + relation.source->ahead_us) {
          reject(index, 0, row, {diag::TooFarAhead::kCode});
          continue;
        }
        row.watermark = time.watermark();
        time.observe(row.time);
        for (size_t step = record.arrival; step < own.size(); ++step) own[step] = time.watermark();
      }
      if (relation.kind == typed::RelationKind::table)
        for (const auto& path : relation.key) {
          size_t leaf = leaf_offset(all.row, path.front()) + 1;
          Type type = relation.row[path.front()].type;
          for (size_t i = 1; i < path.size(); ++i) {
            for (int before = 0; before < path[i]; ++before) leaf += leaf_count(type->fields[before].type);
            type = type->fields[path[i]].type;
          }
          append_key_bytes(type, all.slots.data() + leaf, row.table_key);
        }
      rows.push_back(std::move(row));
    }
    if (relation.has_time) {
      int64_t& reached = reached_.try_emplace(index, kBeforeAll).first->second;
      reached = std::max(reached, time.watermark());
    }
    const size_t end = found->second[partition].records.empty() ? 0 : found->second[partition].ended;
    for (size_t step = 0; step < end && step < own.size(); ++step)
      watermarks[step] = std::min(watermarks[step], own[step]);
  }
  for (size_t step = 1; step < watermarks.size(); ++step)
    watermarks[step] = std::max(watermarks[step], watermarks[step - 1]);
  return rows;
}

}  // namespace braid::reference
