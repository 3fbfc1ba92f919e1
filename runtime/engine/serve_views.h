// The views of a job that does not run, for readers.
#pragma once

#include "runtime/engine/job.h"
#include "runtime/view/view_host.h"

namespace braid {

/// Opens the host on the store of the job, which is locked and read alone, until `options.stop_requested`. Fails with
/// 8001 if a job has the store, and with 8063 if the store does not have all of `options.views`.
Status serve_views(const Program& program, const JobOptions& options, const JobSeams& seams, ViewHost& host);

}  // namespace braid
