#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "cli/commands/alert_target.h"
#include "cli/commands/audit_target.h"
#include "cli/commands/command.h"
#include "cli/commands/lineage_target.h"
#include "cli/commands/portal_facts.h"
#include "cli/commands/read_store.h"
#include "cli/commands/serve_target.h"
#include "cli/commands/topics.h"
#include "cli/present/report.h"
#include "cli/present/table.h"
#include "cli/project/config.h"
#include "cli/serve/job_watch.h"
#include "cli/session/audit_feed.h"
#include "cli/session/format_options.h"
#include "cli/session/native.h"
#include "cli/session/product_life.h"
#include "cli/session/services.h"
#include "cli/session/topics.h"
#include "cli/session/unchecked_rules.h"
#include "cli/session/view_bindings.h"
#include "compiler/plan/provenance.h"
#include "runtime/base/executor.h"
#include "runtime/base/fs.h"
#include "runtime/base/machine_memory.h"
#include "runtime/codec/avro_encoder.h"
#include "runtime/codec/change_row.h"
#include "runtime/connect/topic_check.h"
#include "runtime/data/time_text.h"
#include "runtime/engine/hand_over.h"
#include "runtime/engine/job.h"
#include "runtime/engine/serve_views.h"
#include "runtime/report/audit_findings.h"
#include "runtime/report/format_diagnostics.h"
#include "runtime/report/grant_findings.h"
#include "runtime/report/life_findings.h"
#include "runtime/report/state_findings.h"
#include "runtime/report/view_findings.h"
#include "runtime/state/rocks_store.h"

