// `check … else stop`: the job ends at the first row that does not pass, nothing of its epoch is in the outputs, and
// each restart ends at the same row, until the script lets it pass.
#include <gtest/gtest.h>

#include "tests/scenarios/machine.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

constexpr int kCheckStops = 5119;

constexpr const char* kScript = R"(domain t

stream visit
  time at within 5s
  ahead 2m
  from file "visit"
{ at: timestamp, place: string?, level: int, cost: decimal(10,2) }

product fine
  contract {
    check few: level != 4 or cost < 4 else stop
  }
{
  from visit
  select { place, level, cost, at }
}

product sums {
  from visit
  window tumbling 20s
  group place { n: count(), cost: sum(cost) }
}
)";

/// The same script, whose check passes.
std::string without_check(std::string text) {
  const std::string condition = "level != 4 or cost < 4";
  return text.replace(text.find(condition), condition.size(), "true");
}

class Stop : public testing::Test {
 protected:
  Stop()
      : script_(kScript),
        lenient_(without_check(kScript)),
        guarded_(script_.compile(true)),
        free_(lenient_.compile(true)) {
    Machine::bind(guarded_.program());
    Machine::bind(free_.program());
  }

  const Script script_, lenient_;
  driver::Compiled guarded_, free_;
};

TEST_F(Stop, NothingOfTheFailingEpochIsWritten) {
  int stopped = 0, passed = 0, with_rows = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(hash_mix(seed));
    const RecordedInput input = record_input(
        script_.project(), {.partitions = 2, .records = 60, .now_us = kMachineNow, .padding = 16'000}, rng);
    bool fails = false;
    for (const auto& product : reference::evaluate(guarded_.checked, script_.project(), input.values))
      fails |= product.rows.contains("stopped");

    Machine free(1, input);
    ASSERT_TRUE(free.run(free_.program()).ok());
    const auto whole = free.outputs();
    std::string told;
    for (const size_t workers : {size_t{1}, size_t{2}}) {
      Machine machine(1, input);
      JobOptions options = Machine::options();
      options.workers = workers;
      const auto report = machine.run(guarded_.program(), options);
      ASSERT_EQ(report.ok(), !fails) << (report.ok() ? "it should stop" : report.error().message);
      if (!fails) {
        ++passed;
        ASSERT_EQ(machine.outputs(), whole);
        continue;
      }
      ++stopped;
      ASSERT_EQ(report.error().code, kCheckStops) << report.error().message;
      if (told.empty()) told = report.error().message;
      EXPECT_EQ(report.error().message, told);  // with any number of workers
      const auto outputs = machine.outputs();
      for (const auto& [name, lines] : outputs) {
        const auto all = whole.find(name);
        ASSERT_TRUE(all != whole.end() || lines.empty()) << name;
        if (all == whole.end()) continue;
        ASSERT_LE(lines.size(), all->second.size());
        EXPECT_TRUE(std::equal(lines.begin(), lines.end(), all->second.begin())) << name;
        with_rows += lines.empty() ? 0 : 1;
        for (const std::string& line : lines)
          if (name.starts_with("t.fine.")) EXPECT_EQ(line.find("\"level\":4"), std::string::npos) << line;
      }
      const auto again = machine.run(guarded_.program(), options);
      ASSERT_FALSE(again.ok());
      EXPECT_EQ(again.error().message, told);
      EXPECT_EQ(machine.outputs(), outputs);
      // A script that lets the row pass goes on from there.
      const auto rest = machine.run(free_.program(), options);
      ASSERT_TRUE(rest.ok()) << rest.error().message;
      EXPECT_EQ(rest->deviation, 0);
      EXPECT_EQ(machine.outputs(), whole);
    }
  }
  EXPECT_GT(stopped, 5);
  EXPECT_GT(with_rows, 5);
  EXPECT_GT(passed, 0);
}

}  // namespace
}  // namespace braid::scenarios
