#include "runtime/engine/dry_run.h"

#include "runtime/engine/job_inputs.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/engine/turn_feed.h"
#include "runtime/state/memory_store.h"

namespace braid {

Result<JobReport> dry_run(const Program& program, const DryRunOptions& options, const JobSeams& seams,
                          OutputWriter& output) {
  MemoryStore nothing_known;
  JobInputs inputs(seams.fs, program, {.complete = options.seal});
  BRAID_ASSIGN(std::unique_ptr<TurnEngine> engine,
               TurnEngine::make(program, output, {.job_seed = 0, .now = seams.clock.now_us()}));
  BRAID_TRY(inputs.open(nothing_known));
  for (const JobInputs::Partition& partition : inputs.partitions())
    engine->add_partition(partition.source, partition.reader->name());

  TurnFeed feed(program, inputs, *engine, seams.executor, 1);
  for (size_t source = 0; source < program.sources.size(); ++source)
    if (program.sources[source].is_static()) BRAID_TRY(feed.load_table(static_cast<int>(source), false));
  bool drained = false;
  uint64_t turns = 0;
  while (JobInputs::Partition* partition = inputs.choose(*engine)) {
    if (options.stop_requested && options.stop_requested()) {
      drained = true;
      break;
    }
    BRAID_ASSIGN(const ReadTurn* turn, feed.run_next(*partition, options.seal));
    turns += turn != nullptr;
    if (options.progress) options.progress(progress_of(*engine, turns));
  }
  JobReport report = report_of(program, *engine);
  report.drained = drained;
  report.turns = turns;
  report.warnings = inputs.warnings();
  return report;
}

}  // namespace braid
