// A task: what one partition number has of the work of a job over a broker, with a store of its own. It runs turns,
// whose results belong to a transaction (transaction.h), and follows what becomes of it.
//
// The broker knows how far the task has come: the offsets that were committed for its inputs carry a token, the number
// of the last epoch and the digest of the chain up to it. The topic of epochs has the records. The store has a
// checkpoint at some epoch up to that. So a task that is taken over goes back to its checkpoint, runs the epochs behind
// it again as they were, with outputs thrown away, and must come to the same digests.
//
// Fails where it must not go on: 8017 a checkpoint that the broker does not know, 8018 one with another history, 8019
// records of epochs that are gone, 8020 epochs that cannot be repeated, and as stores and inputs fail. One thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/frozen_epoch.h"
#include "runtime/engine/job_monitor.h"
#include "runtime/engine/job_store.h"
#include "runtime/engine/job_turns.h"
#include "runtime/erasure/erasure_note.h"
#include "runtime/snapshot/upload.h"
#include "runtime/tasks/answer_records.h"
#include "runtime/tasks/epoch_tree.h"
#include "runtime/tasks/row_tap.h"
#include "runtime/tasks/task_volumes.h"
#include "runtime/tasks/topic_outputs.h"

namespace braid {

/// How far a task has come, as the metadata of its offsets has it. `heard`: what it has got of tasks of other stages.
/// `volumes`: as volumes_text() has them.
std::string token_text(const EpochChain& chain, uint64_t heard = 0, std::string_view volumes = {});
std::optional<EpochChain> read_token(std::string_view text);
uint64_t read_heard(std::string_view text);
/// Empty: it has none.
std::string_view read_volumes_of(std::string_view text);
/// All epochs up to these, of each task that sends to it, in the order of its sources.
uint64_t heard_of(std::span<const uint64_t> epochs);

class TaskRun {
 public:
  struct Place {
    int32_t number = 0;  ///< within the job
    int32_t number_in_stage = 0;
    TopicPartition epochs;  ///< where its records of epochs are
    int64_t checkpoint_every_us = 5'000'000;
    /// Without transactions an old commit of offsets may be done once more behind later ones.
    bool offsets_may_go_back = false;
    /// Steady clock: records of epochs that are not there then are gone.
    int64_t wait_until = 0;
    SnapshotStore* snapshots = nullptr;  ///< null: the store here is all there is
    int64_t snapshot_every_us = 10'000'000;
    /// Subjects that a task passes over which has no epoch yet. Others have theirs in their history.
    ErasureLog erasures = {};
    /// The task is made again without the subjects of JobOptions::erased, and does not go on (erase.h).
    bool erases = false;
    bool only_replays = false;  ///< it ends where its last epoch does
    RowTap* tap = nullptr;      ///< gets what the epochs give that are run again
  };

  /// `options`: of the task alone, with its own directory. All outlives it.
  TaskRun(const Place& place, const Program& program, JobOptions options, const JobSeams& seams, OutputTopics& topics,
          Transaction& transaction);

  /// Nobody else writes its store from then on; 8001 if somebody does.
  Status lock();
  /// It outlives the task.
  std::unique_ptr<FileLock> keep_lock() { return std::move(lock_); }
  /// Goes to where the broker says that the task is: `committed` are the offsets of its inputs, read behind lock(). So
  /// a store is never ahead of them because its owner of before went on meanwhile.
  Status recover(const std::vector<BrokerGroup::Committed>& committed);
  /// It failed because records cannot be seen yet: another attempt may succeed.
  bool waits() const { return waits_; }
  /// It failed because what is stored is of a branch that does not count: without its store it can be recovered.
  bool begins_anew() const { return begins_anew_; }
  /// For people.
  Diagnostic waiting_for() const;

