#include "runtime/broker/sim_time.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <limits>

#include "runtime/base/check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define BRAID_ASAN_STACKS
#endif
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define BRAID_TSAN_STACKS
#endif
#endif

namespace braid {
namespace {

constexpr size_t kStackBytes = size_t{1} << 20;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

}  // namespace

struct SimTime::Task {
  explicit Task(std::function<void()> with) : body(std::move(with)) {
    // Pages come when they are touched.
    stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    BRAID_CHECK(stack != MAP_FAILED, "no memory for a stack");
#ifdef BRAID_TSAN_STACKS
    fiber = __tsan_create_fiber(0);
#endif
  }
  ~Task() {
    munmap(stack, kStackBytes);
#ifdef BRAID_TSAN_STACKS
    __tsan_destroy_fiber(fiber);
#endif
  }

  std::function<void()> body;
  void* stack;
  ucontext_t own{}, back{};
  bool ended = false;
  int64_t until = 0;
  const std::function<bool()>* done = nullptr;
  std::exception_ptr failure;
#ifdef BRAID_ASAN_STACKS
  void* fake_stack = nullptr;
  void* fake_back = nullptr;
  const void* back_bottom = nullptr;
  size_t back_size = 0;
#endif
#ifdef BRAID_TSAN_STACKS
  void* fiber;
  void* fiber_back = nullptr;
#endif
};

namespace {
/// What enter() begins with: makecontext() hands over no pointers.
thread_local SimTime* entering = nullptr;
}  // namespace

SimTime::SimTime(ManualClock& clock, uint64_t seed) : clock_(clock), rng_(seed) {}

SimTime::~SimTime() {
  BRAID_CHECK(tasks_.empty(), "a task has not ended");
}

void SimTime::at(int64_t time_us, std::function<void()> event) {
  events_.push({std::max(time_us, now_us()), next_event_++, std::move(event)});
}

void SimTime::spawn(std::function<void()> body) {
  auto task = std::make_unique<Task>(std::move(body));
  getcontext(&task->own);
  task->own.uc_stack.ss_sp = task->stack;
  task->own.uc_stack.ss_size = kStackBytes;
  task->own.uc_link = nullptr;
  makecontext(&task->own, &SimTime::enter, 0);
  tasks_.push_back(std::move(task));
}

void SimTime::enter() {
  SimTime& time = *entering;
  Task& task = *time.current_;
#ifdef BRAID_ASAN_STACKS
  __sanitizer_finish_switch_fiber(nullptr, &task.back_bottom, &task.back_size);
#endif
  try {
    task.body();
  } catch (...) {
    task.failure = std::current_exception();
  }
  task.body = nullptr;
  task.ended = true;
  time.give_way(task);
}

void SimTime::go_on(Task& task) {
  current_ = &task;
  entering = this;
#ifdef BRAID_TSAN_STACKS
  task.fiber_back = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(task.fiber, 0);
#endif
#ifdef BRAID_ASAN_STACKS
  __sanitizer_start_switch_fiber(&task.fake_back, task.stack, kStackBytes);
#endif
  swapcontext(&task.back, &task.own);
#ifdef BRAID_ASAN_STACKS
  __sanitizer_finish_switch_fiber(task.fake_back, nullptr, nullptr);
#endif
  current_ = nullptr;
}

void SimTime::give_way(Task& task) {
#ifdef BRAID_TSAN_STACKS
  __tsan_switch_to_fiber(task.fiber_back, 0);
#endif
#ifdef BRAID_ASAN_STACKS
  __sanitizer_start_switch_fiber(task.ended ? nullptr : &task.fake_stack, task.back_bottom, task.back_size);
#endif
  swapcontext(&task.own, &task.back);
#ifdef BRAID_ASAN_STACKS
  __sanitizer_finish_switch_fiber(task.fake_stack, &task.back_bottom, &task.back_size);
#endif
}

bool SimTime::wait(int64_t until_us, const std::function<bool()>& done) {
  if (done() || until_us <= now_us()) return done();
  if (current_ == nullptr) {
    turn(until_us, done);
  } else {
    Task& task = *current_;
    task.until = until_us;
    task.done = &done;
    give_way(task);
    task.done = nullptr;
  }
  return done();
}

void SimTime::sleep(int64_t for_us) {
  wait(now_us() + for_us, [] { return false; });
}

void SimTime::run() {
  turn(kNever, [this] { return tasks_.empty(); });
}

void SimTime::turn(int64_t until_us, const std::function<bool()>& done) {
  while (!done()) {
    ready_.clear();
    int64_t next = until_us;
    for (const auto& task : tasks_) {
      if (task->until <= now_us() || (task->done != nullptr && (*task->done)()))
        ready_.push_back(task.get());
      else
        next = std::min(next, task->until);
    }
    if (!ready_.empty()) {
      Task& task = *ready_[ready_.size() == 1 ? 0 : rng_.below(ready_.size())];
      go_on(task);
      if (task.ended) {
        const std::exception_ptr failure = task.failure;
        std::erase_if(tasks_, [&](const auto& each) { return each.get() == &task; });
        if (failure) std::rethrow_exception(failure);
      }
      continue;
    }
    if (!events_.empty() && events_.top().time <= next) {
      clock_.set_us(std::max(now_us(), events_.top().time));
      // The queue shows its first event as const; it goes in the next line.
      const std::function<void()> event = std::move(const_cast<Event&>(events_.top()).run);
      events_.pop();
      ++events_run_;
      event();
      continue;
    }
    BRAID_CHECK(next != kNever, "every task waits, and nothing will come");
    clock_.set_us(std::max(now_us(), next));
    if (next >= until_us) return;
  }
}

}  // namespace braid
