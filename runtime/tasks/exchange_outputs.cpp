#include "runtime/tasks/exchange_outputs.h"

#include "runtime/base/rng.h"

namespace braid {
namespace {

constexpr size_t kRecordBytes = 64 << 10;

}  // namespace

int32_t partition_of_hash(uint64_t hash, int32_t partitions) {
  // Tables and slices of a task use the bits of the hash itself.
  return static_cast<int32_t>(hash_mix(hash) % static_cast<uint64_t>(partitions));
}

ExchangeOutputs::Output::Output(const Program& stage, const Exchange& to, int from)
    : exchange(to),
      input(from),
      format(stage, stage.operators[static_cast<size_t>(from)].row),
      keys(stage.operators[static_cast<size_t>(from)].row, to.keys,
           to.nulls_match ? KeyFormat::Nulls::group : KeyFormat::Nulls::match_nothing),
      waiting(static_cast<size_t>(to.partitions)) {}

ExchangeOutputs::ExchangeOutputs(const Program& stage, uint32_t front, Transaction& transaction, Clock& clock)
    : front_(front), transaction_(transaction), clock_(clock) {
  outputs_.resize(stage.exchanges.size());
  for (const Operator& op : stage.operators)
    if (const auto* send = std::get_if<SendOperator>(&op.content))
      outputs_[static_cast<size_t>(send->exchange)] =
          std::make_unique<Output>(stage, stage.exchanges[static_cast<size_t>(send->exchange)], op.inputs[0]);
}

void ExchangeOutputs::send(int exchange, const Block& block, bool live) {
  Output& output = *outputs_[static_cast<size_t>(exchange)];
  arena_.reset();
  const KeyBlock keys = output.keys.encode(block, arena_);
  for (uint32_t row = 0; row < block.rows; ++row) {
    const int32_t partition = partition_of_hash(keys.hashes[row], output.exchange.partitions);
    WireWriter& waiting = output.waiting[static_cast<size_t>(partition)];
    if (waiting.bytes().empty()) output.format.begin_rows(front_, waiting);
    const size_t begin = waiting.bytes().size();
    output.format.append(block, row, waiting);
    output.digest.add(std::string_view(reinterpret_cast<const char*>(&partition), sizeof(partition)));
    output.digest.add(std::string_view(waiting.bytes()).substr(begin));
    if (waiting.bytes().size() < kRecordBytes) continue;
    if (live) write(output, partition, waiting.bytes());
    waiting.clear();
  }
  output.rows += block.rows;
  if (live) return;
  for (WireWriter& waiting : output.waiting) waiting.clear();
}

void ExchangeOutputs::collect(std::vector<EpochOutput>& outputs) {
  for (const auto& output : outputs_) {
    if (output->rows == 0) continue;
    outputs.push_back({output->exchange.topic, output->rows, output->digest.value()});
    output->rows = 0;
    output->digest.clear();
  }
}

void ExchangeOutputs::end_epoch(uint64_t epoch, const TurnEngine& engine, ExchangeTimes& times) {
  for (const auto& output : outputs_) {
    for (int32_t partition = 0; partition < output->exchange.partitions; ++partition) {
      WireWriter& waiting = output->waiting[static_cast<size_t>(partition)];
      if (!waiting.bytes().empty()) write(*output, partition, waiting.bytes());
      waiting.clear();
    }
    times.add(output->exchange, {front_, epoch, engine.edge_time(output->input)});
  }
}

void ExchangeOutputs::write(Output& output, int32_t partition, std::string_view value) {
  transaction_.write({.place = {output.exchange.topic, partition},
                      .key = std::nullopt,
                      .value = value,
                      .headers = {},
                      .timestamp_ms = clock_.now_us() / 1000});
}

void ExchangeTimes::add(const Exchange& exchange, const SourceRows::Front& front) {
  Topic& topic = topics_[exchange.topic];
  topic.partitions = exchange.partitions;
  topic.fronts.push_back(front);
}

void ExchangeTimes::write(Transaction& transaction, Clock& clock) const {
  for (const auto& [name, topic] : topics_) {
    const std::string value = ExchangeFormat::times(topic.fronts);
    for (int32_t partition = 0; partition < topic.partitions; ++partition)
      transaction.write({.place = {name, partition},
                         .key = std::nullopt,
                         .value = value,
                         .headers = {},
                         .timestamp_ms = clock.now_us() / 1000});
  }
}

}  // namespace braid
