// The whole job on simulated files: random input in several partitions is run to its end, in one run and through power
// cuts, and the output files must hold what the oracle of tests/reference gives. BRAID_SEEDS=n, BRAID_SEED=s as in
// differential_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "runtime/base/sim_fs.h"
#include "runtime/engine/job.h"
#include "runtime/state/memory_store.h"
#include "tests/scenarios/engine_run.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

constexpr int64_t kNow = 1'800'000'000'000'000;

/// A machine with the input as files: a partition each, `in/SOURCE/PARTITION.ndjson`.
class Machine {
 public:
  Machine(uint64_t seed, const RecordedInput& input) : fs(seed) {
    std::map<std::string, std::string> files;
    for (const auto& [source, partitions] : input.values.sources)
      for (const auto& partition : partitions) files["in/" + source + "/" + partition.name + ".ndjson"];
    for (const auto* turns : {&input.tables, &input.turns})
      for (const RecordedTurn& turn : *turns)
        files["in/" + turn.source + "/" + std::to_string(turn.partition) + ".ndjson"] += turn.bytes;
    for (const auto& [path, content] : files) {
      EXPECT_TRUE(fs.make_directories(parent_directory(path)).ok());
      EXPECT_TRUE(fs.write_file(path, content).ok());
      EXPECT_TRUE(fs.sync_directory(parent_directory(path)).ok());
    }
  }
  Result<JobReport> run(const Program& program) {
    JobOptions options;
    options.project = "t";
    options.directory = "data";
    options.commit_every_turns = 2;
    return run_job(program, options, {fs, clock, executor, [this](const std::string& directory) {
                                        return MemoryStore::open(fs, directory);
                                      }});
  }
  /// File name → lines, in order.
  std::map<std::string, std::vector<std::string>> outputs() {
    std::map<std::string, std::vector<std::string>> files;
    const auto names = fs.list_directory("data/out");
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      std::istringstream text(*fs.read_file("data/out/" + name));
      auto& lines = files[name];
      for (std::string line; std::getline(text, line);) lines.push_back(line);
    }
    return files;
  }

  SimFs fs;
  ManualClock clock{kNow};
  InlineExecutor executor;
};

/// Product rows as they stand in the files; of ports how many there are.
std::map<std::string, std::vector<std::string>> expected_files(const std::vector<reference::ProductOutcome>& outcomes) {
  std::map<std::string, std::vector<std::string>> files;
  for (const reference::ProductOutcome& product : outcomes) {
    auto& lines = files[product.name + ".v1.ndjson"];
    for (const auto& [port, rows] : product.rows)
      for (const reference::OutputRow& row : rows)
        if (port.empty())
          lines.push_back(row.json());
        else
          files[product.name + ".v1." + port + ".ndjson"].emplace_back();
  }
  for (auto& [name, lines] : files) std::sort(lines.begin(), lines.end());
  return files;
}

int64_t number_from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

class JobAgainstOracle : public testing::TestWithParam<std::string> {};

TEST_P(JobAgainstOracle, FilesHoldWhatTheReferenceGives) {
  const Script script = Script::in_folder(GetParam());
  ASSERT_EQ(script.faults(), "");
  driver::Compiled compiled = script.compile(true);
  for (SourceSpec& source : compiled.program().sources) {
    source.binding.kind = "file";
    source.binding.address = "in/" + source.name + "/*.ndjson";
  }
  const int64_t only = number_from_environment("BRAID_SEED", 0);
  const int64_t seeds = number_from_environment("BRAID_SEEDS", 4);
  uint64_t turns = 0, power_cuts = 0;
  for (int64_t seed = only ? only : 1; seed <= (only ? only : seeds); ++seed) {
    SCOPED_TRACE("repeat: BRAID_SEED=" + std::to_string(seed) +
                 " build/release/bin/braid_scenarios_test --gtest_filter='*FilesHold*/" + GetParam() + "'");
    Rng rng(hash_mix(static_cast<uint64_t>(seed)));
    const RecordedInput input =
        record_input(script.project(), {.partitions = 2, .records = 200, .now_us = kNow, .padding = 16'000}, rng);
    const auto expected = expected_files(reference::evaluate(compiled.checked, script.project(), input.values));

    Machine calm(1, input);
    const uint64_t begin = calm.fs.operations();
    const auto report = calm.run(compiled.program());
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->deviation, 0);
    turns += report->turns;
    const uint64_t length = calm.fs.operations() - begin;
    const auto outputs = calm.outputs();
    for (const auto& [name, lines] : expected) {
      const auto found = outputs.find(name);
      ASSERT_TRUE(found != outputs.end()) << name;
      std::vector<std::string> sorted = found->second;
      std::sort(sorted.begin(), sorted.end());
      ASSERT_EQ(lines.size(), sorted.size()) << name;
      if (!lines.empty() && !lines.front().empty()) ASSERT_EQ(lines, sorted) << name;
    }
    EXPECT_EQ(outputs.size(), expected.size());

    Machine troubled(2, input);
    for (int crashes = 0; crashes < 20; ++crashes) {
      if (crashes < 4) troubled.fs.cut_power_at(troubled.fs.operations() + 1 + rng.below(length));
      const auto attempt = troubled.run(compiled.program());
      if (attempt.ok()) break;
      ASSERT_TRUE(troubled.fs.power_is_cut()) << attempt.error().message;
      troubled.fs.crash();
      ++power_cuts;
    }
    troubled.fs.cut_power_at(0);
    ASSERT_EQ(outputs, troubled.outputs());
  }
  // Otherwise this has tried nothing.
  EXPECT_GT(turns, 6u);
  EXPECT_GT(power_cuts, 0u);
}

INSTANTIATE_TEST_SUITE_P(Scripts, JobAgainstOracle,
                         testing::Values("enrichment", "windows", "intervals", "unique", "retimed", "ways"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace braid::scenarios
