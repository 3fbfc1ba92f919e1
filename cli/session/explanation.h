// What `braid explain` prints: a summary of each product, or one stage of the compiler as text.
#pragma once

#include <string>

#include "cli/session/session.h"
#include "runtime/base/result.h"

namespace braid::cli {

/// `stage`: ast, typed, plan, optimized, physical, llvm, asm; empty: the summary. `session` has been checked.
Result<std::string> explain(Session& session, const std::string& stage, bool timings);

}  // namespace braid::cli
