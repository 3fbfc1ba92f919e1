#include "runtime/engine/job.h"

#include <algorithm>

#include "runtime/engine/hand_over.h"
#include "runtime/engine/job_run.h"
#include "runtime/engine/job_status.h"

namespace braid {
namespace {

/// Of rows of views that no commit has yet. As many are on their way into the store.
constexpr uint64_t kMostWaitingBytes = 32 << 20;

}  // namespace

Status JobRun::step(JobInputs::Partition& partition) {
  BRAID_ASSIGN(const bool ran, turns_.run(partition));
  if (!ran) return {};
  BRAID_KILL_POINT("after_turn");
  go_on_with_commit();
  BRAID_TRY(keep_to_budget());
  show_progress();
  return {};
}

bool JobRun::commit_is_due() const {
  // While one is on its way the next one waits for it anyway, and grows.
  return options_.follow && !in_flight_ && turns_.age_us() >= options_.commit_every_us;
}

Status JobRun::keep_to_budget() {
  const StateSize state = turns_.engine().state_size();
  // A commit on its way takes memory, too: it may keep none from the rows.
  if (in_flight_ && turns_.is_over_budget({.bytes = state.bytes + in_flight_->memory()})) BRAID_TRY(wait_for_commit());
  const bool full = turns_.is_over_budget(state);
  if (full || turns_.since_commit() >= options_.commit_every_turns || turns_.has_much_to_commit(state) ||
      views_.waiting_bytes() > std::min(kMostWaitingBytes, options_.state_memory / 4) || commit_is_due())
    BRAID_TRY(commit());
  if (!full) return {};
  // Rows go only if the store has them, so directly behind a commit.
  BRAID_TRY(wait_for_commit());
  return turns_.evict();
}

Status JobRun::run_turns() {
  JobInputs::Partition* partition = nullptr;
  while ((partition = turns_.choose()) != nullptr && !stops()) {
    BRAID_TRY(take_finished());
    BRAID_TRY(step(*partition));
  }
  if (!drained_) turns_.end_run();
  return commit_rest();
}

Status JobRun::follow() {
  if (options_.monitor != nullptr && options_.monitor->watches_promises()) turns_.engine().watch_promises();
  while (!stops()) {
    BRAID_TRY(take_finished());
    if (options_.monitor != nullptr) BRAID_TRY(turns_.tell(options_.monitor->take_changes()));
    BRAID_TRY(turns_.look());
    if (JobInputs::Partition* partition = turns_.choose()) {
      BRAID_TRY(step(*partition));
      continue;
    }
    if (commit_is_due()) BRAID_TRY(commit());
    show_progress();
    if (in_flight_ && !in_flight_->is_copied()) {
      go_on_with_commit();
      continue;
    }
    turns_.wait(options_.look_every_us);
  }
  return commit_rest();
}

bool JobRun::stops() {
  const bool before = drained_;
  drained_ = drained_ || (options_.stop_requested && options_.stop_requested()) || is_asked_for();
  if (drained_ && !before && options_.monitor != nullptr) options_.monitor->enter(JobPhase::draining);
  return drained_;
}

bool JobRun::is_asked_for() {
  constexpr int64_t kEvery = 100'000;
  const int64_t now = seams_.clock.steady_us();
  if (now - looked_for_request_ < kEvery) return false;
  looked_for_request_ = now;
  return store_is_asked_for(seams_.fs, options_.directory);
}

Status JobRun::take_finished() {
  if (store_.proof_is_done()) BRAID_TRY(store_.wait_for_proof());
  if (in_flight_ && in_flight_->is_written()) BRAID_TRY(wait_for_commit());
  return {};
}

Status JobRun::commit_rest() {
  if (turns_.since_commit() > 0 || turns_.tables_changed() || turns_.run_ends() || last_.epoch == 0)
    BRAID_TRY(commit());
  return {};
}

JobProgress progress_of(const TurnEngine& engine, uint64_t turns) {
  return {.events = engine.records_read(),
          .turns = turns,
          .watermark = engine.task_watermark(),
          .newest = engine.newest(),
          .state = engine.state_size()};
}

JobReport report_of(const Program& program, const TurnEngine& engine) {
  JobReport report;
  const LedgerBook& book = engine.ledgers();
  for (size_t product = 0; product < program.products.size(); ++product) {
    const ProductLedger& ledger = book.products()[product];
    JobReport::Product line;
    line.name = program.products[product].qualified();
    line.version = program.products[product].version;
    for (const ProductLedger::Input& input : ledger.inputs)
      line.inputs.push_back({book.relation_name(input.relation), input.ledger});
    line.derived = ledger.derived;
    line.rows = ledger.rows;
    line.alerts = ledger.alerts;
    if (!program.products[product].promises.empty()) {
      line.state = engine.state_size(static_cast<int>(product));
      line.counts = engine.promise_counts(static_cast<int>(product));
    }
    report.products.push_back(std::move(line));
  }
  // Of a stage, exchanges stand behind the sources of the whole program, and promise nothing.
  for (size_t source = 0; source < program.sources.size(); ++source)
    if (const SourceSpec& spec = program.sources[source]; !spec.promises.empty())
      report.sources.push_back({spec.name, spec.version, engine.source_counts(static_cast<int>(source))});
  report.events = engine.records_read();
  report.watermark = engine.task_watermark();
  report.newest = engine.newest();
  report.state = engine.state_size();
  report.deviation = engine.law_deviation();
  report.leaps_discarded = engine.leaps_discarded();
  return report;
}

void JobRun::show_progress(bool at_edge) {
  if (options_.progress && !at_edge) options_.progress(progress_of(turns_.engine(), turns_.turns()));
  if (options_.monitor == nullptr || !(options_.monitor->wants_status() || at_edge)) return;
  JobStatus status = status_of(program_, turns_.engine(), turns_.inputs(), outputs_, store_.state());
  status.project = options_.project;
  status.epoch = in_flight_ ? last_.epoch - 1 : last_.epoch;
  status.report.turns = turns_.turns();
  status.report.epochs = commits_;
  status.state_budget = options_.state_memory == UINT64_MAX ? 0 : options_.state_memory;
  options_.monitor->publish(std::move(status));
}

JobReport JobRun::report() const {
  JobReport report = report_of(program_, turns_.engine());
  report.nothing_new = !store_.fresh() && turns_.turns() == 0 && !drained_;
  report.drained = drained_;
  report.turns = turns_.turns();
  report.epochs = commits_;
  report.outputs = outputs_.paths();
  report.started_empty = store_.started_empty();
  report.rebuilt = store_.rebuilt();
  for (const auto* warnings : {&store_.warnings(), &turns_.warnings(), &turns_.inputs().warnings()})
    report.warnings.insert(report.warnings.end(), warnings->begin(), warnings->end());
  return report;
}

Result<JobReport> run_job(const Program& program, const JobOptions& options, const JobSeams& seams) {
  JobRun run(program, options, seams);
  const auto enter = [&](JobPhase phase) {
    if (options.monitor != nullptr) options.monitor->enter(phase);
  };
  enter(JobPhase::recovering);
  BRAID_TRY(run.recover());
  enter(JobPhase::running);
  run.show_progress(true);
  Status ran = options.follow ? run.follow() : run.run_turns();
  if (ran.ok()) ran = run.store().wait_for_proof();
  BRAID_TRY(run.wait_for_commit());  // which began before whatever else failed
  BRAID_TRY(ran);
  BRAID_TRY(run.store().keep_identity(true));
  run.show_progress(true);
  return run.report();
}

}  // namespace braid
