#include "runtime/operators/emit.h"

#include <algorithm>

namespace braid {

EmitNode::EmitNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<EmitOperator>(self_.content)),
      leaves_(flatten(self_.row)),
      rows_(self_.row),
      waiting_(HeldRows::Order::arrival, table(0), services, rows_, pool_) {}

int64_t EmitNode::end_of_wait() const {
  const int64_t now = content_.wall ? *services_.wall : edges[0].finite;
  if (!content_.wall && now == kNoTime) return kNotKnown;
  const int64_t every = content_.every_us;
  const int64_t period = now >= 0 ? now / every : (now + 1) / every - 1;
  int64_t end = 0;
  if (__builtin_mul_overflow(period + 1, every, &end)) return INT64_MAX - 1;
  return end - 1;
}

void EmitNode::take(int, const Block& block, std::vector<Block>&) {
  for (uint32_t row = 0; row < block.rows; ++row) {
    HeldRow held = hold_row(block, block, row, rows_, pool_);
    held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
    held.time = end_of_wait();
    held.sequence = sequence_of(row);
    waiting_.push(held);
  }
  taken += block.rows;
}

std::optional<ReleasePoint> EmitNode::next_release() {
  if (!content_.wall && edges[0].finite != kNoTime && !waiting_.empty() && waiting_.first_time() <= kNotKnown)
    begin_waits();
  return waiting_.next_release(gone_by());
}

void EmitNode::begin_waits() {
  released_.clear();
  note(waiting_.take_before(kNotKnown + 1, released_));
  for (HeldRow& row : released_) {
    row.row = pool_.copy(row.row.view());
    keep_record(row.record, pool_);
    row.time = end_of_wait();
    row.stored = false;
    row.changed = ChangedIn::none;
    waiting_.push(row);
  }
}

std::optional<int64_t> EmitNode::next_due() {
  if (!content_.wall || waiting_.empty()) return {};
  return add_time(waiting_.first_time(), 1);
}

uint64_t EmitNode::release_before(const ReleasePoint& point, std::vector<Block>& out) {
  released_.clear();
  note(waiting_.take_before(std::min(point.time, gone_by()), released_));
  for_each_block(released_, HeldRows::Order::arrival, rows_, leaves_, services_, [&](const Block& block) {
    std::vector<uint32_t> all;
    for (uint32_t row = 0; row < block.rows; ++row) {
      dispositions().release(index(), 0, block.record_of(row));
      all.push_back(row);
    }
    if (services_.trace != nullptr) services_.trace->put_out(all);
    out.push_back(block);
  });
  return released_.size();
}

Status EmitNode::evict(uint64_t bytes) {
  waiting_.evict(bytes);
  return {};
}

StateSize EmitNode::state_size() const {
  StateSize size = waiting_.size();
  size.bytes += pool_.bytes_used();
  return size;
}

}  // namespace braid
