// Where the state of a job lies: in its store, or in one folder for each task of a job that writes topics.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/base/result.h"

namespace braid::cli {

struct JobFolder {
  std::string path;  ///< has the folder `state`
  std::string lock;  ///< the file that a job which runs has locked
};

/// Sorted by path; none: no job has run there.
Result<std::vector<JobFolder>> job_folders(const std::string& store, Fs& fs);

}  // namespace braid::cli
