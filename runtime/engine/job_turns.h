// The turns of a job: inputs, the engine that runs them, and the record of what was run since the last commit, from
// which the same turns can be run again. Reads what there is (bounded), or goes on as data arrives (follow.cpp).
// Commits nothing. Internal to the jobs of the runtime. One thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/engine/epoch.h"
#include "runtime/engine/job.h"
#include "runtime/engine/job_inputs.h"
#include "runtime/engine/job_store.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/engine/turn_feed.h"
#include "runtime/lookup/lookups.h"

namespace braid {

class JobTurns {
 public:
  /// Where `meta` has the clock reading of a bounded run that is not over: of its look-ups, and of what arrives.
  static constexpr std::string_view kRunReading = "lookup_reading";

  JobTurns(const Program& program, const JobOptions& options, const JobSeams& seams);

  /// Within a turn: the store, once nothing is being written into it. Answers of services are recorded there. Without
  /// it they belong to the record of the epoch (take_answers).
  using StoreInTurn = std::function<Result<StateStore*>()>;
  void record_answers_in(StoreInTurn store) { store_in_turn_ = std::move(store); }
  /// Finds the inputs, and makes the engine, with what the store has of its state.
  Status open(JobStore& store, OutputWriter& output);
  /// The same for a store in which turns of another one are run again: the inputs are those that `known`, the other
  /// one, has. Partitions are met as its epochs find them.
  Status open_again(JobStore& store, StateStore& known, OutputWriter& output);
  /// Behind open(), before anything is read: records of these subjects are passed over. Fails with 7325.
  Status pass_over(const ErasureLog& log);
  /// The epoch has an erasure: its state is one without the subjects that are passed over. `note`: an ErasureNote.
  void note_erasure(const std::string& note);
  /// Behind open_again(): the engine has the partition from here on.
  void meet(JobInputs::Partition& partition);
  Status load_tables();
  /// An epoch that was run before, behind what has been run: its turns as they were. Afterwards end_epoch() gives the
  /// same record, or what was read is not what it was. Fails with 8020. `answers`: what services answered in it; nobody
  /// is asked again. What they are a digest of, the caller has compared.
  Status replay(const EpochRecord& record, std::string_view answers = {});
  /// Behind all that: partitions that are new, and files that have grown since they ended.
  Status begin();

  /// The next to take a turn; none: nothing is at hand.
  JobInputs::Partition* choose() { return inputs_.choose(*engine_); }
  /// The partition's next turn. False: there was none, and nothing has happened.
  Result<bool> run(JobInputs::Partition& partition);

  // With `follow`.
  /// What changes without a turn: inputs that have got more, now and then new ones, and silence.
  Status look();
  /// Until a topic has more, or the time is over.
  void wait(int64_t timeout_us);
  /// Promises of products are breached, or have recovered, by what the clock reads: a part of the epoch.
  Status tell(const std::vector<PromiseChange>& changes);
  /// How long the epoch has had turns that are in no commit; 0 without such.
  int64_t age_us() const;

  /// Of a bounded job: all that there was has been run. The next run has a clock reading of its own.
  void end_run() { run_ends_ = keeps_reading(); }
  bool run_ends() const { return run_ends_; }

  /// Turns, and other things that have happened, since the last commit.
  uint64_t since_commit() const { return since_commit_; }
  /// Reference data is not as the last commit knows it.
  bool tables_changed() const { return tables_changed_; }
  uint64_t turns() const { return turns_; }

  // The memory of the state.
  bool is_over_budget(const StateSize& state) const { return state.bytes > evict_above_; }
  /// So much is in no commit that one has to come.
  bool has_much_to_commit(const StateSize& state) const { return state.dirty > options_.state_memory / kDirtyPart; }
  /// Rows leave memory. Directly behind a commit: they go only if the store has them.
  Status evict();

  /// What belongs to the epoch that ends here; the next one begins.
  EpochRecord end_epoch(const EpochChain& last);
  /// What services answered in the epoch that ended last, where there is no store to record it in.
  std::string take_answers() { return std::exchange(ended_answers_, {}); }
  /// Of those of the epoch that goes on, the bytes.
  size_t answers_bytes() const { return answers_.size(); }
  /// Positions, and what reference data is like, as of the end of the epoch.
  Status freeze(StateBatch& batch);

