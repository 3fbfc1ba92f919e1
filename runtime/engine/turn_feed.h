// Reads the turns of partitions, decodes them and runs them; with several workers, reads and decodes ahead.
//
// Ahead: which partition's turn comes next is decided by watermarks, when it comes. But what the next turns of each
// partition are is cut by their bytes alone, and what they hold before time looks at it (decode_source.h) by their
// records alone. So turns that will probably come next are read and decoded by other threads while one is run, and used
// when they do come; a guess that was wrong costs time and nothing else. An error of a turn that was read ahead is told
// when the turn comes. Standard input and topics are not read ahead: nobody can say when the next bytes come.
//
// Bound: 2 · workers turns ahead over all partitions, besides the one at hand; none with one worker, which does all on
// the caller's thread. Each turn has a buffer, an arena and decoders of its own that are used again.
// All that is given to it outlives it. One thread drives it. Fails where an input cannot be read.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "runtime/base/executor.h"
#include "runtime/engine/job_inputs.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/erasure/erased_keys.h"

namespace braid {

struct ReadTurn {
  SourceTurn source;
  uint64_t digest = 0;  ///< of its bytes
  SourceRows rows;
};

class TurnFeed {
 public:
  TurnFeed(const Program& program, JobInputs& inputs, TurnEngine& engine, Executor& executor, size_t workers,
           std::shared_ptr<const ErasedKeys> erased = nullptr);
  ~TurnFeed();

  /// Runs the partition's next turn, valid until the next call; none at its end, which makes it exhausted and, with
  /// `seal`, ends its time.
  Result<const ReadTurn*> run_next(JobInputs::Partition& partition, bool seal);
  /// Instead of those of before. Nothing has been read yet.
  void pass_over(std::shared_ptr<const ErasedKeys> erased) { erased_ = std::move(erased); }
  /// A partition that is new, behind those that are known.
  void add(JobInputs::Partition& partition);
  /// Gives up all that was read ahead. Before the engine's partitions change: what was decoded refers to their names.
  void give_up_all();
  /// A partition that was at its end has got more.
  void reopen(const JobInputs::Partition& partition);
  /// All of a static table, from its start. `silent`: it was read before, and only fills the table again.
  Status load_table(int source, bool silent);

 private:
  struct Slot;
  struct Queue;

  Queue& queue_of(const JobInputs::Partition& partition);
  /// The slot of the partition's next turn becomes the one at hand: begun ahead, or read now.
  void take(JobInputs::Partition& partition);
  /// What was found for the one at hand, once it is there.
  Result<const ReadTurn*> found();
  Slot& take_free(Queue& queue);
  // On any thread: the turn of a slot. Partitions are read in the order of tickets.
  void make(Slot& slot, uint64_t ticket) const;
  void read(Slot& slot) const;
  void decode(Slot& slot) const;
  // What comes next, as far as one can guess.
  /// Fills all free slots.
  void read_ahead();
  void give_up_farthest();
  /// The partition's watermark when that many more turns of it will have been run.
  double expected(const Queue& queue, size_t turns) const;

  const Program& program_;
  JobInputs& inputs_;
  TurnEngine& engine_;
  Executor& executor_;
  std::shared_ptr<const ErasedKeys> erased_;  ///< null: no subject was erased
  std::deque<Queue> queues_;
  std::unordered_map<const JobInputs::Partition*, Queue*> by_partition_;
  std::vector<Slot*> free_;
  Slot* at_hand_ = nullptr;
  std::vector<std::unique_ptr<Slot>> slots_;  ///< let go of first: their tasks use the rest
};

}  // namespace braid
