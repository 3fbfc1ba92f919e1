#include "tests/fuzz/script_seeds.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace braid::fuzz {
namespace {

namespace files = std::filesystem;

std::vector<SeedScript> scripts_below(const files::path& folder) {
  const files::path root(BRAID_SOURCE_DIR);
  std::vector<SeedScript> scripts;
  for (const auto& entry : files::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".braid") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    scripts.push_back({entry.path().lexically_relative(root).string(), text.str()});
  }
  std::sort(scripts.begin(), scripts.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return scripts;
}

}  // namespace

std::vector<SeedProject> read_seed_projects() {
  const files::path root(BRAID_SOURCE_DIR);
  std::vector<files::path> folders;
  for (const auto& entry : files::directory_iterator(root / "examples"))
    if (files::exists(entry.path() / "braid.toml")) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  std::vector<SeedProject> projects;
  for (const files::path& folder : folders) projects.push_back({scripts_below(folder)});
  for (const char* folder : {"tests/fuzz/seeds/scripts", "tests/golden", "tests/scenarios"})
    for (SeedScript& script : scripts_below(root / folder)) projects.push_back({{std::move(script)}});
  return projects;
}

}  // namespace braid::fuzz
