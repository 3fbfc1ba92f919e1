// Each *.braid beside this file through every stage of the compiler, against what stands in <name>.<stage>.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/session/explanation.h"
#include "runtime/report/render_terminal.h"

namespace braid::cli {
namespace {

namespace files = std::filesystem;
const files::path kFolder = files::path(BRAID_SOURCE_DIR) / "tests/golden/stages";

std::string read(const files::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

struct Case {
  std::string script, stage;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& entry : files::directory_iterator(kFolder))
    if (entry.path().extension() == ".braid")
      for (const char* stage : {"typed", "plan", "optimized", "physical"})
        all.push_back({entry.path().stem().string(), stage});
  std::sort(all.begin(), all.end(), [](const Case& a, const Case& b) {
    return std::tie(a.script, a.stage) < std::tie(b.script, b.stage);
  });
  return all;
}

class Stage : public testing::TestWithParam<Case> {};

TEST_P(Stage, IsAsExpected) {
  const files::path script = kFolder / (GetParam().script + ".braid");
  const files::path expected = kFolder / (GetParam().script + "." + GetParam().stage);
  Session session({.path = script.string()});
  const bool right = session.check();
  for (const Diagnostic& finding : session.reporter().findings())
    ADD_FAILURE() << render_terminal(finding, session.sources(), {});
  ASSERT_TRUE(right);
  const Result<std::string> made = explain(session, GetParam().stage, false);
  ASSERT_TRUE(made.ok()) << made.error().message;
  if (std::getenv("BRAID_UPDATE")) std::ofstream(expected, std::ios::binary) << *made;
  EXPECT_EQ(read(expected), *made) << "BRAID_UPDATE=1 build/release/bin/braid_golden_stages_test rewrites it";
}

INSTANTIATE_TEST_SUITE_P(Golden, Stage, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.script + "_" + info.param.stage; });

}  // namespace
}  // namespace braid::cli
