// The parts of a running job (job.h), from recovery to the last commit. Internal to the engine folder.
#pragma once

#include <atomic>

#include "runtime/engine/job.h"
#include "runtime/engine/job_inputs.h"
#include "runtime/engine/operator_state.h"
#include "runtime/engine/store_identity.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/engine/turn_feed.h"

#define BRAID_KILL_POINT(name) \
  if (options_.kill_point) options_.kill_point(name)

namespace braid {

/// Where `meta` keeps the record of a commit; they are numbered from 1, without gaps.
std::string epoch_key(uint64_t epoch);

/// The lock of a store, whose directory is made; 8001 if another job holds it.
Result<std::unique_ptr<FileLock>> lock_store(Fs& fs, const std::string& directory);

class JobRun {
 public:
  JobRun(const Program& program, const JobOptions& options, const JobSeams& seams);

  Status recover();
  Status load_tables();
  /// To the end of all inputs, or until it is asked to stop. The last commit is still to be waited for.
  Status run_turns();
  /// The same with inputs that have no end.
  Status follow();
  /// Freezes the epoch, all that has changed since the last one, and has it written beside the next turns. Waits for
  /// the commit before it; what that one failed with ends the job here.
  Status commit();
  /// Until no commit is in flight; its error, if it failed.
  Status wait_for_commit();
  /// Until the whole store has been verified; its error, if it is damaged.
  Status wait_for_proof();
  /// Notes beside the state how many commits it has. `finished`: at the end of a run, when lost ones have been made
  /// again.
  Status keep_identity(bool finished);
  JobReport report() const;

 private:
  Status check_store();
  Status begin_store();
  Status read_table(int source);
  bool stops();
  /// Work beside the turns that is done: its errors end the job here.
  Status take_finished();
  Status step(JobInputs::Partition& partition);
  /// Commits, if there is anything to commit.
  Status commit_rest();
  // With `follow`.
  /// The next turns belong to an epoch of their own, whose clock reading this is.
  void begin_epoch();
  bool commit_is_due() const;
  /// Files that are new and files that have grown.
  Status look_at_inputs();
  /// Files that have been renamed or deleted and get nothing more.
  void finish_replaced();
  /// Partitions that have been silent long enough hold time back no longer.
  Status let_silent_ones_go();
  /// Commits, and evicts, where it is time.
  Status keep_to_budget();
  Result<StateBatch> freeze_epoch();
  Status write_epoch(StateBatch& batch);
  void note_turn(const JobInputs::Partition& partition, const ReadTurn& turn);

  const Program& program_;
  const JobOptions& options_;
  const JobSeams& seams_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<StateStore> store_;
  OutputFiles outputs_;
  JobInputs inputs_;
  OperatorStates states_;
  std::unique_ptr<TurnEngine> engine_;
  std::unique_ptr<TurnFeed> feed_;

  bool fresh_ = false;  ///< the store was empty
  bool states_changed_ = false;
  bool lost_commits_ = false;  ///< which it had, says its identity
  StoreHeader header_;
  uint64_t epoch_ = 0;  ///< the last frozen
  uint64_t epoch_digest_ = 0;
  std::map<std::string, uint64_t> table_digests_;
  bool tables_changed_ = false;

  WireWriter epoch_turns_;
  uint32_t epoch_turn_count_ = 0;
  struct IdleFlip {
    uint32_t after_turns;  ///< of the epoch
    uint32_t source, partition;
  };
  std::vector<IdleFlip> epoch_flips_;
  int64_t epoch_now_ = 0;    ///< with `follow`: the clock reading of its turns
  int64_t epoch_began_ = 0;  ///< steady clock
  int64_t looked_at_ = 0;    ///< the inputs, steady clock
  uint64_t input_digest_ = 0;
  uint64_t turns_since_commit_ = 0;
  uint64_t evict_above_;
  uint64_t turns_ = 0, commits_ = 0;
  bool drained_ = false;
  std::vector<Diagnostic> warnings_;

  /// That the store is what was written, found out beside the first turns; the first commit waits for it.
  struct Proof {
    std::atomic<bool> stop = false;
    Status result;  ///< valid once the task is done
    std::unique_ptr<Task> task;
    ~Proof() { stop = true; }  // then the task is waited for
  };
  std::unique_ptr<Proof> proof_;  ///< let go of before the store

  /// The commit of `epoch_` on its way.
  struct EpochCommit {
    StateBatch batch;
    uint64_t memory = 0;         ///< that it takes, with what the store makes of it
    Status result;               ///< valid once the task is done
    std::unique_ptr<Task> task;  ///< let go of first: it uses the others
  };
  std::unique_ptr<EpochCommit> in_flight_;  ///< let go of before the store and the outputs
};

}  // namespace braid
