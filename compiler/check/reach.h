// A run of one script needs the declarations of that script and all that they read. Errors elsewhere do not stop it:
// one warning counts them.
#pragma once

#include <cstddef>

#include "compiler/check/context.h"

namespace braid::checking {

/// Whether the run is about this declaration itself; about all of them if it names no files.
bool is_of_run(const Context& context, const Declaration& declaration);

/// Sets the errors apart that concern nothing the run reads, and reports W5004 in their place. Findings up to `before`
/// are from before what the run is about was checked, those from `after` on from after it, when all that it reads had
/// been looked up (`reached`). Whether there were such errors.
bool set_errors_apart(Context& context, const std::set<const Declaration*>& reached, size_t before, size_t after);

}  // namespace braid::checking
