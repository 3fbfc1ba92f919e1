#include "runtime/tasks/stages.h"

#include <gtest/gtest.h>

#include "runtime/engine/first_ways.h"
#include "runtime/engine/test_program.h"
#include "tests/tasks/joined_tables.h"

namespace braid {
namespace {

using test::ProgramBuilder;

ProgramBuilder keyed(bool is_keyed = true) {
  ProgramBuilder b;
  for (const char* name : {"s", "t"}) {
    b.source(name, 10, 1'000'000, name[0] == 't');
    if (is_keyed) b.program.sources.back().key = {0};
  }
  return b;
}

Stages split_of(const ProgramBuilder& b, int32_t of_s = 4, int32_t of_t = 4) {
  return split(b.program, {{0, of_s}, {1, of_t}}, "job");
}

std::vector<std::string> texts(const Program& program) {
  std::vector<std::string> found;
  for (const Operator& op : program.operators) {
    const bool sends = std::holds_alternative<SendOperator>(op.content);
    const auto* source = std::get_if<SourceOperator>(&op.content);
    const bool receives = source != nullptr && program.sources[static_cast<size_t>(source->source)].is_exchange();
    found.push_back((sends ? "to " : receives ? "of " : "") + op.text);
  }
  return found;
}

using Texts = std::vector<std::string>;

TEST(Stages, KeyedStepsByTheKeyOfTheirSourcesNeedNone) {
  ProgramBuilder b = keyed();
  b.publish(b.group(b.as_of_join(0, 1, true), 10, 10));
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 1U) << found.reason;
  EXPECT_EQ(found.stages[0].program.get(), &b.program);
  EXPECT_EQ(found.tasks(), 4);
  EXPECT_EQ(describe(found), "");
}

TEST(Stages, StepsWithoutKeysNeedNone) {
  ProgramBuilder b = keyed(false);
  b.publish(b.keep(0, [](int64_t) { return true; }));
  EXPECT_EQ(split_of(b).stages.size(), 1U);
  EXPECT_EQ(split_of(b, 4, 2).tasks(), 4);
}

TEST(Stages, AGroupByAnotherKeyBeginsOne) {
  ProgramBuilder b = keyed();
  b.program.sources[0].key = {1};  // placed by v, grouped by k
  const int kept = b.keep(0, [](int64_t) { return true; });
  const int group = b.group(kept, 10, 10);
  b.publish(b.unique(group, 5));
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 2U);
  const Program &front = *found.stages[0].program, &back = *found.stages[1].program;
  EXPECT_EQ(texts(front), (Texts{"from s", "from t", "where", "to window group"}));
  // A group is placed as its keys are, so that `unique` of its key is in the same stage.
  EXPECT_EQ(texts(back), (Texts{"of window group", "window group", "unique", "product result"}));
  ASSERT_EQ(front.exchanges.size(), 1U);
  EXPECT_EQ(front.exchanges[0].topic, "job.repartition.f8ecbb5f781fb49c");  // of the group's identity and form
  EXPECT_EQ(front.exchanges[0].keys, std::vector{0});
  EXPECT_EQ(front.exchanges[0].partitions, 4);
  EXPECT_TRUE(front.exchanges[0].nulls_match);
  const SourceSpec& exchange = back.sources.back();
  EXPECT_EQ(exchange.binding.address, front.exchanges[0].topic);
  EXPECT_EQ(exchange.fronts, 4U);
  EXPECT_EQ(back.sources.size(), 3U);
  EXPECT_EQ(back.sources[0].binding.kind, "elsewhere");
  EXPECT_EQ(back.operators[1].inputs, std::vector{0});
  EXPECT_EQ(back.operators[1].state.identity, b.program.operators[static_cast<size_t>(group)].state.identity);
  EXPECT_EQ(found.stages[1].first_task, 4);
  EXPECT_EQ(found.tasks(), 8);
  EXPECT_EQ(describe(found),
            "stages, each with a task for each partition number\n"
            "  0 reads in/s*.ndjson\n"
            "  0 reads in/t*.ndjson\n"
            "  0 sends to job.repartition.f8ecbb5f781fb49c for `window group`\n"
            "  1 reads job.repartition.f8ecbb5f781fb49c\n");
}

