#include "runtime/engine/job.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "runtime/engine/test_job.h"
#include "runtime/state/rocks_store.h"

namespace braid {
namespace {

using namespace test;

TEST(Job, a_second_run_has_nothing_new_and_a_grown_file_goes_on) {
  Machine machine(1);
  ProgramBuilder b;
  b.publish(b.keep(b.source("s", 0), [](int64_t v) { return v > 1; }));
  machine.write("in/s.ndjson", record("a", 1, 10) + record("b", 2, 11));
  auto first = run_job(b.program, job_options(), machine.seams());
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_FALSE(first->nothing_new);
  EXPECT_EQ(first->events, 2);
  EXPECT_EQ(first->deviation, 0);
  EXPECT_EQ(*machine.fs.read_file("data/out/test.result.v1.ndjson"),
            "{\"k\":\"b\",\"v\":2,\"at\":\"1970-01-01T00:00:00.000011Z\"}\n");

  auto second = run_job(b.program, job_options(), machine.seams());
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_TRUE(second->nothing_new);

  machine.write("in/s.ndjson", record("a", 1, 10) + record("b", 2, 11) + record("c", 3, 12));
  auto third = run_job(b.program, job_options(), machine.seams());
  ASSERT_TRUE(third.ok()) << third.error().message;
  EXPECT_EQ(third->events, 3);
  EXPECT_EQ(third->products[0].rows, 2);

  machine.write("in/s.ndjson", record("a", 1, 10));
  auto shortened = run_job(b.program, job_options(), machine.seams());
  ASSERT_FALSE(shortened.ok());
  EXPECT_EQ(shortened.error().code, 7011);
}

TEST(Job, a_stream_without_event_time_takes_turns_and_resumes) {
  Machine machine(1);
  ProgramBuilder b;
  b.publish(b.keep(b.source("s", -1), [](int64_t v) { return v > 1; }));
  std::string one, two;
  for (int i = 0; i < 40; ++i) one += record(std::string(20'000, 'x'), i, 0);
  for (int i = 40; i < 60; ++i) two += record(std::string(20'000, 'y'), i, 0);
  machine.write("in/s1.ndjson", one);
  JobOptions options = job_options();
  options.commit_every_turns = 1;
  auto first = run_job(b.program, options, machine.seams());
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_GT(first->turns, 2u);
  EXPECT_GT(first->epochs, 2u);
  EXPECT_EQ(first->products[0].rows, 38);
  std::string before = machine.outputs();

  auto second = run_job(b.program, options, machine.seams());
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_TRUE(second->nothing_new);
  EXPECT_EQ(machine.outputs(), before);

  machine.write("in/s1.ndjson", one + record("a", 70, 0));
  machine.write("in/s2.ndjson", two);
  auto third = run_job(b.program, options, machine.seams());
  ASSERT_TRUE(third.ok()) << third.error().message;
  EXPECT_FALSE(third->nothing_new);
  EXPECT_EQ(third->events, 61);
  EXPECT_EQ(third->products[0].rows, 59);
  EXPECT_EQ(third->products[0].inputs[0].ledger.in, 61);
  EXPECT_EQ(third->deviation, 0);
  const std::string rows = *machine.fs.read_file("data/out/test.result.v1.ndjson");
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 59);
}

TEST(Job, records_in_the_script_are_read_once) {
  Machine machine(1);
  ProgramBuilder b;
  b.publish(b.source("s", -1));
  Binding& binding = b.program.sources[0].binding;
  binding.kind = "inline";
  binding.address = record("a", 1, 0) + record("b", 2, 0);
  ASSERT_TRUE(run_job(b.program, job_options(), machine.seams()).ok());
  auto again = run_job(b.program, job_options(), machine.seams());
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->nothing_new);
  binding.address += record("c", 3, 0);
  auto appended = run_job(b.program, job_options(), machine.seams());
  ASSERT_TRUE(appended.ok()) << appended.error().message;
  EXPECT_EQ(appended->products[0].rows, 3);
  EXPECT_EQ(appended->deviation, 0);
}

TEST(Job, a_stream_without_event_time_is_read_before_those_that_have_one) {
  Machine machine(1);
  ProgramBuilder b;
  int timed = b.source("s", 0), timeless = b.source("n", -1);
  b.publish(timed, "timed");
  b.publish(timeless, "timeless");
  b.program.operators[timed].products = {0};
  b.program.operators[timeless].products = {1};
  machine.write("in/s.ndjson", record("a", 1, 10));
  machine.write("in/n.ndjson", record("b", 2, 0));
  JobOptions options = job_options();
  options.seal = false;
  ASSERT_TRUE(run_job(b.program, options, machine.seams()).ok());
  machine.write("in/s.ndjson", record("a", 1, 10) + record("a", 2, 11));
  machine.write("in/n.ndjson", record("b", 2, 0) + record("b", 3, 0));
  int turns = 0;
  options.stop_requested = [&] { return turns++ == 1; };
  auto report = run_job(b.program, options, machine.seams());
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_TRUE(report->drained);
  EXPECT_NE(machine.fs.read_file("data/out/test.timeless.v1.ndjson")->find("\"v\":3"), std::string::npos);
  EXPECT_EQ(machine.fs.read_file("data/out/test.timed.v1.ndjson")->find("\"v\":2"), std::string::npos);
}

TEST(Job, without_sealing_windows_stay_open_until_a_run_that_seals) {
  Machine machine(1);
  ProgramBuilder b;
  b.publish(b.group(b.source("s", 0), 10, 10));
  machine.write("in/s.ndjson", record("a", 1, 1) + record("a", 2, 2));
  JobOptions options = job_options();
  options.seal = false;
  ASSERT_TRUE(run_job(b.program, options, machine.seams()).ok());
  EXPECT_EQ(*machine.fs.read_file("data/out/test.result.v1.ndjson"), "");
  machine.write("in/s.ndjson", record("a", 1, 1) + record("a", 2, 2) + record("a", 4, 3));
  options.seal = true;
  auto sealed = run_job(b.program, options, machine.seams());
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(sealed->products[0].rows, 1);
  EXPECT_NE(machine.fs.read_file("data/out/test.result.v1.ndjson")->find("\"sum\":7"), std::string::npos);
  // What was sealed is closed for ever: a later row of that window is late.
  machine.write("in/s.ndjson", record("a", 1, 1) + record("a", 2, 2) + record("a", 4, 3) + record("a", 8, 4));
  auto late = run_job(b.program, options, machine.seams());
  ASSERT_TRUE(late.ok());
  EXPECT_EQ(late->products[0].inputs[0].ledger.late, 1);
}

TEST(Job, a_changed_step_stops_the_job_unless_accepted) {
  Machine machine(1);
  ProgramBuilder b;
  int group = b.group(b.source("s", 0), 10, 10);
  b.publish(group);
  machine.write("in/s.ndjson", record("a", 1, 1));
  JobOptions options = job_options();
  options.seal = false;
  ASSERT_TRUE(run_job(b.program, options, machine.seams()).ok());
  b.program.operators[group].state.schema = 2;
  auto refused = run_job(b.program, options, machine.seams());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 8004);
  EXPECT_EQ(refused.error().kind, ErrorKind::store);
  options.accept = {"windw group"};
  auto unknown = run_job(b.program, options, machine.seams());
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, 8078);
  options.accept = {"all"};
  auto accepted = run_job(b.program, options, machine.seams());
  ASSERT_TRUE(accepted.ok()) << accepted.error().message;
  EXPECT_EQ(accepted->started_empty, (std::vector<std::string>{"window group (changed)"}));
  EXPECT_EQ(accepted->state.rows, 0u);
}

TEST(Job, state_of_other_aggregates_is_not_read_for_a_group_of_the_same_name_and_row) {
  // With one row and one name: distinct v, count, distinct v by a set of its own, and two counts that share a set.
  auto spec = [](AggregateSpec::Kind kind, int same) {
    return AggregateSpec{.kind = kind, .argument = 1, .type = int_type(), .same_argument = same};
  };
  using Kind = AggregateSpec::Kind;
  const std::vector<std::vector<AggregateSpec>> changes = {
      {spec(Kind::count_distinct, -1), spec(Kind::count, -1)},
      {spec(Kind::count_distinct, -1), spec(Kind::sum, -1)},
      {spec(Kind::count_distinct, -1), spec(Kind::count_distinct, -1)},
      {spec(Kind::count_distinct, -1), spec(Kind::count_distinct, 3)}};
  for (size_t before = 0; before < changes.size(); ++before) {
    for (size_t after = 0; after < changes.size(); ++after) {
      Machine machine(1);
      ProgramBuilder b;
      int group = b.group(b.source("s", 0), 10, 10);
      b.publish(group);
      auto& aggregates = std::get<GroupOperator>(b.program.operators[group].content).aggregates;
      auto use = [&](const std::vector<AggregateSpec>& two) {
        std::copy(two.begin(), two.end(), aggregates.end() - 2);
      };
      machine.write("in/s.ndjson", record("a", 1, 1) + record("a", 2, 2));
      JobOptions options = job_options();
      options.seal = false;
      aggregates = {aggregates[0], aggregates[2], aggregates[3], aggregates[1], aggregates[1]};
      use(changes[before]);
      ASSERT_TRUE(run_job(b.program, options, machine.seams()).ok());
      use(changes[after]);
      auto again = run_job(b.program, options, machine.seams());
      ASSERT_EQ(again.ok(), before == after);
      if (!again.ok()) EXPECT_EQ(again.error().code, 8004);
    }
  }
}

TEST(Job, reset_deletes_state_and_outputs_and_leaves_inputs) {
  Machine machine(1);
  ProgramBuilder b;
  b.publish(b.source("s", 0));
  machine.write("in/s.ndjson", record("a", 1, 1) + "broken\n");
  ASSERT_TRUE(run_job(b.program, job_options(), machine.seams()).ok());
  std::string before = machine.outputs();
  EXPECT_NE(before.find("rejected"), std::string::npos);
  ASSERT_TRUE(reset_job("data", machine.seams()).ok());
  EXPECT_EQ(machine.outputs(), "");
  EXPECT_TRUE(machine.fs.stat("in/s.ndjson")->exists);
  ASSERT_TRUE(run_job(b.program, job_options(), machine.seams()).ok());
  EXPECT_EQ(machine.outputs(), before);
}

TEST(Job, a_foreign_file_in_the_way_is_refused) {
  Machine machine(1);
  ProgramBuilder b;
  b.publish(b.source("s", 0));
  machine.write("in/s.ndjson", record("a", 1, 1));
  machine.write("data/out/test.result.v1.ndjson", "mine\n");
  auto refused = run_job(b.program, job_options(), machine.seams());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 7010);
  EXPECT_EQ(*machine.fs.read_file("data/out/test.result.v1.ndjson"), "mine\n");
}

TEST(Job, stopped_and_started_again_gives_the_outputs_of_one_run) {
  Machine whole(1), parts(2);
  ProgramBuilder b;
  Program program = everything(b);
  for (const auto& [path, content] : random_inputs(7, 3000)) {
    whole.write(path, content);
    parts.write(path, content);
  }
  auto undisturbed = run_job(program, job_options(), whole.seams());
  ASSERT_TRUE(undisturbed.ok()) << undisturbed.error().message;
  EXPECT_EQ(undisturbed->deviation, 0);
  EXPECT_GT(undisturbed->turns, 10u);
  for (int run = 0; run < 200; ++run) {
    JobOptions options = job_options();
    int checks = 0;
    options.stop_requested = [&] { return ++checks > 1; };
    auto report = run_job(program, options, parts.seams());
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->deviation, 0);
    if (!report->drained) break;
  }
  EXPECT_EQ(whole.outputs(), parts.outputs());
}

