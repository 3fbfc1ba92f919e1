#include "runtime/engine/job.h"

#include <algorithm>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/engine/job_run.h"

namespace braid {
namespace {

/// Of the memory for state: more that no commit has yet is committed at once, so that what a commit takes is bounded.
constexpr uint64_t kDirtyPart = 6;

}  // namespace

Status JobRun::read_table(int source) {
  const SourceSpec& spec = program_.sources[source];
  // The content first, so that a table that is as before says nothing again.
  uint64_t digest = 0;
  std::vector<JobInputs::Partition*> partitions = inputs_.table_partitions(source);
  for (JobInputs::Partition* partition : partitions) {
    partition->position = {};
    while (true) {
      BRAID_ASSIGN(std::optional<SourceTurn> turn, inputs_.read(*partition));
      if (!turn) break;
      digest = hash_mix(digest, key_hash(turn->bytes));
      inputs_.pass(*partition, *turn);
    }
  }
  auto stored = table_digests_.find(spec.name);
  bool as_before = stored != table_digests_.end() && stored->second == digest;
  if (stored != table_digests_.end() && !as_before)
    warnings_.push_back(diag::StaticTableChanged{.relation = spec.name}.make());
  tables_changed_ |= !as_before;
  table_digests_[spec.name] = digest;
  engine_->forget_table(source);
  BRAID_TRY(feed_->load_table(source, as_before));
  int64_t repeated = 0;
  for (const ProductLedger& product : engine_->ledgers().products())
    for (const ProductLedger::Input& input : product.inputs)
      if (input.relation == static_cast<uint32_t>(source)) repeated = std::max(repeated, input.ledger.duplicate);
  if (repeated > 0) warnings_.push_back(diag::KeysRepeated{.relation = spec.name, .count = repeated}.make());
  return {};
}

Status JobRun::load_tables() {
  const uint64_t before = engine_->state_size().bytes;
  for (size_t source = 0; source < program_.sources.size(); ++source) {
    if (!program_.sources[source].is_static()) continue;
    BRAID_TRY(read_table(static_cast<int>(source)));
    // Reference data is looked up for each row and cannot be evicted.
    const uint64_t taken = engine_->state_size().bytes - before;
    constexpr uint64_t kAlwaysRoom = 1 << 20;  // less than that is not worth a refusal
    if (taken <= std::max(options_.state_memory, kAlwaysRoom)) continue;
    const Diagnostic reason = diag::BudgetExceeded{.operation = program_.sources[source].name,
                                                   .needed = static_cast<int64_t>(taken),
                                                   .limit = static_cast<int64_t>(options_.state_memory)}
                                  .make();
    return Error{ErrorKind::store, reason.message, reason.code, 0};
  }
  // Files that have grown since they ended go on with their own time; time is settled before their first turn.
  bool reopened = false;
  for (JobInputs::Partition& partition : inputs_.partitions()) {
    if (program_.sources[partition.source].is_static() || partition.finished) continue;
    if (!engine_->clock(partition.source, partition.ordinal).ended) continue;
    BRAID_ASSIGN(std::optional<SourceTurn> turn, inputs_.read(partition));
    if (turn) {
      engine_->reopen_partition(partition.source, partition.ordinal);
      reopened = true;
    } else {
      partition.exhausted = true;
    }
  }
  if (!fresh_) {
    for (const JobInputs::Partition& partition : inputs_.partitions())
      reopened |= !partition.known && !program_.sources[partition.source].is_static() && epoch_ > 0;
    if (reopened) engine_->move_time();
  }
  return engine_->health();
}

Status JobRun::step(JobInputs::Partition& partition) {
  const bool seal = (options_.seal && !options_.follow) || partition.finishing;
  if (options_.follow && turns_since_commit_ == 0) begin_epoch();
  BRAID_ASSIGN(const ReadTurn* turn, feed_->run_next(partition, seal));
  if (turn != nullptr) {
    note_turn(partition, *turn);
  } else if (partition.finishing) {
    partition.finished = partition.changed = true;
  } else if (!seal) {
    partition.quiet_since = seams_.clock.steady_us();
    return {};
  }
  BRAID_TRY(engine_->health());
  ++turns_;
  ++turns_since_commit_;
  BRAID_KILL_POINT("after_turn");
  BRAID_TRY(keep_to_budget());
  if (options_.progress) options_.progress(progress_of(*engine_, turns_));
  return {};
}

Status JobRun::keep_to_budget() {
  StateSize state = engine_->state_size();
  // A commit on its way takes memory, too: it may keep none from the rows.
  if (in_flight_ && state.bytes + in_flight_->memory > evict_above_) BRAID_TRY(wait_for_commit());
  bool full = state.bytes > evict_above_;
  if (full || turns_since_commit_ >= options_.commit_every_turns || state.dirty > options_.state_memory / kDirtyPart ||
      commit_is_due())
    BRAID_TRY(commit());
  if (!full) return {};
  // Rows go only if the store has them, so directly behind a commit.
  BRAID_TRY(wait_for_commit());
  BRAID_TRY(engine_->evict(options_.state_memory / 4 * 3));
  // What cannot go, as reference data, must not be tried again at each turn.
  evict_above_ = std::max(options_.state_memory, engine_->state_size().bytes + options_.state_memory / 8);
  return {};
}

Status JobRun::run_turns() {
  JobInputs::Partition* partition = nullptr;
  while ((partition = inputs_.choose(*engine_)) != nullptr && !stops()) {
    BRAID_TRY(take_finished());
    BRAID_TRY(step(*partition));
  }
  return commit_rest();
}

bool JobRun::stops() {
  drained_ = drained_ || (options_.stop_requested && options_.stop_requested());
  return drained_;
}

Status JobRun::take_finished() {
  if (proof_ && proof_->task->done()) BRAID_TRY(wait_for_proof());
  if (in_flight_ && in_flight_->task->done()) BRAID_TRY(wait_for_commit());
  return {};
}

Status JobRun::commit_rest() {
  if (turns_since_commit_ > 0 || tables_changed_ || epoch_ == 0) BRAID_TRY(commit());
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
    report.products.push_back(std::move(line));
  }
  report.events = engine.records_read();
  report.watermark = engine.task_watermark();
  report.newest = engine.newest();
  report.state = engine.state_size();
  report.deviation = engine.law_deviation();
  report.leaps_discarded = engine.leaps_discarded();
  return report;
}

JobReport JobRun::report() const {
  JobReport report = report_of(program_, *engine_);
  report.nothing_new = !fresh_ && turns_ == 0 && !drained_;
  report.drained = drained_;
  report.turns = turns_;
  report.epochs = commits_;
  report.outputs = outputs_.paths();
  if (states_changed_) report.started_empty = states_.misfits;
  report.warnings = warnings_;
  report.warnings.insert(report.warnings.end(), inputs_.warnings().begin(), inputs_.warnings().end());
  return report;
}

Result<JobReport> run_job(const Program& program, const JobOptions& options, const JobSeams& seams) {
  JobRun run(program, options, seams);
  BRAID_TRY(run.recover());
  BRAID_TRY(run.load_tables());
  Status ran = options.follow ? run.follow() : run.run_turns();
  if (ran.ok()) ran = run.wait_for_proof();
  BRAID_TRY(run.wait_for_commit());  // which began before whatever else failed
  BRAID_TRY(ran);
  BRAID_TRY(run.keep_identity(true));
  return run.report();
}

}  // namespace braid