TEST(Stages, RowsOfAPortGoToWhereItIsRead) {
  ProgramBuilder b = keyed();
  b.program.sources[0].key = {1};  // placed by v, grouped by k
  const int product = b.publish(b.group(b.keep(0, [](int64_t) { return true; }), 10, 10));
  const auto read = [&](const std::string& name) {
    Operator port;
    port.content = PortOperator{0, name};
    port.inputs = {product};
    port.row = {{"why", string_type()}};
    port.text = "from result." + name;
    return b.add(std::move(port));
  };
  b.publish(read("rejected"), "seen");
  b.publish(read("alerts"), "alerted");  // of the step that publishes
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 2U) << found.reason;
  const Program &front = *found.stages[0].program, &back = *found.stages[1].program;
  EXPECT_EQ(texts(front),
            (Texts{"from s", "from t", "where", "from result.rejected", "to from result.rejected", "to window group"}));
  EXPECT_EQ(texts(back), (Texts{"of window group", "window group", "product result", "from result.rejected",
                                "of from result.rejected", "from result.rejected", "product seen", "from result.alerts",
                                "product alerted"}));
  ASSERT_EQ(front.exchanges.size(), 2U);
  EXPECT_TRUE(front.exchanges[0].topic.ends_with(".port0")) << front.exchanges[0].topic;
  EXPECT_EQ(back.sources.back().binding.address, front.exchanges[0].topic);
  EXPECT_EQ(back.sources.back().fronts, 4U);
  EXPECT_EQ(front.operators[3].inputs, (std::vector{0, 1, 2}));
  EXPECT_EQ(back.operators[5].inputs, (std::vector{3, 4}));
}

TEST(Stages, APatternIsPlacedAsItsKeysAre) {
  ProgramBuilder b = keyed();
  b.program.sources[0].key = {1};
  MatchOperator match;
  match.within_us = 10;
  match.keys = {0};
  match.fields = {1};
  match.elements = {{.output = 1}};
  Operator op;
  op.content = match;
  op.inputs = {0};
  op.row = {{"k", b.row(0)[0].type}, {"a", struct_type({{"v", b.row(0)[1].type}})}};
  op.derived = true;
  op.text = "match";
  b.publish(b.unique(b.add(std::move(op)), 5));
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 2U);
  EXPECT_EQ(texts(*found.stages[0].program), (Texts{"from s", "from t", "to match"}));
  EXPECT_EQ(texts(*found.stages[1].program), (Texts{"of match", "match", "unique", "product result"}));
}

TEST(Stages, BothSidesOfAJoinThatDoesNotFitAreSent) {
  ProgramBuilder b = keyed();
  b.program.sources[1].key = {1};
  b.publish(b.as_of_join(0, 1, true));
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 2U);
  EXPECT_EQ(texts(*found.stages[0].program), (Texts{"from s", "from t", "to join as of", "to join as of"}));
  EXPECT_EQ(texts(*found.stages[1].program), (Texts{"of join as of", "of join as of", "join as of", "product result"}));
  EXPECT_EQ(found.stages[0].program->exchanges[0].topic, "job.repartition.ca1cd44bcab248f4.left");
  EXPECT_EQ(found.stages[0].program->exchanges[1].topic, "job.repartition.ca1cd44bcab248f4.right");
  EXPECT_FALSE(found.stages[0].program->exchanges[0].nulls_match);
  EXPECT_EQ(found.stages[1].program->operators[2].inputs, (std::vector{0, 1}));
}

TEST(Stages, RecordsTakeTheWaysOfTheWhole) {
  ProgramBuilder b = keyed();
  b.program.sources[0].key = {1};  // placed by v, joined by k
  const int kept = b.keep(0, [](int64_t) { return true; });
  const int joined = b.interval_join(kept, 0, true, false, -5, 5);
  b.publish(b.as_of_join(joined, kept, true));
  test::find_products(b.program);
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 3U) << found.reason;
  const Program &front = *found.stages[0].program, &back = *found.stages[1].program;
  ASSERT_EQ(texts(front), (Texts{"from s", "from t", "where", "to join within", "to join within", "to join as of"}));
  using Others = std::vector<FirstWays::Other>;
  const FirstWays of_front(front);
  EXPECT_EQ(of_front.others(2, 0), Others());
  EXPECT_EQ(of_front.others(3, 0), Others());
  EXPECT_EQ(of_front.others(4, 0), (Others{{0, 0}}));
  EXPECT_EQ(of_front.others(5, 0), (Others{{0, 0}}));
  const FirstWays of_back(back);
  for (size_t op = 0; op < back.operators.size(); ++op)
    if (std::holds_alternative<PublishOperator>(back.operators[op].content))
      EXPECT_EQ(of_back.others(static_cast<int>(op), 0), Others());
}

/// A product by the key of the first of two tables.
void join_tables(ProgramBuilder& b, int by) {
  const int left = test::changes_of_versions(b, 0, {0});
  test::publish_joined(b, left, test::changes_of_versions(b, 1, {0}), by, 0);
}

