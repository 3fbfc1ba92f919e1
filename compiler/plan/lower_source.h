// The work on a record of a source before its first step: which fields are decoded, the values of fields that are
// absent but have a fallback, the conversion of key and time, and whether a record deletes its key.
#pragma once

#include "compiler/plan/physical.h"
#include "compiler/plan/plan.h"

namespace braid::plan {

struct FromKernel {
  SourceSpec spec;
  RowProgram kernel;
};

/// `sites` gets the places where a record may be rejected by `from`. Without `prune` every declared field is decoded.
FromKernel lower_source(const Node& node, const SourceNode& source, const typed::Project& project, bool prune,
                        std::vector<Site>& sites);

}  // namespace braid::plan
