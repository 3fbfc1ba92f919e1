// A job over files, from recovery to the last commit (job.h). Internal to the engine folder.
#pragma once

#include "runtime/engine/frozen_epoch.h"
#include "runtime/engine/job.h"
#include "runtime/engine/job_store.h"
#include "runtime/engine/job_turns.h"
#include "runtime/engine/job_views.h"

#define BRAID_KILL_POINT(name) \
  if (options_.kill_point) options_.kill_point(name)

namespace braid {

class JobRun {
 public:
  JobRun(const Program& program, const JobOptions& options, const JobSeams& seams);
  /// Waits for those who read views.
  ~JobRun() {
    if (options_.view_host != nullptr) options_.view_host->close();
  }

  Status recover();
  /// To the end of all inputs, or until it is asked to stop. The last commit is still to be waited for.
  Status run_turns();
  /// The same with inputs that have no end.
  Status follow();
  /// Freezes the epoch, all that has changed since the last one, and has it written beside the next turns. Waits for
  /// the commit before it; what that one failed with ends the job here.
  Status commit();
  /// Between turns: copies some of the rows that are frozen, and has the commit written once all are copied.
  void go_on_with_commit();
  /// Until no commit is in flight; its error, if it failed.
  Status wait_for_commit();
  JobStore& store() { return store_; }
  JobReport report() const;
  /// To whoever watches the job. `at_edge`: before the first turn or behind the last commit.
  void show_progress(bool at_edge = false);

 private:
  bool stops();
  /// Another job waits for the store (hand_over.h).
  bool is_asked_for();
  /// Work beside the turns that is done: its errors end the job here.
  Status take_finished();
  Status step(JobInputs::Partition& partition);
  /// Commits, if there is anything to commit.
  Status commit_rest();
  bool commit_is_due() const;
  /// Commits, and evicts, where it is time.
  Status keep_to_budget();
  Result<StateBatch> freeze_epoch();
  Status write_epoch(StateBatch& batch);

  const JobOptions& options_;
  const Program& program_;
  const JobSeams& seams_;
  JobStore store_;
  OutputFiles outputs_;
  JobViews views_;
  JobTurns turns_;

  EpochChain last_;  ///< the last epoch that was frozen
  uint64_t commits_ = 0;
  bool drained_ = false;
  int64_t looked_for_request_ = 0;  ///< steady clock

  /// The commit of the epoch `last_` on its way; let go of before the store and the outputs.
  std::unique_ptr<FrozenEpoch> in_flight_;
};

}  // namespace braid
