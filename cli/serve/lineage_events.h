// Tells somebody outside, in events of OpenLineage, what a job reads and writes while it runs.
//
// Each product of the job is a job there. Its run begins with START, when the job has its store. RUNNING follows every
// so often, and at once when a run goes on behind a restart. COMPLETE: the inputs have ended. ABORT: the job was
// stopped on request, or what was deployed has changed behind a crash. FAIL: an error has ended it.
//
// The file `lineage.json` in the store keeps the runs that have not ended, so that a job that was killed goes on with
// its run. The specification ends a run with its COMPLETE, ABORT or FAIL: what is started behind that is another run.
//
// Rows: of a job that follows its inputs those since the event before, in this process; of another one those of the
// run. On the job's thread, which never waits for a receiver: events wait elsewhere, with a bound.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/serve/sender_thread.h"
#include "mesh/lineage/run_event.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/engine/job_monitor.h"

namespace braid::cli {

struct LineageOptions {
  std::vector<mesh::DescribedFlow> jobs;
  std::string engine;             ///< version of Braid
  std::string store;              ///< directory
  int64_t every_us = 60'000'000;  ///< from one RUNNING to the next
  bool streaming = true;          ///< the job follows its inputs
  bool fresh = false;             ///< the job starts over: what an earlier run has left is over
};

class LineageEvents {
 public:
  /// Of events that wait for a sender that is held up, beside those that the sender has.
  static constexpr size_t kMostGiven = 1024;

  /// Metrics and seams outlive it.
  LineageEvents(LineageOptions options, std::unique_ptr<EventSender> sender, MetricRegistry& metrics, Fs& fs,
                Clock& clock);

  /// The job has its store: the runs begin, or go on.
  void begin();
  /// Begins if begin() was not called; RUNNING where it is time.
  void look(const JobStatus& status);
  /// The job has ended. Nothing is told of one that has not begun.
  void end(const Result<JobReport>& report);
  /// Why events cannot be sent now; empty: they can.
  std::string problem() const { return thread_.problem(); }

 private:
  struct Run {
    mesh::DescribedFlow job;
    mesh::RunEvents events;
    std::string deployment;  ///< hash of what is deployed
    std::string id = {};
    std::optional<mesh::RowsWritten> now = {};     ///< what the output has; none: not known yet
    std::optional<mesh::RowsWritten> before = {};  ///< where the rows of an event are counted from; none: not known yet
    std::map<int32_t, int64_t> tasks = {};         ///< rows of each task, as of the last status
  };

  LineageEvents(LineageOptions options, std::unique_ptr<EventSender> sender, MetricRegistry::Family& family, Fs& fs,
                Clock& clock);
  std::string path() const;
  static std::string name_of(const mesh::DescribedFlow& job);
  void tell(Run& run, const std::string& type, const std::string& error = {});
  void count(const JobStatus& status);
  /// Of a job over a broker: rows that came with a task are not rows of this process.
  static void count_tasks(const JobStatus& status, Run& run);
  void give(std::string event);
  void write_book();

  LineageOptions options_;
  Fs& fs_;
  Clock& clock_;
  std::vector<Run> runs_;
  bool begun_ = false;
  int64_t told_at_ = 0;  ///< steady clock
  Counter& sent_;
  Counter& dropped_;
  std::atomic<uint64_t> refused_ = 0;  ///< because kMostGiven waited
  EventThread thread_;                 ///< the last: it uses the counters
};

}  // namespace braid::cli
