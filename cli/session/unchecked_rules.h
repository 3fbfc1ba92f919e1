// Rules that contracts name and nobody runs (`unchecked`), of what a job makes and reads: for its status and metrics.
#pragma once

#include <vector>

#include "compiler/typed/project.h"
#include "runtime/abi/program.h"
#include "runtime/engine/job_monitor.h"

namespace braid::cli {

/// Of the products of the program, then of its sources, in the order of the contracts.
std::vector<JobStatus::UncheckedRule> unchecked_rules(const typed::Project& project, const Program& program);

}  // namespace braid::cli
