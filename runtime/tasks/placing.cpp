#include "runtime/tasks/placing.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/operators/instants.h"

namespace braid {
namespace {

using MaybePlacing = std::optional<Placing>;

const JoinShape* keyed_join(const Operator& op) {
  if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content)) return &as_of->shape;
  if (const auto* interval = std::get_if<IntervalJoinOperator>(&op.content)) return &interval->shape;
  return nullptr;
}

/// Of a field; without the one that says whether there is a value, if `bare`.
std::vector<int> leaves_of(const std::vector<Field>& row, int field, bool bare) {
  const Type& type = row[static_cast<size_t>(field)].type;
  const auto first = static_cast<int>(leaf_offset(row, static_cast<size_t>(field)));
  const auto count = static_cast<int>(leaf_count(type));
  std::vector<int> leaves;
  for (int leaf = bare && is_optional(type) ? 1 : 0; leaf < count; ++leaf) leaves.push_back(first + leaf);
  return leaves;
}

std::vector<int> leaves_of(const std::vector<Field>& row, const std::vector<int>& fields, bool bare) {
  std::vector<int> leaves;
  for (const int field : fields)
    for (const int leaf : leaves_of(row, field, bare)) leaves.push_back(leaf);
  return leaves;
}

class Tracer {
 public:
  Tracer(const Program& program, const std::map<int, int32_t>& partitions)
      : program_(program), partitions_(partitions), behind_instants_(behind_instants(program)) {
    result_.placings.resize(program.operators.size());
  }

  Placed trace() {
    for (op_ = 0; op_ < program_.operators.size(); ++op_) {
      const Operator& op = program_.operators[op_];
      result_.levels.push_back(first_level(op));
      result_.placings[op_] = std::visit([&](const auto& content) { return of(op, content); }, op.content);
      check(op);
    }
    for (size_t op = 0; op < program_.operators.size(); ++op)
      if (const auto* port = std::get_if<PortOperator>(&program_.operators[op].content))
        find_port_levels(static_cast<int>(op), *port);
    return std::move(result_);
  }

 private:
  const Operator& input(const Operator& op, size_t which = 0) const { return program_.operators[op.inputs[which]]; }
  const MaybePlacing& placing(const Operator& op, size_t which = 0) const {
    return result_.placings[static_cast<size_t>(op.inputs[which])];
  }

  int level(int op) const { return result_.levels[static_cast<size_t>(op)]; }
  /// Before it is known whether it crosses.
  int first_level(const Operator& op) const {
    if (const auto* source = std::get_if<SourceOperator>(&op.content))
      return program_.sources[static_cast<size_t>(source->source)].is_static() ? kEverywhere : 0;
    int latest = kEverywhere;
    for (const int input : op.inputs) latest = std::max(latest, level(input));
    // What is written is written once.
    const bool writes =
        std::holds_alternative<PublishOperator>(op.content) || std::holds_alternative<AlertOperator>(op.content);
    return writes ? std::max(latest, 0) : latest;
  }
  void check(const Operator& op) {
    const int own = result_.levels[op_];
    const bool mixed =
        std::ranges::any_of(op.inputs, [&](int input) { return level(input) != kEverywhere && level(input) < own; });
    if (mixed && !key_of_step(op, 0)) refuse(fmt::format("`{}` brings together rows of several stages", op.text));
    // It has a clock for each partition of the sources, whose rows are spread over the tasks of a later stage.
    if (own > 0 && std::holds_alternative<RetimeOperator>(op.content))
      refuse(fmt::format("`{}` is behind a step that groups or joins by another key", op.text));
  }
  /// Rows leave by a port in the stage that their step is in. Alerts are of the step that publishes.
  void find_port_levels(int reader, const PortOperator& port) {
    if (port.port == "alerts") return;
    std::set<int> levels;
    for (size_t op = 0; op < program_.operators.size(); ++op) {
      const int own = level(static_cast<int>(op));
      const bool counts = std::ranges::count(program_.operators[op].products, port.product) > 0;
      if (counts && own != kEverywhere && own < level(reader)) levels.insert(own);
    }
    if (!levels.empty()) result_.port_levels[reader] = std::move(levels);
  }
  void refuse(std::string reason) {
    if (result_.reason.empty()) result_.reason = std::move(reason);
  }

  /// The step's input, or both of a join, are placed by its keys from here on.
  Placing cross(const Operator& op) {
    const StepKey key = *key_of_step(op, 0);
    const std::vector<Field>& row = input(op).row;
    const int level = ++result_.levels[op_];
    // Instants of several tasks would come one after the other.
    if (behind_instants_[op_]) refuse(fmt::format("`{}` goes by another key than the rows before it", op.text));
    Placing placing{leaves_of(row, key.fields, !key.nulls_match),
                    fmt::format("{},{}", key.nulls_match ? "group" : "join", level)};
    for (const int field : key.fields) {
      const Type& type = row[static_cast<size_t>(field)].type;
      placing.scheme += "," + to_string(key.nulls_match ? type : without_optional(type));
    }
    return placing;
  }

