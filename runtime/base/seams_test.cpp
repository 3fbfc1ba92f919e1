#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/rng.h"

namespace braid {
namespace {

TEST(Clock, ManualStandsStillUntilMoved) {
  ManualClock clock(100);
  EXPECT_EQ(clock.now_us(), 100);
  clock.advance_us(5);
  EXPECT_EQ(clock.now_us(), 105);
  EXPECT_EQ(clock.now_us(), 105);
}

TEST(Clock, SystemIsAfterThisWasWritten) {
  EXPECT_GT(system_clock().now_us(), 1'700'000'000'000'000);
  int64_t before = system_clock().steady_us();
  EXPECT_GE(system_clock().steady_us(), before);
}

TEST(Rng, SequenceNeverChanges) {
  Rng rng(1);
  EXPECT_EQ(hash_mix(0), 0xE220A8397B1DCDAFu);  // the published first value of splitmix64(0)
  uint64_t first = rng.next();
  EXPECT_EQ(first, 0xB3F2AF6D0FC710C5u);
  EXPECT_NE(rng.next(), first);
}

TEST(Rng, StaysInItsBoundsAndReachesThem) {
  Rng rng(7);
  bool low = false, high = false;
  for (int i = 0; i < 1000; ++i) {
    int64_t value = rng.between(-2, 2);
    ASSERT_TRUE(value >= -2 && value <= 2);
    low = low || value == -2;
    high = high || value == 2;
    double unit = rng.unit();
    ASSERT_TRUE(unit >= 0 && unit < 1);
  }
  EXPECT_TRUE(low && high);
  rng.between(INT64_MIN, INT64_MAX);
}

TEST(Executor, RunsEveryIndexOnce) {
  for (size_t threads : {1, 2, 4}) {
    ThreadExecutor executor(threads);
    for (size_t count : {0, 1, 2, 3, 4, 17}) {
      for (int round = 0; round < 50; ++round) {
        std::vector<int> calls(count, 0);
        executor.parallel_for(count, [&](size_t i) { ++calls[i]; });
        EXPECT_EQ(calls, std::vector<int>(count, 1));
      }
    }
  }
}

TEST(Executor, StartedWorkIsDoneOnceItHasBeenWaitedFor) {
  for (size_t threads : {1, 2, 4}) {
    ThreadExecutor executor(threads);
    for (int round = 0; round < 20; ++round) {
      std::vector<int> made(12, 0);
      std::vector<std::unique_ptr<Task>> tasks;
      for (size_t i = 0; i < made.size(); ++i)
        tasks.push_back(i % 4 == 3 ? executor.start_io([&made, i] { made[i] = 1; })
                                   : executor.start([&made, i] { made[i] = 1; }));
      int calls[5] = {};
      executor.parallel_for(5, [&](size_t i) { ++calls[i]; });
      for (int call : calls) EXPECT_EQ(call, 1);
      tasks[7]->wait();
      EXPECT_TRUE(tasks[7]->done());
      EXPECT_EQ(made[7], 1);
      tasks.clear();
      EXPECT_EQ(made, std::vector<int>(12, 1));
    }
  }
}

TEST(Executor, WorkBeginsInTheOrderInWhichItWasStarted) {
  ThreadExecutor executor(3);
  // Each waits for all before it to have begun: any other order would wait for ever.
  std::atomic<int> begun = 0;
  std::vector<std::unique_ptr<Task>> tasks;
  for (int i = 0; i < 200; ++i)
    tasks.push_back(executor.start([&begun, i] {
      begun.fetch_add(1);
      while (begun.load() < i) std::this_thread::yield();
    }));
  tasks.back()->wait();
  tasks.clear();
  EXPECT_EQ(begun.load(), 200);
}

TEST(Executor, WorkOnADiskRunsBesideTheCaller) {
  ThreadExecutor executor(1);
  std::atomic<bool> seen = false;
  auto task = executor.start_io([&] {
    while (!seen.load()) std::this_thread::yield();
  });
  EXPECT_FALSE(task->done());
  seen = true;
  task->wait();
  EXPECT_TRUE(task->done());
}

TEST(Executor, InlineGoesInOrder) {
  InlineExecutor executor;
  std::vector<size_t> order;
  executor.parallel_for(4, [&](size_t i) { order.push_back(i); });
  auto task = executor.start([&] { order.push_back(4); });
  EXPECT_TRUE(task->done());
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace braid
