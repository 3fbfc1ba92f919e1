// A program run as a job over a broker: topics in, topics out, each record exactly once, by as many members as there
// are tasks, in one process or many.
//
// Tasks are numbered; task n has the partitions with number n of all its topics, and a store in the directory
// `tasks/n`. Where rows of different partitions meet in a step, another stage of tasks follows (stages.h).
#pragma once

#include <functional>
#include <map>

#include "runtime/connect/broker_settings.h"
#include "runtime/connect/topic_binding.h"
#include "runtime/engine/job.h"
#include "runtime/engine/job_monitor.h"
#include "runtime/snapshot/snapshot_store.h"
#include "runtime/tasks/task_volumes.h"

namespace braid {

struct MemberStatus {
  JobStatus job;                       ///< of its tasks that are at work
  MemberWork work;                     ///< since the status before
  size_t running = 0, recovering = 0;  ///< tasks
  std::vector<int32_t> tasks;          ///< both
  bool ready = false;                  ///< it was given its tasks, and has recovered them
  /// Of promises of `volume`, by task: of those at work here, and of others, as their last commits say.
  std::map<int32_t, TaskVolumes> volumes = {};
  bool last = false;  ///< it leaves: all has been committed
};

/// What people are shown of a stage.
struct StageOutline {
  int32_t tasks = 1;
  std::vector<std::string> reads;  ///< topics
};

struct TopicJobOptions {
  JobOptions job;  ///< of the whole job; `commit_every_us` is the time from a turn to its commit
  BrokerSettings broker;
  std::map<int, TopicBinding> outputs;  ///< of every product
  int64_t checkpoint_every_us = 5'000'000;
  /// Offsets of a task that has nothing to do are committed again: brokers forget what is as old as their
  /// offsets.retention.minutes, seven days if nobody says otherwise.
  int64_t repeat_offsets_every_us = int64_t{24} * 3600 * 1'000'000;
  /// Runs commits beside the turns, by start_io(), and nothing else, so that no slow disk holds them up. Null:
  /// JobSeams::executor. One for each member.
  Executor* commits = nullptr;
  /// What all instances see; null: a task that moves to another machine is run again from its beginning.
  SnapshotStore* snapshots = nullptr;
  int64_t snapshot_every_us = 10'000'000;
  /// Called once on the member's thread, with the stages of the job.
  std::function<void(const std::vector<StageOutline>& stages)> on_layout;
  /// Called on the member's thread four times a second, and when it leaves.
  std::function<void(const MemberStatus& status)> on_status;
  /// Called on the member's thread while it has a task at work: what has changed of promises since the last call, by
  /// any member. The member writes it as rows of `alerts`, in its next commit or the one after an abort.
  std::function<std::vector<PromiseChange>()> take_changes;
};

/// Runs one member, on this thread. JobSeams::broker is its own. The report is about the tasks that it has at the end.
Result<JobReport> run_topic_job(const Program& program, const TopicJobOptions& options, const JobSeams& seams);

/// What one member has done, or one task, becomes a part of what all have.
void add_to_report(const JobReport& part, JobReport& whole);
void add_to_progress(const JobProgress& part, JobProgress& whole);
void add_to_figures(const StoreFigures& part, StoreFigures& whole);

}  // namespace braid
