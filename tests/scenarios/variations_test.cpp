// Law 1 over the whole product of its dimensions (variations.h): every scenario and every script of differential/ on
// random input gives the same rows, ports and ledgers however it runs. The same turns give the same bytes in the same
// order; other turns of the same partitions the same rows. Pairwise here; BRAID_VARIATIONS=all runs every combination
// (the target scenario_product), BRAID_VARIATION="native, 2 workers" those whose name contains that.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "cli/session/native.h"
#include "cli/session/test_play.h"
#include "tests/scenarios/engine_run.h"
#include "tests/scenarios/machine.h"
#include "tests/scenarios/script.h"
#include "tests/scenarios/variations.h"

namespace braid::scenarios {
namespace {

constexpr const char* kFolder = BRAID_SOURCE_DIR "/tests/scenarios";

std::string setting(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

/// A script compiled for each choice of passes, once.
class Programs {
 public:
  explicit Programs(const Script& script) : script_(script) {}

  driver::Compiled& of(const Variation& variation) {
    auto& made = compiled_[{variation.passes_id, variation.native}];
    if (made) return *made;
    made = std::make_unique<driver::Compiled>(script_.compile(variation.passes));
    if (variation.native) {
      const auto timings = cli::use_native_code(*made, {.optimisation = 1});
      EXPECT_TRUE(timings.ok()) << timings.error().message;
    }
    return *made;
  }

 private:
  const Script& script_;
  std::map<std::pair<std::string, bool>, std::unique_ptr<driver::Compiled>> compiled_;
};

/// Something that a script's program can be run on.
struct Subject {
  std::string name;
  std::vector<Dimension> dimensions;
  std::function<Result<Account>(Program&, const Variation&)> run;
};

/// A `test` of a scenario.
Subject played(const Script& script, const typed::Test& test) {
  auto run = [&script, &test](Program& program, const Variation& variation) -> Result<Account> {
    cli::PlayRecord record;
    BRAID_ASSIGN(const std::optional<cli::Mismatch> mismatch,
                 cli::play(test, program, {script.project(), kFolder},
                           {.row_by_row = variation.other_turns,
                            .restarts = static_cast<int>(variation.restarts),
                            .workers = variation.workers,
                            .block_rows = variation.block_rows,
                            .state_memory = variation.state_memory},
                           &record));
    if (mismatch) return Error{ErrorKind::input, mismatch->relation + ": " + mismatch->difference, 0, 0};
    for (const JobReport::Product& product : record.ledgers) {
      auto check = [&](const std::string& input, const Ledger& ledger) -> Status {
        if (ledger.deviation() == 0) return {};
        return Error{ErrorKind::store,
                     fmt::format("{} of {} is off by {}: in {} used {} held {}", input, product.name,
                                 ledger.deviation(), ledger.in, ledger.used, ledger.held),
                     0, 0};
      };
      for (const JobReport::Input& input : product.inputs) BRAID_TRY(check(input.name, input.ledger));
      BRAID_TRY(check("what was made", product.derived));
    }
    return Account{record.rows, ledgers_of(record.ledgers)};
  };
  return {test.name, dimensions_of_turns(), run};
}

/// Random input in recorded turns, on the engine alone.
Subject recorded(const Script& script, uint64_t seed) {
  Rng rng(hash_mix(seed));
  auto input = std::make_shared<RecordedInput>(
      record_input(script.project(), {.partitions = 2, .records = 40, .now_us = kMachineNow}, rng));
  auto other = std::make_shared<RecordedInput>(*input);
  interleave(*other, rng);
  auto run = [input, other](Program& program, const Variation& variation) {
    return run_engine(program, variation.other_turns ? *other : *input,
                      {.restart_after_turns = variation.restarts != Restarts::never,
                       .restart_twice = variation.restarts == Restarts::again_while_starting,
                       .block_rows = variation.block_rows,
                       .round_rows = variation.other_turns ? 1 : kRoundRows,
                       .workers = variation.workers,
                       .state_memory = variation.state_memory,
                       .whole_errors = true});
  };
  return {"turns of seed " + std::to_string(seed), dimensions_of_turns(), run};
}

/// A job that is ended behind each turn and goes on from its commit.
Result<JobReport> run_turn_by_turn(Machine& machine, const Program& program, JobOptions options) {
  options.commit_every_turns = 1;
  while (true) {
    int asked = 0;
    options.stop_requested = [&] { return asked++ > 0; };
    BRAID_ASSIGN(JobReport report, machine.run(program, options));
    if (!report.drained) return report;
  }
}

/// A job that loses its power around each commit, and once more on its way up.
Result<JobReport> run_through_power_cuts(Machine& machine, const Program& program, JobOptions options) {
  options.commit_every_turns = 1;
  for (uint64_t round = 0;; ++round) {
    // Behind the first commit of a run, so that it gets on; then before, in and behind the second.
    const std::string_view point = std::array{"after_commit", "before_output_sync", "after_output_sync"}[round % 3];
    bool committed = false;
    options.kill_point = [&](std::string_view at) {
      committed |= at == "after_commit";
      if (committed && at == point) machine.fs.cut_power_at(machine.fs.operations() + 1);
    };
    Result<JobReport> report = machine.run(program, options);
    if (report.ok() || !machine.fs.power_is_cut()) return report;
    machine.fs.crash();
    options.kill_point = nullptr;
    machine.fs.cut_power_at(machine.fs.operations() + 1 + round * 5 % 24);
    const Result<JobReport> again = machine.run(program, options);
    if (!again.ok() && !machine.fs.power_is_cut()) return again;
    machine.fs.crash();
  }
}

/// Random input as files, run as a job.
Subject job(const Script& script, uint64_t seed) {
  Rng rng(hash_mix(seed));
  auto input = std::make_shared<RecordedInput>(
      record_input(script.project(), {.partitions = 2, .records = 80, .now_us = kMachineNow, .padding = 16'000}, rng));
  auto run = [input](Program& program, const Variation& variation) -> Result<Account> {
    Machine::bind(program);
    Machine machine(1, *input);
    JobOptions options = Machine::options();
    options.workers = variation.workers;
    options.block_rows = variation.block_rows;
    options.state_memory = variation.state_memory;
    BRAID_ASSIGN(const JobReport report, variation.restarts == Restarts::never ? machine.run(program, options)
                                         : variation.restarts == Restarts::after_each_turn
                                             ? run_turn_by_turn(machine, program, options)
                                             : run_through_power_cuts(machine, program, options));
    machine.fs.cut_power_at(0);
    if (report.deviation != 0) return Error{ErrorKind::store, "the ledgers do not add up", 0, 0};
    return Account{machine.outputs(), ledgers_of(report.products)};
  };
  return {"job of seed " + std::to_string(seed), dimensions_of_jobs(), run};
}

std::vector<Subject> subjects_of(const Script& script, bool random_input) {
  std::vector<Subject> subjects;
  for (const typed::Test& test : script.project().tests) subjects.push_back(played(script, test));
  if (!random_input) return subjects;
  for (const uint64_t seed : {1, 2}) subjects.push_back(recorded(script, seed));
  subjects.push_back(job(script, 3));
  return subjects;
}

class Variations : public testing::TestWithParam<std::string> {};

TEST_P(Variations, GiveTheSame) {
  const bool whole = setting("BRAID_VARIATIONS") == "all";
  const std::string only = setting("BRAID_VARIATION");
  const Script script = Script::in_folder(GetParam());
  ASSERT_EQ(script.faults(), "");
  Programs programs(script);
  size_t runs = 0;
  for (const Subject& subject : subjects_of(script, GetParam().starts_with("differential/"))) {
    const std::vector<Variation> variations =
        whole ? all_variations(subject.dimensions) : pairwise_variations(subject.dimensions);
    std::optional<Account> plain, plain_of_other_turns;
    for (const Variation& variation : variations) {
      const bool first = !plain || (variation.other_turns && !plain_of_other_turns);
      if (!first && variation.name.find(only) == std::string::npos) continue;
      SCOPED_TRACE(subject.name + ": " + variation.name);
      const Result<Account> made = subject.run(programs.of(variation).program(), variation);
      ASSERT_TRUE(made.ok()) << made.error().message;
      ++runs;
      if (!plain) plain = *made;
      if (variation.other_turns && !plain_of_other_turns) plain_of_other_turns = *made;
      std::string difference_found = difference(variation.other_turns ? *plain_of_other_turns : *plain, *made);
      const Program& program = programs.of(variation).program();
      if (variation.other_turns)
        difference_found += difference(sorted(come_to(*plain, program)), sorted(come_to(*made, program)));
      ASSERT_TRUE(difference_found.empty()) << difference_found;
    }
    EXPECT_FALSE(plain->lines.empty());
    if (whole)
      std::cout << GetParam() << ", " << subject.name << ": " << variations.size() << " variations" << std::endl;
  }
  EXPECT_GT(runs, 0u);
}

std::vector<std::string> script_names() {
  std::vector<std::string> names;
  for (const char* folder : {"", "differential/"})
    for (const auto& entry : std::filesystem::directory_iterator(std::string(kFolder) + "/" + folder))
      if (entry.path().extension() == ".braid") names.push_back(folder + entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Scripts, Variations, testing::ValuesIn(script_names()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
});

TEST(PairwiseVariations, MeetEachOther) {
  const std::vector<Dimension> dimensions = dimensions_of_turns();
  const std::vector<Variation> chosen = pairwise_variations(dimensions);
  auto has = [](const Variation& variation, const std::string& value) {
    return (", " + variation.name + ", ").find(", " + value + ", ") != std::string::npos;
  };
  for (const Dimension& a : dimensions)
    for (const Dimension& b : dimensions)
      for (const Dimension::Value& one : a.values)
        for (const Dimension::Value& other : b.values) {
          if (a.name == b.name || one.name.empty() || other.name.empty()) continue;
          EXPECT_TRUE(std::any_of(chosen.begin(), chosen.end(),
                                  [&](const Variation& each) { return has(each, one.name) && has(each, other.name); }))
              << one.name << " with " << other.name;
        }
  EXPECT_LT(chosen.size(), 40u);
  EXPECT_EQ(all_variations(dimensions).size(), 7u * 2 * 3 * 3 * 2 * 3 * 2);
}

}  // namespace
}  // namespace braid::scenarios
