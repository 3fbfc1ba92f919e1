// `braid serve`: products that live in topics, for applications that read them.
#include <algorithm>

#include "cli/commands/command.h"
#include "cli/commands/serve_target.h"
#include "cli/commands/topics.h"
#include "cli/present/report.h"
#include "cli/present/table.h"
#include "cli/serve/job_watch.h"
#include "cli/session/broker.h"
#include "cli/session/granted_reads.h"
#include "cli/session/registry.h"
#include "cli/session/topic_views.h"
#include "runtime/base/executor.h"
#include "runtime/base/fs.h"
#include "runtime/data/time_text.h"
#include "runtime/replica/replica.h"
#include "runtime/report/grant_findings.h"
#include "runtime/report/view_findings.h"
#include "runtime/state/rocks_store.h"

namespace braid::cli {
namespace {

constexpr uint64_t kStoreMemory = uint64_t{256} << 20;

struct ServeFlags {
  ScriptOptions script;
  std::string store, listen;
  bool reset = false, pass_over = false;
  std::string until;             ///< empty, or "caught-up"
  int64_t commit_within_us = 0;  ///< 0: the environment's
  bool log_json = false;
};

/// To people as always, or into a structured log.
int show_findings_of(const std::vector<Diagnostic>& findings, const JobLog& log, const Console& console) {
  if (!log.structured()) show_findings(findings, SourceSet(), console, FindingFormat::text);
  for (const Diagnostic& finding : findings) {
    const bool error = finding.severity == Severity::error;
    JsonObject fields;
    fields.text("code", fmt::format("{}{:04}", error ? 'E' : 'W', finding.code));
    fields.text("message", finding.message);
    log.write(error ? LogLevel::error : LogLevel::warn, error ? "failed" : "warning", std::move(fields));
  }
  return exit_code_of(findings);
}

/// What the topics of the views are read by.
struct Reach {
  BrokerSettings settings;
  std::optional<registry::ServiceOptions> registry;
};

/// Reports what is wrong.
Reach reach_of(Session& session, const Program& program) {
  const Environment& environment = session.environment();
  Reach made;
  if (!environment.kafka || session.reporter().has_errors()) return made;
  if (const auto settings =
          broker_settings(environment, session.files().root, session.files().name, session.reporter()))
    made.settings = *settings;
  if (environment.registry && needs_registry(program, {}))
    made.registry = registry_options(environment, session.files().root, session.reporter());
  return made;
}

class Serving {
 public:
  Serving(const ServeFlags& flags, CommandContext& context)
      : flags_(flags), context_(context), log_(flags.log_json, LogLevel::info, system_clock()) {}

  void run() {
    catch_stop_signals();
    const int64_t started_at = system_clock().now_us();
    Session session(flags_.script.session());
    if (!session.check()) {
      context_.exit_code = show(session, context_.console);
      return;
    }
    const driver::Compiled compiled = bind(session);
    if (context_.exit_code != kDone) return;
    const Environment& environment = session.environment();
    GrantWatch grants(session.files(), session.foreign_products().granted(), system_clock());

    // They outlive what reads by them.
    std::unique_ptr<registry::RegistryService> registry;
    if (reach_.registry) {
      auto opened = open_registry(*reach_.registry);
      if (!opened.ok()) return fail(opened.error());
      registry = std::move(*opened);
      read_by_registry(*registry, views_.program);
    }
    auto broker = reach_broker(reach_.settings, views_.program, {});
    if (!broker.ok()) return fail(broker.error());

    ViewHost host(system_clock());
    const JobDescription job{.project = session.files().name,
                             .environment = environment.name,
                             .store = flags_.store.empty() ? serve_store(environment) : flags_.store,
                             .braid_version = kBraidVersion,
                             .started_at = started_at};
    log_start(job);
    auto watched =
        JobWatch::start(views_.program, job, {.listen = listen_, .products = views_.products, .views = &host}, log_,
                        real_fs(), system_clock());
    if (!watched.ok()) return fail(watched.error());
    JobWatch& watch = **watched;
    if (watch.address() && !log_.structured()) fmt::print(stderr, "listening on http://{}\n", watch.address()->text());
    watch.on_warning = [&](const Diagnostic& warning) { (void)show_findings_of({warning}, log_, context_.console); };

    const int64_t within = flags_.commit_within_us > 0            ? flags_.commit_within_us
                           : reach_.settings.commit_within_us > 0 ? reach_.settings.commit_within_us
                                                                  : 100'000;
    ProgressLine progress(context_.console, system_clock());
    ReplicaOptions options{.project = job.project,
                           .directory = job.store,
                           .views = views_.specs,
                           .timed = views_.timed,
                           .group = reach_.settings.group,
                           .reset = flags_.reset,
                           .until_caught_up = !flags_.until.empty(),
                           .pass_over = flags_.pass_over,
                           .commit_every_us = within,
                           .stop_requested = [&] { return stop_requested() || (!grants.empty() && grants.over()); },
                           .progress = {},
                           .monitor = &watch.monitor(),
                           .view_host = &host,
                           .kill_point = kill_point_of_environment()};
    if (!log_.structured()) options.progress = [&](const JobProgress& now) { progress.show(now); };
    InlineExecutor executor;
    const JobSeams seams{
        real_fs(), system_clock(), executor,
        [](const std::string& directory) { return open_sized_rocks_store(directory, {.memory_bytes = kStoreMemory}); },
        broker->get()};
    const Result<JobReport> report = run_replica(views_.program, options, seams);
    progress.clear();
    watch.note_end(report);
    if (!report.ok()) return fail(report.error());
    if (!report->warnings.empty()) (void)show_findings_of(report->warnings, log_, context_.console);
    if (!log_.structured()) print_report(*report);
    if (const auto ended = grants.ended()) {
      Diagnostic over = diag::GrantOver{.reader = ended->reader, .product = ended->product}.make();
      over.notes.push_back("all is committed; once it is granted again, `braid serve` goes on from there");
      context_.exit_code = show_findings_of({over}, log_, context_.console);
    }
  }

