#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/seeds.h"
#include "tests/tasks/simulated_job.h"

namespace braid {
namespace {

JobSimulation run_of(uint64_t seed) {
  JobSimulation run;
  run.seed = seed;
  constexpr double kRates[] = {0.0, 0.003, 0.01, 0.02};
  run.fault_rate = kRates[seed % 4];
  run.instances = 1 + static_cast<int>(seed / 4 % 4);
  run.share_stores = seed % 3 == 0;
  run.has_snapshots = seed / 3 % 2 == 0;
  if (seed % 7 < 3) run.feed_us = 40'000'000;
  if (seed % 5 == 0) run.state_memory = 20'000;
  run.avro = seed % 4 == 3 || seed % 11 == 0;
  run.level = seed / 2 % 2 == 0 ? TransactionLevel::by_session : TransactionLevel::by_transaction;
  return run;
}

TEST(Members, GiveEachRowOnceWhateverHappens) {
  JobSimulated sum;
  for (uint64_t seed = 1; seed <= seeds(600); ++seed) {
    const JobSimulated outcome = simulate(run_of(seed));
    ASSERT_EQ(outcome.failure, "");
    ASSERT_EQ(outcome.violation, "");
    ASSERT_EQ(outcome.stall, "");
    sum.faults += outcome.faults;
    sum.rebalances += outcome.rebalances;
    sum.crashes += outcome.crashes;
    sum.cut += outcome.cut;
  }
  // Otherwise it has proved nothing.
  const auto runs = static_cast<int64_t>(seeds(600));
  EXPECT_GT(sum.faults, runs);
  EXPECT_GT(sum.rebalances, runs);
  EXPECT_GT(sum.crashes, runs / 4);
  EXPECT_GT(sum.cut, runs);
}

TEST(Members, GiveEachRowOnceAcrossStages) {
  JobSimulated sum;
  for (uint64_t seed = 1; seed <= seeds(420); ++seed) {
    JobSimulation run = run_of(seed);
    run.crosses = true;
    const JobSimulated outcome = simulate(run);
    ASSERT_EQ(outcome.failure, "");
    ASSERT_EQ(outcome.violation, "");
    ASSERT_EQ(outcome.stall, "");
    sum.faults += outcome.faults;
    sum.crashes += outcome.crashes;
    sum.sent_cut += outcome.sent_cut;
  }
  const auto runs = static_cast<int64_t>(seeds(420));
  EXPECT_GT(sum.faults, runs);
  EXPECT_GT(sum.crashes, runs / 4);
  EXPECT_GT(sum.sent_cut, runs);
}

TEST(Members, AreCaughtUpWhenTheWholeJobIs) {
  for (uint64_t seed = 1; seed <= seeds(60); ++seed) {
    JobSimulation run = run_of(seed);
    run.feed_us = 0;
    run.share_stores = true;  // the last instance begins where the others were
    run.storm_us = static_cast<int64_t>(seed % 12) * 1'000'000;
    run.ends_caught_up = true;
    run.crosses = seed % 2 == 0;
    const JobSimulated outcome = simulate(run);
    ASSERT_EQ(outcome.failure, "");
    ASSERT_EQ(outcome.violation, "");
  }
}

TEST(Members, LoseNothingWithoutTransactions) {
  JobSimulated sum;
  for (uint64_t seed = 1; seed <= seeds(300); ++seed) {
    JobSimulation run = run_of(seed);
    run.delivery = Delivery::at_least_once;
    const JobSimulated outcome = simulate(run);
    ASSERT_EQ(outcome.failure, "");
    ASSERT_EQ(outcome.violation, "");
    ASSERT_EQ(outcome.stall, "");
    if (run.fault_rate == 0 && run.instances == 1) {
      ASSERT_EQ(outcome.repeated, 0) << seed;
    }
    sum.faults += outcome.faults;
    sum.crashes += outcome.crashes;
    sum.cut += outcome.cut;
    sum.repeated += outcome.repeated;
  }
  const auto runs = static_cast<int64_t>(seeds(300));
  EXPECT_GT(sum.faults, runs);
  EXPECT_GT(sum.crashes, runs / 4);
  EXPECT_GT(sum.cut, runs);
  EXPECT_GT(sum.repeated, runs);
}

TEST(Members, RunTheSameWithTheSameSeed) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const uint64_t trace = simulate(run_of(seed)).trace;
    EXPECT_EQ(simulate(run_of(seed)).trace, trace) << seed;
  }
}

}  // namespace
}  // namespace braid
