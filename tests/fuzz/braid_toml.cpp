// braid.toml: the header and every environment it names.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/project/project.h"
#include "tests/fuzz/findings.h"
#include "tests/fuzz/targets.h"

namespace braid::fuzz {
namespace {

/// A folder of this process, removed at its end.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("braid_fuzz_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

Verdict configure_anything(std::string_view input) {
  static const Folder folder;
  std::ofstream(folder.path() / "braid.toml", std::ios::binary | std::ios::trunc) << input;
  SourceSet sources;
  Reporter reporter;
  const auto project = cli::find_project(folder.path().string(), sources, reporter);
  bool made = false;
  if (project) {
    made = cli::environment(*project, "", sources, reporter).has_value();
    for (const std::string& name : project->environments) cli::environment(*project, name, sources, reporter);
    cli::environment(*project, "no such environment", sources, reporter);
  }
  if (!made && !reporter.has_errors()) return "refused without a word";
  return judge_findings(reporter.take_sorted(), sources);
}

}  // namespace braid::fuzz
