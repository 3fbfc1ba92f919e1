// Work that waits, in virtual time.
#pragma once

#include <limits>
#include <memory>

#include "runtime/base/executor.h"
#include "runtime/broker/sim_time.h"

namespace braid {

/// What start_io() begins is a task of its own in virtual time; all else is done at once.
class SimExecutor : public InlineExecutor {
 public:
  /// It outlives the executor.
  explicit SimExecutor(SimTime& time) : time_(time) {}
  std::unique_ptr<Task> start_io(std::function<void()> work) override {
    auto done = std::make_shared<bool>(false);
    time_.spawn([done, work = std::move(work)] {
      work();
      *done = true;
    });
    return std::make_unique<Waiting>(time_, std::move(done));
  }

 private:
  class Waiting : public Task {
   public:
    Waiting(SimTime& time, std::shared_ptr<bool> done) : time_(time), done_(std::move(done)) {}
    ~Waiting() override { wait(); }
    bool done() const override { return *done_; }
    void wait() override {
      time_.wait(std::numeric_limits<int64_t>::max(), [this] { return *done_; });
    }

   private:
    SimTime& time_;
    std::shared_ptr<bool> done_;
  };

  SimTime& time_;
};

}  // namespace braid
