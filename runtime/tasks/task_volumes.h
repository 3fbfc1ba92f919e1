// Promises of `volume` over all tasks of a job. Each task says in its commits what it has counted (volume_counts.h of
// runtime/promise); whoever has read that of all tasks has the counts of the job, whoever they belong to.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "runtime/promise/published_rows.h"

namespace braid {

/// What a task has counted up to an epoch that is committed, of all promises in their order.
struct TaskVolumes {
  uint64_t epoch = 0;
  std::vector<PromiseCounts> counts = {};
};

/// What each of them knows of tasks 0 … tasks − 1 becomes what all tasks have: of each task the newest counts. Empty:
/// there are no promises, or nobody knows what some task has.
std::vector<PromiseCounts> volumes_of_job(std::span<const std::map<int32_t, TaskVolumes>* const> known, size_t tasks);

}  // namespace braid
