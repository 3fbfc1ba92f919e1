#include "runtime/engine/job_monitor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace braid {
namespace {

double seconds(int64_t us) {
  return static_cast<double>(us) / 1e6;
}

/// Of an instant before the first, and after the last: not a number, so that no comparison with it holds.
double instant_seconds(int64_t time) {
  return time == kNoTime || time == kEndTime ? std::numeric_limits<double>::quiet_NaN() : seconds(time);
}

const std::vector<double> kTurnBounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                         0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
const std::vector<double> kCommitBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                           0.5,   1,      2.5,   5,    10,    30,   60};

constexpr JobPhase kPhases[] = {JobPhase::starting, JobPhase::recovering, JobPhase::running,
                                JobPhase::draining, JobPhase::stopped,    JobPhase::failed};

}  // namespace

std::string_view phase_name(JobPhase phase) {
  switch (phase) {
    case JobPhase::starting:
      return "starting";
    case JobPhase::recovering:
      return "recovering";
    case JobPhase::running:
      return "running";
    case JobPhase::draining:
      return "draining";
    case JobPhase::stopped:
      return "stopped";
    case JobPhase::failed:
      return "failed";
  }
  return "unknown";
}

/// docs/operations/metrics.md lists them all.
struct JobMonitor::Families {
  explicit Families(MetricRegistry& registry) : to(registry) {}
  MetricRegistry& to;
  using Family = MetricRegistry::Family;
  static constexpr MetricKind kCounter = MetricKind::counter, kGauge = MetricKind::gauge;

