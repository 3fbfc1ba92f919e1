#include "runtime/operators/instants.h"

#include <algorithm>

namespace braid {

InstantsNode::InstantsNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<InstantsOperator>(self_.content)),
      leaves_(flatten(self_.row)),
      rows_(first_fields(input_row(0), content_.fields)),
      waiting_(HeldRows::Order::arrival, table(kWaitingTable), services, rows_, pool_) {
  if (content_.leader < 0) return;
  leader_ = static_cast<InstantsNode*>(services.nodes[static_cast<size_t>(content_.leader)].get());
  leader_->follower_ = this;
}

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

bool InstantsNode::take_due(int64_t bound) {
  while (next_ == due_.size()) {
    due_.clear();
    next_ = 0;
    const auto point = waiting_.next_release(bound);
    if (!point) return false;
    note(waiting_.take_before(std::min(point->time, bound), due_));
    if (!health().ok()) return false;
  }
  return true;
}

void InstantsNode::release(int64_t instant, std::vector<Block>& out) {
  const size_t first = next_;
  while (next_ < due_.size() && due_[next_].time == instant) ++next_;
  if (edges[0].ended && next_ > first) seal(instant);
  for_each_block(std::span<const HeldRow>(due_).subspan(first, next_ - first), HeldRows::Order::arrival, rows_, leaves_,
                 services_, [&](const Block& block) {
                   for (uint32_t row = 0; row < block.rows; ++row)
                     dispositions().release(index(), 0, block.record_of(row));
                   out.push_back(block);
                 });
}

bool InstantsNode::advance(std::vector<Block>& out) {
  arrived_ = services_.turn;
  if (leader_ != nullptr) return follow(out);
  if (follower_ != nullptr) return lead(out);
  const int64_t bound = edges[0].value();
  if (!take_due(bound)) {
    waiting_.pass(bound);
    return false;
  }
  // What this round gives lies in the memory of its rows, which the pool has until the next round begins. Whether there
  // is another instant is asked then: so the rounds do not depend on which rows the store alone has.
  release(due_[next_].time, out);
  return true;
}

bool InstantsNode::lead(std::vector<Block>& out) {
  pace_ = Pace::unknown;
  if (follower_->arrived_ != services_.turn) return true;
  const int64_t bound = std::min(edges[0].value(), follower_->edges[0].value());
  const bool own = take_due(bound), others = follower_->take_due(bound);
  if (!own && !others) {
    pace_ = Pace::over;
    waiting_.pass(bound);
    return false;
  }
  instant_ = own ? due_[next_].time : INT64_MAX;
  if (others) instant_ = std::min(instant_, follower_->due_[follower_->next_].time);
  pace_ = Pace::instant;
  release(instant_, out);
  return true;
}

bool InstantsNode::follow(std::vector<Block>& out) {
  if (leader_->arrived_ != services_.turn || leader_->pace_ == Pace::unknown) return true;
  if (leader_->pace_ == Pace::over) {
    waiting_.pass(std::min(edges[0].value(), leader_->edges[0].value()));
    return false;
  }
  release(leader_->instant_, out);
  return true;
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

std::vector<bool> behind_instants(const Program& program) {
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

std::vector<bool> by_instants(const Program& program) {
  std::vector<bool> taken = behind_instants(program);
  for (size_t op = 0; op < taken.size(); ++op) {
    const std::vector<int>& inputs = program.operators[op].inputs;
    if (!taken[op] || inputs.empty()) continue;
    const auto first = static_cast<size_t>(inputs[0]);
    const bool begins = std::holds_alternative<InstantsOperator>(program.operators[first].content);
    taken[op] = begins || (taken[first] && !std::holds_alternative<NetOperator>(program.operators[first].content));
  }
  return taken;
}

}  // namespace braid
