#include "tests/fuzz/targets.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/base/check.h"

namespace braid::fuzz {

const std::vector<Target>& targets() {
  static const std::vector<std::string_view> scripts{"tests/golden", "examples", "tests/fuzz/seeds/scripts"};
  static const std::vector<Target> all{
      {"parser", parse_anything, scripts, {".braid"}},
      {"checker", check_anything, scripts, {".braid"}},
      {"ndjson", decode_any_ndjson, {"tests/fuzz/seeds/ndjson"}, {".ndjson"}},
      {"csv", decode_any_csv, {"tests/fuzz/seeds/csv"}, {".csv"}},
      {"avro", decode_any_avro, {"tests/fuzz/seeds/avro"}, {".avro"}},
      {"protobuf", decode_any_protobuf, {"tests/fuzz/seeds/protobuf"}, {".pb"}},
      {"project", configure_anything, {"tests/fuzz/seeds/project", "examples"}, {".toml"}},
      {"odata", ask_anything_of_odata, {"tests/fuzz/seeds/odata"}, {".txt"}},
  };
  return all;
}

const Target& target(std::string_view name) {
  for (const Target& each : targets())
    if (each.name == name) return each;
  BRAID_UNREACHABLE("a target that targets() does not name");
}

std::vector<std::string> read_seeds(const Target& target) {
  namespace files = std::filesystem;
  std::vector<files::path> paths;
  for (const std::string_view folder : target.seed_folders) {
    const files::path root = files::path(BRAID_SOURCE_DIR) / folder;
    if (!files::is_directory(root)) continue;
    for (const auto& entry : files::recursive_directory_iterator(root)) {
      const std::string ending = entry.path().extension().string();
      const bool wanted =
          std::find(target.seed_endings.begin(), target.seed_endings.end(), ending) != target.seed_endings.end();
      if (entry.is_regular_file() && wanted) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> seeds;
  for (const files::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    seeds.push_back(text.str());
  }
  return seeds;
}

}  // namespace braid::fuzz
