// What a running job leaves in the audit logs of its domains: that it read products of other domains (`access.used`),
// and that promises of its own products were breached or have recovered.
//
// Reads are summed: once per interval, and at the end of the job, one event for each product that reads and each
// product of another domain that it reads, if there were rows. The file `used.json` in the store has how many rows are
// on record, and is written behind the event: a job that is killed between the two records them twice, never not at
// all. `total` in the event, the rows in all runs on this store, shows that.
//
// Of a job over topics the log itself says what is on record: each event names the tasks whose rows it counts, and how
// many rows each of them has had. So the instances of a job agree, and a task that goes from one to another takes
// nothing with it.
//
// Called on the job's thread, which never waits for the registry: events are signed and appended on a thread of their
// own. While the registry is away they wait, with a bound.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/serve/sender_thread.h"
#include "mesh/audit/audit_log.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/engine/job_monitor.h"

namespace braid::cli {

/// A product of the job reads a product of another domain.
struct ProductUse {
  std::string domain;   ///< that reads
  std::string reader;   ///< qualified product
  int64_t version = 1;  ///< of it
  std::string input;    ///< qualified product of another domain, as reports of the job name it
  int64_t input_version = 1;
  std::vector<std::string> columns;  ///< that are read
  std::string subject;               ///< URN of the product that is read
  std::string grant;                 ///< id of the request, or "allow"
  std::string purpose = {};          ///< that its scripts state, or the request; words with `, ` between; empty: none
};

/// What a consumer has read of a served product since it was told before.
struct ServedUse {
  std::string domain;   ///< of the product
  std::string subject;  ///< its URN
  std::string reader, purpose;
  std::set<std::string> columns;
  int64_t reads = 0, rows = 0;
};

struct TrailOptions {
  std::set<std::string> domains;  ///< whose logs the key signs; nothing is recorded of others
  std::vector<ProductUse> uses;
  std::string store;  ///< directory
  std::string tenant;
  std::string environment;
  int64_t every_us = 3'600'000'000;  ///< 0: uses are not recorded
};

/// An event, and what is on record once it is there.
struct TrailEvent {
  std::string domain;  ///< whose log
  mesh::AuditEvent event;
  std::string use = {};                   ///< key of a use; empty: none
  int64_t total = 0;                      ///< rows
  std::map<int32_t, int64_t> tasks = {};  ///< of a job over topics: rows of each
};

/// Appends events to the logs of the registry. All of its calls are on one thread.
class TrailWriter {
 public:
  static constexpr size_t kMost = 1024;
  static constexpr int64_t kPauseUs = 5'000'000;

  /// Seams outlive it. `path`: of `used.json`; `recorded`: what it has.
  TrailWriter(std::unique_ptr<mesh::ObjectStore> registry, mesh::DomainKey key, std::string tenant, std::string path,
              std::map<std::string, int64_t> recorded, Fs& fs, Clock& clock);

  void add(TrailEvent event);
  void work(int64_t at_most_us);
  bool at_rest() const { return waiting_.empty(); }
  std::string problem() const { return problem_; }

 private:
  Status append(const TrailEvent& event);
  /// Of a job over topics. Nothing is appended if all of it is on record.
  Status append_tasks(TrailEvent event);
  /// What the log has since it was read before.
  Status read_on(const std::string& domain, mesh::AuditLog& log);

  std::unique_ptr<mesh::ObjectStore> registry_;
  mesh::DomainKey key_;
  std::string tenant_, path_;
  std::map<std::string, int64_t> recorded_;
  std::map<std::string, std::map<int32_t, int64_t>> task_rows_;  ///< on record, by use
  std::map<std::string, int64_t> read_to_;                       ///< number of an event, by domain
  Fs& fs_;
  Clock& clock_;
  std::deque<TrailEvent> waiting_;
  int64_t try_at_ = INT64_MIN;  ///< steady clock
  std::string problem_;
};

class AuditTrail {
 public:
  AuditTrail(TrailOptions options, std::unique_ptr<mesh::ObjectStore> registry, mesh::DomainKey key, Fs& fs,
             Clock& clock);

  /// Once the job has its store, and then often.
  void look(const JobStatus& status);
  /// A promise of a product of the job.
  void note(const JobStatus::Promise& promise, bool breached);
  /// Summed until the next event. A job that is killed loses what it was told since the one before.
  void note(const ServedUse& use);
  /// The job has ended: what is not on record yet is given to be.
  void end();
  /// Why events cannot be recorded now; empty: they can.
  std::string problem() const { return writer_ ? writer_->problem() : ""; }

 private:
  using Writer = SenderThread<TrailWriter, TrailEvent, &TrailWriter::add>;

  void begin();
  void look_at_tasks(const JobStatus& status);
  void record_uses();
  void record_tasks();
  void record_served(int64_t now);
  mesh::AuditEvent event_of(const ProductUse& use, int64_t now) const;

  TrailOptions options_;
  std::unique_ptr<mesh::ObjectStore> registry_;  ///< until begin()
  std::optional<mesh::DomainKey> key_;
  Fs& fs_;
  Clock& clock_;
  std::map<std::string, int64_t> given_;  ///< rows that were given to be recorded, by use
  std::map<std::string, int64_t> rows_;   ///< in all runs, by use
  std::map<std::string, std::map<int32_t, int64_t>> given_tasks_, tasks_;  ///< the same by task
  std::map<std::string, ServedUse> served_;                                ///< by product, reader and purpose
  int64_t from_us_ = 0;                                                    ///< clock: begin of the interval
  int64_t looked_at_ = 0;                                                  ///< steady clock
  std::unique_ptr<Writer> writer_;                                         ///< the last: its thread uses the seams
};

}  // namespace braid::cli
