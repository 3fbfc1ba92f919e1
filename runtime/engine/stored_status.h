// What the store of a stopped job says of it: the status as of its last commit (job_monitor.h), without its script.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/fs.h"
#include "runtime/engine/job_monitor.h"
#include "runtime/state/store.h"

namespace braid {

/// None if no job has committed there. `directory`: of the store, whose lock the caller has. Fails as a job would, with
/// 8002 or 8005.
Result<std::optional<JobStatus>> stored_status(StateStore& store, Fs& fs, const std::string& directory);

}  // namespace braid
