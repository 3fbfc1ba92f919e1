// The wrong scripts and the pages of docs/errors, through the compiler as the command has it. BRAID_UPDATE=1 rewrites
// what the pages print.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/session/session.h"
#include "tests/golden/diagnostics/check_script.h"

namespace braid {
namespace {

/// On 2026-01-01: what ends, ends by that day.
driver::Language language_of_new_year() {
  driver::Language language = cli::language();
  language.now_us = [] { return int64_t{1'767'225'600'000'000}; };
  return language;
}

std::vector<Diagnostic> check_as_the_command(const SourceSet& sources, const std::vector<uint32_t>& run) {
  Reporter reporter;
  const auto scripts = driver::parse_scripts(sources, reporter);
  driver::check_scripts(scripts, sources, language_of_new_year(), {}, run, reporter);
  return reporter.take_sorted();
}

TEST(Compiler, ReportsOfWrongScriptsWhatTheyMustGet) {
  for (const std::string& complaint : try_wrong_scripts(check_as_the_command)) ADD_FAILURE() << complaint;
}

TEST(Compiler, ReportsOfErrorPagesWhatTheySay) {
  if (std::getenv("BRAID_UPDATE")) update_error_pages(check_as_the_command);
  for (const std::string& complaint : try_error_pages(check_as_the_command)) ADD_FAILURE() << complaint;
}

}  // namespace
}  // namespace braid
