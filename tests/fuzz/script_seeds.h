// Whole projects as seeds: the examples with all their scripts, and every single script of the tests.
#pragma once

#include <string>
#include <vector>

namespace braid::fuzz {

struct SeedScript {
  std::string path;  ///< from the repository's root
  std::string text;
};
/// What is checked together.
struct SeedProject {
  std::vector<SeedScript> scripts;
};

/// In the order of their paths.
std::vector<SeedProject> read_seed_projects();

}  // namespace braid::fuzz