TEST(Stages, ChangesOfATableGoToTheTaskOfItsKey) {
  ProgramBuilder b = keyed();
  join_tables(b, 1);
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 3U) << found.reason;
  EXPECT_EQ(texts(*found.stages[1].program), (Texts{"of join tables", "of join tables", "join tables", "to changes"}));
  const Program& last = *found.stages[2].program;
  EXPECT_EQ(texts(last), (Texts{"of changes", "changes", "product result"}));
  EXPECT_EQ(found.stages[1].program->exchanges[0].keys, std::vector{0});
  // What comes of several tasks, comes in no order.
  EXPECT_TRUE(std::get<NetOperator>(last.operators[1].content).keeps);
}

/// `leader`: of the right side of a pair, the left one.
int instants(ProgramBuilder& b, int input, int key, bool pair = false, int leader = -1) {
  Operator made;
  made.content =
      InstantsOperator{.fields = static_cast<int>(b.row(input).size()), .keys = {key}, .pair = pair, .leader = leader};
  made.inputs = {input};
  made.row = b.row(input);
  made.text = "instants";
  return b.add(std::move(made));
}

TEST(Stages, InstantsAreThoseBehindTheExchange) {
  ProgramBuilder b = keyed();
  b.publish(test::changes_of_versions(b, instants(b, 0, 1), {1}));
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 2U) << found.reason;
  EXPECT_EQ(texts(*found.stages[1].program), (Texts{"of instants", "instants", "latest", "product result"}));
}

TEST(Stages, InstantsOfBothSidesOfAJoinAreOfOneStage) {
  for (const int right_key : {0, 1}) {
    ProgramBuilder b = keyed();
    const int left = instants(b, test::changes_of_versions(b, 0, {0}), 1, true);
    const int right = instants(b, test::changes_of_versions(b, 1, {0}), right_key, true, left);
    Operator join;
    TableJoinOperator tables;
    for (const int side : {0, 1})
      tables.sides[side] = {.fields = 3, .retracted = 3, .keys = {side == 0 ? 1 : right_key}};
    join.content = tables;
    join.inputs = {left, right};
    join.row = b.row(left);
    join.text = "join tables";
    b.publish(b.add(std::move(join)));
    const Stages found = split_of(b);
    if (right_key == 0) {
      // Those of the right side are in their tasks already, those of the left one would come from several.
      EXPECT_TRUE(found.stages.empty());
      EXPECT_EQ(found.reason, "`join tables` goes by another key than the rows before it");
      continue;
    }
    ASSERT_EQ(found.stages.size(), 2U) << found.reason;
    const Program& second = *found.stages[1].program;
    EXPECT_EQ(texts(second),
              (Texts{"of instants", "instants", "of instants", "instants", "join tables", "product result"}));
    EXPECT_EQ(std::get<InstantsOperator>(second.operators[3].content).leader, 1);
  }
}

TEST(Stages, ATableJoinedByOtherColumnsIsSentByThem) {
  ProgramBuilder b = keyed();
  b.publish(b.join_by_value(0, 1, true));
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 2U) << found.reason;
  EXPECT_EQ(texts(*found.stages[0].program),
            (Texts{"from s", "from t", "marks", "moves", "to join by value", "to join by value"}));
  EXPECT_EQ(texts(*found.stages[1].program),
            (Texts{"of join by value", "of join by value", "join by value", "product result"}));
  EXPECT_EQ(found.stages[0].program->exchanges[1].keys, std::vector{3});
}

TEST(Stages, ATableThatNoKeyPlacesIsSentByItsKeyFirst) {
  ProgramBuilder b = keyed(false);
  b.publish(b.join_by_value(0, 1, true));
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 3U) << found.reason;
  EXPECT_EQ(texts(*found.stages[1].program), (Texts{"of moves", "moves", "to join by value"}));
}

TEST(Stages, TicksGoByTheTimeOfAllPartitions) {
  ProgramBuilder b = keyed();
  Operator ticks;
  ticks.content = TickOperator{10};
  ticks.inputs = {0};
  ticks.row = {{"at", timestamp_type()}};
  ticks.derived = true;
  ticks.text = "from every 10us";
  b.publish(b.add(std::move(ticks)));
  const Stages found = split_of(b);
  EXPECT_TRUE(found.stages.empty());
  EXPECT_EQ(found.reason, "`from every 10us` goes by the time of all partitions");
}

TEST(Stages, ChangesThatGoOnInAFlowAreOfOneTask) {
  ProgramBuilder b = keyed();
  join_tables(b, 1);
  const int net = b.program.operators.back().inputs[0];
  b.program.operators.pop_back();
  b.program.products.clear();
  b.publish(b.keep(net, [](int64_t) { return true; }));
  const Stages found = split_of(b);
  EXPECT_TRUE(found.stages.empty());
  EXPECT_EQ(found.reason, "`changes` reads changes whose key several tasks have");
}

