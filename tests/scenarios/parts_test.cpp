// Products with `{field}` in their paths: through power cuts at random operations each file holds the rows of its
// values, in the order in which one file would have them.
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "runtime/data/json_text.h"
#include "runtime/declare/path_template.h"
#include "tests/scenarios/machine.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

using Files = std::map<std::string, std::vector<std::string>>;

OutputBinding parts_at(const char* path, const char* format) {
  return {.path = path, .format = format, .style = {}, .parts = PathTemplate::parse(path)};
}

/// Files below `folder`, by their paths in it; those that begin with a dot say whose the others are.
Files files_below(SimFs& fs, const std::string& folder) {
  Files files;
  std::function<void(const std::string&)> visit = [&](const std::string& path) {
    const auto names = fs.list_directory(folder + path);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      if (name.starts_with('.')) continue;
      const std::string below = path + "/" + name;
      if (fs.stat(folder + below)->directory) {
        visit(below);
        continue;
      }
      std::istringstream text(*fs.read_file(folder + below));
      auto& lines = files[below.substr(1)];
      for (std::string line; std::getline(text, line);) lines.push_back(line);
    }
  };
  visit("");
  return files;
}

std::string value_of(const std::string& line, const char* field) {
  const std::string value(member_of_json(line, field).value_or("null"));
  if (value == "null") return std::string(kNullPart);
  return path_part(value.starts_with('"') ? value.substr(1, value.size() - 2) : value);
}

class PartFiles : public testing::Test {
 protected:
  PartFiles() : script_(Script::in_folder("differential/parts")), compiled_(script_.compile(true)) {
    Machine::bind(compiled_.program());
    for (size_t i = 0; i < compiled_.program().products.size(); ++i)
      (compiled_.program().products[i].name == "seen" ? seen_ : places_) = static_cast<int>(i);
  }
  RecordedInput input(uint64_t seed) {
    Rng rng(hash_mix(seed));
    return record_input(script_.project(), {.partitions = 2, .records = 400, .now_us = kMachineNow, .padding = 16'000},
                        rng);
  }
  JobOptions in_parts(const char* path = "parts/{place}/{cost}-{ok}.ndjson", const char* format = "json") const {
    JobOptions options = Machine::options();
    options.outputs[seen_] = parts_at(path, format);
    options.outputs[places_] = parts_at("places/{place}", "json");
    return options;
  }

  const Script script_;
  driver::Compiled compiled_;
  int seen_ = 0, places_ = 0;
};

TEST_F(PartFiles, HoldTheRowsOfTheirValuesThroughPowerCuts) {
  uint64_t power_cuts = 0, most = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    const RecordedInput input = this->input(seed);
    Machine whole(1, input);
    ASSERT_TRUE(whole.run(compiled_.program()).ok());
    Files expected, tables;
    const Files in_one = whole.outputs();
    for (const std::string& line : in_one.at("t.seen.v1.ndjson"))
      expected[value_of(line, "place") + "/" + value_of(line, "cost") + "-" + value_of(line, "ok") + ".ndjson"]
          .push_back(line);
    for (const std::string& line : in_one.at("t.places.v1.ndjson")) tables[value_of(line, "place")].push_back(line);
    most = std::max(most, static_cast<uint64_t>(expected.size()));

    for (const size_t workers : {size_t{1}, size_t{2}}) {
      Machine machine(2 + workers, input);
      JobOptions options = in_parts();
      options.workers = workers;
      const uint64_t begin = machine.fs.operations();
      const auto report = machine.run(compiled_.program(), options);
      ASSERT_TRUE(report.ok()) << report.error().message;
      EXPECT_EQ(files_below(machine.fs, "parts"), expected);
      EXPECT_EQ(files_below(machine.fs, "places"), tables);
      const uint64_t length = machine.fs.operations() - begin;

      Machine troubled(9, input);
      Rng rng(seed);
      for (int attempt = 0; attempt < 20; ++attempt) {
        if (attempt < 6) troubled.fs.cut_power_at(troubled.fs.operations() + 1 + rng.below(length));
        const auto made = troubled.run(compiled_.program(), options);
        if (made.ok()) break;
        ASSERT_TRUE(troubled.fs.power_is_cut()) << made.error().message;
        troubled.fs.crash();
        ++power_cuts;
      }
      troubled.fs.cut_power_at(0);
      ASSERT_EQ(files_below(troubled.fs, "parts"), expected);
      ASSERT_EQ(files_below(troubled.fs, "places"), tables);
    }
  }
  EXPECT_GT(power_cuts, 10u);
  EXPECT_GT(most, OutputFiles::kMostOpenParts);  // or all would stay open
}

TEST_F(PartFiles, EachHasAHeader) {
  Machine machine(1, input(3));
  ASSERT_TRUE(machine.run(compiled_.program(), in_parts("parts/{ok}.csv", "csv")).ok());
  const Files files = files_below(machine.fs, "parts");
  ASSERT_EQ(files.size(), 2u);
  for (const auto& [name, lines] : files) {
    EXPECT_EQ(lines.front(), "place,level,cost,ok,at");
    EXPECT_EQ(std::count(lines.begin(), lines.end(), lines.front()), 1);
    EXPECT_GT(lines.size(), 5u);
  }
}

TEST_F(PartFiles, AvroFilesAreWholeAfterTheyWereClosed) {
  const RecordedInput input = this->input(4);
  Machine calm(1, input), troubled(2, input);
  const JobOptions options = in_parts("parts/{place}/{cost}.avro", "avro");
  const uint64_t begin = calm.fs.operations();
  ASSERT_TRUE(calm.run(compiled_.program(), options).ok());
  const uint64_t length = calm.fs.operations() - begin;
  const Files files = files_below(calm.fs, "parts");
  EXPECT_GT(files.size(), OutputFiles::kMostOpenParts);
  for (const auto& [name, lines] : files) EXPECT_TRUE(lines.front().starts_with("Obj\1")) << name;
  troubled.fs.cut_power_at(troubled.fs.operations() + length / 2);
  ASSERT_FALSE(troubled.run(compiled_.program(), options).ok());
  troubled.fs.crash();
  ASSERT_TRUE(troubled.run(compiled_.program(), options).ok());
  EXPECT_EQ(files_below(troubled.fs, "parts"), files);
}

TEST_F(PartFiles, OneFileCannotBecomeSeveral) {
  Machine machine(1, input(5));
  JobOptions first = Machine::options();
  first.outputs[seen_] = {.path = "seen.ndjson", .format = "json"};
  ASSERT_TRUE(machine.run(compiled_.program(), first).ok());
  const auto second = machine.run(compiled_.program(), in_parts());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, 8015);
}

TEST_F(PartFiles, AFileOfSomebodyElseStopsTheJob) {
  Machine machine(1, input(6));
  ASSERT_TRUE(machine.fs.make_directories("parts").ok());
  ASSERT_TRUE(machine.fs.write_file("parts/true.ndjson", "mine\n").ok());
  const auto report = machine.run(compiled_.program(), in_parts("parts/{ok}.ndjson"));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, 7010);
  EXPECT_EQ(*machine.fs.read_file("parts/true.ndjson"), "mine\n");
}

}  // namespace
}  // namespace braid::scenarios
