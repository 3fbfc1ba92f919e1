// What a running job shows of itself: metrics, a status and whether it is ready, for other threads to read.
//
// The job's thread reports to the monitor at the edges of turns and commits, never by row; what is costly to find out
// is gathered every kStatusEvery, or less often if that takes long. Readers take no lock that the job waits for while
// it runs turns. The monitor outlives the job that reports to it; Program and clock outlive the monitor.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/engine/job.h"
#include "runtime/engine/promise_monitor.h"
#include "runtime/metrics/registry.h"
#include "runtime/promise/promise_change.h"
#include "runtime/promise/promise_watch.h"

namespace braid {

enum class JobPhase { starting, recovering, running, draining, stopped, failed };
std::string_view phase_name(JobPhase phase);

/// A job at the edge of a turn: all of it belongs together.
struct JobStatus {
  struct Partition {
    std::string source;
    std::string name;
    int64_t position = 0;
    std::optional<uint64_t> lag_bytes, lag_records;  ///< behind the position; none: not known
    int64_t watermark = kNoTime;
    bool idle = false;
    bool ended = false;
    std::string waits_for;  ///< why its next record cannot be read yet; empty: it is not paused
  };
  struct Output {
    std::string product;  ///< qualified
    int64_t version = 1;
    std::string port;  ///< empty: the product's rows
    std::string path;
    int64_t rows = 0;
    uint64_t bytes = 0;  ///< as of the last commit that began
  };
  int64_t taken_at = 0;  ///< clock reading
  std::string project;
  uint64_t epoch = 0;         ///< the last that is durable
  JobReport report;           ///< products with their ledgers, events, watermark, state, deviation
  uint64_t state_budget = 0;  ///< bytes; 0: none
  StoreFigures store;
  /// Of a contract, or of what a reader expects of it, and how it stands.
  struct Promise {
    std::string relation;  ///< product or source, qualified
    int64_t version = 1;
    bool of_source = false;
    std::string text;                  ///< "fresh within 5m", "expect fresh within 5m"
    std::string owner;                 ///< of the domain whose contract it is; empty: nobody is named
    std::vector<std::string> readers;  ///< domains that expect it; empty: the contract promises it
    PromiseSpec::Rule rule = PromiseSpec::Rule::fresh;
    PromiseStatus status;
    bool of_all = false;  ///< it is judged over the rows of all tasks, wherever they are
  };
  /// A rule that a contract names and nobody runs: it is shown as such, and never as met.
  struct UncheckedRule {
    std::string relation;  ///< product or source, qualified
    int64_t version = 1;
    std::string rule, reason;
  };
  std::vector<Partition> partitions;  ///< of sources that are not static
  std::vector<Output> outputs;
  std::vector<Promise> promises;         ///< of a job that follows its inputs; the monitor adds them
  std::vector<UncheckedRule> unchecked;  ///< the monitor adds them
  bool others = false;                   ///< other processes have tasks of the job, or some have no owner
  /// Of promises of `volume`, in the order of volume_promises(): what all tasks of the job have. Empty: it is not
  /// known, and JobReport has what the tasks here have.
  std::vector<PromiseCounts> volumes;
  /// What is judged over all tasks is told here. One process at a time does.
  bool tells_of_all = true;
  std::string part;  ///< then: the tasks that this one has: "tasks 0, 2 of 4"
  /// Of a job over a broker: its tasks in this process. Sums over them jump when one comes or goes.
  struct Task {
    int32_t number = 0;
    std::vector<JobReport::Product> products;  ///< in all processes, as of an epoch that is committed
    std::vector<int64_t> rows_before;          ///< of each product, when the task came to this process
  };
  std::vector<Task> tasks;
};

/// What happens once or with each commit; for logs. On the job's thread.
struct JobEvent {
  enum class Kind { recovered, draining, committed, promise_breached, promise_recovered } kind;
  uint64_t epoch = 0;                           ///< the last that is durable
  int64_t took_us = 0;                          ///< of recovery; of writing a commit, beside the turns
  int64_t paused_us = 0;                        ///< of a commit: the longest time in which no turn ran
  const JobStatus::Promise* promise = nullptr;  ///< that was breached, or has recovered
};

/// What a member of a job over a broker has done since it was asked before.
struct MemberWork {
  uint64_t turns = 0;
  struct Commit {
    int64_t took_us = 0;
    int64_t paused_us = 0;  ///< of that, while no turn ran
  };
  std::vector<Commit> commits;
  std::vector<int64_t> recoveries_us;  ///< of tasks, from when it got them to their first turn
  uint64_t aborted = 0;                ///< commits that were given up, with what was to be in them
  struct Read {
    std::string source, partition;
    int64_t records = 0, bytes = 0;
  };
  std::vector<Read> read;
  struct Written {
    std::string product;  ///< qualified
    int64_t version = 1;
    std::string port;
    uint64_t bytes = 0;
  };
  std::vector<Written> written;
};

class JobMonitor {
 public:
  static constexpr int64_t kStatusEvery = 250'000;
  /// A job that has not moved for that long is stuck; a commit is overdue. In microseconds.
  static constexpr int64_t kStuckAfter = 120'000'000, kOverdueAfter = 60'000'000;

