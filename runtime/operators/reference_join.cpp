#include "runtime/operators/reference_join.h"

namespace braid {

ReferenceJoinNode::ReferenceJoinNode(const Services& services)
    : OperatorNode(services),
      shape_(std::get<ReferenceJoinOperator>(self_.content).shape),
      rows_(services, shape_),
      left_key_(input_row(0), shape_.left_keys, KeyFormat::Nulls::match_nothing),
      right_key_(input_row(1), shape_.right_keys, KeyFormat::Nulls::match_nothing) {
  if (shape_.right_delete >= 0) delete_column_ = static_cast<int>(leaf_offset(input_row(1), shape_.right_delete));
}

void ReferenceJoinNode::take_table(const Block& block) {
  KeyBlock keys = right_key_.encode(block, arena());
  Block target = rows_.right_rows().target(block, 0);
  for (uint32_t row = 0; row < block.rows; ++row) {
    const Record& record = block.record_of(row);
    uint64_t settled_before = record.settled;
    dispositions().use(index(), 1, record);
    if (keys.has_null[row]) continue;
    if (delete_column_ >= 0 && block.columns[delete_column_].as<uint8_t>()[row] != 0) {
      if (auto* entry = table_.find(keys.hashes[row], keys.keys[row].view())) {
        pool_.release_later(entry->value.row);
        table_.erase(*entry);
      }
      continue;
    }
    bool added = false;
    auto& entry = table_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added);
    if (!added) {
      dispositions().replace(index(), 1, entry.value.settled_before, entry.value.source);
      pool_.release_later(entry.value.row);
    }
    entry.value = {rows_.right_rows().store(target, row, pool_), settled_before, record.source};
  }
}

void ReferenceJoinNode::take(int input, const Block& block, std::vector<Block>& out) {
  if (input == 1) return take_table(block);
  KeyBlock keys = left_key_.encode(block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) table_.prefetch(keys.hashes[row]);
  for (uint32_t row = 0; row < block.rows; ++row) table_.prefetch_entry(keys.hashes[row]);
  pairs_.begin_all(block.rows);
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (keys.has_null[row]) continue;
    auto* entry = table_.find(keys.hashes[row], keys.keys[row].view());
    if (entry == nullptr) continue;
    pairs_.rights[row] = entry->value.row;
    __builtin_prefetch(entry->value.row.data);
  }
  rows_.finish(block, pairs_, out);
}

ReferenceIndexNode::ReferenceIndexNode(const Services& services)
    : OperatorNode(services),
      shape_(std::get<ReferenceJoinOperator>(self_.content).shape),
      rows_(services, shape_),
      left_key_(input_row(0), shape_.left_keys, KeyFormat::Nulls::match_nothing),
      columns_(input_row(1), shape_.right_keys, KeyFormat::Nulls::match_nothing),
      table_key_(input_row(1), shape_.table_key, KeyFormat::Nulls::group) {
  if (shape_.right_delete >= 0) delete_column_ = static_cast<int>(leaf_offset(input_row(1), shape_.right_delete));
}

void ReferenceIndexNode::leave_index(const KeyTable<Row>::Entry& entry) {
  if (auto* group = index_.find(entry.value.hash, entry.value.columns)) {
    const auto place = group->value.find(entry.key.view());
    if (place != group->value.end()) group->value.erase(place);
    if (group->value.empty()) index_.erase(*group);
  }
  pool_.release_later(entry.value.row);
}

void ReferenceIndexNode::take_table(const Block& block) {
  const KeyBlock keys = table_key_.encode(block, arena());
  const KeyBlock columns = columns_.encode(block, arena());
  const Block target = rows_.right_rows().target(block, 0);
  for (uint32_t row = 0; row < block.rows; ++row) {
    const Record& record = block.record_of(row);
    const uint64_t settled_before = record.settled;
    dispositions().use(index(), 1, record);
    const std::string_view key = keys.keys[row].view();
    if (delete_column_ >= 0 && block.columns[delete_column_].as<uint8_t>()[row] != 0) {
      if (auto* entry = table_.find(keys.hashes[row], key)) {
        leave_index(*entry);
        table_.erase(*entry);
      }
      continue;
    }
    bool added = false;
    auto& entry = table_.find_or_add(keys.hashes[row], key, &added);
    if (!added) {
      dispositions().replace(index(), 1, entry.value.settled_before, entry.value.source);
      leave_index(entry);
    }
    const std::string_view found_by = columns.keys[row].view();
    entry.value = {rows_.right_rows().store(target, row, pool_), settled_before, record.source, columns.hashes[row],
                   std::string(found_by)};
    // A null meets nothing.
    if (columns.has_null[row] != 0) continue;
    index_.find_or_add(columns.hashes[row], found_by, &added).value.emplace(std::string(key), entry.value.row);
  }
}

void ReferenceIndexNode::take(int input, const Block& block, std::vector<Block>& out) {
  if (input == 1) return take_table(block);
  const KeyBlock keys = left_key_.encode(block, arena());
  for (uint32_t row = 0; row < block.rows; ++row) index_.prefetch(keys.hashes[row]);
  pairs_.clear();
  for (uint32_t row = 0; row < block.rows; ++row) {
    const auto* group = keys.has_null[row] != 0 ? nullptr : index_.find(keys.hashes[row], keys.keys[row].view());
    if (group == nullptr) {
      pairs_.add(row, {nullptr, 0});
      continue;
    }
    for (const auto& [key, right] : group->value) pairs_.add(row, right);
  }
  rows_.finish_all(block, pairs_, out);
}

}  // namespace braid
