// State that is made again of topics, by a job that reads them and writes files: for a changed script, and without a
// subject that is erased.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/broker/sim_broker.h"
#include "runtime/engine/erase.h"
#include "runtime/engine/test_job.h"
#include "runtime/report/erasure_findings.h"
#include "runtime/report/state_findings.h"

namespace braid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000;
constexpr const char* kOutput = "data/out/test.result.v1.ndjson";

/// Windows of that length over the topic `in`, which are another step for each length.
Program windows_of(int64_t size) {
  test::ProgramBuilder b;
  const int group = b.group(b.source("s", 10), size, size);
  b.program.operators[static_cast<size_t>(group)].state.identity = 5000 + static_cast<uint64_t>(size);
  b.program.id = static_cast<uint64_t>(size);
  b.publish(group);
  b.program.sources[0].binding = {"topic", "in", "json", {{"unit", "us"}}};
  return b.program;
}

/// A cluster with a topic of two partitions, and a machine.
class World {
 public:
  World() {
    cluster_.create({"in", 2, -1, {}});
    writer_ = std::move(*broker_.make_writer({}));
  }
  void put(int64_t first, int64_t count) {
    for (int64_t number = first; number < first + count; ++number) {
      const std::string key(1, static_cast<char>('a' + number % 3));
      std::string line = test::record(key, number % 7, 100 + number);
      line.pop_back();
      const auto partition = static_cast<int32_t>(number % 2);
      ASSERT_TRUE(writer_->write({.place = {"in", partition}, .key = key, .value = line}).ok());
    }
    ASSERT_TRUE(writer_->flush(kSecond).ok());
  }
  void delete_before(int32_t partition, int64_t offset) {
    ASSERT_TRUE(broker_.delete_records_before({"in", partition}, offset, kSecond).ok());
  }
  Result<JobReport> try_run(const Program& program, std::vector<std::string> rebuild = {}) {
    JobOptions options = test::job_options();
    options.until_caught_up = true;
    options.seal = false;
    options.group = "job";
    options.commit_every_turns = 1;
    options.rebuild = std::move(rebuild);
    return run_job(program, options, seams());
  }
  JobReport run(const Program& program, std::vector<std::string> rebuild = {}) {
    const auto report = try_run(program, std::move(rebuild));
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? *report : JobReport();
  }
  /// A key of all records, as `braid erase` names it.
  Status erase(const Program& program, const std::string& key) {
    JobOptions options = test::job_options();
    options.until_caught_up = true;
    options.seal = false;
    options.group = "job";
    BRAID_ASSIGN(ErasureLog log, ErasureLog::read(machine_.fs, options.directory));
    log.salt = "salt";
    log.subjects.push_back({.source = "test.s",
                            .fields = {"k"},
                            .hash = log.hash_of("test.s", {{"k", '"' + key + '"'}}),
                            .time_us = sim_clock_.now_us(),
                            .because = {}});
    BRAID_ASSIGN(const Erasure erased, prepare_erasure(program, options, seams(), log, {}, false));
    EXPECT_GE(erased.places.front().before, 66);
    BRAID_TRY(apply_erasure(options, seams()));
    log.subjects.back().done = true;
    BRAID_TRY(log.write(machine_.fs, options.directory));
    return finish_erasure(options, seams());
  }
  std::string output() {
    const auto bytes = machine_.fs.read_file(kOutput);
    return bytes.ok() ? *bytes : "";
  }

 private:
  JobSeams seams() {
    return {machine_.fs, sim_clock_, executor_,
            [this](const std::string& directory) { return MemoryStore::open(machine_.fs, directory); }, &broker_};
  }

