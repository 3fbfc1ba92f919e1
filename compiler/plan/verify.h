// What must hold of every plan, after `build` and after each pass: a broken plan is our bug and ends the process,
// before it can run.
#pragma once

#include "compiler/plan/plan.h"

namespace braid::plan {

/// `after` names the pass in the message.
void verify(const Plan& plan, std::string_view after);

}  // namespace braid::plan
