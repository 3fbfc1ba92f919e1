#include "runtime/engine/rebuild.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/engine/test_job.h"
#include "runtime/report/state_findings.h"

namespace braid {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kOutput = "data/out/test.result.v1.ndjson";

/// Windows of that length over `s`, which are another step for each length.
ProgramBuilder windows_of(int64_t size) {
  ProgramBuilder b;
  const int group = b.group(b.source("s", 50), size, size);
  b.program.operators[static_cast<size_t>(group)].state.identity = 5000 + static_cast<uint64_t>(size);
  b.program.id = static_cast<uint64_t>(size);
  b.publish(group);
  return b;
}

/// Files that grow once.
class Input {
 public:
  explicit Input(uint64_t seed) : files_(random_inputs(seed, 900)) {}
  void write_half(Machine& machine) const {
    for (const auto& [path, content] : files_)
      machine.write(path, content.substr(0, content.find('\n', content.size() / 2) + 1));
  }
  void write_all(Machine& machine) const {
    for (const auto& [path, content] : files_) machine.write(path, content);
  }

 private:
  std::vector<std::pair<std::string, std::string>> files_;
};

JobOptions options_of(std::vector<std::string> rebuild = {}) {
  JobOptions options = job_options();
  options.seal = false;
  options.commit_every_turns = 1;
  options.rebuild = std::move(rebuild);
  return options;
}

/// What the new program writes behind the first half if it was there from the start.
std::string expected(uint64_t seed, int64_t size) {
  Machine machine(seed);
  const Input input(seed);
  const ProgramBuilder b = windows_of(size);
  input.write_half(machine);
  EXPECT_TRUE(run_job(b.program, options_of(), machine.seams()).ok());
  const size_t before = machine.fs.read_file(kOutput)->size();
  input.write_all(machine);
  EXPECT_TRUE(run_job(b.program, options_of(), machine.seams()).ok());
  return machine.fs.read_file(kOutput)->substr(before);
}

/// A job of another program has read the first half.
struct Changed {
  explicit Changed(uint64_t seed) : machine(seed), input(seed) {
    input.write_half(machine);
    EXPECT_TRUE(run_job(windows_of(10).program, options_of(), machine.seams()).ok());
    before = machine.fs.read_file(kOutput)->size();
  }
  std::string rest(const Program& program) {
    input.write_all(machine);
    const auto report = run_job(program, options_of(), machine.seams());
    EXPECT_TRUE(report.ok()) << report.error().message;
    return machine.fs.read_file(kOutput)->substr(before);
  }
  Machine machine;
  Input input;
  size_t before = 0;
};

TEST(Rebuild, gives_the_state_that_the_step_would_have) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const ProgramBuilder b = windows_of(30);
    Changed job(seed);
    const auto refused = run_job(b.program, options_of(), job.machine.seams());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, 8004);
    EXPECT_THAT(refused.error().message,
                HasSubstr("`--rebuild \"window group\"` makes it again from the first record of "
                          "`test.s`"));
    const auto report = run_job(b.program, options_of({"window group"}), job.machine.seams());
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_THAT(report->rebuilt, ElementsAre("window group"));
    EXPECT_TRUE(report->started_empty.empty());
    EXPECT_EQ(job.machine.fs.read_file(kOutput)->size(), job.before);
    EXPECT_FALSE(job.machine.fs.stat("data/rebuild")->exists);
    const std::string rows = expected(seed, 30);
    EXPECT_GT(rows.size(), 500U);
    EXPECT_EQ(job.rest(b.program), rows);
  }
}

TEST(Rebuild, begins_anew_behind_a_power_cut_anywhere) {
  int cuts = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const ProgramBuilder b = windows_of(30);
    Changed job(seed % 5 + 1);
    Rng rng(seed);
    for (int attempt = 0;; ++attempt) {
      ASSERT_LT(attempt, 10);
      if (attempt < 3) job.machine.fs.cut_power_at(job.machine.fs.operations() + 1 + rng.below(150));
      const auto report = run_job(b.program, options_of({"all"}), job.machine.seams());
      job.machine.fs.cut_power_at(0);
      if (report.ok()) break;
      ++cuts;
      job.machine.fs.crash();
    }
    EXPECT_EQ(job.rest(b.program), expected(seed % 5 + 1, 30));
  }
  EXPECT_GT(cuts, 50);
}

TEST(Rebuild, leaves_everything_as_it_was_when_it_is_asked_to_stop) {
  Changed job(3);
  const std::string outputs = job.machine.outputs();
  JobOptions options = options_of({"all"});
  options.stop_requested = [] { return true; };
  const auto stopped = run_job(windows_of(30).program, options, job.machine.seams());
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, diag::RebuildStopped::kCode);
  EXPECT_EQ(job.machine.outputs(), outputs);
  EXPECT_EQ(job.rest(windows_of(10).program), expected(3, 10));
}

TEST(Rebuild, needs_what_was_read_as_it_was) {
  Changed job(4);
  ASSERT_TRUE(job.machine.fs.remove("in/s1.ndjson").ok());
  const auto gone = run_job(windows_of(30).program, options_of({"all"}), job.machine.seams());
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, diag::StateNotRebuilt::kCode);
  EXPECT_THAT(gone.error().message, HasSubstr("`in/s1.ndjson` is not there any more"));
  // Another file of the same length, of which only what lies far before the position is other.
  Changed other(4);
  std::string content = *other.machine.fs.read_file("in/s1.ndjson");
  content.replace(content.find("\"k\":\""), 6, "\"k\":\"z");
  other.machine.write("in/s1.ndjson", content);
  const auto differs = run_job(windows_of(30).program, options_of({"all"}), other.machine.seams());
  ASSERT_FALSE(differs.ok());
  EXPECT_EQ(differs.error().code, diag::StateNotRebuilt::kCode);
  EXPECT_THAT(differs.error().message, HasSubstr("the inputs are not what they were"));
}

TEST(Rebuild, what_begins_empty_has_no_rows_of_an_attempt) {
  const ProgramBuilder b = windows_of(30);
  Changed job(5);
  JobOptions options = options_of({"all"});
  // Between the rows that were taken over and the commit that makes them count.
  options.kill_point = [&](std::string_view at) {
    if (at == "after_rebuild") job.machine.fs.cut_power_at(job.machine.fs.operations() + 1);
  };
  ASSERT_FALSE(run_job(b.program, options, job.machine.seams()).ok());
  job.machine.fs.cut_power_at(0);
  job.machine.fs.crash();
  options = options_of();
  options.accept = {"window group"};
  const auto report = run_job(b.program, options, job.machine.seams());
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_THAT(report->started_empty, ElementsAre("window group (changed)"));
  EXPECT_EQ(report->state.rows, 0U);
}

}  // namespace
}  // namespace braid
