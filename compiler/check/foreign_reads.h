// What a reader sees of a relation that is not its domain's: a view of it that the checker makes, with the row filter
// and the masks of the read plan directly above its rows.
#pragma once

#include "compiler/access/read_plan.h"
#include "compiler/check/context.h"

namespace braid::checking {

/// access_rules.cpp
typed::Principal principal_of(const ast::Principal& written);

/// The relation as that reader sees it: itself, if it sees all of it. A refused reader sees a relation without rows.
RelationInfo& seen_by(Context& context, RelationInfo& info, const access::Subject& subject);

/// The same for a flow of `domain` that reads for `purpose` (empty: it states none), which is refused with a finding at
/// `place`.
RelationInfo& read_from_domain(Context& context, RelationInfo& info, const Domain& domain, const std::string& purpose,
                               Span place);

/// A port of a product of another domain is its owner's alone; false: that is reported.
bool may_read_port(Context& context, const Declaration& declaration, const ast::Name& port, const Domain& domain,
                   const std::string& purpose, Span place);

/// Whether rows of another domain reach the relation: itself, or what it reads.
bool reads_another_domain(const Context& context, const typed::Relation& relation);

}  // namespace braid::checking
