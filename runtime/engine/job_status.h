// Gathers what a job shows of itself (job_monitor.h) from its parts. On the job's thread, at the edge of a turn.
#pragma once

#include "runtime/engine/job_inputs.h"
#include "runtime/engine/job_monitor.h"
#include "runtime/engine/output_files.h"
#include "runtime/engine/turn_engine.h"

namespace braid {

std::vector<JobStatus::Partition> partitions_of(const Program& program, const TurnEngine& engine,
                                                const JobInputs& inputs);
/// All but what only the job knows: project, epoch and budget.
JobStatus status_of(const Program& program, const TurnEngine& engine, const JobInputs& inputs,
                    const OutputFiles& outputs, StateStore& store);

}  // namespace braid
