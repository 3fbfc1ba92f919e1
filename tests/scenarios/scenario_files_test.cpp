// Runs the scripts of this folder as `braid test FILE` does.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "cli/session/test_runner.h"

namespace braid::scenarios {
namespace {

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(BRAID_SOURCE_DIR) + "/tests/scenarios"))
    if (entry.path().extension() == ".braid") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string text_of(const std::vector<Diagnostic>& findings) {
  std::string text;
  for (const Diagnostic& finding : findings) {
    text += code_text(finding) + " " + finding.message + "\n";
    for (const std::string& note : finding.notes) text += note + "\n";
  }
  return text;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, Holds) {
  cli::Session session({.path = std::string(BRAID_SOURCE_DIR) + "/tests/scenarios/" + GetParam() + ".braid",
                        .environment = {},
                        .parameters = {},
                        .inputs = {},
                        .optimizer = {}});
  ASSERT_TRUE(session.check()) << text_of(session.reporter().take_sorted());
  const auto outcomes = cli::run_tests(session, {}, [](const cli::TestOutcome&) {});
  EXPECT_FALSE(outcomes.empty());
  for (const cli::TestOutcome& outcome : outcomes) {
    EXPECT_TRUE(outcome.passed) << outcome.name << "\n" << text_of(outcome.findings);
    EXPECT_GE(outcome.runs, 4) << outcome.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Scenario, testing::ValuesIn(scenario_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace braid::scenarios
