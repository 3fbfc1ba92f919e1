// The whole job on simulated files: random input in several partitions is run to its end, in one run and through power
// cuts, and the output files must hold what the oracle of tests/reference gives. BRAID_SEEDS=n, BRAID_SEED=s as in
// differential_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/data/json_text.h"
#include "tests/scenarios/machine.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

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

/// What a line says of a row, in the form in which the product's changes go out.
struct SaidOfRow {
  std::string row;
  bool goes = false;
};
SaidOfRow said_of_row(const std::string& line, ChangeForm form) {
  const auto without = [&](std::string_view mark) { return line.substr(0, line.size() - mark.size()) + "}"; };
  if (form == ChangeForm::debezium) {
    const bool goes = member_of_json(line, "op") == "\"d\"";
    return {std::string(member_of_json(line, goes ? "before" : "after").value_or("")), goes};
  }
  constexpr std::string_view kDeleted = ",\"__deleted\":true}", kGone = ",\"__op\":\"d\"}";
  if (form == ChangeForm::append) return {without(kGone), line.ends_with(kGone)};  // each mark is as long as the other
  return line.ends_with(kDeleted) ? SaidOfRow{without(kDeleted), true} : SaidOfRow{line, false};
}

/// What the changes of a table in a file come to.
std::vector<std::string> table_of(const std::vector<std::string>& lines, const ProductSpec& product) {
  std::map<std::string, std::string> rows;
  for (const std::string& written : lines) {
    const auto [line, goes] = said_of_row(written, product.change_form);
    std::string key;
    for (const std::vector<int>& path : product.key) {
      std::string_view value = line;
      const std::vector<Field>* fields = &product.row;
      for (const int index : path) {
        const Field& field = (*fields)[static_cast<size_t>(index)];
        value = member_of_json(value, field.name).value_or("null");
        fields = &without_optional(field.type)->fields;
      }
      key += std::string(value == "-0" ? "0" : value) + ",";
    }
    if (goes)
      rows.erase(key);
    else
      rows[key] = line;
  }
  std::vector<std::string> table;
  for (const auto& [key, line] : rows) table.push_back(line);
  return table;
}

int64_t number_from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

class JobAgainstOracle : public testing::TestWithParam<std::string> {};

TEST_P(JobAgainstOracle, FilesHoldWhatTheReferenceGives) {
  const Script script = Script::in_folder("differential/" + GetParam());
  ASSERT_EQ(script.faults(), "");
  driver::Compiled compiled = script.compile(true);
  Machine::bind(compiled.program());
  const int64_t only = number_from_environment("BRAID_SEED", 0);
  const int64_t seeds = number_from_environment("BRAID_SEEDS", 4);
  uint64_t turns = 0, power_cuts = 0;
  for (int64_t seed = only ? only : 1; seed <= (only ? only : seeds); ++seed) {
    SCOPED_TRACE("repeat: BRAID_SEED=" + std::to_string(seed) +
                 " build/release/bin/braid_scenarios_test --gtest_filter='*FilesHold*/" + GetParam() + "'");
    Rng rng(hash_mix(static_cast<uint64_t>(seed)));
    const RecordedInput input = record_input(
        script.project(), {.partitions = 2, .records = 200, .now_us = kMachineNow, .padding = 16'000}, rng);
    const auto expected = expected_files(reference::evaluate(compiled.checked, script.project(), input.values));

    Machine calm(1, input);
    const uint64_t begin = calm.fs.operations();
    const auto report = calm.run(compiled.program());
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->deviation, 0);
    turns += report->turns;
    const uint64_t length = calm.fs.operations() - begin;
    const auto outputs = calm.outputs();
    bool has_tables = false;
    for (const auto& [name, lines] : expected) {
      // Of a table what it comes to counts: changes and rejected rows on the way depend on how rows come in turns.
      const ProductSpec* table = nullptr;
      for (const ProductSpec& product : compiled.program().products)
        if (product.changes && name.starts_with(product.qualified() + ".v1.")) table = &product;
      has_tables |= table != nullptr;
      if (table != nullptr && name != table->qualified() + ".v1.ndjson") continue;
      const auto found = outputs.find(name);
      ASSERT_TRUE(found != outputs.end()) << name;
      std::vector<std::string> sorted = table != nullptr ? table_of(found->second, *table) : found->second;
      std::sort(sorted.begin(), sorted.end());
      ASSERT_EQ(lines.size(), sorted.size()) << name;
      if (!lines.empty() && !lines.front().empty()) ASSERT_EQ(lines, sorted) << name;
    }
    if (!has_tables) EXPECT_EQ(outputs.size(), expected.size());

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

/// A job loses its power between two commits, and once more at each operation of the recovery from that.
TEST_P(JobAgainstOracle, ASecondCrashDuringRecoveryLeavesNoTrace) {
  const Script script = Script::in_folder("differential/" + GetParam());
  driver::Compiled compiled = script.compile(true);
  Machine::bind(compiled.program());
  Rng rng(hash_mix(9));
  const RecordedInput input =
      record_input(script.project(), {.partitions = 2, .records = 200, .now_us = kMachineNow, .padding = 8'000}, rng);
  Machine calm(1, input);
  ASSERT_TRUE(calm.run(compiled.program()).ok());
  const auto outputs = calm.outputs();

  // Outputs are synced, and the commit that was to cover them does not happen: recovery has tails to cut.
  auto crash_at_work = [&](Machine& machine) {
    JobOptions options = Machine::options();
    options.kill_point = [&, syncs = 0](std::string_view point) mutable {
      if (point == "after_output_sync" && ++syncs == 2) machine.fs.cut_power_at(machine.fs.operations() + 1);
    };
    EXPECT_FALSE(machine.run(compiled.program(), options).ok());
    EXPECT_TRUE(machine.fs.power_is_cut());
    machine.fs.crash();
  };
  uint64_t length = 0;
  {
    Machine measured(2, input);
    crash_at_work(measured);
    const uint64_t begin = measured.fs.operations();
    JobOptions options = Machine::options();
    options.kill_point = [&](std::string_view point) {
      if (length == 0 && point == "after_claim") length = measured.fs.operations() - begin;
    };
    ASSERT_TRUE(measured.run(compiled.program(), options).ok());
    EXPECT_EQ(measured.outputs(), outputs);
  }
  ASSERT_GT(length, 10u);
  for (uint64_t operation = 1; operation <= length; ++operation) {
    SCOPED_TRACE("operation " + std::to_string(operation) + " of the recovery");
    Machine machine(2, input);
    crash_at_work(machine);
    machine.fs.cut_power_at(machine.fs.operations() + operation);
    ASSERT_FALSE(machine.run(compiled.program()).ok());
    ASSERT_TRUE(machine.fs.power_is_cut());
    machine.fs.crash();
    const auto report = machine.run(compiled.program());
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->deviation, 0);
    ASSERT_TRUE(machine.outputs() == outputs);
  }
}

INSTANTIATE_TEST_SUITE_P(Scripts, JobAgainstOracle,
                         testing::Values("enrichment", "windows", "intervals", "unique", "retimed", "ways", "timeless",
                                         "distinct", "patterns", "meets_one", "filtered_matches", "hopping", "sessions",
                                         "cumulative", "spans", "exists", "outer", "any", "in_windows", "tables",
                                         "joined_tables", "changelogs", "moves", "outer_tables", "firsts", "ends",
                                         "tops", "runnings", "top_tables", "aggregates", "table_aggregates",
                                         "other_columns", "ticks", "shared_windows"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace braid::scenarios