 private:
  driver::Compiled bind(Session& session) {
    const Environment& environment = session.environment();
    if (environment.serve_access)
      session.reporter()
          .report(diag::ServeAsksNobody{.section = "[env." + environment.name + ".serve_access]"})
          .at(environment.serve_access->span)
          .note("take an environment without the section; `braid run --serve` asks who reads");
    driver::Compiled compiled = session.compile(session.chosen_products());
    if (session.bind(compiled.program())) {
      views_ = bind_topic_views(session, compiled.program());
      reach_ = reach_of(session, views_.program);
      const std::string& named = environment.listen;
      listen_ = serve::parse_http_address(!flags_.listen.empty() ? flags_.listen
                                          : !named.empty()       ? named
                                                                 : kServeAddress);
      if (!flags_.until.empty() && flags_.listen.empty()) listen_.reset();
      if (listen_ && !listen_->is_loopback())
        session.reporter()
            .report(diag::ServingOpenToAll{.address = listen_->text()})
            .note("`braid serve` asks nobody who reads: let readers come through a proxy on this machine that does");
    }
    context_.exit_code = show_errors(session, context_.console);
    return compiled;
  }

  void fail(const Error& error) { context_.exit_code = show_findings_of({finding_of(error)}, log_, context_.console); }

  void log_start(const JobDescription& job) const {
    JsonObject fields;
    fields.text("job", job.project);
    fields.text("environment", job.environment);
    fields.text("store", job.store);
    fields.text("braid_version", job.braid_version);
    fields.number("products", static_cast<int64_t>(views_.products.size()));
    log_.write(LogLevel::info, "started", std::move(fields));
  }

  static void print_report(const JobReport& report) {
    for (const JobReport::Product& product : report.products)
      fmt::print("{} version {}: {} read\n", product.name, product.version, counted(product.rows, "record"));
    fmt::print("{}, {}; event time up to {}\n", counted(static_cast<int64_t>(report.turns), "turn"),
               counted(static_cast<int64_t>(report.epochs), "commit"), instant_text(report.newest));
  }

  const ServeFlags& flags_;
  CommandContext& context_;
  const JobLog log_;
  TopicViews views_;
  Reach reach_;
  std::optional<serve::HttpAddress> listen_;
};

}  // namespace

void add_serve(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = app.add_subcommand(
      "serve", "Serves products that are in topics to applications; any number of such processes, each with its store");
  flags->script.add_to(*command, "Project folder or script");
  command->add_option("--store", flags->store, "Folder for the views (default: `serve` in the environment's store)")
      ->type_name("DIR");
  command
      ->add_option("--listen", flags->listen,
                   "Answer /v1, /metrics, /healthz, /readyz and /status there; port 0: any free one (default: from the "
                   "environment, else " +
                       std::string(kServeAddress) + ")")
      ->check(is_http_address)
      ->type_name("ADDRESS:PORT");
  command
      ->add_option("--until", flags->until,
                   "`caught-up`: topics are read to the end that they have at the start, and it ends")
      ->check(CLI::IsMember({"caught-up"}))
      ->type_name("WHEN");
  command->add_flag("--reset", flags->reset, "Fill all views again, with what the topics have now");
  command->add_flag("--pass-over", flags->pass_over,
                    "Pass over records that are no rows of their product, and count them; else the first one ends it");
  command
      ->add_option_function<std::string>(
          "--commit-within",
          [flags](const std::string& written) { parse_duration_literal(written, &flags->commit_within_us); },
          "Longest time from a record to its commit (default: the environment's, or 100ms)")
      ->check(is_duration)
      ->type_name("DURATION");
  command
      ->add_option_function<std::string>(
          "--log", [flags](const std::string& format) { flags->log_json = format == "json"; },
          "text: progress and a report for people; json: one line for each event, on standard error")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_str("text");
  command->callback([flags, &context] { Serving(*flags, context).run(); });
}

}  // namespace braid::cli
