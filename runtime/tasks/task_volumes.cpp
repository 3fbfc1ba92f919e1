#include "runtime/tasks/task_volumes.h"

namespace braid {

std::vector<PromiseCounts> volumes_of_job(std::span<const std::map<int32_t, TaskVolumes>* const> known, size_t tasks) {
  std::vector<PromiseCounts> sum;
  for (size_t task = 0; task < tasks; ++task) {
    const TaskVolumes* newest = nullptr;
    for (const std::map<int32_t, TaskVolumes>* each : known) {
      const auto found = each->find(static_cast<int32_t>(task));
      if (found != each->end() && (newest == nullptr || found->second.epoch > newest->epoch)) newest = &found->second;
    }
    if (newest == nullptr || newest->counts.empty()) return {};
    if (sum.empty())
      sum = newest->counts;
    else if (sum.size() == newest->counts.size())
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += newest->counts[i];
    else
      return {};
  }
  return sum;
}

}  // namespace braid
