// Runs a Program over turns: the core of a job, of `braid test` and of a dry run. It reads no files and commits nothing
// by itself: turns and the clock reading come from the caller, rows go to an OutputWriter, state goes into a batch.
//
// A turn: decode, `from` kernel, event time; blocks through the operators in topological order (a join takes its right
// input first); then time moves, again in topological order, and rows are released. Equal turns give equal rows,
// however they are cut into blocks.
//
// The Program and the writer outlive the engine. One thread.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi/call_caches.h"
#include "runtime/abi/program.h"
#include "runtime/base/executor.h"
#include "runtime/codec/decoder.h"
#include "runtime/engine/decode_source.h"
#include "runtime/engine/dispositions.h"
#include "runtime/engine/ledger.h"
#include "runtime/engine/output_writer.h"
#include "runtime/operators/operator.h"
#include "runtime/state/store.h"

namespace braid {

struct EngineOptions {
  uint64_t job_seed = 0;      ///< of `random` and `uuid`
  int64_t now = 0;            ///< what `now()` gives, and what `ahead` is measured by; see set_now
  int64_t until = INT64_MAX;  ///< records of later times are rejected, too: to see what has come to be by then
  /// Number of each operator's state tables; empty: by its index. Numbers stay with identities across program versions.
  std::vector<uint32_t> state_numbers;
  size_t workers = 1;                ///< 1 to 64, that share what keyed steps do; seen in no result
  Executor* executor = nullptr;      ///< outlives the engine; null: workers take turns
  uint32_t block_rows = kBlockRows;  ///< rows a step takes at once, 1 to kBlockRows; seen in no result
  uint64_t round_rows = kRoundRows;  ///< rows that time releases at once; seen in their order alone
  ReadAhead read_ahead = {};         ///< of what restore() left in the store
  /// Where evicted rows are read back from, with all that was frozen and committed; outlives the engine. Null: no
  /// row is evicted.
  StateStore* store = nullptr;
  uint64_t state_memory = UINT64_MAX;  ///< rows beyond that are read from the store only when they are wanted
  Lookups* lookups = nullptr;          ///< asks the services of the program; outlives the engine. Null: it has none
};

class TurnEngine : private PartitionClocks {
 public:
  static Result<std::unique_ptr<TurnEngine>> make(const Program& program, OutputWriter& output,
                                                  const EngineOptions& options);
  ~TurnEngine() override;

  // ---- partitions. All of a source's are added before its first turn, or when they are found.

  /// Its ordinal within the source. A partition found after time has moved begins at the task's watermark.
  uint32_t add_partition(int source, std::string name);
  /// Under that ordinal, which no partition has; those below it that are not added have ended, as far as this engine is
  /// concerned.
  void add_partition(int source, uint32_t ordinal, std::string name);
  /// A partition that another stage reads, whose rows come here.
  void name_partition(int source, uint32_t ordinal, std::string name);
  size_t partition_count(int source) const { return partition_names_[source].size(); }
  const PartitionClock& clock(int source, uint32_t partition) const { return clocks_[source][partition]; }
  /// What of the source's time decides when its partition takes its next turn.
  int64_t turn_watermark(int source, uint32_t partition) const;
  /// CSV: the header of a partition that is not read from its start, for what rejected rows say.
  void set_header(int source, uint32_t partition, std::string_view header) {
    dispositions_.set_header(static_cast<uint32_t>(source), partition, header);
  }
  /// The least W of all partitions neither idle nor ended; never goes back.
  int64_t task_watermark() const { return task_watermark_; }

  /// The largest event time seen in any partition; kNoTime before the first.
  int64_t newest() const;

  // ---- what happens, in order

