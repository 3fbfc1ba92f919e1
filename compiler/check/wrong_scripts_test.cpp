// The wrong scripts of tests/golden/diagnostics, through parser and checker.
#include <gtest/gtest.h>

#include "compiler/check/check.h"
#include "compiler/parse/parse.h"
#include "stdlib/registry.h"
#include "tests/golden/diagnostics/check_script.h"

namespace braid {
namespace {

std::vector<Diagnostic> check_script(const SourceSet& sources) {
  Reporter reporter;
  std::vector<ast::Script> scripts;
  for (uint32_t file = 0; file < sources.size(); ++file) scripts.push_back(parse(sources, file, reporter));
  std::vector<const ast::Script*> pointers;
  for (const ast::Script& script : scripts) pointers.push_back(&script);
  check({.scripts = pointers, .sources = sources, .functions = standard_library()}, reporter);
  return reporter.take_sorted();
}

TEST(WrongScripts, GetWhatTheyMust) {
  for (const std::string& complaint : try_wrong_scripts(check_script, {2000, 9999})) ADD_FAILURE() << complaint;
}

}  // namespace
}  // namespace braid
