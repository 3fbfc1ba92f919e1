#include "runtime/operators/in_order.h"

#include <algorithm>

namespace braid {

InOrderNode::InOrderNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<InOrderOperator>(self_.content)),
      leaves_(flatten(self_.row)),
      rows_(self_.row),
      waiting_(HeldRows::Order::position, table(0), services, rows_, pool_) {
  if (content_.by >= 0) by_column_ = static_cast<int>(leaf_offset(self_.row, content_.by));
}

void InOrderNode::take(int, const Block& block, std::vector<Block>&) {
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (is_late(0, block.time[row], block.watermark[row]) || sealed_.covers(block.time[row])) {
      leave_late(0, block, row, content_.late_site);
      continue;
    }
    HeldRow held = hold_row(block, block, row, rows_, pool_);
    held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
    held.sequence = sequence_of(row);
    if (by_column_ >= 0) {
      // Of rows that one record caused, those of one such time are alike; the hash tells them apart in the store.
      held.hash = held.sequence;
      held.sequence = static_cast<uint64_t>(block.columns[by_column_].as<int64_t>()[row]) ^ uint64_t { 1 } << 63;
    }
    waiting_.push(held);
  }
  taken += block.rows;
}

uint64_t InOrderNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  released_.clear();
  note(waiting_.take_before(std::min(point.time, edges[0].value()), released_));
  if (edges[0].ended && !released_.empty()) sealed_.seal(released_.back().time);
  for_each_block(released_, HeldRows::Order::position, rows_, leaves_, services_, [&](const Block& block) {
    for (uint32_t row = 0; row < block.rows; ++row) dispositions().release(index(), 0, block.record_of(row));
    out.push_back(block);
  });
  return released_.size();
}

void InOrderNode::finish_release(std::vector<Block>&) {
  waiting_.pass(edges[0].value());
  // What is behind has forgotten keys up to there.
  if (edges[0].ended) sealed_.seal(edges[0].gone_by());
}

void InOrderNode::freeze() {
  waiting_.freeze();
  sealed_batch_ = {};
  sealed_.freeze(sealed_batch_);
}

void InOrderNode::take_frozen(StateBatch& batch) {
  waiting_.take_frozen(batch);
  batch.append(sealed_batch_);
}

Status InOrderNode::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(waiting_.restore(store, memory));
  return sealed_.restore(store, {ErrorKind::store, "the end of rows in order is damaged", 0, 0});
}

Status InOrderNode::evict(uint64_t bytes) {
  waiting_.evict(bytes);
  return {};
}

StateSize InOrderNode::state_size() const {
  StateSize size = waiting_.size();
  size.bytes += pool_.bytes_used();
  return size;
}

}  // namespace braid
