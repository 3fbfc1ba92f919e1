// The store of a job, or of one of its tasks: the folder locked, the state opened and checked, the program's steps
// matched with what is stored. What is committed to it, and when, is the business of whoever runs the turns.
// Internal to the jobs of the runtime. One thread, but for the proof.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/engine/epoch.h"
#include "runtime/engine/history.h"
#include "runtime/engine/job.h"
#include "runtime/engine/operator_state.h"
#include "runtime/engine/store_identity.h"

namespace braid {

/// Where `meta` has the record of an epoch; they are numbered from 1, and sort so.
inline constexpr std::string_view kEpochPrefix = "epochs/";
std::string epoch_key(uint64_t epoch);
/// The record, as the last one, goes into `meta`.
void put_epoch(StateBatch& batch, const EpochRecord& record);

/// The lock of a store, whose directory is made; 8001 if another job holds it.
Result<std::unique_ptr<FileLock>> lock_store(Fs& fs, const std::string& directory);
/// Fails with 8049 where an erasure has begun to put its files in the place of the store's (erase.h).
Status check_no_erasure(Fs& fs, const std::string& directory);

Error store_error(const Diagnostic& diagnostic);

class JobStore {
 public:
  JobStore(const Program& program, const JobOptions& options, const JobSeams& seams)
      : program_(program), options_(options), seams_(seams) {}

  /// `held`: the lock, if it has been taken already.
  Status lock(std::shared_ptr<FileLock> held = nullptr);
  /// Opens the state, and checks that it is this job's and whole.
  Status open();
  /// Writes what a new store, or one of a changed program, begins with. Rows that are to be rebuilt are there.
  Status begin();
  /// Steps whose rows are to be there before begin(): JobOptions::rebuild.
  bool wants_rebuild() const;
  /// Of a store that is about to begin: the clock reading of another first start.
  void set_started_at(int64_t time) { header_.started_at = time; }
  /// And all else that it is known by: it takes the place of that store.
  void set_header(StoreHeader header) { header_ = std::move(header); }
  /// Begins to verify the whole store, beside the first turns.
  void start_proof();
  /// The proof is there, so that waiting for it takes no time.
  bool proof_is_done() const { return proof_ && proof_->task->done(); }
  /// Until the whole store has been verified; its error, if it is damaged.
  Status wait_for_proof();
  /// Notes beside the state how many commits it has. `finished`: at the end of a run, when lost ones have been made
  /// again.
  Status keep_identity(bool finished);

  StateStore& state() { return *state_; }
  /// The last commit's.
  const EpochChain& last_epoch() const { return last_epoch_; }
  /// Where what has been read is looked for again.
  InputPlaces places() const;
  const StoreHeader& header() const { return header_; }
  const OperatorStates& states() const { return states_; }
  bool fresh() const { return fresh_; }
  /// What of the state does not go on as it was, for people.
  std::vector<std::string> started_empty() const;
  std::vector<std::string> rebuilt() const;
  /// It had more commits, says its identity.
  bool lost_commits() const { return lost_commits_; }
  const std::vector<Diagnostic>& warnings() const { return warnings_; }

 private:
  Status check();
  Status match();
  /// Of `accept` and `rebuild`, which may not name what there is not.
  Status check_names() const;
  /// What the script's changes would lose, and what can be done about it.
  Status misfit(const std::vector<const StateFit*>& lost);
  void put_products(StateBatch& batch) const;

  const Program& program_;
  const JobOptions& options_;
  const JobSeams& seams_;
  std::shared_ptr<FileLock> lock_;
  std::unique_ptr<StateStore> state_;
  StoreHeader header_;
  OperatorStates states_;
  EpochChain last_epoch_;
  bool fresh_ = false;            ///< it was empty
  std::vector<size_t> converts_;  ///< of OperatorStates::conversions
  bool changed_ = false;          ///< the program, in what is stored of it
  bool lost_commits_ = false;
  std::vector<Diagnostic> warnings_;

  struct Proof {
    std::atomic<bool> stop = false;
    Status result;  ///< valid once the task is done
    std::unique_ptr<Task> task;
    ~Proof() { stop = true; }  // then the task is waited for
  };
  std::unique_ptr<Proof> proof_;  ///< let go of before the state
};

}  // namespace braid
