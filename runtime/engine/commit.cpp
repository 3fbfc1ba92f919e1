// The commit. At the edge of the epoch everything is frozen: outputs are handed to the system, positions and lengths
// are copied, with the epoch record, into one batch, and rows of state that have changed are set aside. These are
// copied in pieces, between the next turns, or before a turn changes them (state/frozen_rows.h). Then, on another
// thread and beside the next turns: outputs are synced, and the batch becomes durable in one atomic write.
#include <algorithm>

#include "runtime/engine/job_monitor.h"
#include "runtime/engine/job_run.h"

namespace braid {

Status JobRun::commit() {
  if (options_.monitor != nullptr) options_.monitor->commit_begins();
  BRAID_TRY(wait_for_commit());
  BRAID_KILL_POINT("before_output_sync");
  constexpr uint64_t kFewestTurns = 64;  // or a commit of few turns would be copied at once
  const FrozenEpoch::Pieces pieces{.bytes = options_.copy_bytes,
                                   .frozen = turns_.engine().state_size().dirty,
                                   .turns = std::max(turns_.since_commit(), kFewestTurns)};
  BRAID_ASSIGN(StateBatch batch, freeze_epoch());
  in_flight_ = std::make_unique<FrozenEpoch>(turns_.engine(), seams_.executor, pieces, std::move(batch),
                                             [this](StateBatch& epoch) { return write_epoch(epoch); });
  if (options_.monitor != nullptr) options_.monitor->commit_is_frozen();
  return {};
}

void JobRun::go_on_with_commit() {
  if (!in_flight_ || in_flight_->is_copied()) return;
  if (options_.monitor != nullptr) options_.monitor->copy_begins();
  in_flight_->go_on();
  if (options_.monitor != nullptr) options_.monitor->copy_ends();
}

Status JobRun::wait_for_commit() {
  if (!in_flight_) return {};
  const Status result = in_flight_->wait();
  in_flight_.reset();
  BRAID_TRY(result);
  ++commits_;
  turns_.engine().committed();
  turns_.engine().show_published(seams_.clock.now_us());
  views_.committed();
  if (options_.monitor != nullptr) options_.monitor->commit_is_durable(last_.epoch);
  return {};
}

Result<StateBatch> JobRun::freeze_epoch() {
  BRAID_TRY(outputs_.freeze(store_.state()));
  StateBatch batch;
  EpochRecord record = turns_.end_epoch(last_);
  outputs_.collect(batch, record.outputs);
  put_epoch(batch, record);
  last_ = record.after();
  views_.freeze(
      {.epoch = last_.epoch, .watermark = turns_.engine().task_watermark(), .newest = turns_.engine().newest()});
  turns_.engine().freeze_published();
  BRAID_TRY(turns_.freeze(batch));
  return batch;
}

Status JobRun::write_epoch(StateBatch& batch) {
  if (options_.monitor != nullptr) options_.monitor->write_begins();
  BRAID_TRY(outputs_.sync());
  BRAID_KILL_POINT("after_output_sync");
  BRAID_TRY(views_.put(store_.state(), batch));
  BRAID_TRY(store_.state().commit(batch));
  batch = {};
  if (options_.monitor != nullptr) options_.monitor->write_ends();
  BRAID_KILL_POINT("after_commit");
  return {};
}

}  // namespace braid