TEST(Stages, ChangesOfATableStayWhereAllOfAKeyAre) {
  ProgramBuilder b = keyed();
  join_tables(b, 0);
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 1U) << found.reason;
  EXPECT_FALSE(std::get<NetOperator>(b.program.operators[5].content).keeps);
}

TEST(Stages, ChangesArePlacedByAnotherKeyThanOtherTopics) {
  ProgramBuilder b = keyed();
  b.program.sources[1].binding.format = "debezium";
  const int joined = b.as_of_join(0, 1, true);
  b.publish(joined);
  EXPECT_EQ(split_of(b).stages.size(), 2U);
  EXPECT_EQ(split_of(b, 1, 1).stages.size(), 1U);
}

TEST(Stages, InputsWithDifferentPartitionsDoNotFit) {
  ProgramBuilder b = keyed();
  b.publish(b.as_of_join(0, 1, true));
  const Stages found = split_of(b, 4, 2);
  ASSERT_EQ(found.stages.size(), 2U);
  EXPECT_EQ(found.stages[1].program->sources[2].fronts, 4U);
  EXPECT_EQ(found.stages[1].program->sources[3].fronts, 2U);  // the other tasks have none of its partitions
  EXPECT_EQ(found.tasks(), 8);
}

TEST(Stages, WhatIsPlacedByOneKeyIsJoinedByIt) {
  ProgramBuilder b = keyed(false);
  // Both are placed by k for the join; its rows go on as they lie.
  b.publish(b.unique(b.group(b.as_of_join(0, 1, true), 10, 10), 5));
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 2U);
  EXPECT_EQ(found.stages[0].program->exchanges.size(), 2U);
  EXPECT_TRUE(found.stages[1].program->exchanges.empty());
}

TEST(Stages, FollowEachOther) {
  ProgramBuilder b = keyed(false);
  const int by_k = b.group(0, 10, 10);
  const int by_n = b.group(by_k, 20, 20);
  std::get<GroupOperator>(b.program.operators[static_cast<size_t>(by_n)].content).keys = {1};
  b.publish(by_n);
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 3U);
  EXPECT_EQ(texts(*found.stages[1].program), (Texts{"of window group", "window group", "to window group"}));
  EXPECT_EQ(found.stages[2].first_task, 8);
  // Rows that a window made have the ledger of such rows in the next stage, too.
  EXPECT_TRUE(found.stages[2].program->operators[0].derived);
}

TEST(Stages, EachHasTheReferenceDataThatItNeeds) {
  ProgramBuilder b = keyed(false);
  const int table = b.source("u", -1, 0, true);
  const int joined = b.reference_join(0, table, true);
  b.publish(b.group(joined, 10, 10), "p");
  b.publish(b.reference_join(b.group(0, 10, 10), table, true), "q");
  const Stages found = split_of(b);
  ASSERT_EQ(found.stages.size(), 2U);
  EXPECT_EQ(found.stages[0].program->sources[2].binding.kind, "file");
  EXPECT_EQ(found.stages[1].program->sources[2].binding.kind, "file");
}

TEST(Stages, AKeyThatIsComputedAnewPlacesNothing) {
  ProgramBuilder b = keyed();
  const int kept = b.keep(0, [](int64_t) { return true; });
  std::get<RowsOperator>(b.program.operators[static_cast<size_t>(kept)].content).passthrough[0] = -1;
  b.publish(b.group(kept, 10, 10));
  EXPECT_EQ(split_of(b).stages.size(), 2U);
}

TEST(Stages, KernelsAreThoseOfTheWholeProgram) {
  ProgramBuilder b = keyed(false);
  const int kept = b.keep(0, [](int64_t) { return true; });
  b.publish(b.group(kept, 10, 10));
  const Stages found = split_of(b);
  const auto& of_stage = std::get<RowsOperator>(found.stages[0].program->operators[2].content).kernel;
  auto& of_whole = std::get<RowsOperator>(b.program.operators[static_cast<size_t>(kept)].content).kernel;
  const test::KeepKernel native(1, [](int64_t) { return false; }, 0);
  of_whole.set(&native);
  EXPECT_EQ(&of_stage.get(), &native);
}

TEST(Stages, CannotRetimeRowsThatHaveLeftTheirPartitions) {
  ProgramBuilder b = keyed(false);
  b.publish(b.group(b.retime(0, 2, 10), 10, 10));
  EXPECT_EQ(split_of(b).stages.size(), 2U);

  ProgramBuilder behind = keyed(false);
  behind.publish(behind.group(behind.retime(behind.as_of_join(0, 1, true), 2, 10), 10, 10));
  EXPECT_TRUE(split_of(behind).stages.empty());
  EXPECT_EQ(split_of(behind).reason, "`time` is behind a step that groups or joins by another key");
}

}  // namespace
}  // namespace braid