  // The job.
  Family& phase =
      to.declare({"braid_job_phase", kGauge, "1 for the phase that the job is in, otherwise 0.", {"phase"}});
  Family& turns = to.declare({"braid_turns_total", kCounter, "Turns run by this process."});
  Family& turn_seconds = to.declare(
      {"braid_turn_duration_seconds", MetricKind::histogram, "How long turns took, without commits.", {}, kTurnBounds});
  Family& watermark = to.declare({"braid_watermark_timestamp_seconds", kGauge,
                                  "Watermark of the job: its lowest over all partitions that hold time back."});
  Family& deviation = to.declare({"braid_accounting_deviation_records", kGauge,
                                  "Records that the accounts of all products miss or have too many: 0, or a bug."});
  Family& leaps = to.declare({"braid_time_leaps_discarded_total", kCounter,
                              "Records that claimed a much later time and that no other record confirmed."});
  // Commits.
  Family& epoch = to.declare({"braid_epoch", kGauge, "Number of the last durable commit of the store."});
  Family& commits = to.declare({"braid_commits_total", kCounter, "Durable commits of this process."});
  Family& pause_seconds = to.declare({"braid_commit_pause_seconds",
                                      MetricKind::histogram,
                                      "The longest time that turns stood still for a commit.",
                                      {},
                                      kCommitBounds});
  Family& write_seconds = to.declare({"braid_commit_write_seconds",
                                      MetricKind::histogram,
                                      "How long commits were written beside the turns.",
                                      {},
                                      kCommitBounds});
  Family& committed_at =
      to.declare({"braid_last_commit_timestamp_seconds", kGauge, "Clock reading when the last commit became durable."});
  // Tasks.
  Family& tasks = to.declare({"braid_tasks",
                              kGauge,
                              "Tasks of a job over a broker that this process has: running, or recovering.",
                              {"state"}});
  Family& recovery_seconds = to.declare({"braid_task_recovery_seconds",
                                         MetricKind::histogram,
                                         "How long tasks took from their arrival to their first turn.",
                                         {},
                                         kCommitBounds});
  Family& aborted = to.declare({"braid_commits_aborted_total", kCounter,
                                "Commits to a broker that were given up; what was in them is done again."});
  Family& standby_tasks =
      to.declare({"braid_standby_tasks", kGauge, "Tasks of other processes whose last snapshot is kept here, too."});
  Family& standby_bytes = to.declare({"braid_standby_bytes", kGauge, "Size of the copies of snapshots."});
  // State.
  Family& state_rows = to.declare({"braid_state_rows", kGauge, "Rows of state, in memory or not."});
  Family& cold_rows = to.declare({"braid_state_cold_rows", kGauge, "Rows of state that are in the store alone."});
  Family& state_bytes = to.declare({"braid_state_memory_bytes", kGauge, "Memory that rows of state take."});
  Family& dirty_bytes = to.declare(
      {"braid_state_dirty_bytes", kGauge, "Memory of the rows of state that changed since the last commit began."});
  Family& budget_bytes = to.declare(
      {"braid_state_budget_bytes", kGauge, "Memory that rows of state may take before they leave it; 0: no bound."});
  Family& disk_bytes = to.declare({"braid_state_disk_bytes", kGauge, "Size of the tables of the store on disk."});
  Family& lookups = to.declare({"braid_store_lookups_total", kCounter,
                                "Keys and ranges that were looked up in the store because they may not be in memory."});
  Family& rows_read = to.declare({"braid_store_rows_read_total", kCounter, "Rows that look-ups in the store found."});
  // Sources.
  Family& records =
      to.declare({"braid_source_records_total", kCounter, "Records read by this process.", {"source", "partition"}});
  Family& bytes = to.declare(
      {"braid_source_bytes_total", kCounter, "Bytes of the records read by this process.", {"source", "partition"}});
  Family& lag_bytes = to.declare(
      {"braid_source_lag_bytes", kGauge, "Bytes of a partition that have not been read.", {"source", "partition"}});
  Family& lag_records = to.declare(
      {"braid_source_lag_records", kGauge, "Records of a partition that have not been read.", {"source", "partition"}});
  Family& source_watermark = to.declare({"braid_source_watermark_timestamp_seconds",
                                         kGauge,
                                         "Lowest watermark of a source's partitions that hold time back.",
                                         {"source"}});
  Family& source_delay = to.declare({"braid_source_watermark_delay_seconds",
                                     kGauge,
                                     "Clock minus the watermark of a source; NaN while no partition holds time back.",
                                     {"source"}});
  Family& source_partitions = to.declare({"braid_source_partitions",
                                          kGauge,
                                          "Partitions of a source by what they do: active, idle, paused or ended.",
                                          {"source", "state"}});
  // Products.
  Family& product_info = to.declare(
      {"braid_product_info", kGauge, "1 for each version of a product that the job makes.", {"product", "version"}});
  Family& product_in = to.declare({"braid_product_records_in_total",
                                   kCounter,
                                   "Records that a product took from an input, in all runs of the store.",
                                   {"product", "version", "input"}});
  Family& product_out = to.declare({"braid_product_records_total",
                                    kCounter,
                                    "What became of the records of an input, in all runs of the store.",
                                    {"product", "version", "input", "outcome"}});
  Family& product_held =
      to.declare({"braid_product_held_records",
                  kGauge,
                  "Records of an input that wait, or are on their way between stages. Below 0 where they "
                  "came from other instances: the sum over all counts.",
                  {"product", "version", "input"}});
  Family& product_partly_late = to.declare({"braid_product_partly_late_records_total",
                                            kCounter,
                                            "Used records that were late for some of their windows.",
                                            {"product", "version", "input"}});
  Family& product_early = to.declare({"braid_product_early_records_total",
                                      kCounter,
                                      "Records that a join passed on before the time of its table.",
                                      {"product", "version", "input"}});
  Family& unchecked = to.declare({"braid_contract_rule_not_run",
                                  kGauge,
                                  "1 for each rule that a contract names and nobody runs.",
                                  {"product", "version", "rule"}});
  Family& product_alerts = to.declare({"braid_product_alerts_total",
                                       kCounter,
                                       "Rows for which a check of the contract raised an alert.",
                                       {"product", "version"}});
  Family& output_rows = to.declare({"braid_output_rows_total",
                                    kCounter,
                                    "Rows written to an output, in all runs of the store.",
                                    {"product", "version", "port"}});
  Family& output_bytes = to.declare({"braid_output_bytes_total",
                                     kCounter,
                                     "Bytes written to an output up to the last commit, in all runs of the store.",
                                     {"product", "version", "port"}});

  // What is updated often.
  Counter& turns_run = turns.counter();
  Histogram& turn_took = turn_seconds.histogram();
  Counter& commits_made = commits.counter();
  Histogram& pause = pause_seconds.histogram();
  Histogram& write = write_seconds.histogram();
};

JobMonitor::JobMonitor(const Program& program, Clock& clock)
    : program_(program),
      clock_(clock),
      families_(std::make_unique<Families>(registry_)),
      promises_(program, registry_),
      partitions_(program.sources.size()),
      moved_at_(clock.steady_us()),
      phase_began_(clock.steady_us()) {
  for (const ProductSpec& product : program.products)
    families_->product_info.gauge({product.qualified(), std::to_string(product.version)}).set(1);
  enter(JobPhase::starting);
}

