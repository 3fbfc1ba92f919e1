#include "runtime/base/executor.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/base/check.h"

namespace braid {
namespace {

class DoneTask : public Task {
 public:
  bool done() const override { return true; }
  void wait() override {}
};

struct Work {
  std::function<void()> run;
  std::atomic<bool> done = false;
};

/// Work that has not begun, oldest first.
using WorkQueue = std::deque<std::shared_ptr<Work>>;

}  // namespace

std::unique_ptr<Task> InlineExecutor::start(std::function<void()> work) {
  work();
  return std::make_unique<DoneTask>();
}

struct ThreadExecutor::Pool {
  std::mutex mutex;
  std::condition_variable work_came;     ///< for the threads that share
  std::condition_variable io_work_came;  ///< for the one that waits for disks
  std::condition_variable finished;      ///< for the caller
  WorkQueue queue;
  WorkQueue io_queue;
  // The calls of a parallel_for: `next` to `count` have not begun.
  const std::function<void(size_t)>* call = nullptr;
  size_t count = 0, next = 0, running = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
  std::thread io_thread;

  void run_calls(std::unique_lock<std::mutex>& lock) {
    while (next < count) {
      const std::function<void(size_t)>& one = *call;
      size_t index = next++;
      ++running;
      lock.unlock();
      one(index);
      lock.lock();
      if (--running == 0 && next == count) finished.notify_all();
    }
  }

  void run_oldest(WorkQueue& from, std::unique_lock<std::mutex>& lock) {
    std::shared_ptr<Work> work = std::move(from.front());
    from.pop_front();
    lock.unlock();
    work->run();
    lock.lock();
    work->done.store(true, std::memory_order_release);
    finished.notify_all();
  }

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      work_came.wait(lock, [this] { return stopping || next < count || !queue.empty(); });
      if (next < count) {
        run_calls(lock);
      } else if (!queue.empty()) {
        run_oldest(queue, lock);
      } else {
        return;
      }
    }
  }

  void serve_io() {
    std::unique_lock lock(mutex);
    while (true) {
      io_work_came.wait(lock, [this] { return stopping || !io_queue.empty(); });
      if (io_queue.empty()) return;
      run_oldest(io_queue, lock);
    }
  }
};

class ThreadExecutor::PoolTask : public Task {
 public:
  PoolTask(Pool& pool, std::shared_ptr<Work> work) : pool_(pool), work_(std::move(work)) {}
  ~PoolTask() override { wait(); }
  bool done() const override { return work_->done.load(std::memory_order_acquire); }
  void wait() override {
    if (done()) return;
    std::unique_lock lock(pool_.mutex);
    while (!done()) {
      if (!pool_.queue.empty()) {
        pool_.run_oldest(pool_.queue, lock);
      } else {
        pool_.finished.wait(lock);
      }
    }
  }

 private:
  Pool& pool_;
  std::shared_ptr<Work> work_;
};

ThreadExecutor::ThreadExecutor(size_t threads) : pool_(std::make_unique<Pool>()) {
  BRAID_CHECK(threads >= 1);
  for (size_t i = 1; i < threads; ++i) pool_->threads.emplace_back([pool = pool_.get()] { pool->serve(); });
}

ThreadExecutor::~ThreadExecutor() {
  {
    std::lock_guard lock(pool_->mutex);
    pool_->stopping = true;
  }
  pool_->work_came.notify_all();
  pool_->io_work_came.notify_all();
  for (std::thread& thread : pool_->threads) thread.join();
  if (pool_->io_thread.joinable()) pool_->io_thread.join();
}

size_t ThreadExecutor::width() const {
  return pool_->threads.size() + 1;
}

void ThreadExecutor::parallel_for(size_t count, const std::function<void(size_t)>& call) {
  if (count <= 1 || pool_->threads.empty()) {
    for (size_t i = 0; i < count; ++i) call(i);
    return;
  }
  std::unique_lock lock(pool_->mutex);
  BRAID_CHECK(pool_->call == nullptr, "parallel_for inside a call");
  pool_->call = &call;
  pool_->count = count;
  pool_->next = 0;
  pool_->work_came.notify_all();
  pool_->run_calls(lock);
  pool_->finished.wait(lock, [this] { return pool_->running == 0; });
  pool_->call = nullptr;
  pool_->count = pool_->next = 0;
}

std::unique_ptr<Task> ThreadExecutor::start(std::function<void()> work) {
  auto added = std::make_shared<Work>();
  added->run = std::move(work);
  {
    std::lock_guard lock(pool_->mutex);
    pool_->queue.push_back(added);
  }
  pool_->work_came.notify_one();
  return std::make_unique<PoolTask>(*pool_, std::move(added));
}

std::unique_ptr<Task> ThreadExecutor::start_io(std::function<void()> work) {
  auto added = std::make_shared<Work>();
  added->run = std::move(work);
  {
    std::lock_guard lock(pool_->mutex);
    pool_->io_queue.push_back(added);
    if (!pool_->io_thread.joinable()) pool_->io_thread = std::thread([pool = pool_.get()] { pool->serve_io(); });
  }
  pool_->io_work_came.notify_one();
  return std::make_unique<PoolTask>(*pool_, std::move(added));
}

}  // namespace braid
