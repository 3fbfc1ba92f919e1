// docs/language/function-reference.md is what the declarations say. BRAID_UPDATE=1 rewrites it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/session/function_listing.h"
#include "stdlib/registry.h"

namespace braid {
namespace {

TEST(FunctionReference, IsFresh) {
  const std::string path = BRAID_SOURCE_DIR "/docs/language/function-reference.md";
  const std::string made = cli::function_reference();
  if (std::getenv("BRAID_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << made;
  std::stringstream filed;
  filed << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_TRUE(filed.str() == made) << path
                                   << "\nrewrite by: BRAID_UPDATE=1 build/release/bin/braid_function_examples_test";
  for (const FunctionDeclaration& function : standard_library().all())
    EXPECT_EQ(made.find("## " + std::string(function.group) + "\n"), std::string::npos)
        << "the group " << function.group << " has no subject";
}

TEST(FunctionReference, HasAtLeast250Functions) {
  std::set<std::string_view> names;
  for (const FunctionDeclaration& function : standard_library().all()) names.insert(function.name);
  EXPECT_GE(names.size(), 250u);
}

}  // namespace
}  // namespace braid
