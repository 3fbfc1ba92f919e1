#include "cli/serve/job_watch.h"

#include <fmt/ranges.h>
#include <sys/resource.h>

#include "cli/present/report.h"
#include "cli/serve/watch_errors.h"
#include "mesh/contract/interface.h"
#include "runtime/report/alert_findings.h"
#include "runtime/report/audit_findings.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/lineage_findings.h"
#include "runtime/report/topic_findings.h"
#include "serve/duckdb/engine.h"
#include "serve/grpc/grpc_gate.h"
#include "serve/grpc/grpc_session.h"
#include "serve/page/page.h"

namespace braid::cli {
namespace {

/// What `/` lists besides the paths of the job.
constexpr std::string_view kWaysIn =
    "/v1       products that are served: rows, changes and SQL; described in /v1/openapi.json\n"
    "/odata    the same products over OData\n"
    "gRPC      the same products, on this address by HTTP/2; reflection lists the services\n"
    "Flight    the same products and SQL over Arrow Flight, on this address\n";

constexpr size_t kServingThreads = 2;
constexpr size_t kServingConnections = 2048;

/// A connection is an open file, and the store needs most of those that the process may have.
size_t serving_connections() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return kServingConnections;
  return std::min<size_t>(kServingConnections, files.rlim_cur / 4);
}

double milliseconds(int64_t us) {
  return static_cast<double>(us) / 1000;
}

}  // namespace

std::string JobWatch::address_file(const std::string& store) {
  return join_path(store, "listening");
}

Result<std::unique_ptr<JobWatch>> JobWatch::start(const Program& program, const JobDescription& job,
                                                  const WatchOptions& options, const JobLog& log, Fs& fs,
                                                  Clock& clock) {
  std::unique_ptr<JobWatch> watch(new JobWatch(program, job, options, log, fs, clock));
  if (!options.listen) return watch;
  watch->endpoint_.emplace(watch->monitor_, job, fs);
  serve::HttpLimits limits;
  if (options.views != nullptr) {
    const auto status = [raw = watch.get()](const serve::ApiProduct& product) {
      return raw->contract_status(product.qualified(), product.version);
    };
    watch->api_.emplace(options.products, *options.views, clock, status);
    watch->odata_.emplace(options.products, *options.views, clock, status);
    if (options.guard != nullptr) {
      watch->api_->set_rules(options.guard->rules());
      watch->odata_->set_rules(options.guard->rules());
    }
    watch->api_->offer_columns(serve::duckdb_engine);
    watch->portal_.emplace(
        watch->options_.portal, watch->job_, watch->monitor_,
        [raw = watch.get()](const std::string& product, int64_t version) {
          return raw->contract_status(product, version);
        },
        options.products, fs);
    watch->query_.emplace(options.products, *options.views, clock, serve::duckdb_engine);
    if (options.guard != nullptr) watch->query_->set_rules(options.guard->rules());
    limits.body_bytes = serve::QueryApi::kMostText;
    watch->flight_.emplace(options.products, *options.views, clock, status, *watch->query_);
    if (options.guard != nullptr) watch->flight_->set_rules(options.guard->rules());
    watch->serve_grpc();
    limits.threads = kServingThreads;
    limits.connections = serving_connections();
  }
  auto server = serve::HttpServer::listen(
      *options.listen, limits, [raw = watch.get()](const auto& request) { return raw->answer(request); },
      {.tls = options.guard == nullptr ? std::nullopt : options.guard->tls(), .sessions = watch->grpc_sessions()});
  if (!server.ok()) return cannot_listen(options.listen->text(), server.error().message);
  watch->server_ = *std::move(server);
  // Those who follow products look once for each commit.
  if (options.views != nullptr) options.views->on_news([raw = watch->server_.get()] { raw->wake(); });
  JsonObject fields;
  fields.text("address", watch->server_->address().text());
  log.write(LogLevel::info, "listening", std::move(fields));
  return watch;
}

JobWatch::JobWatch(const Program& program, JobDescription job, const WatchOptions& options, const JobLog& log, Fs& fs,
                   Clock& clock)
    : job_(std::move(job)),
      options_(options),
      log_(log),
      fs_(fs),
      clock_(clock),
      monitor_(program, clock),
      summarized_at_(clock.steady_us()) {
  if (options_.promises) monitor_.watch_promises();
  monitor_.on_event = [this](const JobEvent& event) { note(event); };
  monitor_.on_status = [this](const JobStatus& status) {
    tell_warnings(status);
    if (lineage_) lineage_->look(status);
    if (trail_) trail_->look(status);
    look_at_reads();
    if (clock_.steady_us() - summarized_at_ >= options_.summary_every_us) summarize(status);
  };
}

