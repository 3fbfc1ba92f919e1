#include "runtime/engine/group_conversion.h"

#include "runtime/data/type.h"

namespace braid {

bool can_convert(const Program& program, const Operator& op) {
  const auto* group = std::get_if<GroupOperator>(&op.content);
  const bool forgets = group != nullptr && (group->window_key >= 0 || group->retain_us != INT64_MAX);
  if (group == nullptr || group->retracted >= 0 || group->window.gap_us > 0 || forgets) return false;
  return can_convert(group->aggregates, program.operators[static_cast<size_t>(op.inputs[0])].row);
}

Status convert_group(const Program& program, const GroupConversion& conversion, uint32_t into, StateStore& store) {
  const Operator& op = program.operators[static_cast<size_t>(conversion.op)];
  const auto& group = std::get<GroupOperator>(op.content);
  AggregateConverter converter(conversion.aggregates, conversion.numbers, group.aggregates,
                               program.operators[static_cast<size_t>(op.inputs[0])].row);
  const StateFamily of_groups = group.windowed ? StateFamily::timed : StateFamily::point;
  // A table's group has in front: the time of its newest row, how many it has, and whether its row stands.
  const size_t head = group.windowed ? 0 : sizeof(int64_t) + sizeof(int64_t) + sizeof(uint8_t);
  return copy_tables(conversion.from, into, store,
                     [&](StateFamily family, uint32_t table, std::string_view key, std::string_view value,
                         std::vector<StoredPair>& made) -> Status {
                       made.push_back({std::string(key), std::string(value)});
                       if (table != 0 || family != of_groups) return {};
                       if (value.size() < head) return damaged_row();
                       WireReader in(value.substr(head));
                       BRAID_ASSIGN(const std::string states, converter.convert(in));
                       made.back().value = std::string(value.substr(0, head)) + states;
                       return {};
                     });
}

}  // namespace braid