  /// Runs a turn, or without one copies a piece of a checkpoint. False: nothing is at hand.
  Result<bool> run();
  /// A turn that tells of promises; no epoch is being committed.
  Status tell(const std::vector<PromiseChange>& changes) { return turns_.tell(changes); }
  /// All inputs are read to their end, where they have one.
  bool at_end() const { return turns_.at_end(); }
  /// There is something to commit.
  bool has_work() const { return turns_.since_commit() > 0; }
  /// There is more to commit, or in memory, than should be.
  bool full() const;

  /// What was run since the last one becomes an epoch: its record goes into the transaction, these offsets with the
  /// transaction's, and the times behind all. False: nothing was run. The next turns belong to the next epoch, which
  /// ends only after committed().
  Result<bool> end_epoch(std::vector<OffsetToCommit>& offsets, ExchangeTimes& times);
  /// The offsets of the last epoch, so that the brokers keep them. Nothing was run since.
  void repeat_offsets(std::vector<OffsetToCommit>& offsets);
  /// Steady clock: when they were committed last, or it was recovered.
  int64_t offsets_at() const { return offsets_at_; }
  /// An epoch has ended whose transaction is not committed yet.
  bool is_committing() const { return is_committing_; }
  /// Of a task that is made again without subjects: its next epoch says so. `log`: all that it passes over.
  void note_erasure(const ErasureLog& log);
  /// Rows of its state that are in no memory; behind close().
  Result<int64_t> stored_rows();
  /// The transaction with the epoch has been committed, cleanly.
  Status committed();
  /// It is given up: everything that is committed goes into the store. Behind committed(), and nothing was run since.
  Status close();

  JobReport report() const;
  /// Of a member, which has other tasks, too.
  void add_to_status(JobStatus& status);
  /// What it has done since the last call.
  void add_to_work(MemberWork& work);
  const TurnEngine& engine() const { return turns_.engine(); }
  /// What it has counted for promises of `volume`, up to the last epoch that is committed.
  TaskVolumes volumes() const;

 private:
  /// Reads records of epochs, in order, from that offset on until `visit` returns false. Waits for those that cannot be
  /// seen yet, or ends at `end`. Answers of services that lie between them are collected, or left.
  using VisitEpoch = std::function<Result<bool>(EpochRecord&& record, int64_t offset)>;
  Status read_epochs(int64_t from, const VisitEpoch& visit, AnswerPieces* answers = nullptr, int64_t end = INT64_MAX);
  /// All records there are from that offset on, up to that of `last`, or of an epoch in its place.
  Result<EpochTree> read_tree(int64_t from, int64_t end, const EpochChain* last = nullptr);
  Status replay(const EpochChain& token);
  /// Finds which subjects it passes over: those of its store, of its history, or of a task that begins.
  Status find_erasures(const EpochChain& token);
  /// Without transactions: the token, or what is stored.
  Result<EpochChain> where_to_go_on(const EpochChain& token);
  Result<std::vector<EpochChain>> stored_snapshots();
  /// The begin of the job, or a snapshot, is on it.
  static bool can_begin_on(const EpochPath& path, std::span<const EpochChain> snapshots);
  /// Where the records are that the store does not have.
  Status read_epochs_from();
  void write_to_epochs(std::string_view value);
  /// The epoch behind the last one, whose record has that offset.
  Status run_again(const EpochRecord& epoch, int64_t offset);
  /// A task without a store begins with a snapshot that is on the chain up to the token, if there is one.
  Status fetch_store(const EpochChain& token);
  /// The store is as of a checkpoint: time for the next snapshot, perhaps.
  Status store_snapshot();
  /// Who takes the task over begins with one of the last two snapshots: records before those are gone.
  void cut_topics();
  /// What the job goes on with all the same.
  void note(Diagnostic warning);
  /// Where it stands in what it reads of other stages.
  std::vector<BrokerGroup::Committed> exchange_positions() const;
  uint64_t heard() const;
  /// Counts go on where the commit says that they were.
  void restore_volumes(const std::vector<BrokerGroup::Committed>& committed);
  SnapshotOwner owner() const;
  /// If no broker answers, it waits.
  BrokerResult<OffsetRange> epochs_range();
  /// What is stored does not lead to the token.
  Error off_chain() const;
  /// The record of the next epoch is not there.
  Error gone() const;
  Status check_offsets(const std::vector<BrokerGroup::Committed>& committed) const;
  void add_offsets(const EpochChain& chain, std::vector<OffsetToCommit>& offsets) const;
  bool checkpoint_is_due() const;
  /// Before the record of an epoch is written: it and all that come later lie behind what there is.
  void note_epochs_end();
  /// A checkpoint, and rows out of memory if there are too many.
  Status keep_to_budget();
  /// Rows out of memory if there are too many, and the store has all.
  Status evict();
  /// Writes what has changed since the last one into the store, beside the next turns.
  Status checkpoint();
  /// What a checkpoint of the epoch `record_` takes, as of now. `counts`: it is committed.
  Status freeze(FrozenEpoch::Counts counts);
  /// The epoch that is frozen counts.
  void note_stored();
  Status wait_for_checkpoint();
  bool reads_topic(const JobInputs::Partition& partition) const;

