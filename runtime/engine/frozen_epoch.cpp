#include "runtime/engine/frozen_epoch.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace braid {

FrozenEpoch::FrozenEpoch(TurnEngine& engine, Executor& executor, const Pieces& pieces, StateBatch batch, Write write,
                         Counts counts)
    : engine_(engine),
      executor_(executor),
      piece_(std::max(pieces.bytes, pieces.frozen / pieces.turns)),
      batch_(std::move(batch)),
      write_(std::move(write)),
      counts_(counts == Counts::yes) {
  go_on();
}

void FrozenEpoch::copy(uint64_t bytes) {
  if (!engine_.copy_frozen(bytes)) return;
  engine_.take_frozen(batch_);
  constexpr uint64_t kToSortOneChange = 48;
  memory_ = batch_.bytes_reserved() + batch_.changes() * kToSortOneChange;
  is_copied_ = true;
  if (counts_) write();
}

void FrozenEpoch::write() {
  task_ = executor_.start_io([this] { result_ = write_(batch_); });
}

void FrozenEpoch::release() {
  BRAID_CHECK(!counts_, "an epoch is released twice");
  counts_ = true;
  if (is_copied_) write();
}

Status FrozenEpoch::wait() {
  BRAID_CHECK(counts_, "an epoch is waited for that may not count");
  if (!is_copied_) copy(UINT64_MAX);
  return wait_for_store();
}

Status FrozenEpoch::wait_for_store() {
  if (!task_) return {};
  task_->wait();
  return result_;
}

}  // namespace braid
