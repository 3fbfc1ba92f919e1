// What must hold of every finding, whatever the text: its places lie inside the sources, it can be shown, and its fixes
// can be applied.
#pragma once

#include <string>
#include <vector>

#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"
#include "tests/fuzz/targets.h"

namespace braid::fuzz {

Verdict judge_findings(const std::vector<Diagnostic>& findings, const SourceSet& sources);

}  // namespace braid::fuzz
