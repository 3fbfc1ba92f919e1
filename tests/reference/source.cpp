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
  Rows rows;
  uint64_t number = 0;
  for (uint32_t partition = 0; found != input_.sources.end() && partition < found->second.size(); ++partition) {
    TimeLine time(relation.within_us, relation.source->ahead_us);
    for (const InputRecord& record : found->second[partition].records) {
      for (const int product : plan_.nodes[index].products) outcome_.enter(product, ordinal, 1);
      Row row;
      row.cause = {false, ordinal, partition, record.position, record.line, number++};
      row.place = {ordinal, partition, record.position};
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
      for (size_t i = 0; i < node.fields.size(); ++i) {
        const int field = node.fields[i];
        const Slot* slots = all.slots.data() + leaf_offset(all.row, field);
        const bool as_it_is = is(row_type[i].type, TypeKind::checked);
        if (!as_it_is && !failure) failure = fault_of(field);
        row.slots.insert(row.slots.end(), slots + (as_it_is ? 0 : 1), slots + leaf_count(all.row[field].type));
      }
      if (!failure && delete_when) {
        Slot deletes;
        const interpret::Failure why = compute(delete_when, all.row, all.slots, row, &deletes);
        if (why.code != 0) {
          const auto known = why.column < 0 ? std::nullopt : fault_of(why.column);
          failure = known ? *known : why;
        } else {
          row.deletes = deletes.u8 != 0;
        }
      }
      if (failure) {
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
      }
      if (relation.kind == typed::RelationKind::table)
        for (const auto& path : relation.key) {
          const int field = path.front();
          append_key_bytes(relation.row[field].type, all.slots.data() + leaf_offset(all.row, field) + 1, row.table_key);
        }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace braid::reference
