#include "cli/session/job_stores.h"

namespace braid::cli {

Result<std::vector<JobFolder>> job_folders(const std::string& store, Fs& fs) {
  std::vector<JobFolder> places{{store, join_path(store, "lock")}};
  const std::string tasks = join_path(store, "tasks");
  BRAID_ASSIGN(const FileInfo of_tasks, fs.stat(tasks));
  if (of_tasks.exists) {
    BRAID_ASSIGN(const std::vector<std::string> names, fs.list_directory(tasks));
    for (const std::string& name : names)
      places.push_back({join_path(tasks, name), join_path(join_path(tasks, name + ".lock"), "lock")});
  }
  std::vector<JobFolder> found;
  for (JobFolder& place : places) {
    BRAID_ASSIGN(const FileInfo state, fs.stat(join_path(place.path, "state")));
    if (state.exists) found.push_back(std::move(place));
  }
  return found;
}

}  // namespace braid::cli
