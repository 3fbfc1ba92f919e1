// The paths that a running job answers: /metrics, /healthz, /readyz, /status. One thread at a time; it reads what the
// job's monitor shows and never waits for the job.
#pragma once

#include "cli/present/status.h"
#include "cli/serve/process_metrics.h"
#include "runtime/engine/job_monitor.h"
#include "serve/http/server.h"

namespace braid::cli {

class JobEndpoint {
 public:
  /// `job`: what is the same for the whole run. The monitor outlives this.
  JobEndpoint(JobMonitor& monitor, JobDescription job, Fs& fs);
  serve::HttpResponse answer(const serve::HttpRequest& request);

 private:
  serve::HttpResponse verdict(const char* name, const JobMonitor::Verdict& verdict) const;
  serve::HttpResponse status(const serve::HttpRequest& request) const;

  JobMonitor& monitor_;
  JobDescription job_;
  ProcessMetrics process_;
};

}  // namespace braid::cli
