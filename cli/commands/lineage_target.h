// Who is told what a running job reads and writes: [env.NAME.lineage].
#pragma once

#include <optional>

#include "cli/serve/job_watch.h"
#include "cli/session/session.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// `options` has all but the flows of the job. A job runs with or without somebody who is told: what is wrong here is
/// a warning.
std::optional<Diagnostic> begin_lineage(const Session& session, const std::vector<typed::RelationId>& products,
                                        LineageOptions options, JobWatch& watch);

}  // namespace braid::cli
