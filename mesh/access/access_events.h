// What a domain asked, granted, denied, revoked and stated, as events of its audit log. They follow from its signed
// records, so a command that was killed between its record and its event loses none: the next one records it.
#pragma once

#include <string>

#include "mesh/access/access_book.h"
#include "mesh/access/policies.h"
#include "mesh/audit/audit_log.h"

namespace braid::mesh {

/// Adds an event for each record of the domain, and for each grant of its products that has ended, that the log does
/// not have yet. The log's node is the domain.
Status record_access(AccessBook& book, AuditLog& log, Clock& clock, const std::string& domain, const DomainKey& key);

/// The same of the policies that the domain has stated.
Status record_policies(PolicyBook& book, AuditLog& log, const std::string& domain, const DomainKey& key);

}  // namespace braid::mesh