JobMonitor::~JobMonitor() = default;

void JobMonitor::enter(JobPhase phase) {
  const int64_t now = clock_.steady_us();
  const JobPhase before = phase_.load(std::memory_order_relaxed);
  moved_at_.store(now, std::memory_order_relaxed);
  phase_.store(phase, std::memory_order_relaxed);
  for (const JobPhase each : kPhases) families_->phase.gauge({phase_name(each)}).set(each == phase ? 1 : 0);
  if (on_event && before == JobPhase::recovering && phase == JobPhase::running)
    on_event({.kind = JobEvent::Kind::recovered, .took_us = now - phase_began_});
  if (on_event && phase == JobPhase::draining) on_event({.kind = JobEvent::Kind::draining});
  phase_began_ = now;
}

void JobMonitor::read(int source, uint32_t ordinal, const std::string& name, size_t records, size_t bytes) {
  std::vector<PartitionCounters>& known = partitions_[static_cast<size_t>(source)];
  if (known.size() <= ordinal) known.resize(ordinal + 1);
  PartitionCounters& counters = known[ordinal];
  if (counters.records == nullptr) {
    const std::string& source_name = program_.sources[static_cast<size_t>(source)].name;
    counters = {&families_->records.counter({source_name, name}), &families_->bytes.counter({source_name, name})};
  }
  counters.records->add(static_cast<double>(records));
  counters.bytes->add(static_cast<double>(bytes));
}

void JobMonitor::turn_ran(int64_t began) {
  const int64_t now = clock_.steady_us();
  families_->turns_run.add();
  families_->turn_took.observe(seconds(now - began));
  moved_at_.store(now, std::memory_order_relaxed);
}

void JobMonitor::commit_begins() {
  pause_began_ = clock_.steady_us();
}

void JobMonitor::commit_is_frozen() {
  const int64_t now = clock_.steady_us();
  paused_us_ = now - pause_began_;
  commit_began_.store(now, std::memory_order_relaxed);
  moved_at_.store(now, std::memory_order_relaxed);
}

void JobMonitor::copy_ends() {
  paused_us_ = std::max(paused_us_, clock_.steady_us() - pause_began_);
}

void JobMonitor::write_begins() {
  write_began_.store(clock_.steady_us(), std::memory_order_relaxed);
}