  const Place place_;
  const Program& program_;
  const std::vector<const PromiseSpec*> volume_promises_;
  const JobOptions options_;
  const JobSeams& seams_;
  Transaction& transaction_;
  std::unique_ptr<FileLock> lock_;  ///< a folder that a snapshot is fetched to is empty, so it lies beside it
  JobStore store_;
  OutputTopics& topics_;
  TopicOutputs outputs_;
  JobTurns turns_;
  AnswerPieces answers_;  ///< of epochs that are to be run again

  std::vector<int64_t> rows_before_;            ///< of each product, when it had been recovered
  std::vector<JobReport::Product> shown_;       ///< as of an epoch that is committed
  std::vector<JobReport::Product> committing_;  ///< as of the one that is being committed; empty: nobody has asked
  bool is_asked_ = false;                       ///< for what the next epoch has
  EpochChain last_;                             ///< the last epoch that is committed
  EpochRecord record_;                          ///< of the epoch that is being committed, or of the last one
  bool is_committing_ = false;
  EpochChain stored_;  ///< that the store has, or will have with the checkpoint on its way
  /// What a task that begins with some state needs of topics that nobody else needs.
  struct Needed {
    int64_t epochs_from = 0;                        ///< as epochs_from_
    std::vector<BrokerGroup::Committed> exchanges;  ///< records from these offsets on
  };
  Needed stored_needs_;  ///< of what is stored
  Needed frozen_needs_;  ///< of what is frozen last
  int64_t stored_at_ = 0, offsets_at_ = 0;
  int64_t epochs_from_ = 0;  ///< records of epochs behind the last one have this offset or a higher one
  uint64_t commits_ = 0;
  uint64_t shown_turns_ = 0;                              ///< by add_to_work()
  std::vector<std::pair<int64_t, int64_t>> shown_reads_;  ///< records and bytes, by partition of the inputs
  bool waits_ = false;
  bool begins_anew_ = false;
  uint64_t committed_epoch_ = 0;  ///< when it began to recover
  std::unique_ptr<SnapshotUploader> uploader_;
  int64_t snapshot_at_ = 0;            ///< steady clock
  Needed uploading_needs_;             ///< of the snapshot on its way
  std::deque<Needed> snapshot_needs_;  ///< of those that are stored, the last two
  std::vector<Diagnostic> warnings_;

  std::optional<EpochTree> tree_;  ///< of all records, where it was read to find erasures
  ErasureLog passed_;              ///< subjects that it passes over
  std::string stated_volumes_;     ///< of a task that is made again: what the commit of before says, and the next one
  /// Epochs before this one, of which the record has an erasure, have given other rows when they were run first.
  uint64_t erased_epoch_ = 0;
  uint64_t erased_outputs_ = 0;  ///< what its record says of all of them
  uint64_t made_outputs_ = 0;    ///< what they gave now

  /// A checkpoint on its way; let go of before the store. That of an epoch that is being committed waits for it.
  std::unique_ptr<FrozenEpoch> in_flight_;
};

}  // namespace braid
