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

TEST(Executor, AnIndexKeepsItsThread) {
  ThreadExecutor executor(3);
  std::vector<std::thread::id> first(3), second(3);
  executor.parallel_for(3, [&](size_t i) { first[i] = std::this_thread::get_id(); });
  executor.parallel_for(3, [&](size_t i) { second[i] = std::this_thread::get_id(); });
  EXPECT_EQ(first, second);
  EXPECT_NE(first[0], first[1]);
  EXPECT_NE(first[1], first[2]);
}

TEST(Executor, InlineGoesInOrder) {
  InlineExecutor executor;
  std::vector<size_t> order;
  executor.parallel_for(4, [&](size_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace braid
