// Encodes the rows of one output and appends their bytes on other threads, in the order in which the rows came.
//
// The thread that runs the turns copies rows into a batch. A batch that is full is encoded by whichever thread is free,
// beside others; bytes are appended by one thread at a time. Bound: workers + 1 batches, of which one is being filled.
// One thread calls it. All that is given to it outlives it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "runtime/base/executor.h"
#include "runtime/codec/encoder.h"
#include "runtime/data/copied_rows.h"

namespace braid {

class OutputQueue {
 public:
  using MakeEncoder = std::function<std::unique_ptr<Encoder>()>;
  using Append = std::function<void(std::string_view bytes)>;

  /// `append` is called on any thread, for one batch after the other.
  OutputQueue(std::vector<Field> row, MakeEncoder make_encoder, Append append, Executor& executor, size_t workers);
  ~OutputQueue();

  void add(const Block& block);
  /// What was added is on its way, though it fills no batch.
  void flush();
  /// Returns when all that was added has been appended.
  void drain();

 private:
  struct Batch;

  Batch& batch_of(uint64_t ticket) { return *batches_[ticket % batches_.size()]; }
  /// The batch that is being filled.
  Batch& open();
  void send();
  /// Until that many batches have been appended.
  void wait_for(uint64_t count);
  // On any thread.
  void encode(Batch& batch, uint64_t ticket);
  /// Appends all that are encoded and come next. If another thread does, it looks again.
  void append_encoded();

  const std::vector<Field> row_;
  const MakeEncoder make_encoder_;
  const Append append_;
  Executor& executor_;
  uint64_t sent_ = 0;  ///< batches, in the order of tickets
  bool is_open_ = false;
  /// How often append_encoded() was asked for and is not done; whoever raises it from zero appends.
  std::atomic<uint64_t> asked_ = 0;
  std::atomic<uint64_t> appended_ = 0;           ///< batches
  std::vector<std::unique_ptr<Batch>> batches_;  ///< let go of first: their tasks use the rest
};

}  // namespace braid
