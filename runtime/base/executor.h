// Threads as a seam: all the parallelism the engine needs, so that the simulation runs the same engine on one thread.
//
// `parallel_for` shares calls that are short and due now. `start` begins work that is wanted later, `start_io` work
// that mostly waits for a disk. An executor is used by one thread, its caller's; calls and works run on any, and use no
// executor themselves. What they write is visible to the caller once it has waited for them. They must not throw.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace braid {

/// Work that has been started. Whoever lets go of it waits for it; it must not outlive its executor.
class Task {
 public:
  virtual ~Task() = default;
  virtual bool done() const = 0;
  /// Until it is done. Meanwhile the caller's thread takes a share in what `start` was given.
  virtual void wait() = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::string_view name() const = 0;
  /// How many threads share calls and works, the caller's among them.
  virtual size_t width() const = 0;
  /// Calls a function with 0 to count − 1 and returns when all are done. The caller does what no other thread has time
  /// for.
  virtual void parallel_for(size_t count, const std::function<void(size_t)>& call) = 0;
  /// Works begin in the order in which they were started. They begin at the latest when they are waited for.
  virtual std::unique_ptr<Task> start(std::function<void()> work) = 0;
  /// On a thread of its own, besides `width`; one after the other.
  virtual std::unique_ptr<Task> start_io(std::function<void()> work) = 0;
};

/// Everything at once, on the caller's thread: what is started is done when `start` returns.
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

/// `threads` ≥ 1 threads that live as long as the executor; the caller's is the first of them. One more, once it is
/// asked for, waits for disks.
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
