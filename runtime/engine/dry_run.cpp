#include "runtime/engine/dry_run.h"

#include "runtime/engine/job_inputs.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/engine/turn_feed.h"
#include "runtime/state/memory_store.h"

namespace braid {

Result<JobReport> dry_run(const Program& program, const DryRunOptions& options, const JobSeams& seams,
                          OutputWriter& output) {
  MemoryStore nothing_known;
  JobInputs inputs(seams.fs, program);
  BRAID_ASSIGN(std::unique_ptr<TurnEngine> engine,
               TurnEngine::make(program, output, {.job_seed = 0, .now = seams.clock.now_us()}));
  BRAID_TRY(inputs.open(nothing_known));
  for (const JobInputs::Partition& partition : inputs.partitions())
    engine->add_partition(partition.source, partition.reader->name());

  TurnFeed feed(program, inputs, *engine, seams.executor, 1);
  JobReport report;
  for (size_t source = 0; source < program.sources.size(); ++source) {
    if (!program.sources[source].has_time) BRAID_TRY(feed.load_table(static_cast<int>(source), false));
  }
  while (JobInputs::Partition* partition = inputs.choose(*engine)) {
    if (options.stop_requested && options.stop_requested()) {
      report.drained = true;
      break;
    }
    BRAID_ASSIGN(const ReadTurn* turn, feed.run_next(*partition, options.seal));
    report.turns += turn != nullptr;
    if (turn == nullptr && !options.seal) continue;
    if (options.progress)
      options.progress({.events = engine->records_read(),
                        .turns = report.turns,
                        .watermark = engine->task_watermark(),
                        .newest = engine->newest(),
                        .state = engine->state_size()});
  }
  report.products = product_reports(program, engine->ledgers());
  report.events = engine->records_read();
  report.watermark = engine->task_watermark();
  report.newest = engine->newest();
  report.state = engine->state_size();
  report.deviation = engine->law_deviation();
  report.leaps_discarded = engine->leaps_discarded();
  return report;
}

}  // namespace braid
