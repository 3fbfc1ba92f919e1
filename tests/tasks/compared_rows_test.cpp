// Rows of two runs of the same epochs, of tasks one after the other.
#include "runtime/tasks/compared_rows.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

const std::string kPort, kTopic = "totals";

struct Epoch {
  uint64_t number;
  int64_t clock;
  std::vector<std::string> without, was;  ///< rows of the key `k`
};

void run(RowTap& tap, const std::vector<Epoch>& epochs, bool without) {
  for (const Epoch& epoch : epochs) {
    for (const std::string& value : without ? epoch.without : epoch.was)
      tap.row({.product = 0,
               .port = kPort,
               .topic = kTopic,
               .key = "k",
               .value = value,
               .replaces = true,
               .time_us = epoch.clock});
    EpochRecord stored;
    stored.before.epoch = epoch.number;
    stored.clock = epoch.clock;
    EpochRecord made = stored;
    stored.outputs = {{.name = kTopic, .rows = epoch.was.size(), .digest = 1}};
    made.outputs = {{.name = kTopic, .rows = epoch.without.size(), .digest = epoch.without == epoch.was ? 1U : 2U}};
    ASSERT_TRUE(tap.end_epoch(made, stored).ok());
  }
}

std::vector<ComparedRows::Correction> corrections(const std::vector<std::vector<Epoch>>& tasks) {
  ComparedRows rows([] { return Status(); });
  for (const std::vector<Epoch>& epochs : tasks) {
    rows.begin_task();
    run(rows.without(), epochs, true);
    run(rows.as_it_was(), epochs, false);
  }
  return rows.corrections();
}

TEST(ComparedRows, CorrectTheLastRowOfAKey) {
  const auto found = corrections({{{0, 5, {"1"}, {"1"}}, {1, 10, {"2"}, {"7"}}}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].topic, kTopic);
  EXPECT_EQ(found[0].key, "k");
  EXPECT_EQ(found[0].value, "2");
}

TEST(ComparedRows, LeaveWhatWasWrittenAgain) {
  EXPECT_TRUE(corrections({{{0, 5, {"2"}, {"7"}}, {1, 10, {"3"}, {"3"}}}}).empty());
}

TEST(ComparedRows, LetAKeyGoThatNobodyElseHas) {
  const auto found = corrections({{{0, 5, {}, {"7"}}}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].value, std::nullopt);
}

/// The row that a topic has last is that of the later epoch, whichever task is looked at first.
TEST(ComparedRows, TakeRowsOfSeveralTasksInTheOrderOfTheirEpochs) {
  const std::vector<Epoch> subject{{0, 10, {}, {"7"}}}, other{{0, 5, {"1"}, {"1"}}};
  for (const auto& tasks : {std::vector{subject, other}, std::vector{other, subject}}) {
    const auto found = corrections(tasks);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].value, "1");
  }
}

}  // namespace
}  // namespace braid
