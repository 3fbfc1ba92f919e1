// Appends events to a file, a line each. Several processes may append to one file. A line is written whole, or the file
// ends within it after a crash; it is not synced: who needs every event counts on the ledger, not on lineage.
//
// If the file cannot be written it is tried again every kPauseUs. One thread.
#pragma once

#include <memory>

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/outbox/event_queue.h"

namespace braid {

class EventFile final : public EventSender {
 public:
  static constexpr int64_t kPauseUs = 5'000'000;

  /// Both outlive it.
  EventFile(std::string path, Fs& fs, Clock& clock) : path_(std::move(path)), fs_(fs), clock_(clock) {}

  void add(std::string event) override { queue_.add(std::move(event)); }
  void work(int64_t at_most_us) override;
  bool at_rest() const override { return queue_.empty(); }
  std::string problem() const override { return problem_; }
  Counts counts() const override { return queue_.counts; }

 private:
  Status append(const std::string& event);

  std::string path_;
  Fs& fs_;
  Clock& clock_;
  EventQueue queue_;
  std::unique_ptr<FileWriter> writer_;
  int64_t try_at_ = INT64_MIN;  ///< steady clock
  std::string problem_;
};

}  // namespace braid
