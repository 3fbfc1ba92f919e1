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
  /// Whether it is sure that the epoch counts. One of which it is not known yet is copied, and written only once
  /// release() says that it does.
  enum class Counts { yes, not_known };
  /// `batch` is what TurnEngine::freeze() put out, with the epoch record.
  FrozenEpoch(TurnEngine& engine, Executor& executor, const Pieces& pieces, StateBatch batch, Write write,
              Counts counts = Counts::yes);

  /// Copies a piece, if some is left. Behind each turn.
  void go_on() {
    if (!is_copied_) copy(piece_);
  }
  /// It is not known whether it counts.
  bool is_held() const { return !counts_; }
  /// It counts.
  void release();
  bool is_copied() const { return is_copied_; }
  bool is_written() const { return task_ && task_->done(); }
  /// Copies the rest and waits until the epoch is written, which counts. Its error, if that failed.
  Status wait();
  /// Waits until it is not being written: within a turn, in which nothing can be copied. Its error, if that failed.
  Status wait_for_store();
  /// That it takes, once all is copied, with what the store makes of it. Before that to wait would free none.
  uint64_t memory() const { return memory_; }

 private:
  void copy(uint64_t bytes);
  void write();

  TurnEngine& engine_;
  Executor& executor_;
  const uint64_t piece_;
  uint64_t memory_ = 0;
  StateBatch batch_;
  Write write_;
  bool counts_, is_copied_ = false;
  Status result_;               ///< valid once the task is done
  std::unique_ptr<Task> task_;  ///< none: it is not being written yet. Let go of first: it uses the others
};

}  // namespace braid
