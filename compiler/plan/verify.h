// Checks that every plan must pass, after `build` and after each pass. A broken plan is our bug and ends the process
// before it can run.
#pragma once

#include "compiler/plan/plan.h"

namespace braid::plan {

/// `after` names the pass in the message.
void verify(const Plan& plan, std::string_view after);

}  // namespace braid::plan
