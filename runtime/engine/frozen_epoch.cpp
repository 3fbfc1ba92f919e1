#include "runtime/engine/frozen_epoch.h"

#include <algorithm>

namespace braid {

FrozenEpoch::FrozenEpoch(TurnEngine& engine, Executor& executor, const Pieces& pieces, StateBatch batch, Write write)
    : engine_(engine),
      executor_(executor),
      piece_(std::max(pieces.bytes, pieces.frozen / pieces.turns)),
      batch_(std::move(batch)),
      write_(std::move(write)) {
  go_on();
}

void FrozenEpoch::copy(uint64_t bytes) {
  if (!engine_.copy_frozen(bytes)) return;
  engine_.take_frozen(batch_);
  constexpr uint64_t kToSortOneChange = 48;
  memory_ = batch_.bytes_reserved() + batch_.changes() * kToSortOneChange;
  task_ = executor_.start_io([this] { result_ = write_(batch_); });
}

Status FrozenEpoch::wait() {
  if (!task_) copy(UINT64_MAX);
  return wait_for_store();
}

Status FrozenEpoch::wait_for_store() {
  if (!task_) return {};
  task_->wait();
  return result_;
}

}  // namespace braid
