// The commit. At the edge of the epoch everything is frozen: outputs are handed to the system, and what changed in
// state, positions and lengths is copied, with the epoch record, into one batch. Then, on another thread and beside the
// next turns: outputs are synced, and the batch becomes durable in one atomic write.
#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/engine/job_run.h"

namespace braid {

std::string epoch_key(uint64_t epoch) {
  return fmt::format("epochs/{:016x}", epoch);
}

void JobRun::note_turn(const JobInputs::Partition& partition, const ReadTurn& turn) {
  epoch_turns_.fixed(static_cast<uint32_t>(partition.source));
  epoch_turns_.fixed(partition.ordinal);
  epoch_turns_.fixed(turn.source.end.position);
  ++epoch_turn_count_;
  input_digest_ = hash_mix(input_digest_, turn.digest);
}

Status JobRun::commit() {
  BRAID_TRY(wait_for_commit());
  BRAID_KILL_POINT("before_output_sync");
  BRAID_ASSIGN(StateBatch batch, freeze_epoch());
  in_flight_ = std::make_unique<EpochCommit>();
  EpochCommit& commit = *in_flight_;
  constexpr uint64_t kToSortOneChange = 48;
  commit.memory = batch.bytes_reserved() + batch.changes() * kToSortOneChange;
  commit.batch = std::move(batch);
  commit.task = seams_.executor.start_io([this, &commit] { commit.result = write_epoch(commit.batch); });
  return {};
}

Status JobRun::wait_for_commit() {
  if (!in_flight_) return {};
  in_flight_->task->wait();
  Status result = std::move(in_flight_->result);
  in_flight_.reset();
  BRAID_TRY(result);
  ++commits_;
  engine_->committed();
  return {};
}

Status JobRun::wait_for_proof() {
  if (!proof_) return {};
  proof_->task->wait();
  const Status result = std::move(proof_->result);
  proof_.reset();
  return result;
}

Result<StateBatch> JobRun::freeze_epoch() {
  BRAID_TRY(outputs_.freeze(*store_));
  StateBatch batch;
  ++epoch_;
  WireWriter record;
  record.fixed(epoch_);
  record.fixed(epoch_digest_);
  record.fixed(options_.follow ? epoch_now_ : seams_.clock.now_us());
  record.fixed(program_.id);
  record.fixed(epoch_turn_count_);
  record.bytes() += epoch_turns_.take();
  record.fixed(static_cast<uint32_t>(epoch_flips_.size()));
  for (const IdleFlip& flip : epoch_flips_) {
    record.fixed(flip.after_turns);
    record.fixed(flip.source);
    record.fixed(flip.partition);
  }
  BRAID_TRY(inputs_.collect(batch, record));
  record.fixed(input_digest_);
  outputs_.collect(batch, record);
  // The clock reading is left out of the digest: it may differ between runs that are otherwise the same.
  epoch_digest_ =
      hash_mix(hash_mix(epoch_digest_, input_digest_), key_hash(std::string_view(record.bytes()).substr(24)));
  WireWriter last;
  last.fixed(epoch_);
  last.fixed(epoch_digest_);
  batch.put(StateFamily::meta, epoch_key(epoch_), record.take());
  batch.put(StateFamily::meta, "epoch", last.take());
  if (tables_changed_) {
    for (const auto& [name, digest] : table_digests_) {
      WireWriter out;
      out.fixed(digest);
      batch.put(StateFamily::meta, "table/" + name, out.take());
    }
    tables_changed_ = false;
  }
  engine_->collect(batch);
  epoch_turns_ = {};
  epoch_turn_count_ = 0;
  epoch_flips_.clear();
  input_digest_ = 0;
  turns_since_commit_ = 0;
  return batch;
}

Status JobRun::write_epoch(StateBatch& batch) {
  BRAID_TRY(outputs_.sync());
  BRAID_KILL_POINT("after_output_sync");
  BRAID_TRY(store_->commit(batch));
  batch = {};
  BRAID_KILL_POINT("after_commit");
  return {};
}

}  // namespace braid