namespace braid::cli {
namespace {

struct RunFlags {
  ScriptOptions script;
  std::string store;
  bool no_seal = false, follow = false, reset = false, interpret = false;
  std::vector<std::string> accept, rebuild;  ///< steps
  bool beside = false;
  std::string until;  ///< empty, or "caught-up"
  uint64_t commit_every_turns = 1024;
  int64_t commit_within_us = 0;  ///< 0: 1 s, or 100 ms with topics
  size_t workers = 0;            ///< 0: the environment's
  std::string memory;            ///< empty: the environment's
  std::string listen;            ///< empty: the environment's
  bool serve = false;
  bool log_json = false;
  LogLevel log_level = LogLevel::info;
  int64_t slow_commit_us = 1'000'000;
};

/// To people as always, or into a structured log.
int show_failure(const std::vector<Diagnostic>& findings, const JobLog& log, const Console& console,
                 const SourceSet& sources) {
  if (!log.structured()) show_findings(findings, sources, console, FindingFormat::text);
  for (const Diagnostic& finding : findings) {
    const bool error = finding.severity == Severity::error;
    JsonObject fields;
    fields.text("code", fmt::format("{}{:04}", error ? 'E' : 'W', finding.code));
    fields.text("message", finding.message);
    log.write(error ? LogLevel::error : LogLevel::warn, error ? "failed" : "warning", std::move(fields));
  }
  return exit_code_of(findings);
}

void show_reset(const TopicReset& reset, const JobLog& log, const Console& console, const SourceSet& sources) {
  for (const std::string& each : reset.deleted) {
    JsonObject fields;
    fields.text("what", each);
    log.write(LogLevel::info, "deleted", std::move(fields));
    if (!log.structured()) fmt::print(stderr, "deleted {}\n", each);
  }
  if (!reset.kept.empty())
    (void)show_failure({diag::ResultsRemain{.topics = reset.kept}.make()}, log, console, sources);
}

std::optional<serve::HttpAddress> address_of(const RunFlags& flags, const Environment& environment) {
  std::string written = flags.listen.empty() ? environment.listen : flags.listen;
  if (written.empty() && flags.serve) written = kServeAddress;
  return written.empty() ? std::nullopt : serve::parse_http_address(written);
}

void log_start(const JobLog& log, const JobDescription& job, const RunFlags& flags, const JobOptions& options) {
  JsonObject fields;
  fields.text("job", job.project);
  fields.text("environment", job.environment);
  fields.text("store", job.store);
  fields.text("braid_version", job.braid_version);
  fields.number("workers", static_cast<int64_t>(options.workers));
  fields.number("state_budget_bytes", static_cast<int64_t>(options.state_memory));
  fields.boolean("follow", flags.follow);
  log.write(LogLevel::info, "started", std::move(fields));
}

void show_stages(const std::vector<StageOutline>& stages, const JobLog& log) {
  for (size_t number = 0; number < stages.size(); ++number) {
    const StageOutline& stage = stages[number];
    const std::string reads = fmt::format("{}", fmt::join(stage.reads, ", "));
    if (log.structured()) {
      JsonObject fields;
      fields.number("stage", static_cast<int64_t>(number));
      fields.number("tasks", stage.tasks);
      fields.text("reads", reads);
      log.write(LogLevel::info, "stage", std::move(fields));
    } else {
      fmt::print(stderr, "stage {}: {}{}\n", number, counted(stage.tasks, "task"),
                 reads.empty() ? "" : ", reads " + reads);
    }
  }
}

/// What happens before the job has its store.
void show_step(const std::string& step, const JobLog& log) {
  JsonObject fields;
  fields.text("step", step);
  log.write(LogLevel::info, "taking_over", std::move(fields));
  if (!log.structured()) fmt::print(stderr, "{}\n", step);
}

/// `waits`: the address may be that of a job which is about to end.
Result<std::unique_ptr<JobWatch>> start_watch(const Program& program, const JobDescription& job,
                                              const WatchOptions& options, const JobLog& log, bool waits) {
  constexpr int64_t kPatience = 10'000'000, kEvery = 50'000;
  const int64_t began = system_clock().steady_us();
  for (;;) {
    auto watch = JobWatch::start(program, job, options, log, real_fs(), system_clock());
    if (watch.ok() || !waits || system_clock().steady_us() - began > kPatience) return watch;
    system_clock().sleep_us(kEvery);
  }
}

std::string state_text(const StateSize& state) {
  std::string text = fmt::format("{} rows, {} in memory", grouped(static_cast<int64_t>(state.rows)),
                                 bytes_text(static_cast<int64_t>(state.bytes)));
  if (state.cold > 0) text += fmt::format(", {} rows in the store alone", grouped(static_cast<int64_t>(state.cold)));
  return text;
}

/// Whether a product can be written to a file in that format; reports why not.
bool can_be_written(const ProductSpec& product, const std::string& format, CommandContext& context) {
  if (format == "protobuf" || format == "raw") {
    const Diagnostic wrong = diag::FormatWritesTopic{.product = product.qualified(), .format = format}.make();
    context.exit_code = show_error({ErrorKind::output, wrong.message, wrong.code}, context.console);
    return false;
  }
  if (format != "avro") return true;
  const auto schema =
      avro_schema_of(product.qualified(), written_row(product.row, product.changes, product.change_form));
  if (schema.ok()) return true;
  const Diagnostic wrong = diag::NoAvroSchema{.product = product.qualified(), .reason = schema.error().message}.make();
  context.exit_code = show_error({ErrorKind::output, wrong.message, wrong.code}, context.console);
  return false;
}

void print_report(const JobReport& report, int64_t elapsed_us) {
  for (const JobReport::Product& product : report.products) {
    fmt::print("{} version {}: {}{}\n", product.name, product.version, counted(product.rows, "row"),
               product.alerts ? ", " + counted(product.alerts, "alert") : "");
    std::fputs(ledger_lines(product).c_str(), stdout);
  }
  fmt::print("\n");
  for (const std::string& path : report.outputs) fmt::print("wrote {}\n", path);
  fmt::print("{} so far; this run: {}, {}, {:.1f} s; event time up to {}; state {}\n", counted(report.events, "event"),
             counted(static_cast<int64_t>(report.turns), "turn"),
             counted(static_cast<int64_t>(report.epochs), "commit"), static_cast<double>(elapsed_us) / 1e6,
             instant_text(report.newest), state_text(report.state));
}

/// Half of what there is.
int64_t default_memory() {
  constexpr int64_t kUnknown = int64_t{512} << 20;
  const std::optional<int64_t> machine = machine_memory(real_fs());
  return machine ? std::max(*machine / 2, kLeastMemory) : kUnknown;
}

/// What ended a job that read by a grant.
Diagnostic grant_over(const mesh::AccessEntry& grant) {
  Diagnostic finding = diag::GrantOver{.reader = grant.reader, .product = grant.product}.make();
  finding.notes.push_back("the request " + mesh::short_id(grant.id) + " " + mesh::state_text(grant));
  finding.notes.push_back("all is committed; once it is granted again, `braid run` goes on from there");
  return finding;
}

/// A version that has ended while its job ran.
Diagnostic end_of_product(const ProductEnd& end) {
  Diagnostic finding = diag::OwnProductEnded{.product = end.product, .until = end.until}.make();
  finding.notes.push_back("all is committed; `braid run` goes on with the other products, if there are any");
  return finding;
}

/// Takes out what has ended: an error if that is all there is, else warnings, for whoever reads the job's messages.
std::vector<Diagnostic> drop_ended(Session& session, std::vector<typed::RelationId>& products) {
  Reporter warnings;
  for (const ProductEnd& end : leave_out_ended(session.project(), products, system_clock().now_us())) {
    auto report = products.empty()
                      ? session.reporter().report(diag::OwnProductEnded{.product = end.product, .until = end.until})
                      : warnings.report(diag::EndedLeftOut{.product = end.product, .until = end.until});
    report.at(end.at, "deprecated in its header")
        .note("take it out of the script, or give its readers more time there");
  }
  return warnings.take_sorted();
}

void run(const RunFlags& flags, CommandContext& context) {
  catch_stop_signals();  // from here on, so that a job that is still being compiled drains, too
  const JobLog log(flags.log_json, flags.log_level, system_clock());
  const int64_t started_at = system_clock().now_us();
  Session session(flags.script.session());
  const bool right = session.check();
  if (!right) {
    context.exit_code = show(session, context.console);
    return;
  }
  const Environment& environment = session.environment();
  session.keep_whole_rows(flags.serve, flags.store.empty() ? environment.store : flags.store);
  auto products = session.chosen_products();
  const bool any_product = !products.empty();
  const std::vector<Diagnostic> left_out = drop_ended(session, products);
  driver::Compiled compiled = session.compile(products);
  const bool bound = session.bind(compiled.program());
  TopicSetup topics = topics_of(session, compiled.program());
  const std::vector<SourceSpec>& sources = compiled.program().sources;
  const bool reads_stdin = std::any_of(sources.begin(), sources.end(), [](const SourceSpec& source) {
    return source.binding.kind == "stdin" && !source.is_static();
  });
  if (flags.follow && reads_stdin)
    session.reporter().report(diag::CannotRunHere{.what = "`--follow` with standard input"});
  if (!flags.rebuild.empty() && !topics.outputs.empty()) session.reporter().report(diag::RebuildOfTopics{});
  if (flags.beside && !topics.outputs.empty()) session.reporter().report(diag::BesideOfTopics{});
  if (flags.beside && flags.reset)
    session.reporter().report(diag::FlagsExclude{.first = "--beside",
                                                 .second = "--reset",
                                                 .reason = "one goes on with the state of the job that runs, the other "
                                                           "one deletes it"});
  if (flags.follow && !flags.until.empty())
    session.reporter().report(diag::FlagsExclude{.first = "--follow",
                                                 .second = "--until " + flags.until,
                                                 .reason = "one reads on without an end, the other one ends"});
  BoundViews bound_views = bind_views(compiled.program(), session.project(), environment, flags.serve,
                                      session.reporter(), &session.foreign_products());
  if (!topics.outputs.empty()) {
    // What the environment names is for `braid serve` then.
    if (flags.serve) session.reporter().report(diag::ViewsOfTopics{});
    bound_views = {};
  }
  const std::optional<serve::HttpAddress> listen = address_of(flags, environment);
  check_serving(bound_views, listen, environment, session.reporter());
  const std::unique_ptr<ServeGuard> guard = listen ? begin_guard(session, bound_views, session.reporter()) : nullptr;
  context.exit_code = show_errors(session, context.console);
  if (!bound || context.exit_code != kDone) return;
  (void)show_failure(left_out, log, context.console, session.sources());
  if (!any_product) {
    fmt::print(stderr, "braid: there is no product in {}\n", flags.script.path);
    context.exit_code = kUsage;
    return;
  }
  const size_t workers = flags.workers > 0 ? flags.workers : static_cast<size_t>(environment.workers);
  ThreadExecutor executor(workers);
  // For rows 9 parts of 16, for RocksDB's caches and write buffers 2. The rest is for what holds the rows and has room
  // to grow, and for a commit on its way.
  const auto memory = static_cast<uint64_t>(!flags.memory.empty()          ? *memory_size(flags.memory)
                                            : environment.memory_bytes > 0 ? environment.memory_bytes
                                                                           : default_memory());
  JobSeams seams{real_fs(), system_clock(), executor, [memory](const std::string& directory) {
                   return open_sized_rocks_store(directory, {.memory_bytes = memory / 8});
                 }};
  seams.make_service = service_clients(real_fs(), system_clock());
  seams.open_to_read = open_to_read;
  JobOptions options{.project = session.files().name,
                     .directory = flags.store.empty() ? environment.store : flags.store,
                     .root = session.files().root.empty() ? "." : session.files().root};
  // Topics have no end but the one that is asked for.
  options.until_caught_up = !flags.until.empty();
  options.follow = !options.until_caught_up && (flags.follow || topics.any());
  options.seal = !flags.no_seal && !topics.any();
  options.commit_every_us = flags.commit_within_us > 0 ? flags.commit_within_us : 1'000'000;
  options.accept = flags.accept;
  options.rebuild = flags.rebuild;
  GrantWatch grants(session.files(), session.foreign_products().granted(), system_clock());
  const std::vector<ProductEnd> ends = ends_of(session.project(), products);
  const auto ended_product = [&ends]() -> const ProductEnd* {
    for (const ProductEnd& end : ends)
      if (end.at_us <= system_clock().now_us()) return &end;
    return nullptr;
  };
  options.stop_requested = stop_requested;
  if (!grants.empty() || !ends.empty())
    options.stop_requested = [&] { return stop_requested() || ended_product() != nullptr || grants.over(); };
  options.parts = plan::state_parts(compiled.checked, session.project());
  options.commit_every_turns = flags.commit_every_turns;
  options.workers = workers;
  options.state_memory = memory / 16 * 9;
  const std::vector<ProductSpec>& all = compiled.program().products;
  for (size_t i = 0; i < all.size(); ++i) {
    if (topics.outputs.contains(static_cast<int>(i))) continue;
    const auto file = session.output_files().find(static_cast<int>(i));
    if (!can_be_written(all[i], file == session.output_files().end() ? all[i].format : file->second.format, context))
      return;
  }
  options.outputs = session.output_files();
  const auto feed = begin_audit_feed(session);
  if (!feed.ok()) {
    context.exit_code = show_failure({finding_of(feed.error())}, log, context.console, session.sources());
    return;
  }
  ViewHost views(system_clock());
  options.views = bound_views.specs;
  if (!options.views.empty()) options.view_host = &views;
  std::unique_ptr<Broker> broker;
  if (topics.any()) {
    options.group = topics.settings.group;
    const Result<int64_t> within = commit_within(flags.commit_within_us, topics);
    if (!within.ok()) {
      context.exit_code = show_failure({finding_of(within.error())}, log, context.console, session.sources());
      return;
    }
    options.commit_every_us = *within;
    auto reached = reach_broker(topics.settings, compiled.program(), topics.outputs);
    if (!reached.ok()) {
      context.exit_code = show_failure({finding_of(reached.error())}, log, context.console, session.sources());
      return;
    }
    broker = std::move(*reached);
    seams.broker = broker.get();
    constexpr int64_t kShortly = 10'000'000;
    if (const std::vector<Diagnostic> shorter =
            topics_that_keep_less(*broker, compiled.program(), topics.outputs, topics.settings.brokers, kShortly);
        !shorter.empty())
      (void)show_failure(shorter, log, context.console, session.sources());
  }
  std::unique_ptr<registry::RegistryService> registry;
  if (topics.registry) {
    auto reached = reach_registry(session, compiled.program(), topics);
    if (!reached.ok()) {
      context.exit_code = show_failure({finding_of(reached.error())}, log, context.console, session.sources());
      return;
    }
    registry = std::move(*reached);
  }
  const JobDescription job{.project = options.project,
                           .environment = environment.name,
                           .store = options.directory,
                           .braid_version = kBraidVersion,
                           .started_at = started_at};
  log_start(log, job, flags, options);
  BackgroundCompiler native(compiled);
  const auto compile = [&] {
    if (flags.interpret || native.started()) return;
    if (registry) native.expect(expected_schemas(*registry, compiled.program()));
    native.start();
  };
  if (flags.beside) {
    compile();
    Result<std::shared_ptr<FileLock>> lock =
        take_over_store(compiled.program(), options, seams, [&](const std::string& step) { show_step(step, log); });
    if (!lock.ok()) {
      context.exit_code = show_failure({finding_of(lock.error())}, log, context.console, session.sources());
      leave_if_compiling(native.started() && !native.finished(), context.exit_code);
      return;
    }
    options.lock = *std::move(lock);
  }
  const WatchOptions watching{.listen = listen,
                              .promises = options.follow,
                              .products = bound_views.products,
                              .views = options.view_host,
                              .guard = guard.get(),
                              .tenant = session.files().mesh.tenant,
                              .portal = listen && options.view_host ? portal_facts(session) : PortalFacts(),
                              .slow_commit_us = flags.slow_commit_us};
  Result<std::unique_ptr<JobWatch>> watched = start_watch(compiled.program(), job, watching, log, flags.beside);
  Status ready = watched.ok() ? Status() : Status(watched.error());
  if (ready.ok() && flags.reset) {
    if (topics.outputs.empty()) {
      ready = reset_job(options.directory, seams);
    } else {
      const Result<TopicReset> reset = reset_topics(compiled.program(), options, topics, seams);
      ready = reset.ok() ? Status() : Status(reset.error());
      if (reset.ok()) show_reset(*reset, log, context.console, session.sources());
    }
  }
  if (!ready.ok()) {
    context.exit_code = show_failure({finding_of(ready.error())}, log, context.console, session.sources());
    return;
  }
  JobWatch& watch = **watched;
  watch.monitor().set_unchecked(unchecked_rules(session.project(), compiled.program()));
  if (watch.address() && !log.structured())
    fmt::print(stderr, "listening on {}://{}\n", guard && guard->tls() ? "https" : "http", watch.address()->text());
  ProgressLine progress(context.console, system_clock());
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is then an error of the write, which is told like a full disk
  if (!log.structured()) options.progress = [&](const JobProgress& now) { progress.show(now); };
  options.monitor = &watch.monitor();
  if (options.follow && !environment.alerts.webhook.empty())
    if (const auto unsent = begin_alerts(environment.alerts, watch))
      (void)show_failure({*unsent}, log, context.console, session.sources());
  if (!environment.lineage.to.empty()) {
    const LineageOptions told{
        .engine = kBraidVersion, .store = options.directory, .streaming = options.follow, .fresh = flags.reset};
    if (const auto unsent = begin_lineage(session, products, told, watch))
      (void)show_failure({*unsent}, log, context.console, session.sources());
  }
  if (const auto unwritten = begin_audit(session, products, options.directory, options.follow,
                                         guard ? bound_views.products : std::vector<serve::ApiProduct>(), watch);
      !unwritten.empty())
    (void)show_failure(unwritten, log, context.console, session.sources());
  watch.on_warning = [&](const Diagnostic& warning) {
    progress.clear();
    (void)show_failure({warning}, log, context.console, session.sources());
  };
  if (*feed != nullptr && options.follow) {
    (*feed)->follow();
    Gauge& away = watch.monitor()
                      .metrics()
                      .declare({"braid_audit_logs_away", MetricKind::gauge,
                                "1 while audit logs that a script reads cannot be read, else 0."})
                      .gauge();
    away.set(0);
    watch.tell_of([&from = **feed, &away]() -> std::optional<Diagnostic> {
      const std::string problem = from.problem();
      away.set(problem.empty() ? 0 : 1);
      if (problem.empty() || from.failure()) return std::nullopt;
      return diag::AuditLogsAway{.reason = problem}.make();
    });
    options.stop_requested = [&, before = options.stop_requested] { return before() || (*feed)->failure(); };
  }
  options.kill_point = kill_point_of_environment();
  compile();
  const auto show = [&](const std::vector<StageOutline>& stages) { show_stages(stages, log); };
  Result<JobReport> report = topics.outputs.empty()
                                 ? run_job(compiled.program(), options, seams)
                                 : run_members(compiled.program(), options, topics, memory, seams, show);
  const int64_t elapsed = progress.elapsed_us();
  progress.clear();
  if (report.ok()) {
    std::vector<Diagnostic> untold = report->warnings;
    std::erase_if(untold, [&](const Diagnostic& each) { return watch.told(each); });
    (void)show_failure(untold, log, context.console, session.sources());
  }
  watch.note_end(report);
  if (!report.ok()) {
    context.exit_code = show_failure({finding_of(report.error())}, log, context.console, session.sources());
  } else if (log.structured()) {
    if (report->deviation != 0) context.exit_code = kOurBug;
  } else {
    for (const std::string& step : report->rebuilt) fmt::print("made again: {}\n", step);
    for (const std::string& step : report->started_empty) fmt::print("started empty: {}\n", step);
    if (report->nothing_new)
      fmt::print("nothing new since the last run\n");
    else
      print_report(*report, elapsed);
    if (topics.any()) fmt::print("{}\n", guarantee_text(compiled.program(), topics.outputs, topics.settings.delivery));
    if (report->drained) fmt::print("stopped on request, all committed; run again to go on\n");
    if (report->deviation != 0) {
      fmt::print(stderr, "braid: the accounts do not add up by {} records; this is a bug of Braid\n",
                 report->deviation);
      context.exit_code = kOurBug;
    }
  }
  if (const ProductEnd* end = ended_product(); end != nullptr && context.exit_code == kDone)
    context.exit_code = show_failure({end_of_product(*end)}, log, context.console, session.sources());
  if (*feed != nullptr && (*feed)->failure() && context.exit_code == kDone)
    context.exit_code = show_failure({finding_of(*(*feed)->failure())}, log, context.console, session.sources());
  if (const auto ended = grants.ended(); ended && context.exit_code == kDone)
    context.exit_code = show_failure({grant_over(*ended)}, log, context.console, session.sources());
  if (flags.serve && report.ok() && !report->drained && context.exit_code == kDone) {
    if (!log.structured()) fmt::print(stderr, "serving until it is stopped\n");
    options.stop_requested = [&watch, before = options.stop_requested] {
      watch.look_at_reads();
      return before();
    };
    const Status served = serve_views(compiled.program(), options, seams, views);
    if (!served.ok())
      context.exit_code = show_failure({finding_of(served.error())}, log, context.console, session.sources());
  }
  (*watched).reset();  // its address leaves the store
  leave_if_compiling(native.started() && !native.finished(), context.exit_code);
}

}  // namespace

void add_run(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand(
      "run", "Runs a project as a job with results and state in a store; after a kill it resumes from the last commit");
  flags->script.add_to(*command, "Project folder or script");
  command->add_option("--store", flags->store, "Folder for state and results (default: from the environment)")
      ->type_name("DIR");
  command->add_flag("--no-seal", flags->no_seal, "The inputs will grow: windows and waiting rows stay open");
  command->add_flag("--follow", flags->follow, "Keep reading: files grow and new ones come; ends on SIGTERM or Ctrl-C");
  command
      ->add_option("--until", flags->until,
                   "`caught-up`: topics are read to the end that they have at the start, and the job ends")
      ->check(CLI::IsMember({"caught-up"}))
      ->type_name("WHEN");
  command->add_flag("--reset", flags->reset,
                    "Start over: deletes this job's state and results first, never inputs or topics with results");
  command
      ->add_option("--accept", flags->accept,
                   "Give up the state of a step that the script has changed, and begin it empty; `all`: of all of them")
      ->allow_extra_args(false)
      ->type_name("STEP");
  command
      ->add_option("--rebuild", flags->rebuild,
                   "Make the state of a changed or new step again, of all that the job has read from files; `all`: of "
                   "all that changed")
      ->allow_extra_args(false)
      ->type_name("STEP");
  command->add_flag("--beside", flags->beside,
                    "Let the job that runs on this store go on while states are made again (--rebuild); then take the "
                    "store over from it, at a commit");
  command
      ->add_option("--commit-every", flags->commit_every_turns,
                   "Turns (of up to 256 KB) between two commits; with topics, of each task")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  command
      ->add_option_function<std::string>(
          "--commit-within",
          [flags](const std::string& written) { parse_duration_literal(written, &flags->commit_within_us); },
          "With --follow: longest time from a turn to its commit (default: 1s). With topics: time from one commit to "
          "the next (default: the environment's, or 100ms)")
      ->check(is_duration)
      ->type_name("DURATION");
  command->add_option("--workers", flags->workers, "Number of threads (default: from the environment)")
      ->check(CLI::Range(1, 64));
  command
      ->add_option("--memory", flags->memory,
                   "Memory of the job, such as 512MB; further state stays in the store (default: from the environment)")
      ->check([](const std::string& written) {
        return memory_size(written) ? std::string() : "is not a size of at least 8MB, such as 512MB";
      })
      ->type_name("SIZE");
  command
      ->add_option("--listen", flags->listen,
                   "Answer /metrics, /healthz, /readyz and /status there; port 0: any free one (default: from the "
                   "environment, else not)")
      ->check(is_http_address)
      ->type_name("ADDRESS:PORT");
  command->add_flag("--serve", flags->serve,
                    "Keep each product so that it can be read under /v1 at --listen (default: " +
                        std::string(kServeAddress) + "); a job that ends is served until it is stopped");
  command
      ->add_option_function<std::string>(
          "--log", [flags](const std::string& format) { flags->log_json = format == "json"; },
          "text: progress and a report for people; json: one line for each event, on standard error")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_str("text");
  const std::map<std::string, LogLevel> levels{
      {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warn", LogLevel::warn}, {"error", LogLevel::error}};
  command->add_option("--log-level", flags->log_level, "With --log json: the least level (default: info)")
      ->transform(CLI::CheckedTransformer(levels))
      ->type_name("debug|info|warn|error");
  command
      ->add_option_function<std::string>(
          "--slow-commit",
          [flags](const std::string& written) { parse_duration_literal(written, &flags->slow_commit_us); },
          "With --log json: commits that take longer are logged as slow (default: 1s)")
      ->check(is_duration)
      ->type_name("DURATION");
  command->add_flag("--interpret", flags->interpret, "Run without native code");
  command->callback([flags, &context] { run(*flags, context); });
}

}  // namespace braid::cli
