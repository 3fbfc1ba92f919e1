#include "runtime/erasure/joined_keys.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

namespace braid {
namespace {

/// A leaf of a source's row.
using Origin = std::pair<int, int>;
using Origins = std::vector<std::optional<Origin>>;

const JoinShape* shape_of(const Operator& op) {
  if (const auto* reference = std::get_if<ReferenceJoinOperator>(&op.content)) return &reference->shape;
  if (const auto* as_of = std::get_if<AsOfJoinOperator>(&op.content)) return &as_of->shape;
  if (const auto* interval = std::get_if<IntervalJoinOperator>(&op.content)) return &interval->shape;
  return nullptr;
}

class Tracer {
 public:
  explicit Tracer(const Program& program) : program_(program) {}

  std::vector<JoinedKeys> trace() {
    for (const Operator& op : program_.operators) {
      origins_.push_back(of(op));
      origins_.back().resize(flatten(op.row).size());
      if (const JoinShape* shape = shape_of(op)) add(op, shape->left_keys, shape->right_keys);
      if (const auto* tables = std::get_if<TableJoinOperator>(&op.content))
        add(op, tables->sides[0].keys, tables->sides[1].keys);
    }
    return std::move(found_);
  }

 private:
  const std::vector<Field>& row(const Operator& op, size_t which = 0) const {
    return program_.operators[static_cast<size_t>(op.inputs[which])].row;
  }
  const Origins& before(const Operator& op, size_t which = 0) const {
    return origins_[static_cast<size_t>(op.inputs[which])];
  }

  Origins of(const Operator& op) const {
    if (const auto* source = std::get_if<SourceOperator>(&op.content)) {
      Origins made;
      const size_t leaves = flatten(program_.sources[static_cast<size_t>(source->source)].row).size();
      for (size_t leaf = 0; leaf < leaves; ++leaf) made.emplace_back(Origin{source->source, static_cast<int>(leaf)});
      return made;
    }
    if (const auto* rows = std::get_if<RowsOperator>(&op.content)) {
      Origins made;
      for (const int leaf : rows->passthrough)
        made.push_back(leaf < 0 ? std::nullopt : before(op)[static_cast<size_t>(leaf)]);
      return made;
    }
    if (const JoinShape* shape = shape_of(op))
      return of_join(op, shape->left_fields, shape->right_fields, shape->left, shape->right);
    if (const auto* tables = std::get_if<TableJoinOperator>(&op.content))
      return of_join(op, tables->sides[0].fields, tables->sides[1].fields, tables->left, tables->right);
    if (const auto* group = std::get_if<GroupOperator>(&op.content)) return of_keys(op, group->keys);
    if (const auto* match = std::get_if<MatchOperator>(&op.content)) return of_keys(op, match->keys);
    if (const auto* top = std::get_if<TopOperator>(&op.content)) return begin_of(op, top->fields);
    if (const auto* running = std::get_if<RunningOperator>(&op.content)) return begin_of(op, running->fields);
    if (const auto* instants = std::get_if<InstantsOperator>(&op.content)) return begin_of(op, instants->fields);
    if (const auto* latest = std::get_if<LatestOperator>(&op.content)) return begin_of(op, latest->fields);
    if (const auto* net = std::get_if<NetOperator>(&op.content)) return begin_of(op, net->fields);
    // Steps whose rows are those before them.
    if (op.inputs.size() == 1 && flatten(row(op)).size() == flatten(op.row).size() && !is_made_anew(op))
      return before(op);
    return {};
  }

  static bool is_made_anew(const Operator& op) {
    return !std::holds_alternative<UniqueOperator>(op.content) && !std::holds_alternative<RetimeOperator>(op.content) &&
           !std::holds_alternative<MovesOperator>(op.content) && !std::holds_alternative<EmitOperator>(op.content) &&
           !std::holds_alternative<InOrderOperator>(op.content);
  }

  /// The first fields of the input are those of the row.
  Origins begin_of(const Operator& op, int fields) const {
    const std::vector<Field>& input = row(op);
    const auto count = static_cast<size_t>(fields);
    const size_t leaves = count < input.size() ? leaf_offset(input, count) : flatten(input).size();
    Origins made = before(op);
    made.resize(leaves);
    return made;
  }
  /// The row begins with the keys.
  Origins of_keys(const Operator& op, const std::vector<int>& keys) const {
    Origins made;
    for (const int key : keys) {
      const size_t first = leaf_offset(row(op), static_cast<size_t>(key));
      const size_t leaves = leaf_count(row(op)[static_cast<size_t>(key)].type);
      for (size_t leaf = first; leaf < first + leaves; ++leaf) made.push_back(before(op)[leaf]);
    }
    return made;
  }
  /// The fields of the left side, and a struct of those of the right one.
  Origins of_join(const Operator& op, int left_fields, int right_fields, bool left, bool right) const {
    if (right) return {};  // all of the left side are optional
    Origins made = begin_of(op, left_fields);
    if (left) made.emplace_back();  // whether there is a right row
    const std::vector<Field>& input = row(op, 1);
    const auto count = static_cast<size_t>(right_fields);
    const size_t leaves = count < input.size() ? leaf_offset(input, count) : flatten(input).size();
    for (size_t leaf = 0; leaf < leaves; ++leaf) made.push_back(before(op, 1)[leaf]);
    return made;
  }

  /// The source's field of which the leaf is the value.
  std::optional<SourceField> field_of(const std::optional<Origin>& origin) const {
    if (!origin) return std::nullopt;
    const SourceSpec& source = program_.sources[static_cast<size_t>(origin->first)];
    for (size_t field = 0; field < source.row.size(); ++field) {
      const size_t last = leaf_offset(source.row, field) + leaf_count(source.row[field].type) - 1;
      if (last == static_cast<size_t>(origin->second)) return SourceField{source.name, source.row[field].name};
    }
    return std::nullopt;
  }
  std::optional<SourceField> key_of(const Operator& op, size_t which, int field) const {
    const std::vector<Field>& input = row(op, which);
    const size_t last =
        leaf_offset(input, static_cast<size_t>(field)) + leaf_count(input[static_cast<size_t>(field)].type) - 1;
    return field_of(before(op, which)[last]);
  }

  void add(const Operator& op, const std::vector<int>& left, const std::vector<int>& right) {
    JoinedKeys keys;
    for (size_t i = 0; i < left.size(); ++i) {
      const std::optional<SourceField> one = key_of(op, 0, left[i]), other = key_of(op, 1, right[i]);
      if (!one || !other || *one == *other) continue;
      keys.one.push_back(*one);
      keys.other.push_back(*other);
    }
    if (!keys.one.empty()) found_.push_back(std::move(keys));
  }

  const Program& program_;
  std::vector<Origins> origins_;  ///< by operator
  std::vector<JoinedKeys> found_;
};

}  // namespace

std::vector<JoinedKeys> joined_keys(const Program& program) {
  return Tracer(program).trace();
}

}  // namespace braid
