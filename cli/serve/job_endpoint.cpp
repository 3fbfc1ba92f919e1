#include "cli/serve/job_endpoint.h"

#include "runtime/data/text_forms.h"
#include "runtime/metrics/exposition.h"

namespace braid::cli {
namespace {

constexpr const char* kJson = "application/json";

constexpr const char* kPaths =
    "/metrics  metrics for Prometheus\n"
    "/healthz  200 while the process is alive and its loop moves\n"
    "/readyz   200 while the job has recovered, reads and commits\n"
    "/status   products, partitions and state as JSON; as text with \"Accept: text/plain\"\n";

}  // namespace

JobEndpoint::JobEndpoint(JobMonitor& monitor, JobDescription job, Fs& fs)
    : monitor_(monitor), job_(std::move(job)), process_(monitor.metrics(), fs, job_.started_at) {
  MetricRegistry& registry = monitor_.metrics();
  registry.declare({"braid_build_info", MetricKind::gauge, "1 for the version of Braid.", {"version"}})
      .gauge({job_.braid_version})
      .set(1);
  registry.declare({"braid_job_info", MetricKind::gauge, "1 for the job and its environment.", {"job", "environment"}})
      .gauge({job_.project, job_.environment})
      .set(1);
}

serve::HttpResponse JobEndpoint::answer(const serve::HttpRequest& request) {
  if (request.method != "GET")
    return {.status = 405, .body = "only GET and HEAD\n", .headers = {{"Allow", "GET, HEAD"}}};
  if (request.path == "/metrics") {
    process_.update();
    const MetricFormat format = request.header("accept").find("application/openmetrics-text") != std::string_view::npos
                                    ? MetricFormat::open_metrics
                                    : MetricFormat::prometheus;
    return {.content_type = std::string(metrics_content_type(format)),
            .body = metrics_text(monitor_.metrics(), format)};
  }
  if (request.path == "/healthz") return verdict("healthy", monitor_.health());
  if (request.path == "/readyz") return verdict("ready", monitor_.readiness());
  if (request.path == "/status") return status(request);
  if (request.path == "/") return {.body = kPaths};
  return {.status = 404, .body = "there is no such path; there are:\n" + std::string(kPaths)};
}

serve::HttpResponse JobEndpoint::verdict(const char* name, const JobMonitor::Verdict& verdict) const {
  serve::HttpResponse response{.status = verdict.good ? 200 : 503, .content_type = kJson};
  response.body =
      fmt::format("{{\"{}\":{},\"phase\":\"{}\",\"reason\":", name, verdict.good, phase_name(monitor_.phase()));
  append_json_string(response.body, verdict.reason);
  response.body += ",\"detail\":";
  append_json_string(response.body, verdict.detail);
  response.body += "}\n";
  return response;
}

serve::HttpResponse JobEndpoint::status(const serve::HttpRequest& request) const {
  JobDescription job = job_;
  job.phase = phase_name(monitor_.phase());
  const JobMonitor::Verdict ready = monitor_.readiness();
  job.ready = ready.good;
  job.reason = ready.reason;
  const std::shared_ptr<const JobStatus> status = monitor_.status();
  if (request.header("accept").starts_with("text/plain")) return {.body = status_text(job, status.get())};
  return {.content_type = kJson, .body = status_json(job, status.get())};
}

}  // namespace braid::cli
