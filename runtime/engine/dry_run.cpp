#include "runtime/engine/dry_run.h"

#include "runtime/engine/job_inputs.h"
#include "runtime/engine/turn_engine.h"
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

  JobReport report;
  for (size_t source = 0; source < program.sources.size(); ++source) {
    if (program.sources[source].has_time) continue;
    for (JobInputs::Partition* partition : inputs.table_partitions(static_cast<int>(source))) {
      while (true) {
        BRAID_ASSIGN(std::optional<SourceTurn> turn, inputs.next(*partition));
        if (!turn) break;
        engine->load_table(turn_input(*turn), *partition->decoder, static_cast<int>(source), partition->ordinal, false);
        inputs.pass(*partition, *turn);
      }
    }
  }
  while (JobInputs::Partition* partition = inputs.choose(*engine)) {
    if (options.stop_requested && options.stop_requested()) {
      report.drained = true;
      break;
    }
    BRAID_ASSIGN(std::optional<SourceTurn> turn, inputs.next(*partition));
    if (turn) {
      engine->run_turn(turn_input(*turn), *partition->decoder, partition->source, partition->ordinal, false);
      inputs.pass(*partition, *turn);
      ++report.turns;
    } else {
      partition->exhausted = true;
      if (!options.seal) continue;
      engine->end_partition(partition->source, partition->ordinal);
      engine->move_time();
    }
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
