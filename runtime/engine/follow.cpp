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
/// To find the rows that have waited long enough costs a look at those that arrived at about the same time.
constexpr int64_t kBetweenReleases = 250'000;
/// Each is an epoch of its own where nothing else happens.
constexpr int64_t kBetweenFollows = 1'000'000;
/// What rows wait for may be at hand, as behind a restart: it is read first, for so long.
constexpr int64_t kReadFirst = 1'000'000;

}  // namespace

void JobTurns::begin_epoch() {
  set_clock(seams_.clock.now_us());
  epoch_began_ = seams_.clock.steady_us();
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
  BRAID_TRY(let_silent_ones_go());
  return let_waited_ones_go();
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
  std::vector<const JobInputs::Partition*> silent;
  for (const JobInputs::Partition& partition : inputs_.partitions()) {
    const SourceSpec& spec = program_.sources[partition.source];
    if (!partition.exhausted || spec.is_static() || !spec.idle_us || now - partition.quiet_since < *spec.idle_us)
      continue;
    const PartitionClock& clock = engine_->clock(partition.source, partition.ordinal);
    if (clock.ended || !partition.reader->at_end()) continue;
    if (spec.idle_advances && !spec.is_exchange()) silent.push_back(&partition);
    if (clock.idle) continue;
    any = true;
    engine_->set_idle(partition.source, partition.ordinal);
    note(EpochEvent::Kind::idle, partition);
  }
  any |= let_time_follow(silent);
  if (!any) return {};
  move_time();
  return engine_->health();
}

bool JobTurns::let_time_follow(const std::vector<const JobInputs::Partition*>& silent) {
  // What is read to an end that is known has the time of its records.
  if (silent.empty() || options_.until_caught_up) return false;
  const int64_t steady = seams_.clock.steady_us();
  if (followed_at_ && steady - *followed_at_ < kBetweenFollows) return false;
  followed_at_ = steady;
  if (since_commit_ == 0) begin_epoch();
  bool any = false;
  for (const JobInputs::Partition* partition : silent) {
    const int64_t time = subtract_time(epoch_now_, *program_.sources[partition->source].idle_us);
    const PartitionClock& clock = engine_->clock(partition->source, partition->ordinal);
    if (clock.follows && time <= clock.max) continue;
    engine_->follow_clock(partition->source, partition->ordinal, time);
    note(EpochEvent::Kind::followed, *partition, time);
    any = true;
  }
  return any;
}

Status JobTurns::let_waited_ones_go() {
  // What is read to an end that is known is joined as if it had been there from the start.
  if (options_.until_caught_up) return {};
  const int64_t steady = seams_.clock.steady_us();
  if (waited_at_ && steady - *waited_at_ < kBetweenReleases) return {};
  const std::optional<int64_t> due = engine_->next_due();
  BRAID_TRY(engine_->health());
  const int64_t now = since_commit_ == 0 ? seams_.clock.now_us() : epoch_now_;
  if (!due || *due > now) {
    waited_since_.reset();
    return {};
  }
  if (!waited_since_) waited_since_ = steady;
  if (choose() != nullptr && steady - *waited_since_ < kReadFirst) return {};
  waited_since_.reset();
  waited_at_ = steady;
  if (since_commit_ == 0) begin_epoch();
  run_waited();
  return engine_->health();
}

}  // namespace braid
