#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "cli/commands/command.h"
#include "cli/present/status.h"
#include "cli/project/config.h"
#include "cli/serve/http_client.h"
#include "cli/serve/job_address.h"
#include "cli/serve/watch_errors.h"
#include "cli/session/job_stores.h"
#include "runtime/base/fs.h"
#include "runtime/engine/stored_status.h"
#include "runtime/state/rocks_store.h"
#include "runtime/tasks/topic_job.h"

namespace braid::cli {
namespace {

struct StatusFlags {
  std::string path = ".", environment, store, at;
  bool json = false;
};

/// What a running job answers.
Result<std::string> ask(const serve::HttpAddress& address, bool json) {
  BRAID_ASSIGN(const HttpReply reply, http_get(address, "/status", json ? "application/json" : "text/plain"));
  if (reply.status == 200) return reply.body;
  return no_answer(address.text(), fmt::format("HTTP status {}", reply.status));
}

Result<std::string> ask_job_of(const std::string& store, bool json) {
  BRAID_ASSIGN(const serve::HttpAddress address, address_of_job(real_fs(), store));
  return ask(address, json);
}

/// What all tasks of a job are like, as that of one.
void merge(JobStatus&& part, JobStatus& whole) {
  if (whole.project.empty()) {
    whole = std::move(part);
    return;
  }
  whole.epoch = std::max(whole.epoch, part.epoch);
  JobReport& report = whole.report;
  report.events += part.report.events;
  report.watermark =
      report.watermark == kNoTime ? part.report.watermark : std::min(report.watermark, part.report.watermark);
  report.newest = std::max(report.newest, part.report.newest);
  report.deviation += part.report.deviation;
  for (JobReport::Product& more : part.report.products) {
    const auto product = std::ranges::find_if(report.products, [&](const JobReport::Product& each) {
      return each.name == more.name && each.version == more.version;
    });
    if (product == report.products.end()) {
      report.products.push_back(std::move(more));
      continue;
    }
    product->rows += more.rows;
    product->alerts += more.alerts;
    product->derived += more.derived;
    for (const JobReport::Input& input : more.inputs) {
      const auto known = std::ranges::find(product->inputs, input.name, &JobReport::Input::name);
      if (known == product->inputs.end())
        product->inputs.push_back(input);
      else
        known->ledger += input.ledger;
    }
  }
  add_to_figures(part.store, whole.store);
  whole.partitions.insert(whole.partitions.end(), part.partitions.begin(), part.partitions.end());
}

/// The status of the job on a store: it answers itself, or it is stopped, and the store says how far it came.
Result<std::string> status_of_store(const std::string& store, const std::string& environment, bool json) {
  Fs& fs = real_fs();
  BRAID_ASSIGN(const std::vector<JobFolder> folders, job_folders(store, fs));
  JobStatus status;
  for (const auto& [folder, lock_file] : folders) {
    // As long as this holds the lock no job starts; it is let go of as soon as the store has been read.
    const Result<std::unique_ptr<FileLock>> lock = fs.lock(lock_file);
    if (!lock.ok() && lock.error().system_error == EWOULDBLOCK) return ask_job_of(store, json);
    if (!lock.ok()) return lock.error();
    BRAID_ASSIGN(const std::unique_ptr<StateStore> opened, open_rocks_store_to_read(join_path(folder, "state")));
    BRAID_ASSIGN(std::optional<JobStatus> part, stored_status(*opened, fs, folder));
    if (part) merge(std::move(*part), status);
  }
  if (status.project.empty()) return no_store(store);
  const JobDescription job{.project = status.project,
                           .environment = environment,
                           .store = store,
                           .braid_version = kBraidVersion,
                           .phase = "stopped",
                           .reason = "stopped"};
  return json ? status_json(job, &status) : status_text(job, &status);
}

void show_status(const StatusFlags& flags, CommandContext& context) {
  Result<std::string> status = std::string();
  if (!flags.at.empty()) {
    status = ask(*serve::parse_http_address(flags.at), flags.json);
  } else if (!flags.store.empty()) {
    status = status_of_store(flags.store, flags.environment, flags.json);
  } else {
    SourceSet sources;
    Reporter reporter;
    const std::optional<Project> project = find_project(flags.path, sources, reporter);
    const auto chosen =
        project ? environment(*project, flags.environment, sources, reporter) : std::optional<Environment>();
    if (!chosen || reporter.has_errors()) {
      const std::vector<Diagnostic> findings = reporter.take_sorted();
      show_findings(findings, sources, context.console, FindingFormat::text);
      context.exit_code = exit_code_of(findings);
      return;
    }
    status = status_of_store(chosen->store, chosen->name, flags.json);
  }
  if (!status.ok())
    context.exit_code = show_error(status.error(), context.console);
  else
    std::fputs(status->c_str(), stdout);
}

}  // namespace

void add_status(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<StatusFlags>();
  CLI::App* command = app.add_subcommand(
      "status",
      "Shows how far a job is: a running one answers itself (run --listen), of a stopped one the store is read");
  command->add_option("path", flags->path, "Project folder or script")->type_name("PATH")->capture_default_str();
  command->add_option("--env", flags->environment, "Environment in braid.toml (default: its default_env)")
      ->type_name("NAME");
  command->add_option("--store", flags->store, "Store of the job (default: from the environment)")->type_name("DIR");
  command->add_option("--at", flags->at, "Ask the job that listens there")
      ->check(is_http_address)
      ->type_name("ADDRESS:PORT");
  command
      ->add_option_function<std::string>(
          "--format", [flags](const std::string& format) { flags->json = format == "json"; },
          "table: for people; json: one object")
      ->check(CLI::IsMember({"table", "json"}))
      ->default_str("table");
  command->callback([flags, &context] { show_status(*flags, context); });
}

}  // namespace braid::cli
