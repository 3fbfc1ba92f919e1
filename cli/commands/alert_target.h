// Who is told when a job breaches a promise: [env.NAME.alerts].
#pragma once

#include <optional>

#include "cli/project/project.h"
#include "cli/serve/job_watch.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// Promises are watched with or without somebody who is told: what is wrong here is a warning.
std::optional<Diagnostic> begin_alerts(const AlertConfig& config, JobWatch& watch);

}  // namespace braid::cli
