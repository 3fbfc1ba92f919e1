// The paths that a running job answers: /metrics, /healthz, /readyz, /status. On the server's thread; it reads what the
// job's monitor shows and never waits for the job.
#pragma once

#include "cli/present/status.h"
#include "cli/serve/http_server.h"
#include "cli/serve/process_metrics.h"
#include "runtime/engine/job_monitor.h"

namespace braid::cli {

class JobEndpoint {
 public:
  /// `job`: what is the same for the whole run. The monitor outlives this.
  JobEndpoint(JobMonitor& monitor, JobDescription job, Fs& fs);
  HttpResponse answer(const HttpRequest& request);

 private:
  HttpResponse verdict(const char* name, const JobMonitor::Verdict& verdict) const;
  HttpResponse status(const HttpRequest& request) const;

  JobMonitor& monitor_;
  JobDescription job_;
  ProcessMetrics process_;
};

}  // namespace braid::cli
