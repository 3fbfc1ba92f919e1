#include "cli/commands/topics.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/commands/standby.h"
#include "cli/session/broker.h"
#include "cli/session/topics.h"
#include "runtime/connect/topic_check.h"
#include "runtime/data/time_text.h"
#include "runtime/engine/job_monitor.h"
#include "runtime/snapshot/folder_store.h"
#include "runtime/state/rocks_store.h"
#include "runtime/tasks/erase_started_over.h"
#include "runtime/tasks/topic_job.h"

namespace braid::cli {
namespace {

/// Progress of several members as that of one job.
class SharedProgress {
 public:
  SharedProgress(size_t members, std::function<void(const JobProgress&)> show)
      : parts_(members), show_(std::move(show)) {}

  void note(size_t member, const JobProgress& now) {
    const std::lock_guard lock(mutex_);
    parts_[member] = now;
    JobProgress sum;
    for (const JobProgress& part : parts_) add_to_progress(part, sum);
    show_(sum);
  }

 private:
  std::mutex mutex_;
  std::vector<JobProgress> parts_;
  std::function<void(const JobProgress&)> show_;
};

/// What all members are like, as that of one job.
class SharedStatus {
 public:
  SharedStatus(const Program& program, size_t members, uint64_t budget, JobMonitor& monitor)
      : program_(program), parts_(members), budget_(budget), monitor_(monitor) {
    monitor_.enter(JobPhase::recovering);
  }

  /// How many tasks the whole job has.
  void set_tasks(size_t tasks) {
    const std::lock_guard lock(mutex_);
    tasks_ = tasks;
  }

  std::vector<PromiseChange> take_changes() {
    const std::lock_guard lock(mutex_);
    return monitor_.take_changes();
  }

  void note(size_t member, const MemberStatus& status, const std::optional<Diagnostic>& warning) {
    const std::lock_guard lock(mutex_);
    parts_[member] = status;
    parts_[member].work = {};
    monitor_.add(status.work, status.job.epoch);
    if (!running_ && std::ranges::all_of(parts_, &MemberStatus::ready)) {
      running_ = true;
      monitor_.enter(JobPhase::running);
    }
    if (!monitor_.wants_status() && !status.last) return;
    JobStatus whole;
    whole.project = status.job.project;
    whole.state_budget = budget_;
    size_t running = 0, recovering = 0;
    for (const MemberStatus& part : parts_) {
      add_to_report(part.job.report, whole.report);
      whole.epoch = std::max(whole.epoch, part.job.epoch);
      add_to_figures(part.job.store, whole.store);
      whole.partitions.insert(whole.partitions.end(), part.job.partitions.begin(), part.job.partitions.end());
      whole.tasks.insert(whole.tasks.end(), part.job.tasks.begin(), part.job.tasks.end());
      running += part.running;
      recovering += part.recovering;
    }
    if (warning) whole.report.warnings.push_back(*warning);
    monitor_.set_tasks(running, recovering);
    whole.others = running != tasks_;
    if (whole.others) whole.part = part_text();
    std::vector<const std::map<int32_t, TaskVolumes>*> volumes;
    for (const MemberStatus& part : parts_) volumes.push_back(&part.volumes);
    whole.volumes = volumes_of_job(volumes, tasks_);
    // One process has the first task.
    whole.tells_of_all =
        std::ranges::any_of(parts_, [](const MemberStatus& part) { return std::ranges::count(part.tasks, 0) > 0; });
    for (size_t i = 0; i < whole.report.products.size(); ++i)
      whole.outputs.push_back({.product = program_.products[i].qualified(),
                               .version = program_.products[i].version,
                               .rows = whole.report.products[i].rows});
    monitor_.publish(std::move(whole));
  }

 private:
  /// "tasks 0, 2 of 4": whose rows are counted here.
  std::string part_text() const {
    std::vector<int32_t> own;
    for (const MemberStatus& part : parts_) own.insert(own.end(), part.tasks.begin(), part.tasks.end());
    std::ranges::sort(own);
    if (own.empty() || tasks_ == 0) return {};
    return fmt::format("{} {} of {}", own.size() == 1 ? "task" : "tasks", fmt::join(own, ", "), tasks_);
  }

