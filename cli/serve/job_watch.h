// All that watches a job which runs: its monitor, the server that shows it, and the log. The job reports to the
// monitor; the rest follows from that. Made before the job starts and let go of behind its end, on the job's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "cli/present/job_log.h"
#include "cli/serve/audit_trail.h"
#include "cli/serve/job_endpoint.h"
#include "cli/serve/lineage_events.h"
#include "cli/serve/portal_answers.h"
#include "cli/serve/sender_thread.h"
#include "cli/serve/serve_guard.h"
#include "runtime/base/fs.h"
#include "runtime/engine/job_monitor.h"
#include "serve/flight/flight_api.h"
#include "serve/grpc/grpc_api.h"
#include "serve/http/server.h"
#include "serve/odata/service.h"
#include "serve/query/query_api.h"
#include "serve/rest/api.h"

namespace braid::cli {

struct WatchOptions {
  std::optional<serve::HttpAddress> listen;
  bool promises = false;                         ///< the job follows its inputs, so promises of contracts are watched
  std::vector<serve::ApiProduct> products = {};  ///< that are served, where it listens
  ViewHost* views = nullptr;                     ///< of these; outlives the watch
  ServeGuard* guard = nullptr;                   ///< null: who reads is not asked; outlives the watch
  std::string tenant = {};                       ///< of products in the audit log
  PortalFacts portal = {};                       ///< of the project, where products are served
  int64_t slow_commit_us = 1'000'000;            ///< commits that take longer are in the log as slow
  int64_t summary_every_us = 60'000'000;         ///< of rows that were rejected, late or unmatched
};

class JobWatch {
 public:
  /// Fails with 7024 if the address cannot be had. Program, log and seams outlive this.
  static Result<std::unique_ptr<JobWatch>> start(const Program& program, const JobDescription& job,
                                                 const WatchOptions& options, const JobLog& log, Fs& fs, Clock& clock);
  /// Ends the server, and takes the address out of the store.
  ~JobWatch();

  JobMonitor& monitor() { return monitor_; }
  /// What somebody should know while the job runs, once each: a partition, or a task, that waits for a schema; that no
  /// broker answers; that snapshots cannot be stored. On the job's thread.
  std::function<void(const Diagnostic&)> on_warning;
  /// Whether on_warning was called with it.
  bool told(const Diagnostic& warning) const { return told_.contains(warning.message); }
  /// From now on breaches and recoveries of promises are sent there, too. `address`: as people are shown it.
  void send_alerts(std::unique_ptr<AlertSender> sender, std::string address);
  /// From now on what the job reads and writes is told there, too. `address`: as people are shown it.
  void send_lineage(LineageOptions options, std::unique_ptr<EventSender> sender, std::string address);
  /// From now on reads of products of other domains, breaches and recoveries are recorded in audit logs.
  void record(std::unique_ptr<AuditTrail> trail) { trail_ = std::move(trail); }
  /// What consumers have read goes into the log and to the audit trail, once in a while. On the job's thread, often.
  void look_at_reads();
  /// From now on `problem` is asked now and then, on the job's thread, and what it says goes to on_warning, once each.
  void tell_of(std::function<std::optional<Diagnostic>()> problem) { problems_.push_back(std::move(problem)); }
  /// Where it listens, if it does.
  std::optional<serve::HttpAddress> address() const;
  /// The job has ended.
  void note_end(const Result<JobReport>& report);

  /// The file in a store that says where its running job listens.
  static std::string address_file(const std::string& store);

 private:
  JobWatch(const Program& program, JobDescription job, const WatchOptions& options, const JobLog& log, Fs& fs,
           Clock& clock);
  void note(const JobEvent& event);
  serve::HttpResponse answer(const serve::HttpRequest& request);
  /// Of a consumer that the gate has let in, or of anybody where there is no gate.
  serve::HttpResponse answer_known(const serve::HttpRequest& request);
  void record_reads();
  void serve_grpc();
  /// Empty: gRPC is not served.
  serve::SessionMaker grpc_sessions() const;
  /// Of the product's contract: the worst of its promises.
  std::string contract_status(const std::string& product, int64_t version) const;
  /// The job has the store: where it listens is written into it.
  void write_address();
  void tell_warnings(const JobStatus& status);
  void alert(const JobStatus::Promise& promise, bool breached);
  /// What was rejected, late or unmatched since the last summary.
  void summarize(const JobStatus& status);

  JobDescription job_;
  WatchOptions options_;
  const JobLog& log_;
  Fs& fs_;
  Clock& clock_;
  JobMonitor monitor_;
  std::mutex endpoint_used_;
  std::optional<JobEndpoint> endpoint_;  ///< one request at a time
  std::optional<serve::Api> api_;        ///< none: no product is served
  std::optional<PortalAnswers> portal_;  ///< with api_
  std::optional<serve::odata::Service> odata_;
  std::optional<serve::QueryApi> query_;
  std::optional<serve::FlightApi> flight_;
  std::unique_ptr<serve::GrpcApi> grpc_;  ///< null: no product is served by gRPC
  std::set<std::string> told_;            ///< warnings
  std::unique_ptr<AlertThread> alerts_;   ///< null: nobody is told
  std::string alerts_address_;
  std::unique_ptr<LineageEvents> lineage_;  ///< null: nobody is told
  std::string lineage_address_;
  std::vector<std::function<std::optional<Diagnostic>()>> problems_;  ///< of others that work beside the job
  std::unique_ptr<AuditTrail> trail_;                                 ///< null: nothing is recorded
  std::map<std::string, int64_t> breached_since_;                     ///< by product, version and promise
  bool address_written_ = false;
  int64_t summarized_at_;
  int64_t reads_recorded_at_ = 0;              ///< steady clock
  std::map<std::string, Ledger> summarized_;   ///< by product, version and input
  std::unique_ptr<serve::HttpServer> server_;  ///< let go of first: it calls the endpoint
};

}  // namespace braid::cli
