// Whole scripts: the trial scripts parse without findings, and the trees of tests/golden/parse/*.braid are as filed.
// BRAID_UPDATE=1 rewrites what is filed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "compiler/parse/parsed_test.h"

namespace braid {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> scripts(const char* folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(fs::path(BRAID_SOURCE_DIR) / folder))
    if (entry.path().extension() == ".braid") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

std::string listed(const Parsed& parsed) {
  std::string lines;
  for (size_t i = 0; i < parsed.findings.size(); ++i)
    lines += parsed.summary()[i] + " " + parsed.findings[i].message + "\n";
  return lines;
}

TEST(TrialScripts, ParseWithoutFindings) {
  const auto all = scripts("tests/golden/parse/trial");
  EXPECT_EQ(all.size(), 17u);
  for (const fs::path& path : all) {
    const Parsed parsed = parse_text(read(path));
    EXPECT_EQ(listed(parsed), "") << path;
    EXPECT_FALSE(parsed.script.items.empty()) << path;
    EXPECT_EQ(ast::print(parsed.script).find("error"), std::string::npos) << path;
  }
}

TEST(Golden, TreesAreAsFiled) {
  const auto all = scripts("tests/golden/parse");
  EXPECT_GE(all.size(), 4u);
  for (const fs::path& path : all) {
    const Parsed parsed = parse_text(read(path));
    const std::string tree = listed(parsed) + ast::print(parsed.script);
    const fs::path expected = fs::path(path).replace_extension(".expected");
    if (std::getenv("BRAID_UPDATE") != nullptr) {
      std::ofstream(expected, std::ios::binary) << tree;
      continue;
    }
    EXPECT_EQ(tree, read(expected)) << path << "\nrewrite by: BRAID_UPDATE=1 build/release/bin/braid_parse_test";
  }
}

// Cutting a script anywhere, or leaving out a part of it, must end in findings and a tree, never in a crash or a silent
// acceptance of half a script.
TEST(TrialScripts, SurviveBeingCut) {
  for (const fs::path& path : scripts("tests/golden/parse/trial")) {
    const std::string text = read(path);
    for (size_t cut = 0; cut < text.size(); cut += 7) {
      const Parsed head = parse_text(text.substr(0, cut));
      for (const Diagnostic& finding : head.findings)
        for (const Label& label : finding.labels) EXPECT_LE(label.span.end, cut) << path << " cut at " << cut;
      const Parsed holed = parse_text(text.substr(0, cut) + text.substr(std::min(text.size(), cut + 13)));
      EXPECT_FALSE(ast::print(holed.script).empty());
    }
  }
}

}  // namespace
}  // namespace braid
