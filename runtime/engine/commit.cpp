// The commit. At the edge of the epoch everything is frozen: outputs are handed to the system, and what changed in
// state, positions and lengths is copied, with the epoch record, into one batch. Then, on another thread and beside the
// next turns: outputs are synced, and the batch becomes durable in one atomic write.
#include "runtime/engine/job_monitor.h"
#include "runtime/engine/job_run.h"

namespace braid {

Status JobRun::commit() {
  if (options_.monitor != nullptr) options_.monitor->commit_begins();
  BRAID_TRY(wait_for_commit());
  BRAID_KILL_POINT("before_output_sync");
  BRAID_ASSIGN(StateBatch batch, freeze_epoch());
  in_flight_ = std::make_unique<EpochCommit>();
  EpochCommit& commit = *in_flight_;
  constexpr uint64_t kToSortOneChange = 48;
  commit.memory = batch.bytes_reserved() + batch.changes() * kToSortOneChange;
  commit.batch = std::move(batch);
  commit.task = seams_.executor.start_io([this, &commit] { commit.result = write_epoch(commit.batch); });
  if (options_.monitor != nullptr) options_.monitor->commit_is_frozen();
  return {};
}

Status JobRun::wait_for_commit() {
  if (!in_flight_) return {};
  in_flight_->task->wait();
  Status result = std::move(in_flight_->result);
  in_flight_.reset();
  BRAID_TRY(result);
  ++commits_;
  turns_.engine().committed();
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
  BRAID_TRY(turns_.collect(batch));
  return batch;
}

Status JobRun::write_epoch(StateBatch& batch) {
  if (options_.monitor != nullptr) options_.monitor->write_begins();
  BRAID_TRY(outputs_.sync());
  BRAID_KILL_POINT("after_output_sync");
  BRAID_TRY(store_.state().commit(batch));
  batch = {};
  if (options_.monitor != nullptr) options_.monitor->write_ends();
  BRAID_KILL_POINT("after_commit");
  return {};
}

}  // namespace braid
