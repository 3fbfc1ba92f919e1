// A job on a simulated machine: recorded input as files, a partition each, `in/SOURCE/PARTITION.ndjson`; the store in
// `data`. The power may be cut at any operation or kill point. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/sim_fs.h"
#include "runtime/engine/job.h"
#include "tests/scenarios/recorded_input.h"

namespace braid::scenarios {

/// What the clock of machines shows.
inline constexpr int64_t kMachineNow = 1'800'000'000'000'000;

class Machine {
 public:
  Machine(uint64_t seed, const RecordedInput& input);

  /// Commits every two turns.
  static JobOptions options();
  /// The program's sources read the machine's files.
  static void bind(Program& program);
  Result<JobReport> run(const Program& program, const JobOptions& options = Machine::options());
  /// File name → lines, in order.
  std::map<std::string, std::vector<std::string>> outputs();

  SimFs fs;

 private:
  ManualClock clock_{kMachineNow};
  InlineExecutor one_;
  std::unique_ptr<ThreadExecutor> threads_;  ///< of jobs with workers
};

}  // namespace braid::scenarios
