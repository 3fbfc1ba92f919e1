// A program over its inputs without a store: files as a whole and topics at their end are read once, nothing is
// written, rows go to the caller's writer. What `braid dry-run` does; the same turns in the same order as a bounded
// job.
//
// One thread. Fails where an input cannot be read.
#pragma once

#include "runtime/engine/job.h"
#include "runtime/engine/output_writer.h"

namespace braid {

struct DryRunOptions {
  bool seal = true;  ///< the end of all inputs closes what is open
  /// Of each partition of a topic so many offsets at most, up to the end that it has at the start; reference data is
  /// read as a whole.
  int64_t tail = 1000;
  std::string group;  ///< as which a broker knows the reader, which takes no part in the group
  /// Asked between turns; true ends the run early.
  std::function<bool()> stop_requested;
  std::function<void(const JobProgress&)> progress;
};

struct DryRunReport {
  JobReport job;  ///< its fields about commits and files stay empty
  /// What was read of topics, apart from reference data.
  struct Read {
    std::string partition;  ///< "payments.payment.v1/3"
    int64_t first = 0;      ///< offset at which the partition begins
    int64_t begin = 0;      ///< and at which reading began
    int64_t end = 0;        ///< behind the last record that was read
  };
  std::vector<Read> topics;
};

/// Topics are read by `seams.broker`. Nothing is committed to it.
Result<DryRunReport> dry_run(const Program& program, const DryRunOptions& options, const JobSeams& seams,
                             OutputWriter& output);

}  // namespace braid
