// What the engine itself stores: clocks of partitions, edges, ledgers and its own counters, under names, so that they
// survive changes of the program that leave the named things alone.
#include <algorithm>

#include "runtime/engine/operator_state.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/lookup/lookups.h"

namespace braid {
namespace {

constexpr std::string_view kEngineKey = "engine";
constexpr uint16_t kEngineLayout = 1;
constexpr uint32_t kEdgeTable = 7;

std::string clock_key(const std::string& source, std::string_view partition) {
  return "clock/" + source + "/" + std::string(partition);
}

std::string fronts_key(const std::string& source) {
  return "fronts/" + source;
}

std::string ledger_key(const ProductSpec& product) {
  return "ledger/" + product.qualified() + "/" + std::to_string(product.version);
}

bool waits_by_wall(const Operator& op) {
  const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content);
  if (const auto* emit = std::get_if<EmitOperator>(&op.content)) return emit->wall;
  return as_of != nullptr && as_of->wait_us;
}

bool goes_by_wall(const Program& program) {
  return std::any_of(program.operators.begin(), program.operators.end(), waits_by_wall) ||
         std::any_of(program.sources.begin(), program.sources.end(),
                     [](const SourceSpec& source) { return source.has_arrival; });
}

Error damaged(std::string_view what) {
  constexpr int kStoreCorrupt = 8002;
  return {ErrorKind::store, "the stored " + std::string(what) + " cannot be read", kStoreCorrupt, 0};
}

}  // namespace

void TurnEngine::collect(StateBatch& batch) {
  freeze(batch);
  copy_frozen(UINT64_MAX);
  take_frozen(batch);
}

bool TurnEngine::copy_frozen(uint64_t bytes) {
  CopyBudget budget(bytes);
  return std::all_of(nodes_.begin(), nodes_.end(),
                     [&](const auto& node) { return !node || node->copy_frozen(budget); });
}

void TurnEngine::take_frozen(StateBatch& batch) {
  for (const auto& node : nodes_)
    if (node) node->take_frozen(batch);
}

void TurnEngine::freeze(StateBatch& batch) {
  WireWriter engine;
  engine.fixed(kEngineLayout);
  engine.fixed(turn_);
  engine.fixed(records_);
  engine.fixed(task_watermark_);
  if (goes_by_wall(program_)) engine.fixed(wall_);
  batch.put(StateFamily::meta, std::string(kEngineKey), engine.take());
  for (size_t source = 0; source < clocks_.size(); ++source) {
    for (size_t partition = 0; partition < clocks_[source].size(); ++partition) {
      WireWriter clock;
      clock.fixed(clocks_[source][partition]);
      batch.put(StateFamily::meta, clock_key(program_.sources[source].name, partition_names_[source][partition]),
                clock.take());
    }
  }
  for (size_t source = 0; source < front_epochs_.size(); ++source) {
    if (front_epochs_[source].empty()) continue;
    WireWriter epochs;
    for (const uint64_t epoch : front_epochs_[source]) epochs.fixed(epoch);
    batch.put(StateFamily::meta, fronts_key(program_.sources[source].name), epochs.take());
  }
  if (lookups_ != nullptr) lookups_->freeze(batch, turn_);
  for (size_t product = 0; product < program_.products.size(); ++product)
    batch.put(StateFamily::meta, ledger_key(program_.products[product]), book_.store(static_cast<int>(product)));
  for (size_t op = 0; op < nodes_.size(); ++op) {
    if (!nodes_[op] || !has_state(program_.operators[op])) continue;
    nodes_[op]->freeze();
    WireWriter edges;
    for (const EdgeWatermark& edge : nodes_[op]->edges) {
      edges.fixed(edge.finite);
      edges.fixed(static_cast<uint8_t>(edge.ended));
    }
    batch.put(StateFamily::point, point_key(state_numbers_[op] * 8 + kEdgeTable, 0, {}), edges.take());
  }
}

void TurnEngine::committed() {
  for (const auto& node : nodes_)
    if (node) node->committed();
}

Status TurnEngine::evict(uint64_t bytes) {
  uint64_t all = state_size().bytes;
  if (all <= bytes) return {};
  for (const auto& node : nodes_)
    if (node) BRAID_TRY(node->evict(share_of(all - bytes, node->state_size().bytes, all)));
  return {};
}

Status TurnEngine::health() const {
  BRAID_TRY(dispositions_.stopped());
  BRAID_TRY(exchanges_health_);
  for (const auto& node : nodes_)
    if (node) BRAID_TRY(node->health());
  return {};
}

Status TurnEngine::restore(StateStore& store, const std::vector<bool>& kept) {
  if (lookups_ != nullptr) BRAID_TRY(lookups_->restore(store));
  std::string bytes;
  BRAID_ASSIGN(bool found, store.get(StateFamily::meta, kEngineKey, &bytes));
  if (!found) return {};
  WireReader engine(bytes);
  if (engine.fixed<uint16_t>() != kEngineLayout) return damaged("engine state");
  turn_ = engine.fixed<uint64_t>();
  records_ = engine.fixed<int64_t>();
  task_watermark_ = engine.fixed<int64_t>();
  if (!engine.at_end()) wall_ = engine.fixed<int64_t>();
  if (engine.failed()) return damaged("engine state");

  for (size_t source = 0; source < clocks_.size(); ++source) {
    const SourceSpec& spec = program_.sources[source];
    for (size_t partition = 0; partition < clocks_[source].size(); ++partition) {
      PartitionClock& clock = clocks_[source][partition];
      BRAID_ASSIGN(bool known,
                   store.get(StateFamily::meta, clock_key(spec.name, partition_names_[source][partition]), &bytes));
      if (!known) {
        clock.floor = task_watermark_;  // found later than the others
        continue;
      }
      WireReader in(bytes);
      clock = in.fixed<PartitionClock>();
      if (in.failed()) return damaged("time of a partition");
      clock.within = spec.within_us;
      clock.ahead = spec.ahead_us;
    }
  }
  for (size_t source = 0; source < front_epochs_.size(); ++source) {
    if (front_epochs_[source].empty()) continue;
    BRAID_ASSIGN(bool known, store.get(StateFamily::meta, fronts_key(program_.sources[source].name), &bytes));
    if (!known) continue;
    WireReader in(bytes);
    for (uint64_t& epoch : front_epochs_[source]) epoch = in.fixed<uint64_t>();
    if (in.failed() || !in.at_end()) return damaged("epochs of another stage");
  }
  for (size_t product = 0; product < program_.products.size(); ++product) {
    BRAID_ASSIGN(bool known, store.get(StateFamily::meta, ledger_key(program_.products[product]), &bytes));
    if (known && !book_.load(static_cast<int>(product), bytes)) return damaged("ledger of a product");
  }
  auto with_state =
      static_cast<uint64_t>(std::count_if(program_.operators.begin(), program_.operators.end(), has_state));
  for (size_t op = 0; op < nodes_.size(); ++op) {
    if (!nodes_[op] || !has_state(program_.operators[op]) || !kept[op]) continue;
    BRAID_ASSIGN(bool known,
                 store.get(StateFamily::point, point_key(state_numbers_[op] * 8 + kEdgeTable, 0, {}), &bytes));
    if (known) {
      WireReader in(bytes);
      for (EdgeWatermark& edge : nodes_[op]->edges) {
        edge.finite = in.fixed<int64_t>();
        edge.ended = in.fixed<uint8_t>() != 0;
      }
      if (in.failed()) return damaged("watermark of a step");
    }
    BRAID_TRY(nodes_[op]->restore(store, state_memory_ / with_state));
  }
  return {};
}

}  // namespace braid
