// The promises of a job's products and sources, and what is expected of them, while it runs: each is watched
// (runtime/promise) by what the status of the job says of it, and shown by metrics. A part of the JobMonitor, on the
// thread that publishes the status.
#pragma once

#include <memory>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/metrics/registry.h"
#include "runtime/promise/promise_watch.h"

namespace braid {

struct JobStatus;

class PromiseMonitor {
 public:
  /// Both outlive it.
  PromiseMonitor(const Program& program, MetricRegistry& metrics);
  ~PromiseMonitor();

  /// Promises are watched from now on.
  void watch(int64_t now);
  bool watches() const { return !watched_.empty(); }
  /// Adds them to the status. Gives the places in JobStatus::promises of those that have changed between breached and
  /// not.
  std::vector<size_t> update(JobStatus& status);

 private:
  struct Families;
  struct Watched {
    bool of_source;
    size_t relation;  ///< index into Program::products, or into JobReport::sources
    size_t promise;   ///< of the relation
    PromiseWatch watch;
    double row_bytes = 0;  ///< of rows of state in memory, when there were some
    int volume = -1;       ///< index into JobStatus::volumes
    bool told = true;      ///< its breach
    bool is_of_all(const JobStatus& status) const;
  };
  /// Of a promise that is judged over all tasks one process tells.
  static bool is_to_be_told(Watched& each, const JobStatus& status, bool has_changed);
  PromiseReading reading_of(Watched& each, const JobStatus& status, bool idle);
  void show(const Watched& each, const std::string& name, int64_t relation_version);

  const Program& program_;
  std::unique_ptr<Families> families_;
  std::vector<const SourceSpec*> sources_;  ///< that promise something
  std::vector<Watched> watched_;
};

}  // namespace braid
