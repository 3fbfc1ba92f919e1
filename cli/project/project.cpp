#include "cli/project/project.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/project/config.h"

namespace braid::cli {
namespace {

namespace files = std::filesystem;

/// Scripts below `root`; hidden folders, stores and builds are passed over.
std::vector<std::string> scripts_below(const files::path& root) {
  std::vector<std::string> found;
  std::error_code ignored;  // a folder that cannot be read holds no scripts for us
  for (auto at = files::recursive_directory_iterator(root, files::directory_options::skip_permission_denied, ignored);
       at != files::recursive_directory_iterator(); at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (at->is_directory() && (name.starts_with(".") || name == "build" || name == "node_modules")) {
      at.disable_recursion_pending();
      continue;
    }
    if (at->is_regular_file() && at->path().extension() == ".braid") found.push_back(at->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::optional<std::string> read_file(const std::string& path, std::string& reason) {
  std::error_code status;
  if (files::is_directory(path, status)) {
    reason = "it is a directory";
    return std::nullopt;
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    reason = std::strerror(errno);
    return std::nullopt;
  }
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) {
    reason = std::strerror(errno);
    return std::nullopt;
  }
  return text;
}

std::optional<Project> find_project(const std::string& path, SourceSet& sources, Reporter& reporter) {
  Project project;
  std::error_code status;
  const bool is_directory = files::is_directory(path, status);
  if (!is_directory && !files::exists(path, status)) {
    reporter.report(diag::FileNotReadable{.path = path, .reason = "there is no such file or folder"});
    return std::nullopt;
  }
  files::path root = is_directory ? files::path(path) : files::path(path).parent_path();
  if (!is_directory) project.only_script = path;

  // The nearest braid.toml at or above the script or folder makes the project.
  files::path config = root / "braid.toml";
  if (!files::exists(config, status)) {
    const files::path start = files::absolute(root.empty() ? files::path(".") : root, status);
    for (files::path above = start.parent_path(); above != above.parent_path(); above = above.parent_path())
      if (files::exists(above / "braid.toml", status)) {
        config = files::relative(above, files::current_path(), status) / "braid.toml";
        if (config.parent_path() == ".") config = "braid.toml";
        break;
      }
  }
  if (files::exists(config, status)) {
    project.config_path = config.string();
    project.root = config.parent_path().string();
    if (!read_header(project, sources, reporter)) return std::nullopt;
    project.scripts = scripts_below(project.root.empty() ? files::path(".") : files::path(project.root));
    for (std::string& script : project.scripts)
      if (script.starts_with("./")) script = script.substr(2);
    if (is_directory) {
      // A folder within a project: its own scripts' products run.
      if (!files::equivalent(root.empty() ? files::path(".") : root,
                             project.root.empty() ? files::path(".") : files::path(project.root), status))
        project.only_script = path;
    } else {
      // The script may be spelled another way than the search spells it.
      for (const std::string& script : project.scripts)
        if (files::equivalent(script, path, status)) project.only_script = script;
    }
    return project;
  }
  project.root = root.string();
  if (is_directory) {
    project.scripts = scripts_below(root);
    if (project.scripts.empty()) {
      reporter.report(diag::NotAProject{.path = path}).note("`braid new NAME` makes a project to start from");
      return std::nullopt;
    }
    project.name = files::absolute(root, status).filename().string();
  } else {
    project.scripts = {path};
    project.name = files::path(path).stem().string();
    project.only_script.clear();
  }
  return project;
}

}  // namespace braid::cli
