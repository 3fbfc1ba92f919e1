// Enums of sources whose symbols a product's flow knows by name, all of them: a `case` over their values names each
// symbol and has no `else`. For such a product a symbol more is one that it has no answer to.
//
// Sound, not exact, as lineage is: an enum that such a case does not look at may be named where it decides what the
// case looks at. A case with one arm for all symbols decides nothing, and is not among them. Pure; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/lineage/flow.h"

namespace braid::lineage {

/// Of the relation and all that it is made of, by source: paths as "currency", "payer.state", "lines[].kind", "tags[]".
/// `all`: flows(project).
std::map<typed::RelationId, std::set<std::string>> whole_cases(const typed::Project& project,
                                                               const std::vector<RelationFlow>& all,
                                                               typed::RelationId relation);

}  // namespace braid::lineage