  MaybePlacing of(const Operator&, const SourceOperator& content) {
    const SourceSpec& source = program_.sources[static_cast<size_t>(content.source)];
    const auto count = partitions_.find(content.source);
    if (source.key.empty() || count == partitions_.end()) return std::nullopt;
    // Keys of changes are written by a connector: as objects, or framed. Those of other topics are other bytes.
    const bool own = source.binding.has_changes() && count->second > 1;
    Placing placing{{}, own ? fmt::format("changes,{}", content.source) : fmt::format("source,{}", count->second)};
    for (const int field : source.key) {
      std::vector<int> leaves = leaves_of(source.row, field, true);
      // Behind its status, where its conversion is left to the step that reads it.
      if (source.row[static_cast<size_t>(field)].type->kind == TypeKind::checked) leaves.erase(leaves.begin());
      placing.leaves.insert(placing.leaves.end(), leaves.begin(), leaves.end());
    }
    return placing;
  }
  MaybePlacing of(const Operator& op, const TickOperator&) {
    refuse(fmt::format("`{}` goes by the time of all partitions", op.text));
    return std::nullopt;
  }
  MaybePlacing of(const Operator& op, const RowsOperator& content) {
    if (!placing(op)) return std::nullopt;
    Placing after{{}, placing(op)->scheme};
    for (const int leaf : placing(op)->leaves) {
      const auto found = std::find(content.passthrough.begin(), content.passthrough.end(), leaf);
      if (found == content.passthrough.end()) return std::nullopt;
      after.leaves.push_back(static_cast<int>(found - content.passthrough.begin()));
    }
    return after;
  }
  MaybePlacing of(const Operator& op, const UnionOperator&) {
    for (size_t i = 1; i < op.inputs.size(); ++i)
      if (placing(op, i) != placing(op)) return std::nullopt;
    return placing(op);
  }
  MaybePlacing behind_join(const Operator& op, const JoinShape& shape, const MaybePlacing& left) {
    const std::vector<Field>& row = input(op).row;
    const auto fields = static_cast<size_t>(shape.left_fields);
    const auto kept = static_cast<int>(fields < row.size() ? leaf_offset(row, fields) : flatten(row).size());
    const bool all = left && std::ranges::all_of(left->leaves, [&](int leaf) { return leaf < kept; });
    return all ? left : std::nullopt;
  }
  MaybePlacing of_join(const Operator& op, const JoinShape& shape) {
    return behind_join(op, shape, fits(op, shape) ? placing(op) : cross(op));
  }
  bool fits(const Operator& op, const JoinShape& shape) const {
    const MaybePlacing &left = placing(op), &right = placing(op, 1);
    if (!left || !right || left->scheme != right->scheme || left->leaves.size() != right->leaves.size()) return false;
    std::vector<std::pair<int, int>> met;
    for (size_t i = 0; i < shape.left_keys.size(); ++i) {
      const std::vector<int> of_left = leaves_of(input(op).row, shape.left_keys[i], true);
      const std::vector<int> of_right = leaves_of(input(op, 1).row, shape.right_keys[i], true);
      for (size_t leaf = 0; leaf < std::min(of_left.size(), of_right.size()); ++leaf)
        met.emplace_back(of_left[leaf], of_right[leaf]);
    }
    for (size_t part = 0; part < left->leaves.size(); ++part)
      if (std::ranges::find(met, std::pair(left->leaves[part], right->leaves[part])) == met.end()) return false;
    return true;
  }
  bool contains(const std::vector<int>& keys, const MaybePlacing& placing) const {
    return placing &&
           std::ranges::all_of(placing->leaves, [&](int leaf) { return std::ranges::find(keys, leaf) != keys.end(); });
  }
  MaybePlacing of(const Operator& op, const ReferenceJoinOperator& content) {
    return behind_join(op, content.shape, placing(op));
  }
  MaybePlacing of(const Operator& op, const AsOfJoinOperator& content) { return of_join(op, content.shape); }
  MaybePlacing of(const Operator& op, const IntervalJoinOperator& content) {
    const MaybePlacing placing = of_join(op, content.shape);
    // Of rows that the right side gives alone the left fields do not say where they are.
    return content.shape.right ? std::nullopt : placing;
  }
  MaybePlacing of(const Operator& op, const GroupOperator& content) { return behind_keys(op, content.keys); }
  MaybePlacing behind_keys(const Operator& op, const std::vector<int>& fields) {
    const std::vector<int> keys = leaves_of(input(op).row, fields, false);
    const Placing before = contains(keys, placing(op)) ? *placing(op) : cross(op);
    // Its row begins with its keys.
    Placing after{{}, before.scheme};
    for (const int leaf : before.leaves)
      after.leaves.push_back(static_cast<int>(std::ranges::find(keys, leaf) - keys.begin()));
    return after;
  }
  MaybePlacing of(const Operator& op, const TopOperator& content) {
    const Placing before =
        contains(leaves_of(input(op).row, content.group.keys, false), placing(op)) ? *placing(op) : cross(op);
    JoinShape kept;
    kept.left_fields = content.fields;
    return behind_join(op, kept, before);
  }
  MaybePlacing of(const Operator& op, const RunningOperator& content) {
    const Placing before =
        contains(leaves_of(input(op).row, content.keys, false), placing(op)) ? *placing(op) : cross(op);
    JoinShape kept;
    kept.left_fields = content.fields;
    return behind_join(op, kept, before);
  }
  MaybePlacing of(const Operator& op, const UniqueOperator& content) {
    return contains(leaves_of(input(op).row, content.fields, false), placing(op)) ? placing(op) : cross(op);
  }
  MaybePlacing of(const Operator& op, const LatestOperator& content) {
    return contains(leaves_of(input(op).row, content.keys, false), placing(op)) ? placing(op) : cross(op);
  }
  MaybePlacing of(const Operator& op, const MovesOperator& content) {
    return contains(leaves_of(input(op).row, content.keys, false), placing(op)) ? placing(op) : cross(op);
  }
  MaybePlacing of(const Operator& op, const MatchOperator& content) { return behind_keys(op, content.keys); }
  MaybePlacing of(const Operator& op, const TableJoinOperator& content) {
    JoinShape shape;
    shape.left_fields = content.sides[0].fields;
    shape.left_keys = content.sides[0].keys;
    shape.right_keys = content.sides[1].keys;
    const MaybePlacing placing = of_join(op, shape);
    return content.right ? std::nullopt : placing;
  }
  MaybePlacing of(const Operator& op, const NetOperator& content) {
    if (contains(leaves_of(input(op).row, content.keys, false), placing(op))) return placing(op);
    // What goes on in a flow goes instant by instant, which several tasks do not do together.
    const bool published = std::ranges::any_of(program_.operators, [&](const Operator& reader) {
      return std::holds_alternative<PublishOperator>(reader.content) &&
             &program_.operators[static_cast<size_t>(reader.inputs.front())] == &op;
    });
    if (!published) refuse(fmt::format("`{}` reads changes whose key several tasks have", op.text));
    return cross(op);
  }
  MaybePlacing of(const Operator& op, const InstantsOperator& content) {
    const bool placed = contains(leaves_of(input(op).row, content.keys, content.pair), placing(op));
    const MaybePlacing before = placed ? placing(op) : cross(op);
    JoinShape kept;
    kept.left_fields = content.fields;
    return behind_join(op, kept, before);
  }
  MaybePlacing of(const Operator& op, const EmitOperator&) { return placing(op); }
  MaybePlacing of(const Operator& op, const UnnestOperator& content) {
    const std::vector<Field>& row = input(op).row;
    const auto kept = static_cast<int>(leaf_offset(row, row.size() - (content.retracted ? 2 : 1)));
    if (!placing(op)) return std::nullopt;
    const bool all = std::ranges::all_of(placing(op)->leaves, [&](int leaf) { return leaf < kept; });
    return all ? placing(op) : std::nullopt;
  }
  MaybePlacing of(const Operator& op, const LookupOperator&) { return placing(op); }
  MaybePlacing of(const Operator& op, const InWindowsOperator&) { return placing(op); }
  MaybePlacing of(const Operator& op, const InOrderOperator&) { return placing(op); }
  MaybePlacing of(const Operator& op, const RetimeOperator&) { return placing(op); }
  MaybePlacing of(const Operator& op, const AlertOperator&) { return placing(op); }
  MaybePlacing of(const Operator& op, const PublishOperator&) { return placing(op); }
  MaybePlacing of(const Operator&, const PortOperator&) { return std::nullopt; }
  MaybePlacing of(const Operator&, const SendOperator&) { return std::nullopt; }

