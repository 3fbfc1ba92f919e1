// What a domain has published, as events of its log. They follow from the signed chain of its publications, so a
// publisher that was killed between its publication and its event loses none: the next one records it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mesh/audit/audit_log.h"
#include "mesh/registry/registry.h"

namespace braid::mesh {

/// In a head of the log of a domain: the number of the newest publication that is on record.
inline constexpr std::string_view kPublicationsMark = "publications";

/// Adds an event for each version that came, changed or was retired with a publication that the log does not have yet.
/// The log's node is the domain.
Status record_publications(Registry& registry, AuditLog& log, const std::string& domain, const DomainKey& key);

/// An event for each product whose change was refused. `broken`: readers that would have broken.
Status record_refusal(AuditLog& log, Clock& clock, const std::string& tenant, const std::string& domain,
                      const std::string& product, const std::string& broken, const DomainKey& key);

}  // namespace braid::mesh