void JobWatch::serve_grpc() {
  auto made = serve::GrpcApi::make(
      options_.products, *options_.views, clock_,
      [this](const serve::ApiProduct& product) { return contract_status(product.qualified(), product.version); });
  if (!made.ok()) {
    // Protobuf has no form for a name: the products are served all the same, by the other ways.
    JsonObject fields;
    fields.text("reason", made.error().message);
    log_.write(LogLevel::warn, "no_grpc", std::move(fields));
    return;
  }
  grpc_ = *std::move(made);
  if (options_.guard != nullptr) grpc_->set_rules(options_.guard->rules());
}

/// The API, guard and clock outlive the server, and so its sessions.
serve::SessionMaker JobWatch::grpc_sessions() const {
  if (!flight_) return {};
  serve::GrpcHandler handler = [api = grpc_.get(), flight = &*flight_](const serve::GrpcRequest& request) {
    std::unique_ptr<serve::GrpcExchange> call = flight->call(request);
    return call || api == nullptr ? std::move(call) : api->call(request);
  };
  if (options_.guard != nullptr) handler = serve::behind_gate(options_.guard->gate(), clock_, std::move(handler));
  return [handler = std::move(handler), &clock = clock_](const std::vector<std::string>& certificate_names) {
    return std::make_unique<serve::GrpcSession>(handler, clock, certificate_names);
  };
}

JobWatch::~JobWatch() {
  if (address_written_ && server_) {
    // A job that has taken over the store may have written its own.
    const std::string path = address_file(job_.store);
    const Result<std::string> written = fs_.read_file(path);
    if (written.ok() && *written == server_->address().text() + "\n") (void)fs_.remove(path);
  }
  if (options_.views != nullptr) options_.views->on_news(nullptr);
  server_.reset();
  record_reads();
  if (trail_) trail_->end();
}

void JobWatch::look_at_reads() {
  if (clock_.steady_us() - reads_recorded_at_ >= options_.summary_every_us) record_reads();
}

void JobWatch::record_reads() {
  reads_recorded_at_ = clock_.steady_us();
  if (options_.guard == nullptr) return;
  for (const serve::ConsumerUse& use : options_.guard->take_uses()) {
    const serve::ApiProduct& product = options_.products[use.view];
    std::vector<std::string> columns;
    for (const int column : use.columns) columns.push_back(product.row[static_cast<size_t>(column)].name);
    JsonObject fields;
    fields.text("consumer", use.consumer);
    fields.text("product", product.qualified());
    fields.number("version", product.version);
    if (!use.purpose.empty()) fields.text("purpose", use.purpose);
    fields.text("columns", fmt::format("{}", fmt::join(columns, ", ")));
    fields.number("reads", use.reads);
    fields.number("rows", use.rows);
    log_.write(LogLevel::info, "product_read", std::move(fields));
    if (trail_)
      trail_->note({.domain = product.domain,
                    .subject = mesh::urn_of(options_.tenant, product.domain, product.name, product.version),
                    .reader = use.consumer,
                    .purpose = use.purpose,
                    .columns = {columns.begin(), columns.end()},
                    .reads = use.reads,
                    .rows = use.rows});
  }
}

std::optional<serve::HttpAddress> JobWatch::address() const {
  return server_ ? std::optional(server_->address()) : std::nullopt;
}

serve::HttpResponse JobWatch::answer(const serve::HttpRequest& request) {
  // Whether the job is alive is nobody's secret: who looks after machines has no token.
  const bool open = request.path == "/healthz" || request.path == "/readyz" || serve::is_of_page(request.path);
  if (options_.guard == nullptr || open) return answer_known(request);
  return options_.guard->answer(request, [this](const serve::HttpRequest& asked) {
    const bool of_products = asked.path == "/v1" || asked.path.starts_with("/v1/") || asked.path == "/odata" ||
                             asked.path.starts_with("/odata/");
    if (of_products || asked.consumer->is_owner) return answer_known(asked);
    return serve::http_problem(403, "not for you", "this is for owners of the products");
  });
}

