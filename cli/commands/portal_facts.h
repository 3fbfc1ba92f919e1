// What the scripts of a project say of its products and of their lineage, for the portal.
#pragma once

#include "cli/serve/portal_answers.h"
#include "cli/session/session.h"

namespace braid::cli {

PortalFacts portal_facts(const Session& session);

}  // namespace braid::cli
