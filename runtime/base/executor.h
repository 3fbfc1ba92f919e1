// Threads as a seam. An Executor runs `count` calls of a function, each with its own index, and returns when all are
// done: that is all the parallelism the engine needs, and the simulation runs the same engine on one thread.
// What the calls write is visible to the caller afterwards. `parallel_for` belongs to one thread at a time and is not
// called from inside a call. The function must not throw.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace braid {

class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::string_view name() const = 0;
  /// How many calls may run at once.
  virtual size_t width() const = 0;
  /// Calls with the same index run on the same thread each time, as long as `count` ≤ width().
  virtual void parallel_for(size_t count, const std::function<void(size_t)>& call) = 0;
};

/// One after the other, on the caller's thread.
class InlineExecutor : public Executor {
 public:
  std::string_view name() const override { return "inline"; }
  size_t width() const override { return 1; }
  void parallel_for(size_t count, const std::function<void(size_t)>& call) override {
    for (size_t i = 0; i < count; ++i) call(i);
  }
};

/// `threads` ≥ 1 threads that live as long as the executor; the caller's is the first of them.
class ThreadExecutor : public Executor {
 public:
  explicit ThreadExecutor(size_t threads);
  ~ThreadExecutor() override;
  std::string_view name() const override { return "threads"; }
  size_t width() const override;
  void parallel_for(size_t count, const std::function<void(size_t)>& call) override;

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace braid
