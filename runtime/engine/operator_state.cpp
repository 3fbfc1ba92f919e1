#include "runtime/engine/operator_state.h"

#include <map>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

constexpr std::string_view kPrefix = "operator/";
constexpr std::string_view kNextKey = "next_operator";

struct StoredState {
  uint32_t number = 0;
  uint64_t schema = 0;
  std::string label;
  std::string key;
};

std::string key_of(uint64_t identity) {
  return std::string(kPrefix) + fmt::format("{:016x}", identity);
}

/// The schema, and what the rows of a group that is known by its name do not show: which aggregates there are, of what,
/// and which of them share a set of values.
uint64_t schema_of(const Program& program, const Operator& op) {
  uint64_t schema = op.state.schema;
  // The buckets of an interval join are an eighth of its interval.
  constexpr uint64_t kEighths = 8;
  if (std::holds_alternative<IntervalJoinOperator>(op.content)) return hash_mix(schema, kEighths);
  const auto* group = std::get_if<GroupOperator>(&op.content);
  const auto* running = std::get_if<RunningOperator>(&op.content);
  if (group == nullptr && running == nullptr) return schema;
  const std::vector<Field>& row = program.operators[op.inputs[0]].row;
  auto add_type = [&](int field) { schema = hash_mix(schema, field < 0 ? 0 : key_hash(to_string(row[field].type))); };
  for (const AggregateSpec& aggregate : group != nullptr ? group->aggregates : running->aggregates) {
    schema = hash_mix(schema, static_cast<uint64_t>(aggregate.kind));
    schema = hash_mix(schema, static_cast<uint64_t>(aggregate.same_argument));
    add_type(aggregate.argument);
    add_type(aggregate.by);
    // Of the other constants states know nothing.
    if (aggregate.kind == AggregateKind::histogram)
      schema = hash_mix(schema, key_hash(to_literal(list_type(row[aggregate.argument].type), aggregate.constant)));
  }
  return schema;
}

/// Empty: it goes on, or begins with the job.
std::string misfit_of(StateFit::Kind kind, bool fresh) {
  switch (kind) {
    case StateFit::Kind::changed:
      return " (changed)";
    case StateFit::Kind::added:
      return fresh ? "" : " (new)";
    case StateFit::Kind::gone:
      return " (gone)";
    case StateFit::Kind::kept:
      break;
  }
  return "";
}

}  // namespace

bool has_state(const Operator& op) {
  if (const auto* net = std::get_if<NetOperator>(&op.content)) return net->keeps;
  return std::holds_alternative<TickOperator>(op.content) || std::holds_alternative<AsOfJoinOperator>(op.content) ||
         std::holds_alternative<IntervalJoinOperator>(op.content) || grouping_of(op) != nullptr ||
         std::holds_alternative<RunningOperator>(op.content) || std::holds_alternative<LatestOperator>(op.content) ||
         std::holds_alternative<MovesOperator>(op.content) || std::holds_alternative<TableJoinOperator>(op.content) ||
         std::holds_alternative<EmitOperator>(op.content) || std::holds_alternative<InstantsOperator>(op.content) ||
         std::holds_alternative<InWindowsOperator>(op.content) || std::holds_alternative<InOrderOperator>(op.content) ||
         std::holds_alternative<RetimeOperator>(op.content) || std::holds_alternative<UniqueOperator>(op.content) ||
         std::holds_alternative<MatchOperator>(op.content);
}

Result<OperatorStates> match_states(const Program& program, StateStore& store, bool fresh) {
  OperatorStates states;
  std::map<std::string, StoredState> stored;
  BRAID_TRY(store.scan(StateFamily::meta, kPrefix, [&](std::string_view key, std::string_view value) -> Status {
    WireReader in(value);
    StoredState state;
    state.number = in.fixed<uint32_t>();
    state.schema = in.fixed<uint64_t>();
    state.label = in.text();
    state.key = key;
    if (in.failed()) return Error{ErrorKind::store, "the stored list of steps cannot be read", 8002, 0};
    stored[state.key] = state;
    return {};
  }));
  std::string next;
  BRAID_ASSIGN(bool found, store.get(StateFamily::meta, kNextKey, &next));
  if (found) states.next_number = WireReader(next).fixed<uint32_t>();
  for (const Operator& op : program.operators) {
    states.numbers.push_back(0);
    states.kept.push_back(false);
    if (!has_state(op)) continue;
    auto known = stored.find(key_of(op.state.identity));
    if (known != stored.end() && known->second.schema == schema_of(program, op)) {
      states.numbers.back() = known->second.number;
      states.kept.back() = true;
      states.fits.push_back({StateFit::Kind::kept, op.state.label});
      stored.erase(known);
      continue;
    }
    states.numbers.back() = states.next_number++;
    if (known != stored.end()) {
      states.fits.push_back({StateFit::Kind::changed, op.state.label});
      states.dropped.push_back(known->second.number);
      stored.erase(known);
    } else {
      states.fits.push_back({StateFit::Kind::added, op.state.label});
    }
  }
  for (const auto& [key, state] : stored) {
    states.fits.push_back({StateFit::Kind::gone, state.label});
    states.dropped.push_back(state.number);
  }
  for (const StateFit& each : states.fits)
    if (const std::string misfit = misfit_of(each.kind, fresh); !misfit.empty())
      states.misfits.push_back(each.label + misfit);
  return states;
}

Status collect_states(const Program& program, const OperatorStates& states, StateStore& store, StateBatch& batch) {
  for (uint32_t number : states.dropped)
    for (uint32_t table = 0; table < 8; ++table)
      for (StateFamily family : {StateFamily::point, StateFamily::timed})
        BRAID_TRY(store.scan(family, table_prefix(number * 8 + table), [&](std::string_view key, std::string_view) {
          batch.erase(family, std::string(key));
          return Status();
        }));
  BRAID_TRY(store.scan(StateFamily::meta, kPrefix, [&](std::string_view key, std::string_view) {
    batch.erase(StateFamily::meta, std::string(key));
    return Status();
  }));
  for (size_t op = 0; op < program.operators.size(); ++op) {
    if (states.numbers[op] == 0) continue;
    const StateIdentity& identity = program.operators[op].state;
    WireWriter out;
    out.fixed(states.numbers[op]);
    out.fixed(schema_of(program, program.operators[op]));
    out.text(identity.label);
    batch.put(StateFamily::meta, key_of(identity.identity), out.take());
  }
  WireWriter next;
  next.fixed(states.next_number);
  batch.put(StateFamily::meta, std::string(kNextKey), next.take());
  return {};
}

}  // namespace braid
