// Turns as data arrives. What is at hand is read as in a bounded run: the partition with the lowest watermark first.
// When nothing is, the job waits, looks for files that are new or have grown, lets silent partitions go, and commits.
//
// The order taken, the clock reading of an epoch and the partitions that fell silent are in its record, so that the
// same turns can be run again (docs/architecture.md).
#include <algorithm>

#include "runtime/engine/job_turns.h"

namespace braid {
namespace {

/// A program that writes a log goes on with a file that was renamed until it is told to open another one.
constexpr int64_t kReplacedAfter = 5'000'000;

}  // namespace

void JobTurns::begin_epoch() {
  epoch_now_ = seams_.clock.now_us();
  epoch_began_ = seams_.clock.steady_us();
  engine_->set_now(epoch_now_);
}

int64_t JobTurns::age_us() const {
  return since_commit_ == 0 ? 0 : seams_.clock.steady_us() - epoch_began_;
}

Status JobTurns::look() {
  // Topics say at once that they have more; files are looked at now and then.
  if (seams_.clock.steady_us() - looked_at_ < options_.look_every_us)
    return topics_.reader != nullptr ? wake_grown() : Status();
  BRAID_TRY(look_at_inputs());
  finish_replaced();
  return let_silent_ones_go();
}

void JobTurns::wait(int64_t timeout_us) {
  if (topics_.reader != nullptr)
    topics_.reader->wait(timeout_us);
  else
    seams_.clock.sleep_us(timeout_us);
}

bool JobTurns::at_end() const {
  const auto& partitions = inputs_.partitions();
  return std::all_of(partitions.begin(), partitions.end(), [this](const JobInputs::Partition& each) {
    return program_.sources[each.source].is_static() || (each.exhausted && each.reader->at_end());
  });
}

Status JobTurns::look_at_inputs() {
  looked_at_ = seams_.clock.steady_us();
  BRAID_ASSIGN(const std::vector<JobInputs::Partition*> added, inputs_.find_new());
  if (!added.empty()) feed_->give_up_all();
  for (JobInputs::Partition* partition : added) {
    engine_->add_partition(partition->source, partition->name);
    feed_->add(*partition);
    partition->quiet_since = looked_at_;
  }
  note_found();
  if (!added.empty()) move_time();
  return wake_grown();
}

Status JobTurns::wake_grown() {
  bool reopened = false;
  BRAID_ASSIGN(const std::vector<JobInputs::Partition*> grown, inputs_.find_grown());
  for (JobInputs::Partition* partition : grown) {
    partition->exhausted = false;
    feed_->reopen(*partition);
    if (program_.sources[partition->source].is_exchange()) continue;  // its time comes with its rows
    if (!engine_->clock(partition->source, partition->ordinal).ended) continue;
    engine_->reopen_partition(partition->source, partition->ordinal);
    note(EpochEvent::Kind::woken, *partition);
    reopened = true;
  }
  // Time is settled before their first turn.
  if (reopened) move_time();
  return {};
}

void JobTurns::finish_replaced() {
  for (JobInputs::Partition* partition : inputs_.find_replaced(seams_.clock.steady_us() - kReplacedAfter)) {
    partition->exhausted = false;
    feed_->reopen(*partition);
  }
}

Status JobTurns::let_silent_ones_go() {
  const int64_t now = seams_.clock.steady_us();
  bool any = false;
  for (const JobInputs::Partition& partition : inputs_.partitions()) {
    const SourceSpec& spec = program_.sources[partition.source];
    if (!partition.exhausted || spec.is_static() || !spec.idle_us || now - partition.quiet_since < *spec.idle_us)
      continue;
    if (!engine_->clock(partition.source, partition.ordinal).active() || !partition.reader->at_end()) continue;
    any = true;
    engine_->set_idle(partition.source, partition.ordinal);
    note(EpochEvent::Kind::idle, partition);
  }
  if (!any) return {};
  move_time();
  return engine_->health();
}

}  // namespace braid