  void set_now(int64_t now) { call_.now = now; }
  /// Of the clock by which rows wait (`wait at most`): turns from now on are run then. It never goes back.
  void set_wall(int64_t reading) { reading_ = reading; }
  /// What it shows: when rows arrive that come now.
  int64_t wall() const { return std::max(wall_, reading_); }
  /// When the first row will have waited as long as it may; none: no row waits for a limited time.
  std::optional<int64_t> next_due();
  /// A turn of its own in which nothing arrives: rows that have waited that long go on.
  void release_waited();
  /// A turn of its own in which nothing arrives, and products tell their readers of the change.
  void tell(const PromiseChange& change);
  /// Rows that `run_from` gave, or records that have been decoded; their memory lives until the turn is over. `ends`:
  /// the partition ends with this turn.
  void run_turn(int source, uint32_t partition, const SourceRows& rows, bool ends);
  void run_turn(int source, uint32_t partition, const DecodedTurn& turn, bool ends);
  /// Input bytes, decoded by the source's declaration. `input.source` and `partition` are filled in.
  void run_turn(TurnInput input, Decoder& decoder, int source, uint32_t partition, bool ends);
  /// A turn of a static table; `silent`: it was read before, and only fills the table again.
  void load_table(int source, const SourceRows& rows, bool silent);
  void load_table(int source, uint32_t partition, const DecodedTurn& turn, bool silent);
  void load_table(TurnInput input, Decoder& decoder, int source, uint32_t partition, bool silent);
  /// What kernels that run ahead of their turn are called with, but for arena and caches: those are their own. As of
  /// the partitions and the clock reading at hand.
  const CallContext& call() const { return call_; }
  /// What the row-by-row steps directly behind a source make of its rows, before their turn. On any thread.
  void run_ahead(int source, SourceRows& rows, Arena& arena, CallContext& call) const;
  /// What a static table counted is forgotten: it is about to be read again.
  void forget_table(int source) { book_.forget_relation(static_cast<uint32_t>(source)); }
  /// Changes of time without rows. Each is followed by move_time().
  void end_partition(int source, uint32_t partition) { clocks_[source][partition].ended = true; }
  void reopen_partition(int source, uint32_t partition) { clocks_[source][partition].ended = false; }
  void set_idle(int source, uint32_t partition) { clocks_[source][partition].idle = true; }
  void advance_partition(int source, uint32_t partition, int64_t time);
  /// It is idle, and its time goes on by the clock, up to `time`: of a source with SourceSpec::idle_advances.
  void follow_clock(int source, uint32_t partition, int64_t time) { clocks_[source][partition].follow(time); }
  /// The last epoch of each task that sends to it, of which all rows have come.
  const std::vector<uint64_t>& front_epochs(int source) const { return front_epochs_[source]; }
  /// The time of the rows that the operator gives, as of the last turn.
  const EdgeTime& edge_time(int op) const { return times_[op]; }
  /// A turn of its own in which nothing arrives and what time allows is released.
  void move_time();

  // ---- accounts and state

  const LedgerBook& ledgers() const { return book_; }
  /// Counts what promises are about, of products and of sources, from now on: behind recovery, in a job that follows
  /// its inputs.
  void watch_promises();
  /// The epoch ends: what has been published belongs to it.
  void freeze_published();
  /// Readers can see what was published before the last freeze_published(), at that clock reading.
  void show_published(int64_t now);
  /// One for each promise of the product; empty: nothing is counted.
  std::vector<PromiseCounts> promise_counts(int product) const;
  /// The same of a source, of the rows that were read here.
  std::vector<PromiseCounts> source_counts(int source) const;
  /// Of all promises of `volume`, in the order of volume_promises(): with the rows of the last freeze_published(), or
  /// without those that nobody can see yet. Empty: nothing is counted.
  enum class VolumeRows { frozen, visible };
  std::vector<PromiseCounts> volume_counts(VolumeRows rows) const;
  /// Behind watch_promises(): what the first of them was at the last commit.
  void restore_volumes(const std::vector<PromiseCounts>& counts);
  /// 0, or a bug.
  int64_t law_deviation() const { return book_.deviation(); }
  uint64_t turns() const { return turn_; }
  int64_t records_read() const { return records_; }
  StateSize state_size() const;
  /// Of the steps that make the product's rows, those that it shares with others among them.
  StateSize state_size(int product) const;
  uint64_t leaps_discarded() const;
  /// The epoch ends: what has changed since the last call, besides what the job itself stores, is frozen. What is small
  /// is put into `batch`; rows of state are copied by copy_frozen(), between turns, and then given by take_frozen().
  void freeze(StateBatch& batch);
  /// Copies about so many bytes of frozen rows. True: all are copied.
  bool copy_frozen(uint64_t bytes);
  void take_frozen(StateBatch& batch);
  /// All three at once.
  void collect(StateBatch& batch);
  /// What was frozen last is durable.
  void committed();
  /// Brings the state in memory down to about `bytes`. Directly after committed(), before anything is run.
  Status evict(uint64_t bytes);
  /// After each turn: a row of the state could not be read, or has failed a check that says `else stop`, so what the
  /// turn made must not be committed.
  Status health() const;
  /// Of these, the second.
  const Status& stopped() const { return dispositions_.stopped(); }
  /// Of an engine that has its partitions and has run nothing. `kept[op]`: the operator's state is to be read. With
  /// EngineOptions::store, which is then `store`, rows are read while turns run.
  Status restore(StateStore& store, const std::vector<bool>& kept);
  Status restore(StateStore& store) { return restore(store, std::vector<bool>(program_.operators.size(), true)); }

