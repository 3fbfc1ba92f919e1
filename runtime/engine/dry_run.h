// A program over its inputs without a store: everything is read once, nothing is written, rows go to the caller's
// writer. What `braid dry-run` does; the same turns in the same order as a bounded job.
//
// One thread. Fails where an input cannot be read.
#pragma once

#include "runtime/engine/job.h"
#include "runtime/engine/output_writer.h"

namespace braid {

struct DryRunOptions {
  bool seal = true;  ///< the end of all inputs closes what is open
  /// Asked between turns; true ends the run early.
  std::function<bool()> stop_requested;
  std::function<void(const JobProgress&)> progress;
};

/// The report's fields about commits and files stay empty.
Result<JobReport> dry_run(const Program& program, const DryRunOptions& options, const JobSeams& seams,
                          OutputWriter& output);

}  // namespace braid