  ManualClock clock_{1'700'000'000 * kSecond};
  SimCluster cluster_{clock_, {}};
  SimClock sim_clock_{cluster_.time()};
  SimBroker broker_{cluster_, "job"};
  test::Machine machine_{1};
  InlineExecutor executor_;
  std::unique_ptr<BrokerWriter> writer_;
};

TEST(RebuildOfTopics, gives_the_state_that_the_step_would_have) {
  const Program before = windows_of(20), now = windows_of(60);
  World changed, oracle;
  for (World* world : {&changed, &oracle}) {
    world->put(0, 100);
    world->run(world == &oracle ? now : before);
    world->put(100, 100);
    world->run(world == &oracle ? now : before);
  }
  const size_t middle = oracle.output().size(), written = changed.output().size();
  const auto refused = changed.try_run(now);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 8004);
  EXPECT_THAT(refused.error().message, HasSubstr("makes it again from the first record of `test.s`"));
  EXPECT_THAT(changed.run(now, {"all"}).rebuilt, ElementsAre("window group"));
  EXPECT_EQ(changed.output().size(), written);
  for (World* world : {&changed, &oracle}) {
    world->put(200, 100);
    world->run(now);
  }
  EXPECT_GT(oracle.output().size(), middle + 100);
  EXPECT_EQ(changed.output().substr(written), oracle.output().substr(middle));
}

TEST(RebuildOfTopics, needs_all_records_from_the_first_one_on) {
  World world;
  world.put(0, 100);
  world.run(windows_of(20));
  world.delete_before(1, 7);
  const std::string gone = "`in/1` has its records from offset 7 on, and the job has read from offset 0 on";
  const auto refused = world.try_run(windows_of(60));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 8004);
  EXPECT_THAT(refused.error().message, HasSubstr(gone));
  const auto lacks = world.try_run(windows_of(60), {"all"});
  ASSERT_FALSE(lacks.ok());
  EXPECT_EQ(lacks.error().code, diag::StateNotRebuilt::kCode);
  EXPECT_THAT(lacks.error().message, HasSubstr(gone));
}

TEST(RebuildOfTopics, begins_where_the_job_began) {
  // What was gone when the job began is none of its history.
  const Program before = windows_of(20), now = windows_of(60);
  World changed, oracle;
  for (World* world : {&changed, &oracle}) {
    world->put(0, 100);
    world->delete_before(0, 10);
    world->delete_before(1, 20);
    world->run(world == &oracle ? now : before);
  }
  const size_t middle = oracle.output().size(), written = changed.output().size();
  changed.run(now, {"all"});
  for (World* world : {&changed, &oracle}) {
    world->put(100, 100);
    world->run(now);
  }
  EXPECT_EQ(changed.output().substr(written), oracle.output().substr(middle));
}

/// Lines of files that are not of that key.
std::string without(const std::string& output, const std::string& key) {
  std::string kept;
  for (size_t at = 0; at < output.size();) {
    const size_t end = output.find('\n', at) + 1;
    const std::string line = output.substr(at, end - at);
    if (line.find("\"k\":\"" + key + '"') == std::string::npos) kept += line;
    at = end;
  }
  return kept;
}

TEST(ErasureOfTopics, leaves_what_the_job_would_have_without_the_subject) {
  const Program program = windows_of(20);
  World erased, whole;
  for (World* world : {&erased, &whole}) {
    world->put(0, 100);
    world->run(program);
    world->put(100, 100);
    world->run(program);
  }
  const Status done = erased.erase(program, "b");
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(erased.output(), without(whole.output(), "b"));
  EXPECT_LT(erased.output().size(), whole.output().size());
  for (World* world : {&erased, &whole}) {
    world->put(200, 100);
    world->run(program);
  }
  EXPECT_EQ(erased.output(), without(whole.output(), "b"));
}

TEST(ErasureOfTopics, may_follow_one_another) {
  const Program program = windows_of(20);
  World erased, whole;
  for (World* world : {&erased, &whole}) {
    world->put(0, 200);
    world->run(program);
  }
  for (const char* key : {"b", "c"}) {
    const Status done = erased.erase(program, key);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  EXPECT_EQ(erased.output(), without(without(whole.output(), "b"), "c"));
}

TEST(ErasureOfTopics, needs_all_records_from_the_first_one_on) {
  const Program program = windows_of(20);
  World world;
  world.put(0, 100);
  world.run(program);
  world.delete_before(1, 7);
  const Status done = world.erase(program, "b");
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, diag::ErasureNotPossible::kCode);
}

}  // namespace
}  // namespace braid
