#include "runtime/tasks/job_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/broker/sim_broker.h"
#include "runtime/engine/test_job.h"
#include "runtime/tasks/stages.h"

namespace braid {
namespace {

using testing::ElementsAre;

/// A job that groups by a key that its topic, of four partitions, does not have.
struct Layout : testing::Test {
  Layout() {
    builder.publish(builder.group(builder.source("s", 10), 10, 10));
    builder.program.sources[0].binding = {"topic", "s", "json", {}};
    sent = split(builder.program, {{0, 4}}, "job").stages.at(0).program->exchanges.at(0).topic;
    cluster.create({"s", 4, -1, {}});
    options.broker.group = "job";
  }
  Status open() {
    BRAID_ASSIGN(layout, JobLayout::find(builder.program, options, seams, end));
    return layout.make_topics(options, seams);
  }
  int code() {
    const Status opened = open();
    return opened.ok() ? 0 : opened.error().code;
  }

  test::ProgramBuilder builder;
  ManualClock clock{test::kStart};
  SimCluster cluster{clock, {}};
  SimClock sim_clock{cluster.time()};
  SimBroker broker{cluster, "instance"};
  SimFs fs{1};
  InlineExecutor executor;
  JobSeams seams{fs, sim_clock, executor, {}, &broker};
  TopicJobOptions options;
  JobEnd end;
  JobLayout layout;
  std::string sent;  ///< the topic between the stages
};

TEST_F(Layout, HasTasksForEachStage) {
  ASSERT_EQ(code(), 0);
  EXPECT_EQ(layout.tasks(), 8);
  EXPECT_EQ(layout.partitions(), 4);
  EXPECT_EQ(cluster.partitions_of("job.epochs"), 8);
  EXPECT_EQ(cluster.partitions_of(sent), 4);
  EXPECT_EQ(layout.stage_of(3), 0U);
  EXPECT_EQ(layout.stage_of(4), 1U);
  EXPECT_EQ(layout.partition_of(5), 1);
  EXPECT_THAT(layout.inputs_of(1), ElementsAre(TopicPartition{"s", 1}));
  EXPECT_THAT(layout.inputs_of(5), ElementsAre(TopicPartition{sent, 1}));
  EXPECT_THAT(layout.fronts_of(5), ElementsAre(0, 1, 2, 3));
  EXPECT_TRUE(layout.warnings().empty());
  EXPECT_EQ(code(), 0);  // once more, with all that is there
}

TEST_F(Layout, TakesNoTopicWithOtherPartitions) {
  cluster.create({sent, 3, -1, {}});
  EXPECT_EQ(code(), diag::RepartitionTopicDiffers::kCode);
}

TEST_F(Layout, TakesNoRowsOfAnEarlierJob) {
  auto writer = std::move(*broker.make_writer({}));
  cluster.create({sent, 4, -1, {}});
  ASSERT_TRUE(writer->write({.place = {sent, 2}, .value = "rows"}).ok());
  ASSERT_TRUE(writer->flush(1'000'000).ok());
  EXPECT_EQ(code(), diag::RepartitionTopicUsed::kCode);
  EXPECT_EQ(cluster.partitions_of("job.epochs"), 0);  // so the next start finds the same
}

TEST_F(Layout, KeepsTheNumberOfTasks) {
  cluster.create({"job.epochs", 4, -1, {}});
  EXPECT_EQ(code(), diag::TasksChanged::kCode);
}

TEST_F(Layout, IsOneTaskWhereItCannotBeCut) {
  builder.program.sources[0].binding.kind = "file";
  ASSERT_EQ(code(), 0);
  EXPECT_EQ(layout.tasks(), 1);
  EXPECT_FALSE(layout.partition_of(0).has_value());
}

TEST_F(Layout, IsOneTaskWithoutTransactions) {
  options.broker.delivery = Delivery::at_least_once;
  ASSERT_EQ(code(), 0);
  EXPECT_EQ(layout.tasks(), 1);
  EXPECT_EQ(layout.warnings().size(), 1U);
  EXPECT_EQ(cluster.partitions_of(sent), 0);
}

}  // namespace
}  // namespace braid
