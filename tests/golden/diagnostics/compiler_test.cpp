// The wrong scripts and the pages of docs/errors, through the compiler as the command has it. BRAID_UPDATE=1 rewrites
// what the pages print.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/session/session.h"
#include "tests/golden/diagnostics/check_script.h"

namespace braid {
namespace {

std::vector<Diagnostic> check_as_the_command(const SourceSet& sources, const std::vector<uint32_t>& run) {
  Reporter reporter;
  const auto scripts = driver::parse_scripts(sources, reporter);
  driver::check_scripts(scripts, sources, cli::language(), {}, run, reporter);
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