  TurnEngine& engine() { return *engine_; }
  const TurnEngine& engine() const { return *engine_; }
  const JobInputs& inputs() const { return inputs_; }
  std::deque<JobInputs::Partition>& partitions() { return inputs_.partitions(); }
  /// Of records of topics.
  const TraceBook& traces() const { return traces_; }
  /// All that is at hand has been run, and nothing more is to come.
  bool at_end() const;
  const std::vector<Diagnostic>& warnings() const { return warnings_; }

 private:
  /// Of the memory for state: more that no commit has yet is committed at once, so that what a commit takes is bounded.
  static constexpr uint64_t kDirtyPart = 6;

  /// Where the program asks services: what an earlier run had recorded, and where this one records.
  Status open_lookups(StateStore& store);
  Status record_answers(uint64_t turn, uint32_t part, std::string_view answers);
  Status replay_events(const EpochRecord& record);
  /// Results of a bounded run depend on its clock reading.
  bool keeps_reading() const;
  /// Of a bounded run.
  Status read_clock(StateStore& store);
  Status open(JobStore& store, StateStore& known, OutputWriter& output);
  /// Where a source is bound to a topic.
  Status connect();
  /// Of sources that other stages read.
  Status name_partitions();
  void add_to_engine(const JobInputs::Partition& partition);
  Status read_table(int source);
  /// The next turns belong to an epoch of their own, whose clock reading this is.
  void begin_epoch();
  void note(EpochEvent::Kind kind, const JobInputs::Partition& partition, int64_t end = 0);
  void note_found(JobInputs::Partition& partition);
  void note_found();
  /// Files that are new and files that have grown.
  Status look_at_inputs();
  /// Partitions at their end that have got more.
  Status wake_grown();
  /// Files that have been renamed or deleted and get nothing more.
  void finish_replaced();
  /// Partitions that have been silent long enough hold time back no longer. The time of those whose source says so goes
  /// on by the clock.
  Status let_silent_ones_go();
  bool let_time_follow(const std::vector<const JobInputs::Partition*>& silent);
  /// Rows that have waited as long as they may by the wall clock.
  Status let_waited_ones_go();
  /// What time allows is released, as a part of the epoch.
  void move_time();
  void run_move();
  /// The same for rows that have waited long enough by the epoch's clock reading.
  void run_waited();
  void run_told(const PromiseChange& change);
  void run_erased(const std::string& note);
  void set_clock(int64_t now);

  const Program& program_;
  const JobOptions& options_;
  const JobSeams& seams_;
  TopicAccess topics_;
  TraceBook traces_;
  std::unique_ptr<BrokerReader> reader_;
  JobInputs inputs_;
  std::unique_ptr<Lookups> lookups_;  ///< null: the program asks no services
  StoreInTurn store_in_turn_;
  std::string answers_;        ///< of the epoch, without a store
  std::string ended_answers_;  ///< of the last one
  bool run_ends_ = false;
  std::unique_ptr<TurnEngine> engine_;
  std::unique_ptr<TurnFeed> feed_;
  bool goes_on_ = false;  ///< behind commits of an earlier run
  bool reads_again_ = false;
  std::set<const JobInputs::Partition*> unmet_;  ///< of open_again()

  EpochRecord record_;  ///< of what was run since the last commit
  uint64_t since_commit_ = 0;
  int64_t epoch_now_ = 0;                ///< with `follow`: the clock reading of its turns
  int64_t epoch_began_ = 0;              ///< steady clock
  int64_t looked_at_ = 0;                ///< the inputs, steady clock
  std::optional<int64_t> waited_since_;  ///< steady clock: a row has been due since then
  std::optional<int64_t> waited_at_;     ///< steady clock: when rows were let go last
  std::optional<int64_t> followed_at_;   ///< steady clock: when the time of silent partitions followed the clock last
  uint64_t turns_ = 0;
  uint64_t evict_above_;  ///< bytes of state

  std::map<std::string, uint64_t> table_digests_;
  bool tables_changed_ = false;
  std::vector<Diagnostic> warnings_;
};

}  // namespace braid
