// The status of a job, for people and for programs: of one that runs, by what its monitor shows, or of one that is
// stopped, by its store.
#pragma once

#include <string>

#include "runtime/engine/job_monitor.h"

namespace braid::cli {

/// What is said of a job besides its JobStatus.
struct JobDescription {
  std::string project;
  std::string environment;  ///< empty: none, or not known
  std::string store;        ///< its folder
  std::string braid_version;
  int64_t started_at = kNoTime;  ///< clock reading; kNoTime: it does not run
  std::string phase;
  bool ready = false;
  std::string reason;  ///< why it is not
};

/// A table of products, inputs and partitions. `status` may be null: there is none yet.
std::string status_text(const JobDescription& job, const JobStatus* status);
/// One JSON object and a line end. docs/operations/README.md describes it.
std::string status_json(const JobDescription& job, const JobStatus* status);

}  // namespace braid::cli