serve::HttpResponse JobWatch::answer_known(const serve::HttpRequest& request) {
  if (portal_) {
    if (std::optional<serve::HttpResponse> answer = serve::page_answer(request)) return *std::move(answer);
    if (std::optional<serve::HttpResponse> answer = portal_->answer(request, options_.guard != nullptr))
      return *std::move(answer);
  }
  if (query_)
    if (std::optional<serve::HttpResponse> answer = query_->answer(request)) return *std::move(answer);
  if (api_)
    if (std::optional<serve::HttpResponse> answer = api_->answer(request)) return *std::move(answer);
  if (odata_)
    if (std::optional<serve::HttpResponse> answer = odata_->answer(request)) return *std::move(answer);
  std::lock_guard lock(endpoint_used_);
  serve::HttpResponse answer = endpoint_->answer(request);
  if (request.path == "/" && api_) answer.body += kWaysIn;
  return answer;
}

std::string JobWatch::contract_status(const std::string& product, int64_t version) const {
  const std::shared_ptr<const JobStatus> status = monitor_.status();
  std::optional<PromiseState> worst;
  if (status)
    for (const JobStatus::Promise& promise : status->promises)
      if (!promise.of_source && promise.relation == product && promise.version == version)
        worst = std::max(worst.value_or(PromiseState::ok), promise.status.state);
  return worst ? word_of(*worst) : "nothing is watched";
}

void JobWatch::note(const JobEvent& event) {
  JsonObject fields;
  switch (event.kind) {
    case JobEvent::Kind::recovered:
      write_address();
      if (lineage_) lineage_->begin();
      fields.decimal("took_ms", milliseconds(event.took_us));
      return log_.write(LogLevel::info, "recovered", std::move(fields));
    case JobEvent::Kind::draining:
      return log_.write(LogLevel::info, "draining");
    case JobEvent::Kind::promise_breached:
    case JobEvent::Kind::promise_recovered: {
      const bool breached = event.kind == JobEvent::Kind::promise_breached;
      if (alerts_) alert(*event.promise, breached);
      if (trail_) trail_->note(*event.promise, breached);
      fields.text("product", event.promise->relation);
      fields.number("version", event.promise->version);
      fields.text("promise", event.promise->text);
      if (!event.promise->readers.empty()) {
        fields.text("expected_by", fmt::format("{}", fmt::join(event.promise->readers, ", ")));
        if (!event.promise->owner.empty()) fields.text("owner", event.promise->owner);
      }
      if (event.promise->status.measured) fields.decimal(unit_of(event.promise->rule), *event.promise->status.measured);
      return log_.write(breached ? LogLevel::warn : LogLevel::info, breached ? "promise_breached" : "promise_recovered",
                        std::move(fields));
    }
    case JobEvent::Kind::committed:
      if (portal_) portal_->note_commit(event.epoch, clock_.now_us(), event.took_us);
      break;
  }
  const bool slow = event.took_us + event.paused_us > options_.slow_commit_us;
  fields.number("epoch", static_cast<int64_t>(event.epoch));
  fields.decimal("pause_ms", milliseconds(event.paused_us));
  fields.decimal("write_ms", milliseconds(event.took_us));
  log_.write(slow ? LogLevel::warn : LogLevel::debug, slow ? "commit_slow" : "committed", std::move(fields));
}

void JobWatch::send_alerts(std::unique_ptr<AlertSender> sender, std::string address) {
  alerts_ = std::make_unique<AlertThread>(std::move(sender));
  alerts_address_ = std::move(address);
}

void JobWatch::send_lineage(LineageOptions options, std::unique_ptr<EventSender> sender, std::string address) {
  lineage_ = std::make_unique<LineageEvents>(std::move(options), std::move(sender), monitor_.metrics(), fs_, clock_);
  lineage_address_ = std::move(address);
}

void JobWatch::alert(const JobStatus::Promise& promise, bool breached) {
  const std::string version = std::to_string(promise.version);
  Alert alert{.labels = {{"alertname", "BraidPromiseBreached"},
                         {"job", job_.project},
                         {"product", promise.relation},
                         {"version", version},
                         {"promise", promise.text},
                         {"severity", "warning"}},
              .annotations = {
                  {"summary", fmt::format("{} version {} breaches `{}`", promise.relation, version, promise.text)}}};
  if (!job_.environment.empty()) alert.labels.emplace_back("environment", job_.environment);
  // Of what a reader expects: who can mend it.
  if (!promise.readers.empty()) {
    alert.labels.emplace_back("expected_by", fmt::format("{}", fmt::join(promise.readers, ", ")));
    if (!promise.owner.empty()) alert.labels.emplace_back("owner", promise.owner);
  }
  if (const std::string measured = measured_text(promise.rule, promise.status); !measured.empty())
    alert.annotations.emplace_back("description", measured);
  int64_t& since = breached_since_[fmt::format("{}/{}/{}", promise.relation, version, promise.text)];
  if (breached)
    since = promise.status.since;
  else
    alert.ends_at = promise.status.since;
  alert.starts_at = since;
  alerts_->give(std::move(alert));
}

