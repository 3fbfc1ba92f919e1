// The model engine against the simulated broker, under every kind of fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/model_engine.h"
#include "tests/broker/seeds.h"

namespace braid {
namespace {

ModelRun run_of(uint64_t seed) {
  ModelRun run;
  run.seed = seed;
  constexpr double kRates[] = {0.003, 0.01, 0.03, 0.06};
  run.fault_rate = kRates[seed % 4];
  run.instances = 2 + static_cast<int>(seed / 4 % 3);
  return run;
}

class ModelEngine : public testing::TestWithParam<TransactionLevel> {};

TEST_P(ModelEngine, WritesEachRecordOnceAndInOrder) {
  ModelOutcome sum;
  for (uint64_t seed = 1; seed <= seeds(1000); ++seed) {
    ModelRun run = run_of(seed);
    run.level = GetParam();
    const ModelOutcome outcome = run_model(run);
    ASSERT_EQ(outcome.violation, "");
    ASSERT_EQ(outcome.stall, "");
    sum.faults += outcome.faults;
    sum.rebalances += outcome.rebalances;
    sum.commits += outcome.commits;
    sum.crashes += outcome.crashes;
    sum.doubts += outcome.doubts;
    sum.fencings += outcome.fencings;
  }
  // Otherwise it has proved nothing.
  const auto runs = static_cast<int64_t>(seeds(1000));
  EXPECT_GT(sum.commits, 10 * runs);
  EXPECT_GT(sum.faults, 10 * runs);
  EXPECT_GT(sum.rebalances, 5 * runs);
  EXPECT_GT(sum.crashes, runs);
  EXPECT_GT(sum.fencings, runs / 2);
  EXPECT_GT(sum.doubts, runs / 10);
}

TEST_P(ModelEngine, RunsTheSameWithTheSameSeed) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    ModelRun run = run_of(seed);
    run.level = GetParam();
    const uint64_t trace = run_model(run).trace;
    EXPECT_EQ(run_model(run).trace, trace) << seed;
    run.seed += 1000;
    EXPECT_NE(run_model(run).trace, trace) << seed;
  }
}

std::string name_of(const testing::TestParamInfo<TransactionLevel>& info) {
  return info.param == TransactionLevel::by_session ? "by_session" : "by_transaction";
}
INSTANTIATE_TEST_SUITE_P(Levels, ModelEngine,
                         testing::Values(TransactionLevel::by_session, TransactionLevel::by_transaction), name_of);

/// What the first of so many seeds that finds it says.
std::string violation_of(Mistake mistake, uint64_t most, TransactionLevel level = TransactionLevel::by_session) {
  for (uint64_t seed = 1; seed <= most; ++seed) {
    ModelRun run = run_of(seed);
    run.mistake = mistake;
    run.level = level;
    if (std::string found = run_model(run).violation; !found.empty()) return found;
  }
  return {};
}

constexpr uint64_t kSome = 300;

TEST(Mistakes, ASessionThatGoesOnAfterDoubtIsFound) {
  EXPECT_NE(violation_of(Mistake::keeps_session_after_doubt, kSome), "");
}
// The reason for KIP-890, and for the rule as long as the client does not have it.
TEST(Mistakes, ASessionMayGoOnWhereTransactionsAreToldApart) {
  EXPECT_EQ(violation_of(Mistake::keeps_session_after_doubt, kSome, TransactionLevel::by_transaction), "");
}
TEST(Mistakes, ToIgnoreUncertaintyIsFound) {
  EXPECT_NE(violation_of(Mistake::goes_on_after_uncertain, kSome), "");
}
TEST(Mistakes, OffsetsOutsideTheTransactionAreFound) {
  EXPECT_NE(violation_of(Mistake::offsets_outside, kSome), "");
}
TEST(Mistakes, AResetOnUnstableOffsetsIsFound) {
  EXPECT_NE(violation_of(Mistake::resets_when_unstable, kSome), "");
}
TEST(Mistakes, WorkThatWasLostAndIsCommittedIsFound) {
  EXPECT_NE(violation_of(Mistake::keeps_lost_work, kSome), "");
}
TEST(Mistakes, ACommitWithoutAFlushIsFound) {
  EXPECT_NE(violation_of(Mistake::does_not_flush, kSome), "");
}
TEST(Mistakes, ADoubtThatIsTakenForAFailureIsFound) {
  EXPECT_NE(violation_of(Mistake::takes_doubt_for_failure, kSome), "");
}

}  // namespace
}  // namespace braid
