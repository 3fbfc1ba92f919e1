// An epoch that has ended, on its way into the store. The rows of state that it changed are frozen in the engine: they
// are copied in pieces, between the next turns or before a turn changes them (state/frozen_rows.h). When all are
// copied, the epoch is written on another thread, beside further turns.
//
// Ends before the engine, the executor and whatever `write` uses; the destructor waits for the writing, not for rows.
// Belongs to the thread of the turns.
#pragma once

#include <functional>
#include <memory>

#include "runtime/base/executor.h"
#include "runtime/engine/turn_engine.h"

namespace braid {

class FrozenEpoch {
 public:
  /// Makes the epoch durable; on the thread of start_io().
  using Write = std::function<Status(StateBatch& batch)>;

  /// How much is copied at once: at least `bytes`, and so much that all is copied after so many turns.
  struct Pieces {
    uint64_t bytes;
    uint64_t frozen;  ///< about the bytes of rows that are frozen
    uint64_t turns;   ///< until the next epoch ends, about
  };
  /// `batch` is what TurnEngine::freeze() put out, with the epoch record.
  FrozenEpoch(TurnEngine& engine, Executor& executor, const Pieces& pieces, StateBatch batch, Write write);

  /// Copies a piece, if some is left. Behind each turn.
  void go_on() {
    if (!task_) copy(piece_);
  }
  bool is_copied() const { return task_ != nullptr; }
  bool is_written() const { return task_ && task_->done(); }
  /// Copies the rest and waits until the epoch is written. Its error, if that failed.
  Status wait();
  /// Waits until it is not being written: within a turn, in which nothing can be copied. Its error, if that failed.
  Status wait_for_store();
  /// That it takes, once all is copied, with what the store makes of it. Before that to wait would free none.
  uint64_t memory() const { return memory_; }

 private:
  void copy(uint64_t bytes);

  TurnEngine& engine_;
  Executor& executor_;
  const uint64_t piece_;
  uint64_t memory_ = 0;
  StateBatch batch_;
  Write write_;
  Status result_;               ///< valid once the task is done
  std::unique_ptr<Task> task_;  ///< none: rows are still to be copied. Let go of first: it uses the others
};

}  // namespace braid
