// Turns as data arrives. What is at hand is read as in a bounded run: the partition with the lowest watermark first.
// When nothing is, the job waits, looks for files that are new or have grown, lets silent partitions go, and commits.
//
// The order taken, the clock reading of an epoch and the partitions that fell silent are in its record, so that the
// same turns can be run again (docs/architecture.md).
#include <algorithm>

#include "runtime/engine/job_run.h"

namespace braid {
namespace {

/// A program that writes a log goes on with a file that was renamed until it is told to open another one.
constexpr int64_t kReplacedAfter = 5'000'000;

}  // namespace

void JobRun::begin_epoch() {
  epoch_now_ = seams_.clock.now_us();
  epoch_began_ = seams_.clock.steady_us();
  engine_->set_now(epoch_now_);
}

bool JobRun::commit_is_due() const {
  // While one is on its way the next one waits for it anyway, and grows.
  return options_.follow && turns_since_commit_ > 0 && !in_flight_ &&
         seams_.clock.steady_us() - epoch_began_ >= options_.commit_every_us;
}

Status JobRun::look_at_inputs() {
  looked_at_ = seams_.clock.steady_us();
  bool reopened = false;
  BRAID_ASSIGN(const std::vector<JobInputs::Partition*> added, inputs_.find_new());
  if (!added.empty()) feed_->give_up_all();
  for (JobInputs::Partition* partition : added) {
    engine_->add_partition(partition->source, partition->name);
    feed_->add(*partition);
    partition->quiet_since = looked_at_;
    reopened = true;
  }
  BRAID_ASSIGN(const std::vector<JobInputs::Partition*> grown, inputs_.find_grown());
  for (JobInputs::Partition* partition : grown) {
    partition->exhausted = false;
    feed_->reopen(*partition);
    if (!engine_->clock(partition->source, partition->ordinal).ended) continue;
    engine_->reopen_partition(partition->source, partition->ordinal);
    reopened = true;
  }
  // Time is settled before their first turn.
  if (reopened) engine_->move_time();
  return {};
}

void JobRun::finish_replaced() {
  for (JobInputs::Partition* partition : inputs_.find_replaced(seams_.clock.steady_us() - kReplacedAfter)) {
    partition->exhausted = false;
    feed_->reopen(*partition);
  }
}

Status JobRun::let_silent_ones_go() {
  const int64_t now = seams_.clock.steady_us();
  bool any = false;
  for (const JobInputs::Partition& partition : inputs_.partitions()) {
    const SourceSpec& spec = program_.sources[partition.source];
    if (!partition.exhausted || spec.is_static() || !spec.idle_us || now - partition.quiet_since < *spec.idle_us)
      continue;
    if (!engine_->clock(partition.source, partition.ordinal).active()) continue;
    if (!any && turns_since_commit_ == 0) begin_epoch();
    any = true;
    engine_->set_idle(partition.source, partition.ordinal);
    epoch_flips_.push_back({epoch_turn_count_, static_cast<uint32_t>(partition.source), partition.ordinal});
  }
  if (!any) return {};
  engine_->move_time();
  BRAID_TRY(engine_->health());
  ++turns_since_commit_;
  return {};
}

Status JobRun::follow() {
  while (!stops()) {
    BRAID_TRY(take_finished());
    if (seams_.clock.steady_us() - looked_at_ >= options_.look_every_us) {
      BRAID_TRY(look_at_inputs());
      finish_replaced();
      BRAID_TRY(let_silent_ones_go());
    }
    if (JobInputs::Partition* partition = inputs_.choose(*engine_)) {
      BRAID_TRY(step(*partition));
      continue;
    }
    if (commit_is_due()) BRAID_TRY(commit());
    if (options_.progress) options_.progress(progress_of(*engine_, turns_));
    seams_.clock.sleep_us(options_.look_every_us);
  }
  return commit_rest();
}

}  // namespace braid
