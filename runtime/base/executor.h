// Threads as a seam: all the parallelism the engine needs, so that the simulation runs the same engine on one thread.
//
// `parallel_for` divides short calls that are due now. `start` begins work whose result is needed later, `start_io`
// work that mostly waits for a disk. One thread uses an executor, its caller's. Calls and works run on any thread, and
// do not use an executor themselves. The caller sees what they wrote after it has waited for them. They must not throw.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace braid {

/// Work that has been started. The destructor waits for it; it must not outlive its executor.
class Task {
 public:
  virtual ~Task() = default;
  virtual bool done() const = 0;
  /// Returns when the work is done. Meanwhile the caller's thread runs other works of `start`.
  virtual void wait() = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::string_view name() const = 0;
  /// How many threads share calls and works, the caller's among them.
  virtual size_t width() const = 0;
  /// Calls a function with 0 to count − 1 and returns when all are done. The caller's thread takes the calls for which
  /// no other thread has time.
  virtual void parallel_for(size_t count, const std::function<void(size_t)>& call) = 0;
  /// Works begin in the order in which they were started, and at the latest when the caller waits for them.
  virtual std::unique_ptr<Task> start(std::function<void()> work) = 0;
  /// Runs on a separate thread, besides `width`; one work after the other.
  virtual std::unique_ptr<Task> start_io(std::function<void()> work) = 0;
};

/// Runs everything at once on the caller's thread: a work is done when `start` returns.
class InlineExecutor : public Executor {
 public:
  std::string_view name() const override { return "inline"; }
  size_t width() const override { return 1; }
  void parallel_for(size_t count, const std::function<void(size_t)>& call) override {
    for (size_t i = 0; i < count; ++i) call(i);
  }
  std::unique_ptr<Task> start(std::function<void()> work) override;
  std::unique_ptr<Task> start_io(std::function<void()> work) override { return start(std::move(work)); }
};

/// `threads` ≥ 1 threads that live as long as the executor; the caller's is the first of them. The first `start_io`
/// creates one more, which waits for disks.
class ThreadExecutor : public Executor {
 public:
  explicit ThreadExecutor(size_t threads);
  ~ThreadExecutor() override;
  std::string_view name() const override { return "threads"; }
  size_t width() const override;
  void parallel_for(size_t count, const std::function<void(size_t)>& call) override;
  std::unique_ptr<Task> start(std::function<void()> work) override;
  std::unique_ptr<Task> start_io(std::function<void()> work) override;

 private:
  struct Pool;
  class PoolTask;
  std::unique_ptr<Pool> pool_;
};

}  // namespace braid