void JobMonitor::write_ends() {
  write_took_.store(clock_.steady_us() - write_began_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void JobMonitor::commit_is_durable(uint64_t epoch) {
  const int64_t took = write_took_.load(std::memory_order_relaxed);
  commit_began_.store(0, std::memory_order_relaxed);
  moved_at_.store(clock_.steady_us(), std::memory_order_relaxed);
  families_->pause.observe(seconds(paused_us_));
  families_->write.observe(seconds(took));
  families_->commits_made.add();
  families_->epoch.gauge().set(static_cast<double>(epoch));
  families_->committed_at.gauge().set(seconds(clock_.now_us()));
  if (on_event) on_event({.kind = JobEvent::Kind::committed, .epoch = epoch, .took_us = took, .paused_us = paused_us_});
}

void JobMonitor::add(const MemberWork& work, uint64_t epoch) {
  moved_at_.store(clock_.steady_us(), std::memory_order_relaxed);
  families_->turns_run.add(static_cast<double>(work.turns));
  families_->aborted.counter().add(static_cast<double>(work.aborted));
  for (const int64_t took : work.recoveries_us) families_->recovery_seconds.histogram().observe(seconds(took));
  for (const MemberWork::Read& each : work.read) {
    families_->records.counter({each.source, each.partition}).add(static_cast<double>(each.records));
    families_->bytes.counter({each.source, each.partition}).add(static_cast<double>(each.bytes));
  }
  for (const MemberWork::Written& each : work.written)
    families_->output_bytes.counter({each.product, std::to_string(each.version), each.port})
        .add(static_cast<double>(each.bytes));
  if (work.commits.empty()) return;
  families_->committed_at.gauge().set(seconds(clock_.now_us()));
  families_->commits_made.add(static_cast<double>(work.commits.size()));
  for (const MemberWork::Commit& commit : work.commits) {
    families_->write.observe(seconds(commit.took_us));
    families_->pause.observe(seconds(commit.paused_us));
    if (on_event)
      on_event({.kind = JobEvent::Kind::committed,
                .epoch = epoch,
                .took_us = commit.took_us - commit.paused_us,
                .paused_us = commit.paused_us});
  }
}

void JobMonitor::set_tasks(size_t running, size_t recovering) {
  families_->tasks.gauge({"running"}).set(static_cast<double>(running));
  families_->tasks.gauge({"recovering"}).set(static_cast<double>(recovering));
}

void JobMonitor::set_standby(size_t tasks, uint64_t bytes) {
  families_->standby_tasks.gauge().set(static_cast<double>(tasks));
  families_->standby_bytes.gauge().set(static_cast<double>(bytes));
}

bool JobMonitor::wants_status() {
  const int64_t now = clock_.steady_us();
  moved_at_.store(now, std::memory_order_relaxed);
  if (now < next_status_) return false;
  status_began_ = now;
  return true;
}

void JobMonitor::publish(JobStatus status) {
  status.taken_at = clock_.now_us();
  const JobReport& report = status.report;
  families_->watermark.gauge().set(instant_seconds(report.watermark));
  families_->deviation.gauge().set(static_cast<double>(report.deviation));
  families_->leaps.counter().raise_to(static_cast<double>(report.leaps_discarded));
  families_->epoch.gauge().set(static_cast<double>(status.epoch));
  families_->state_rows.gauge().set(static_cast<double>(report.state.rows));
  families_->cold_rows.gauge().set(static_cast<double>(report.state.cold));
  families_->state_bytes.gauge().set(static_cast<double>(report.state.bytes));
  families_->dirty_bytes.gauge().set(static_cast<double>(report.state.dirty));
  families_->budget_bytes.gauge().set(static_cast<double>(status.state_budget));
  families_->disk_bytes.gauge().set(static_cast<double>(status.store.disk_bytes));
  families_->lookups.counter().raise_to(static_cast<double>(status.store.lookups));
  families_->rows_read.counter().raise_to(static_cast<double>(status.store.rows_read));
  set_sources(status);
  set_products(status);
  set_promises(status);
  status.unchecked = unchecked_;
  auto published = std::make_shared<const JobStatus>(std::move(status));
  {
    const std::lock_guard lock(publishing_);
    status_ = published;
  }
  if (on_status) on_status(*published);
  // At most a fiftieth of the time goes into it, however many partitions there are.
  constexpr int64_t kShare = 50;
  const int64_t now = clock_.steady_us();
  next_status_ = now + std::max(kStatusEvery, (now - status_began_) * kShare);
}

void JobMonitor::set_sources(const JobStatus& status) {
  struct Source {
    int64_t watermark = kEndTime;
    int64_t active = 0, idle = 0, paused = 0, ended = 0;
  };
  std::map<std::string_view, Source> sources;
  for (const JobStatus::Partition& partition : status.partitions) {
    Source& source = sources[partition.source];
    const bool paused = !partition.waits_for.empty();
    ++(partition.ended ? source.ended : paused ? source.paused : partition.idle ? source.idle : source.active);
    if (!partition.ended && !partition.idle) source.watermark = std::min(source.watermark, partition.watermark);
    if (partition.lag_bytes)
      families_->lag_bytes.gauge({partition.source, partition.name}).set(static_cast<double>(*partition.lag_bytes));
    if (partition.lag_records)
      families_->lag_records.gauge({partition.source, partition.name}).set(static_cast<double>(*partition.lag_records));
  }
  for (const auto& [name, source] : sources) {
    const double watermark = instant_seconds(source.watermark);
    families_->source_watermark.gauge({name}).set(watermark);
    families_->source_delay.gauge({name}).set(seconds(status.taken_at) - watermark);
    families_->source_partitions.gauge({name, "active"}).set(static_cast<double>(source.active));
    families_->source_partitions.gauge({name, "idle"}).set(static_cast<double>(source.idle));
    families_->source_partitions.gauge({name, "paused"}).set(static_cast<double>(source.paused));
    families_->source_partitions.gauge({name, "ended"}).set(static_cast<double>(source.ended));
  }
}

void JobMonitor::set_products(const JobStatus& status) {
  for (const JobReport::Product& product : status.report.products) {
    const std::string version = std::to_string(product.version);
    families_->product_alerts.counter({product.name, version}).raise_to(static_cast<double>(product.alerts));
    const auto account = [&](std::string_view input, const Ledger& ledger) {
      families_->product_in.counter({product.name, version, input}).raise_to(static_cast<double>(ledger.in));
      families_->product_held.gauge({product.name, version, input}).set(static_cast<double>(ledger.held));
      families_->product_partly_late.counter({product.name, version, input})
          .raise_to(static_cast<double>(ledger.partly_late));
      families_->product_early.counter({product.name, version, input}).raise_to(static_cast<double>(ledger.early));
      for (const auto& [outcome, count] : {std::pair<std::string_view, int64_t>{"used", ledger.used},
                                           {"filtered", ledger.filtered},
                                           {"duplicate", ledger.duplicate},
                                           {"unmatched", ledger.unmatched},
                                           {"rejected", ledger.rejected},
                                           {"late", ledger.late},
                                           {"erased", ledger.erased}})
        families_->product_out.counter({product.name, version, input, outcome}).raise_to(static_cast<double>(count));
    };
    for (const JobReport::Input& input : product.inputs) account(input.name, input.ledger);
    if (product.derived.in != 0) account("windows and joins", product.derived);
  }
  for (const JobStatus::Output& output : status.outputs) {
    const std::string version = std::to_string(output.version);
    families_->output_rows.counter({output.product, version, output.port}).raise_to(static_cast<double>(output.rows));
    families_->output_bytes.counter({output.product, version, output.port}).raise_to(static_cast<double>(output.bytes));
  }
}

void JobMonitor::watch_promises() {
  promises_.watch(clock_.now_us());
}

void JobMonitor::set_unchecked(std::vector<JobStatus::UncheckedRule> rules) {
  unchecked_ = std::move(rules);
  for (const JobStatus::UncheckedRule& rule : unchecked_)
    families_->unchecked.gauge({rule.relation, std::to_string(rule.version), rule.rule}).set(1);
}

std::vector<PromiseChange> JobMonitor::take_changes() {
  keeps_changes_ = true;
  return std::exchange(changes_, {});
}

void JobMonitor::set_promises(JobStatus& status) {
  for (const size_t changed : promises_.update(status)) {
    const JobStatus::Promise& promise = status.promises[changed];
    const bool breached = promise.status.state == PromiseState::breached;
    if (keeps_changes_)
      changes_.push_back({.relation = promise.relation,
                          .version = promise.version,
                          .promise = promise.text,
                          .breached = breached,
                          .since = promise.status.since,
                          .measured = measured_text(promise.rule, promise.status),
                          .owner = promise.owner,
                          .part = promise.of_all ? std::string() : status.part});
    if (on_event)
      on_event({.kind = breached ? JobEvent::Kind::promise_breached : JobEvent::Kind::promise_recovered,
                .epoch = status.epoch,
                .promise = &promise});
  }
}

std::shared_ptr<const JobStatus> JobMonitor::status() const {
  const std::lock_guard lock(publishing_);
  return status_;
}

JobMonitor::Verdict JobMonitor::health() const {
  const JobPhase phase = this->phase();
  if (phase == JobPhase::failed) return {false, "failed", "the job has ended with an error"};
  const int64_t still = clock_.steady_us() - moved_at_.load(std::memory_order_relaxed);
  // Recovery and reading tables are as long as there is much to read.
  const bool moves = phase == JobPhase::running || phase == JobPhase::draining;
  if (moves && still > kStuckAfter)
    return {false, "stuck", fmt::format("no turn has ended for {} s", still / 1'000'000)};
  return {};
}

JobMonitor::Verdict JobMonitor::readiness() const {
  if (Verdict alive = health(); !alive.good) return alive;
  switch (phase()) {
    case JobPhase::starting:
      return {false, "starting", "the job has not opened its store yet"};
    case JobPhase::recovering:
      return {false, "recovering", "the job reads its state, its inputs and its tables"};
    case JobPhase::draining:
      return {false, "draining", "the job was asked to stop and commits"};
    case JobPhase::stopped:
      return {false, "stopped", "the job has ended"};
    case JobPhase::failed:
    case JobPhase::running:
      break;
  }
  const int64_t began = commit_began_.load(std::memory_order_relaxed);
  const int64_t age = began == 0 ? 0 : clock_.steady_us() - began;
  if (age > kOverdueAfter)
    return {false, "commit_overdue", fmt::format("a commit has been on its way for {} s", age / 1'000'000)};
  return {};
}

}  // namespace braid
