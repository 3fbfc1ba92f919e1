// What a running job records in the audit logs of its domains (cli/serve/audit_trail.h).
#pragma once

#include <vector>

#include "cli/serve/job_watch.h"
#include "cli/session/session.h"
#include "runtime/report/diagnostic.h"

namespace braid::cli {

/// If the project has a registry and a key. `promises`: the job watches those of its products. `served`: products whose
/// consumers are known. A job runs with or
/// without a record: what is wrong here are warnings.
std::vector<Diagnostic> begin_audit(const Session& session, const std::vector<typed::RelationId>& products,
                                    const std::string& store, bool promises,
                                    const std::vector<serve::ApiProduct>& served, JobWatch& watch);

}  // namespace braid::cli
