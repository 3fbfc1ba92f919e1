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
  if (seed % 4 == 3 || seed % 11 == 0) run.format = seed / 4 % 2 == 0 ? "avro" : "protobuf";
  run.level = seed / 2 % 2 == 0 ? TransactionLevel::by_session : TransactionLevel::by_transaction;
  return run;
}

/// Simulates that many seeds, in each of which all goes right; `sum` is what happened in them.
template <class Change>
void simulate_all(uint64_t count, const Change& change, JobSimulated& sum) {
  for (uint64_t seed = first_seed(); seed < first_seed() + count; ++seed) {
    JobSimulation run = run_of(seed);
    change(run);
    const JobSimulated outcome = simulate(run);
    ASSERT_EQ(outcome.failure, "");
    ASSERT_EQ(outcome.violation, "");
    ASSERT_EQ(outcome.stall, "");
    if (run.fault_rate == 0 && run.instances == 1) {
      ASSERT_EQ(outcome.repeated, 0) << seed;
    }
    sum.faults += outcome.faults;
    sum.rebalances += outcome.rebalances;
    sum.crashes += outcome.crashes;
    sum.cut += outcome.cut;
    sum.sent_cut += outcome.sent_cut;
    sum.repeated += outcome.repeated;
    sum.early += outcome.early;
    sum.asked += outcome.asked;
    sum.unanswered += outcome.unanswered;
    sum.rejected += outcome.rejected;
  }
  // Otherwise it has proved nothing.
  EXPECT_GT(sum.faults, static_cast<int64_t>(count));
  EXPECT_GT(sum.crashes, static_cast<int64_t>(count / 4));
  EXPECT_GT(sum.rejected, static_cast<int64_t>(count));
}

TEST(Members, GiveEachRowOnceWhateverHappens) {
  JobSimulated sum;
  const uint64_t runs = seeds(600);
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, [](JobSimulation&) {}, sum));
  EXPECT_GT(sum.rebalances, static_cast<int64_t>(runs));
  EXPECT_GT(sum.cut, static_cast<int64_t>(runs));
}

TEST(Members, GiveEachRowOnceAcrossStages) {
  JobSimulated sum;
  const uint64_t runs = seeds(420);
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, [](JobSimulation& run) { run.crosses = true; }, sum));
  EXPECT_GT(sum.sent_cut, static_cast<int64_t>(runs));
}

/// Counts for `volume` go with the commits: they are never ahead of the rows, and never behind.
TEST(Members, StateWhatTheyHaveCounted) {
  JobSimulated sum;
  const auto counts = [](JobSimulation& run) {
    run.counts = true;
    run.crosses = run.seed % 3 == 1;
  };
  ASSERT_NO_FATAL_FAILURE(simulate_all(seeds(120), counts, sum));
  EXPECT_GT(sum.rebalances, 60);
}

/// What goes by the clock is run again as it was: a task that does not come to the same rows says so and stops.
TEST(Members, LetRowsGoByTheClockOnce) {
  JobSimulated sum;
  const uint64_t runs = seeds(200);
  const auto waits = [](JobSimulation& run) {
    run.waits = true;
    run.crosses = run.seed % 3 == 1;
    run.feed_us = 40'000'000;
  };
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, waits, sum));
  EXPECT_GT(sum.early, static_cast<int64_t>(runs));
}

/// Answers are recorded with the epoch: an epoch that is run again has the answers that it had, or the task stops.
TEST(Members, AskForEachRowOnce) {
  JobSimulated sum;
  const uint64_t runs = seeds(200);
  const auto asks = [](JobSimulation& run) {
    run.asks = true;
    run.tables = run.seed % 5 < 2;
    run.crosses = run.tables || run.seed % 3 == 1;
    if (run.seed % 4 == 2 && !run.crosses) run.delivery = Delivery::at_least_once;
  };
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, asks, sum));
  EXPECT_GT(sum.asked, static_cast<int64_t>(100 * runs));
  EXPECT_GT(sum.unanswered, static_cast<int64_t>(runs));
}

/// A table goes by its key to the task that knows where its keys are, and from there to those of the values.
TEST(Members, FollowKeysThatMove) {
  JobSimulated sum;
  const uint64_t runs = seeds(200);
  const auto moves = [](JobSimulation& run) {
    run.moves = true;
    run.crosses = true;
  };
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, moves, sum));
  EXPECT_GT(sum.sent_cut, static_cast<int64_t>(runs));
}

/// Of the pairs of one left row it does not show which came first, on either side of an exchange.
TEST(Members, TakePairsInTheOrderOfTheirRows) {
  JobSimulated sum;
  const uint64_t runs = seeds(100);
  const auto pairs = [](JobSimulation& run) {
    run.pairs = run.crosses = true;
    run.format = "json";
  };
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, pairs, sum));
}

void with_deletes(JobSimulation& run) {
  run.deletes = true;
  run.format = "json";
  if (run.seed % 4 == 2) run.delivery = Delivery::at_least_once;
}

TEST(Members, TakeDeletesOnce) {
  JobSimulated sum;
  const uint64_t runs = seeds(200);
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, with_deletes, sum));
}

/// The second time that a broker does not know a new topic may come long after the first: nothing was written
/// meanwhile.
TEST(Members, WaitForNewTopicsWhenTheyHaveSomethingToWrite) {
  constexpr uint64_t kSeed = 494;
  JobSimulation run = run_of(kSeed);
  with_deletes(run);
  const JobSimulated outcome = simulate(run);
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.violation, "");
  EXPECT_EQ(outcome.stall, "");
}

TEST(Members, ComeToTheSameTable) {
  JobSimulated sum;
  const uint64_t runs = seeds(200);
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, [](JobSimulation& run) { run.tables = run.crosses = true; }, sum));
}

TEST(Members, AreCaughtUpWhenTheWholeJobIs) {
  const uint64_t runs = seeds(60);
  for (uint64_t seed = first_seed(); seed < first_seed() + runs; ++seed) {
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
  const uint64_t runs = seeds(300);
  const auto at_least_once = [](JobSimulation& run) { run.delivery = Delivery::at_least_once; };
  ASSERT_NO_FATAL_FAILURE(simulate_all(runs, at_least_once, sum));
  EXPECT_GT(sum.cut, static_cast<int64_t>(runs));
  EXPECT_GT(sum.repeated, static_cast<int64_t>(runs));
}

TEST(Members, RunTheSameWithTheSameSeed) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const uint64_t trace = simulate(run_of(seed)).trace;
    EXPECT_EQ(simulate(run_of(seed)).trace, trace) << seed;
  }
}

}  // namespace
}  // namespace braid