void JobWatch::write_address() {
  address_written_ = true;
  // An address that an earlier run left behind, because it was killed, is not this one's.
  const Status written = server_ ? fs_.write_file(address_file(job_.store), server_->address().text() + "\n")
                                 : fs_.remove(address_file(job_.store));
  if (written.ok()) return;
  // The job goes on: only `braid status` does not find it by its store.
  JsonObject fields;
  fields.text("message", written.error().message);
  log_.write(LogLevel::warn, "address_not_written", std::move(fields));
}

void JobWatch::tell_warnings(const JobStatus& status) {
  for (const Diagnostic& warning : status.report.warnings) {
    const bool waits = warning.code == diag::WaitsForSchema::kCode || warning.code == diag::SchemaAwaited::kCode ||
                       warning.code == diag::WaitsForBrokers::kCode || warning.code == diag::WaitsForEpochs::kCode;
    const bool snapshots =
        warning.code >= diag::SnapshotsNotReadable::kCode && warning.code <= diag::StandbyNotKept::kCode;
    if ((waits || snapshots) && on_warning && told_.insert(warning.message).second) on_warning(warning);
  }
  const auto tell_once = [this](const Diagnostic& unsent) {
    if (on_warning && told_.insert(unsent.message).second) on_warning(unsent);
  };
  if (const std::string problem = alerts_ ? alerts_->problem() : ""; !problem.empty())
    tell_once(diag::AlertsNotSent{.address = alerts_address_, .reason = problem}.make());
  if (const std::string problem = lineage_ ? lineage_->problem() : ""; !problem.empty())
    tell_once(diag::LineageNotSent{.address = lineage_address_, .reason = problem}.make());
  if (const std::string problem = trail_ ? trail_->problem() : ""; !problem.empty())
    tell_once(diag::AuditNotWritten{.domain = job_.project, .reason = problem}.make());
  for (const auto& problem : problems_)
    if (const std::optional<Diagnostic> now = problem()) tell_once(*now);
}

void JobWatch::summarize(const JobStatus& status) {
  summarized_at_ = clock_.steady_us();
  for (const JobReport::Product& product : status.report.products) {
    for (const JobReport::Input& input : product.inputs) {
      Ledger& before = summarized_[fmt::format("{}/{}/{}", product.name, product.version, input.name)];
      const Ledger& now = input.ledger;
      const int64_t rejected = now.rejected - before.rejected, late = now.late - before.late;
      const int64_t unmatched = now.unmatched - before.unmatched;
      before = now;
      if (rejected <= 0 && late <= 0 && unmatched <= 0) continue;
      JsonObject fields;
      fields.text("product", product.name);
      fields.number("version", product.version);
      fields.text("input", input.name);
      fields.number("rejected", rejected);
      fields.number("late", late);
      fields.number("unmatched", unmatched);
      log_.write(LogLevel::warn, "rows_not_used", std::move(fields));
    }
  }
}

void JobWatch::note_end(const Result<JobReport>& report) {
  monitor_.enter(report.ok() ? JobPhase::stopped : JobPhase::failed);
  if (lineage_) lineage_->end(report);
  record_reads();
  if (trail_) trail_->end();
  if (!report.ok()) return;
  if (const auto status = monitor_.status()) summarize(*status);
  for (const JobReport::Product& product : report->products) {
    JsonObject fields;
    fields.text("product", product.name);
    fields.number("version", product.version);
    fields.number("rows", product.rows);
    fields.number("alerts", product.alerts);
    log_.write(LogLevel::info, "product", std::move(fields));
  }
  JsonObject fields;
  fields.text("reason", report->drained ? "drained" : "end_of_input");
  fields.number("events", report->events);
  fields.number("turns", static_cast<int64_t>(report->turns));
  fields.number("commits", static_cast<int64_t>(report->epochs));
  fields.number("accounting_deviation", report->deviation);
  fields.decimal("took_ms", milliseconds(clock_.now_us() - job_.started_at));
  log_.write(report->deviation == 0 ? LogLevel::info : LogLevel::error, "stopped", std::move(fields));
}

}  // namespace braid::cli