/// Power cuts: `workers`, and whether what runs beside the turns comes at once or as late as it may.
class JobCrashes : public testing::TestWithParam<std::tuple<size_t, bool>> {};

TEST_P(JobCrashes, at_any_operation_leave_no_trace_in_the_outputs) {
  ProgramBuilder b;
  Program program = everything(b);
  auto inputs = random_inputs(11, 1200);
  InlineExecutor at_once;
  LateExecutor late;
  Executor& executor = std::get<1>(GetParam()) ? static_cast<Executor&>(late) : at_once;
  JobOptions options = job_options();
  options.commit_every_turns = 2;
  options.outputs[0].path = "products/first.ndjson";
  Machine calm(1);
  for (const auto& [path, content] : inputs) calm.write(path, content);
  uint64_t begin = calm.fs.operations();
  ASSERT_TRUE(run_job(program, options, calm.seams()).ok());
  uint64_t length = calm.fs.operations() - begin;
  std::string expected = calm.outputs();
  ASSERT_GT(expected.size(), 10'000u);

  options.workers = std::get<0>(GetParam());
  Rng rng(99);
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    // A row behind each turn, some, or all at once.
    options.copy_bytes = round % 3 == 0 ? 1 : round % 3 == 1 ? 500 : JobOptions().copy_bytes;
    Machine machine(1000 + static_cast<uint64_t>(round));
    for (const auto& [path, content] : inputs) machine.write(path, content);
    int crashes = 0;
    for (; crashes < 20; ++crashes) {
      if (crashes < 3) machine.fs.cut_power_at(machine.fs.operations() + 1 + rng.below(length));
      auto report = run_job(program, options, machine.seams(executor));
      if (report.ok()) break;
      ASSERT_TRUE(machine.fs.power_is_cut()) << report.error().message;
      machine.fs.crash();
    }
    machine.fs.cut_power_at(0);
    EXPECT_EQ(machine.outputs(), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, JobCrashes, testing::Combine(testing::Values(1, 3), testing::Bool()),
                         [](const auto& info) {
                           return std::to_string(std::get<0>(info.param)) +
                                  (std::get<1>(info.param) ? "_late" : "_inline");
                         });

TEST(Job, runs_on_rocksdb_and_real_files) {
  namespace files = std::filesystem;
  files::path place = files::temp_directory_path() / ("braid_job_test_" + std::to_string(::getpid()));
  files::create_directories(place / "in");
  ProgramBuilder b;
  Program program = everything(b);
  for (SourceSpec& source : program.sources) source.binding.address = (place / source.binding.address).string();
  for (const auto& [path, content] : random_inputs(5, 800))
    ASSERT_TRUE(real_fs().write_file((place / path).string(), content).ok());
  ManualClock clock(kStart);
  InlineExecutor executor;
  JobSeams seams{real_fs(), clock, executor, open_rocks_store};
  JobOptions options = job_options();
  options.commit_every_turns = 3;
  std::string expected;
  for (const char* directory : {"whole", "parts"}) {
    options.directory = (place / directory).string();
    for (int run = 0; run < 100; ++run) {
      int checks = 0;
      if (std::string(directory) == "parts") options.stop_requested = [&] { return ++checks > 2; };
      auto report = run_job(program, options, seams);
      ASSERT_TRUE(report.ok()) << report.error().message;
      EXPECT_EQ(report->deviation, 0);
      if (!report->drained) break;
    }
    std::string found;
    std::vector<std::string> names = real_fs().list_directory(join_path(options.directory, "out")).value();
    for (const std::string& name : names) {
      std::string content = real_fs().read_file(join_path(options.directory, "out/" + name)).value();
      found += name + "\n" + content;
    }
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected);
    EXPECT_GT(found.size(), 5000u);
  }
  files::remove_all(place);
}

}  // namespace
}  // namespace braid
