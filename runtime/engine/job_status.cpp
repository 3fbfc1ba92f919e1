#include "runtime/engine/job_status.h"

namespace braid {

std::vector<JobStatus::Partition> partitions_of(const Program& program, const TurnEngine& engine,
                                                const JobInputs& inputs) {
  std::vector<JobStatus::Partition> partitions;
  for (const JobInputs::Partition& partition : inputs.partitions()) {
    const SourceSpec& spec = program.sources[static_cast<size_t>(partition.source)];
    if (spec.is_static()) continue;
    const int64_t watermark = engine.turn_watermark(partition.source, partition.ordinal);
    const PartitionClock clock =
        spec.is_exchange() ? PartitionClock() : engine.clock(partition.source, partition.ordinal);
    const JobInputs::Lag lag = inputs.lag(partition);
    const std::string* waits_for = partition.reader == nullptr ? nullptr : partition.reader->waits_for();
    partitions.push_back({.source = spec.name,
                          .name = partition.name,
                          .position = partition.position.position,
                          .lag_bytes = lag.bytes,
                          .lag_records = lag.records,
                          .watermark = watermark,
                          .idle = clock.idle,
                          .ended = clock.ended || partition.finished,
                          .waits_for = waits_for == nullptr ? "" : *waits_for});
  }
  return partitions;
}

JobStatus status_of(const Program& program, const TurnEngine& engine, const JobInputs& inputs,
                    const OutputFiles& outputs, StateStore& store) {
  JobStatus status;
  status.report = report_of(program, engine);
  status.report.warnings = inputs.warnings();
  status.store = store.figures();
  status.partitions = partitions_of(program, engine, inputs);
  for (const OutputFiles::Written& output : outputs.written()) {
    const ProductSpec& product = program.products[static_cast<size_t>(output.product)];
    status.outputs.push_back({.product = product.qualified(),
                              .version = product.version,
                              .port = output.port,
                              .path = output.path,
                              .rows = output.rows,
                              .bytes = output.bytes});
  }
  return status;
}

}  // namespace braid