  const Program& program_;
  const std::map<int, int32_t>& partitions_;
  std::vector<bool> behind_instants_;
  size_t op_ = 0;
  Placed result_;
};

}  // namespace

std::optional<StepKey> key_of_step(const Operator& op, size_t which) {
  if (const JoinShape* shape = keyed_join(op)) return StepKey{which == 0 ? shape->left_keys : shape->right_keys, false};
  if (const GroupOperator* group = grouping_of(op)) return StepKey{group->keys};
  if (const auto* tables = std::get_if<TableJoinOperator>(&op.content))
    return StepKey{tables->sides[which].keys, false};
  if (const auto* running = std::get_if<RunningOperator>(&op.content)) return StepKey{running->keys};
  if (const auto* latest = std::get_if<LatestOperator>(&op.content)) return StepKey{latest->keys};
  if (const auto* moves = std::get_if<MovesOperator>(&op.content)) return StepKey{moves->keys};
  if (const auto* instants = std::get_if<InstantsOperator>(&op.content))
    return StepKey{instants->keys, !instants->pair};
  if (const auto* unique = std::get_if<UniqueOperator>(&op.content)) return StepKey{unique->fields};
  if (const auto* net = std::get_if<NetOperator>(&op.content)) return StepKey{net->keys};
  if (const auto* match = std::get_if<MatchOperator>(&op.content)) return StepKey{match->keys};
  return std::nullopt;
}

Placed trace_placing(const Program& program, const std::map<int, int32_t>& partitions) {
  return Tracer(program, partitions).trace();
}

}  // namespace braid
