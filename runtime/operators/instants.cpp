#include "runtime/operators/instants.h"

#include <algorithm>

namespace braid {

InstantsNode::InstantsNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<InstantsOperator>(self_.content)),
      leaves_(flatten(self_.row)),
      rows_(first_fields(input_row(0), content_.fields)),
      waiting_(HeldRows::Order::arrival, table(kWaitingTable), services, rows_, pool_) {}

void InstantsNode::begin_round() {
  if (next_ == due_.size()) pool_.release_pending();  // those of later instants of this turn are still read
}

void InstantsNode::take(int, const Block& block, std::vector<Block>&) {
  const Block whole = rows_.target(block, 0);
  for (uint32_t row = 0; row < block.rows; ++row) {
    int64_t time = block.time[row];
    if (content_.versions) {
      time = std::max({time, block.watermark[row], edges[0].finite});
      if (sealed_.covers(time)) time = sealed_.time() + 1;
    } else if (is_late(0, time, block.watermark[row]) || sealed_.covers(time)) {
      leave_late(0, block, row, content_.late_site);
      continue;
    }
    HeldRow held = hold_row(block, whole, row, rows_, pool_);
    held.record.settled = dispositions().hold(index(), 0, block.record_of(row));
    held.time = time;
    held.sequence = sequence_of(row);
    waiting_.push(held);
  }
  taken += block.rows;
}

bool InstantsNode::take_due() {
  while (next_ == due_.size()) {
    due_.clear();
    next_ = 0;
    const auto point = waiting_.next_release(edges[0].value());
    if (!point) return false;
    note(waiting_.take_before(std::min(point->time, edges[0].value()), due_));
    if (!health().ok()) return false;
    if (edges[0].ended && !due_.empty()) seal(due_.back().time);
  }
  return true;
}

bool InstantsNode::advance(std::vector<Block>& out) {
  if (take_due()) {
    const size_t first = next_;
    while (next_ < due_.size() && due_[next_].time == due_[first].time) ++next_;
    for_each_block(std::span<const HeldRow>(due_).subspan(first, next_ - first), HeldRows::Order::arrival, rows_,
                   leaves_, services_, [&](const Block& block) {
                     for (uint32_t row = 0; row < block.rows; ++row)
                       dispositions().release(index(), 0, block.record_of(row));
                     out.push_back(block);
                   });
  }
  // What this round gives lies in the memory of these rows, which the pool has until the next round begins.
  if (next_ < due_.size() || waiting_.next_release(edges[0].value())) return health().ok();
  waiting_.pass(edges[0].value());
  return false;
}

void InstantsNode::freeze() {
  waiting_.freeze();
  sealed_.freeze(frozen_seal_);
}

void InstantsNode::take_frozen(StateBatch& batch) {
  waiting_.take_frozen(batch);
  batch.append(frozen_seal_);
}

Status InstantsNode::restore(StateStore& store, uint64_t memory) {
  BRAID_TRY(waiting_.restore(store, memory));
  return sealed_.restore(store, {ErrorKind::store, "the time up to which rows have gone on is damaged", 0, 0});
}

Status InstantsNode::evict(uint64_t bytes) {
  waiting_.evict(bytes);
  return {};
}

StateSize InstantsNode::state_size() const {
  StateSize size = waiting_.size();
  size.bytes += pool_.bytes_used();
  return size;
}

std::vector<bool> by_instants(const Program& program) {
  std::vector<bool> taken;
  for (const Operator& op : program.operators) {
    const bool begins_anew = op.inputs.empty() || std::holds_alternative<InstantsOperator>(op.content) ||
                             std::holds_alternative<AsOfJoinOperator>(op.content);
    const auto first = begins_anew ? size_t{0} : static_cast<size_t>(op.inputs[0]);
    taken.push_back(!begins_anew &&
                    (taken[first] || std::holds_alternative<InstantsOperator>(program.operators[first].content)));
  }
  return taken;
}

}  // namespace braid