  JobMonitor(const Program& program, Clock& clock);
  ~JobMonitor();

  // ---- Set before the job starts; called on its thread.
  std::function<void(const JobEvent&)> on_event;
  std::function<void(const JobStatus&)> on_status;
  /// The job follows its inputs: promises of its products are watched from now on. Without it, as where history is read
  /// once, they are not.
  void watch_promises();
  /// Rules that contracts name and nobody runs, before the job starts.
  void set_unchecked(std::vector<JobStatus::UncheckedRule> rules);
  bool watches_promises() const { return promises_.watches(); }
  /// Of a job that tells readers of its products: what has changed since the last call. Kept from the first call on.
  std::vector<PromiseChange> take_changes();

  // ---- By the job's thread.
  void enter(JobPhase phase);
  /// A turn that has been read, whose partition has that name.
  void read(int source, uint32_t ordinal, const std::string& name, size_t records, size_t bytes);
  /// Measures the turn that runs while it lives. `monitor` may be null.
  class TurnTimer {
   public:
    explicit TurnTimer(JobMonitor* monitor) : monitor_(monitor), began_(monitor ? monitor->clock_.steady_us() : 0) {}
    TurnTimer(const TurnTimer&) = delete;
    TurnTimer& operator=(const TurnTimer&) = delete;
    ~TurnTimer() {
      if (monitor_ != nullptr) monitor_->turn_ran(began_);
    }

   private:
    JobMonitor* monitor_;
    int64_t began_;
  };
  void commit_begins();
  /// Turns go on: the commit is written beside them.
  void commit_is_frozen();
  /// Turns stop once more, for a piece of what was frozen.
  void copy_begins() { pause_began_ = clock_.steady_us(); }
  void copy_ends();
  /// On any thread: the time that it takes is what is between.
  void write_begins();
  void write_ends();
  void commit_is_durable(uint64_t epoch);
  /// Of a job over a broker, in place of the calls above: what one of its members did, and how many tasks all of them
  /// have. By one thread at a time.
  void add(const MemberWork& work, uint64_t epoch);
  void set_tasks(size_t running, size_t recovering);
  /// On any thread: of how many other tasks a snapshot is kept here, and the bytes of all.
  void set_standby(size_t tasks, uint64_t bytes);
  /// Whether it is time for the next status. To ask says that the job moves.
  bool wants_status();
  void publish(JobStatus status);

  // ---- On any thread.
  MetricRegistry& metrics() { return registry_; }
  const MetricRegistry& metrics() const { return registry_; }
  JobPhase phase() const { return phase_.load(std::memory_order_relaxed); }
  /// The last that was published; null before the first.
  std::shared_ptr<const JobStatus> status() const;
  struct Verdict {
    bool good = true;
    std::string reason = "ok";  ///< a word for programs
    std::string detail;         ///< for people
  };
  /// Alive: the loop of turns moves, or has not begun yet.
  Verdict health() const;
  /// Recovered; reads and commits.
  Verdict readiness() const;

 private:
  struct PartitionCounters {
    Counter* records = nullptr;
    Counter* bytes = nullptr;
  };
  struct Families;

  void turn_ran(int64_t began);
  void set_sources(const JobStatus& status);
  void set_products(const JobStatus& status);
  void set_promises(JobStatus& status);

  const Program& program_;
  Clock& clock_;
  MetricRegistry registry_;
  std::unique_ptr<Families> families_;
  PromiseMonitor promises_;
  bool keeps_changes_ = false;
  std::vector<PromiseChange> changes_;
  std::vector<JobStatus::UncheckedRule> unchecked_;
  std::vector<std::vector<PartitionCounters>> partitions_;  ///< by source and ordinal
  std::atomic<JobPhase> phase_ = JobPhase::starting;
  std::atomic<int64_t> moved_at_;          ///< steady clock
  std::atomic<int64_t> commit_began_ = 0;  ///< steady clock; 0: none is on its way
  std::atomic<int64_t> write_began_ = 0, write_took_ = 0;
  int64_t phase_began_;
  int64_t pause_began_ = 0, paused_us_ = 0;
  int64_t status_began_ = 0, next_status_ = 0;  ///< steady clock
  mutable std::mutex publishing_;
  std::shared_ptr<const JobStatus> status_;
};

}  // namespace braid
