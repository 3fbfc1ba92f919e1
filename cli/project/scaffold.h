// What `braid new` writes: a small project of two domains that checks, runs and has a test.
#pragma once

#include <string>
#include <vector>

namespace braid::cli {

struct ScaffoldFile {
  std::string path;  ///< below the project's folder
  std::string text;
};

std::vector<ScaffoldFile> scaffold(const std::string& project_name);

}  // namespace braid::cli