  const Program& program_;
  std::mutex mutex_;
  std::vector<MemberStatus> parts_;
  bool running_ = false;
  size_t tasks_ = 0;  ///< 0: not known yet
  uint64_t budget_;
  JobMonitor& monitor_;
};

}  // namespace

TopicSetup topics_of(Session& session, const Program& program) {
  const Environment& environment = session.environment();
  Reporter& reporter = session.reporter();
  TopicSetup setup;
  setup.reads =
      std::ranges::any_of(program.sources, [](const SourceSpec& each) { return each.binding.kind == "topic"; });
  setup.outputs = session.output_topics();
  if (!setup.any() || reporter.has_errors()) return setup;
  if (!setup.outputs.empty() && setup.outputs.size() < program.products.size()) {
    for (size_t i = 0; i < program.products.size(); ++i) {
      if (setup.outputs.contains(static_cast<int>(i))) continue;
      const auto& first = program.products[static_cast<size_t>(setup.outputs.begin()->first)];
      reporter.report(diag::OutputsMixed{.first = first.qualified(), .second = program.products[i].qualified()})
          .at(program.products[i].span);
      return setup;
    }
  }
  const auto settings = broker_settings(environment, session.files().root, session.files().name, reporter);
  if (!settings) return setup;
  setup.settings = *settings;
  if (environment.registry && needs_registry(program, setup.outputs)) {
    setup.registry = registry_options(environment, session.files().root, reporter);
    if (!setup.registry) return setup;
  }
  std::string& snapshots = setup.settings.snapshots;
  if (!snapshots.empty() && !snapshots.starts_with('/') && !session.files().root.empty())
    snapshots = join_path(session.files().root, snapshots);
  return setup;
}

Result<std::unique_ptr<Broker>> reach_broker(const BrokerSettings& settings, const Program& program,
                                             const std::map<int, TopicBinding>& outputs) {
  BRAID_ASSIGN(std::unique_ptr<Broker> broker, open_broker(settings));
  BRAID_TRY(check_topics(*broker, system_clock(), program, outputs, kBrokerPatienceUs));
  return broker;
}

Result<std::unique_ptr<registry::RegistryService>> reach_registry(const Session& session, Program& program,
                                                                  TopicSetup& topics) {
  BRAID_ASSIGN(std::unique_ptr<registry::RegistryService> service, open_registry(*topics.registry));
  BRAID_TRY(register_products(*service, program, session.project(), topics.outputs));
  read_by_registry(*service, program);
  return service;
}

Result<int64_t> commit_within(int64_t option_us, const TopicSetup& topics) {
  constexpr int64_t kDefault = 100'000;
  const BrokerSettings& settings = topics.settings;
  const int64_t within = option_us > 0                   ? option_us
                         : settings.commit_within_us > 0 ? settings.commit_within_us
                                                         : kDefault;
  const bool transactions = !topics.outputs.empty() && settings.delivery == Delivery::exactly_once;
  if (!transactions || within <= settings.transaction_timeout_us / 2) return within;
  diag::CommitTooSeldom entry;
  append_duration_literal(entry.within, within);
  append_duration_literal(entry.limit, settings.transaction_timeout_us);
  const Diagnostic seldom = entry.make();
  return Error{ErrorKind::usage, seldom.message, seldom.code, 0};
}

Result<TopicReset> reset_topics(const Program& program, const JobOptions& options, const TopicSetup& topics,
                                const JobSeams& seams) {
  FolderStore snapshots(seams.fs, topics.settings.snapshots);
  TopicJobOptions own{.job = options, .broker = topics.settings, .outputs = topics.outputs};
  if (!topics.settings.snapshots.empty()) own.snapshots = &snapshots;
  return start_over_without(program, own, seams);
}

namespace {

/// Null if the environment asks for no copies.
Result<std::unique_ptr<Standby>> begin_standby(const JobOptions& options, const TopicSetup& topics,
                                               SnapshotStore& snapshots, const std::atomic<bool>& failed) {
  if (topics.settings.standby_bytes == 0) return std::unique_ptr<Standby>();
  BRAID_ASSIGN(std::unique_ptr<Broker> broker, open_broker(topics.settings));
  Standby::Job job{.directory = options.directory, .settings = topics.settings, .stop_requested = [&] {
                     return failed || (options.stop_requested && options.stop_requested());
                   }};
  auto show = [monitor = options.monitor](const StandbyRefresh& now) {
    if (monitor != nullptr) monitor->set_standby(now.tasks, now.bytes);
  };
  auto standby = std::make_unique<Standby>(snapshots, real_fs(), std::move(broker), std::move(job), std::move(show));
  standby->start();
  return standby;
}

}  // namespace

Result<JobReport> run_members(const Program& program, const JobOptions& options, const TopicSetup& topics,
                              uint64_t memory, const JobSeams& seams, const ShowStages& show_stages) {
  const size_t members = options.workers;
  std::atomic<bool> failed = false;
  SharedProgress progress(members, options.progress);
  std::optional<SharedStatus> status;
  if (options.monitor != nullptr) status.emplace(program, members, options.state_memory, *options.monitor);
  std::vector<Result<JobReport>> reports(members, JobReport());
  FolderStore snapshots(seams.fs, topics.settings.snapshots);
  BRAID_ASSIGN(const std::unique_ptr<Standby> standby, begin_standby(options, topics, snapshots, failed));
  auto run_one = [&](size_t number) {
    ThreadExecutor executor(1), commits(1);
    TopicJobOptions own{.job = options, .broker = topics.settings, .outputs = topics.outputs};
    if (members > 1 && own.broker.instance) *own.broker.instance += "-" + std::to_string(number);
    if (!topics.settings.snapshots.empty()) own.snapshots = standby != nullptr ? &standby->store() : &snapshots;
    own.commits = &commits;
    own.job.monitor = nullptr;
    if (number == 0)
      own.on_layout = [&](const std::vector<StageOutline>& stages) {
        size_t tasks = 0;
        for (const StageOutline& stage : stages) tasks += static_cast<size_t>(stage.tasks);
        if (status) status->set_tasks(tasks);
        show_stages(stages);
      };
    const bool is_watched = status || standby != nullptr;
    if (is_watched)
      own.on_status = [&, number](const MemberStatus& now) {
        if (standby != nullptr) standby->note(number, now.tasks);
        if (status) status->note(number, now, standby != nullptr ? standby->warning() : std::nullopt);
      };
    if (status && options.monitor->watches_promises()) own.take_changes = [&] { return status->take_changes(); };
    own.job.state_memory = options.state_memory / members;
    own.job.stop_requested = [&] { return failed || (options.stop_requested && options.stop_requested()); };
    if (options.progress) own.job.progress = [&, number](const JobProgress& now) { progress.note(number, now); };
    auto broker = open_broker(own.broker);
    if (!broker.ok()) {
      reports[number] = broker.error();
    } else {
      const JobSeams mine{seams.fs,
                          seams.clock,
                          executor,
                          [&](const std::string& directory) {
                            return open_sized_rocks_store(directory, {.memory_bytes = memory / 8 / members});
                          },
                          broker->get(),
                          nullptr,
                          seams.make_service};
      reports[number] = run_topic_job(program, own, mine);
    }
    if (!reports[number].ok()) failed = true;
  };
  std::vector<std::thread> threads;
  for (size_t number = 1; number < members; ++number) threads.emplace_back(run_one, number);
  run_one(0);
  for (std::thread& thread : threads) thread.join();
  JobReport whole;
  for (const Result<JobReport>& report : reports) {
    if (!report.ok()) return report.error();
    add_to_report(*report, whole);
  }
  return whole;
}

}  // namespace braid::cli
