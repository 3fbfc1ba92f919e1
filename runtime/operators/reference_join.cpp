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

}  // namespace braid
