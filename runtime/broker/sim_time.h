// Virtual time: events that are due, and tasks that take turns on one thread. A task is a function with a stack of its
// own, which runs until it waits; then the next event or another task goes on. Which one of several, a seed decides.
// Nothing waits for real.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/rng.h"

namespace braid {

class SimTime {
 public:
  /// The clock outlives it; it moves when everybody waits.
  SimTime(ManualClock& clock, uint64_t seed);
  ~SimTime();
  SimTime(const SimTime&) = delete;
  SimTime& operator=(const SimTime&) = delete;

  int64_t now_us() const { return clock_.now_us(); }
  /// Events must not wait. Those of the same time keep their order.
  void at(int64_t time_us, std::function<void()> event);
  /// The task begins when somebody waits.
  void spawn(std::function<void()> body);
  /// Until `done` says so or the time has come; meanwhile everything else goes on. From a task, or from outside of all
  /// of them. The value is that of `done`.
  bool wait(int64_t until_us, const std::function<bool()>& done);
  void sleep(int64_t for_us);
  /// Until every task has ended.
  void run();
  uint64_t events() const { return events_run_; }

 private:
  struct Task;
  struct Event {
    int64_t time;
    uint64_t number;
    std::function<void()> run;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.time != b.time ? a.time > b.time : a.number > b.number;
    }
  };
  static void enter();
  void go_on(Task& task);
  void give_way(Task& task);
  void turn(int64_t until_us, const std::function<bool()>& done);

  ManualClock& clock_;
  Rng rng_;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::vector<std::unique_ptr<Task>> tasks_;
  Task* current_ = nullptr;
  uint64_t next_event_ = 0, events_run_ = 0;
  std::vector<Task*> ready_;
};

/// Virtual time as an instance sees it, whose sleep lets everything else go on.
class SimClock : public Clock {
 public:
  explicit SimClock(SimTime& time) : time_(time) {}
  int64_t now_us() override { return time_.now_us(); }
  int64_t steady_us() override { return time_.now_us(); }
  void sleep_us(int64_t us) override { time_.sleep(us); }

 private:
  SimTime& time_;
};

}  // namespace braid
