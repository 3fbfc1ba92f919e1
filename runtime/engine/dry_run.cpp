#include "runtime/engine/dry_run.h"

#include <algorithm>

#include "runtime/engine/job_inputs.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/engine/turn_feed.h"
#include "runtime/lookup/lookups.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

constexpr int64_t kPatience = 30'000'000;

bool is_read_from_topic(const SourceSpec& source) {
  return source.binding.kind == "topic";
}

}  // namespace

Result<DryRunReport> dry_run(const Program& program, const DryRunOptions& options, const JobSeams& seams,
                             OutputWriter& output) {
  MemoryStore nothing_known;
  DryRunReport result;
  std::unique_ptr<BrokerReader> reader;
  TopicAccess topics{.broker = seams.broker,
                     .clock = &seams.clock,
                     .bounded = true,
                     .tail = options.tail,
                     .stop_requested = options.stop_requested};
  JobInputs inputs(seams.fs, program, {.complete = options.seal});
  if (std::any_of(program.sources.begin(), program.sources.end(), is_read_from_topic)) {
    auto made = topics.broker->make_reader({.group = options.group});
    if (!made.ok()) return Error(made.error());
    reader = std::move(*made);
    topics.reader = reader.get();
    inputs.read_topics(topics);
  }
  const int64_t now = seams.clock.now_us();
  EngineOptions settings{.job_seed = 0, .now = now};
  std::unique_ptr<Lookups> lookups;
  if (!program.services.empty()) {
    lookups = std::make_unique<Lookups>(program, seams.make_service, seams.clock);
    lookups->set_reading(now);
    lookups->stop_by(options.stop_requested);
    settings.lookups = lookups.get();
  }
  BRAID_ASSIGN(std::unique_ptr<TurnEngine> engine, TurnEngine::make(program, output, settings));
  engine->set_wall(now);
  BRAID_TRY(inputs.open(nothing_known));
  for (const JobInputs::Partition& partition : inputs.partitions())
    engine->add_partition(partition.source, partition.reader->name());

  TurnFeed feed(program, inputs, *engine, seams.executor, 1);
  for (size_t source = 0; source < program.sources.size(); ++source)
    if (program.sources[source].is_static()) BRAID_TRY(feed.load_table(static_cast<int>(source), false));
  BRAID_TRY(engine->health());
  bool drained = false;
  uint64_t turns = 0;
  while (JobInputs::Partition* partition = inputs.choose(*engine)) {
    if (options.stop_requested && options.stop_requested()) {
      drained = true;
      break;
    }
    BRAID_ASSIGN(const ReadTurn* turn, feed.run_next(*partition, options.seal));
    BRAID_TRY(engine->health());
    turns += turn != nullptr;
    if (options.progress) options.progress(progress_of(*engine, turns));
  }
  for (const JobInputs::Partition& partition : inputs.partitions()) {
    const SourceSpec& source = program.sources[static_cast<size_t>(partition.source)];
    if (!is_read_from_topic(source) || source.is_static()) continue;
    const BrokerResult<OffsetRange> range = topics.broker->offsets(place_of(partition.name), kPatience);
    if (!range.ok()) return Error(range.error());
    result.topics.push_back({partition.name, range->begin, partition.begin.position, partition.position.position});
  }
  JobReport& report = result.job = report_of(program, *engine);
  report.drained = drained;
  report.turns = turns;
  report.warnings = inputs.warnings();
  if (lookups != nullptr)
    for (Diagnostic& warning : lookups->take_warnings()) report.warnings.push_back(std::move(warning));
  return result;
}

}  // namespace braid
