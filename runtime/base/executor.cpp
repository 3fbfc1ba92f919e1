#include "runtime/base/executor.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/base/check.h"

namespace braid {

struct ThreadExecutor::Pool {
  std::mutex mutex;
  std::condition_variable started;
  std::condition_variable finished;
  const std::function<void(size_t)>* call = nullptr;
  size_t count = 0;
  uint64_t round = 0;  ///< a new number starts the threads
  size_t running = 0;  ///< threads that have not finished the round
  bool stopping = false;
  size_t width = 1;
  std::vector<std::thread> threads;

  /// Thread `first` takes first, first + width, …: the same indexes each time.
  void run_share(size_t first) const {
    for (size_t i = first; i < count; i += width) (*call)(i);
  }

  void serve(size_t first) {
    uint64_t seen = 0;
    std::unique_lock lock(mutex);
    while (true) {
      started.wait(lock, [&] { return stopping || round != seen; });
      if (stopping) return;
      seen = round;
      lock.unlock();
      run_share(first);
      lock.lock();
      if (--running == 0) finished.notify_one();
    }
  }
};

ThreadExecutor::ThreadExecutor(size_t threads) : pool_(std::make_unique<Pool>()) {
  BRAID_CHECK(threads >= 1);
  pool_->width = threads;
  for (size_t i = 1; i < threads; ++i) pool_->threads.emplace_back([pool = pool_.get(), i] { pool->serve(i); });
}

ThreadExecutor::~ThreadExecutor() {
  {
    std::lock_guard lock(pool_->mutex);
    pool_->stopping = true;
  }
  pool_->started.notify_all();
  for (std::thread& thread : pool_->threads) thread.join();
}

size_t ThreadExecutor::width() const {
  return pool_->width;
}

void ThreadExecutor::parallel_for(size_t count, const std::function<void(size_t)>& call) {
  if (count <= 1 || pool_->width == 1) {
    for (size_t i = 0; i < count; ++i) call(i);
    return;
  }
  {
    std::lock_guard lock(pool_->mutex);
    BRAID_CHECK(pool_->call == nullptr, "parallel_for inside a call");
    pool_->call = &call;
    pool_->count = count;
    pool_->running = pool_->threads.size();
    ++pool_->round;
  }
  pool_->started.notify_all();
  pool_->run_share(0);
  std::unique_lock lock(pool_->mutex);
  pool_->finished.wait(lock, [&] { return pool_->running == 0; });
  pool_->call = nullptr;
}

}  // namespace braid