 private:
  TurnEngine(const Program& program, OutputWriter& output, const EngineOptions& options);
  void visit_clocks(uint32_t source, const Visit& visit) const override;
  void begin_turn();
  void publish_names();
  SourceRows decode(TurnInput input, Decoder& decoder, int source, uint32_t partition);
  void run_rows(int source, uint32_t partition, const SourceRows& rows, bool ends);
  void load_rows(int source, const SourceRows& rows, bool silent);
  /// What is left of the blocks of a turn.
  struct Arrived {
    std::vector<Block> blocks;
    std::vector<int> whole;  ///< for each of them, which block of the turn it is; −1: rows have left it
  };
  Arrived read_source(int source, const SourceRows& rows, PartitionClock* clock);
  /// Rows of another stage: each has the watermark that it had there.
  void take_exchange(int source, const SourceRows& rows);
  /// Gives the rows that lie too far ahead of the clock; they move no time.
  std::vector<uint32_t> observe_times(int source, Block& block, PartitionClock& clock);
  void run_blocks(int source, const SourceRows& rows, Arrived arrived);
  /// The blocks, none longer than block_rows_; `room` holds them if they had to be cut.
  const std::vector<Block>& cut(const std::vector<Block>& blocks, std::vector<Block>& room) const;
  void release();
  /// Whether all operators have released all that is due.
  bool release_round(std::vector<bool>& done);
  void take_inputs(int op, std::vector<std::vector<Block>>& outputs);
  const std::vector<int>& readers_of(int op);
  /// Of the rows that the product publishes; without movement if another stage publishes them.
  EdgeTime time_of_product(int product) const;
  /// It publishes the rows of the product; else another stage does.
  bool makes(int product) const;
  EdgeTime time_of_source(int source) const;
  void hand_to_readers(int op, std::vector<Block>& blocks);
  void move_task_watermark();

  const Program& program_;
  Arena arena_;
  uint32_t block_rows_;
  CallContext call_;
  int64_t until_;              ///< EngineOptions::until
  int64_t reading_ = kNoTime;  ///< of the wall clock, for turns to come
  int64_t wall_ = kNoTime;     ///< the largest that a turn was run at
  uint64_t turn_ = 0;
  int64_t records_ = 0;
  int64_t task_watermark_ = kNoTime;
  LedgerBook book_;
  std::vector<std::vector<std::string>> partition_names_;
  std::vector<std::vector<PartitionClock>> clocks_;
  std::vector<std::vector<uint64_t>> front_epochs_;  ///< of exchanges
  Status exchanges_health_;
  LedgerDispositions dispositions_;
  std::vector<std::unique_ptr<OperatorNode>> nodes_;  ///< none for sources
  std::vector<std::vector<Leaf>> leaves_;             ///< of each operator's rows
  std::vector<uint32_t> state_numbers_;
  Lookups* lookups_;
  uint64_t state_memory_;
  std::vector<EdgeTime> times_;  ///< of each operator's output
  std::vector<int> source_operators_;
  std::vector<std::vector<int>> behind_;     ///< row-by-row steps directly behind each source, that run ahead
  std::map<int, std::vector<int>> readers_;  ///< of publish steps
  std::vector<bool> by_instants_;            ///< see operators/instants.h
  std::vector<bool> has_readers_;            ///< publish operators that products read
  uint32_t made_ways_ = 0;                   ///< the most in which made rows come to a step
  CallCaches caches_;
  std::vector<Bytes> source_names_;
  std::vector<std::vector<Bytes>> partition_name_bytes_;
  std::vector<const Bytes*> partition_name_tables_;
};

}  // namespace braid
