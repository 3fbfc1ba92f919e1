#include "runtime/tasks/partitioning.h"

#include <algorithm>
#include <optional>

#include "runtime/base/overloaded.h"

namespace braid {
namespace {

/// The leaves of a row by which its partition was chosen, in the order of the source's key.
using Placing = std::optional<std::vector<int>>;

int leaf_of(const std::vector<Field>& row, int field) {
  return static_cast<int>(leaf_offset(row, static_cast<size_t>(field)));
}

std::vector<int> leaves_of(const std::vector<Field>& row, const std::vector<int>& fields) {
  std::vector<int> leaves;
  for (const int field : fields) leaves.push_back(leaf_of(row, field));
  return leaves;
}

bool contains(const std::vector<int>& keys, const Placing& placing) {
  return placing && std::all_of(placing->begin(), placing->end(),
                                [&](int leaf) { return std::find(keys.begin(), keys.end(), leaf) != keys.end(); });
}

class Placings {
 public:
  explicit Placings(const Program& program) : program_(program), placings_(program.operators.size()) {}

  Partitioning find() {
    for (size_t op = 0; op < program_.operators.size() && result_.by_number; ++op)
      placings_[op] = std::visit([&](const auto& content) { return placing_of(program_.operators[op], content); },
                                 program_.operators[op].content);
    return std::move(result_);
  }

 private:
  const Operator& input(const Operator& op, size_t which = 0) const { return program_.operators[op.inputs[which]]; }
  const Placing& placing(const Operator& op, size_t which = 0) const { return placings_[op.inputs[which]]; }

  /// The step brings together rows of several partitions.
  Placing crosses(const Operator& op) {
    result_.by_number = false;
    result_.reason = op.text;
    return std::nullopt;
  }

  Placing placing_of(const Operator&, const SourceOperator& content) {
    const SourceSpec& source = program_.sources[content.source];
    if (source.key.empty()) return std::nullopt;
    std::vector<int> leaves;
    for (const int field : source.key) {
      const int leaf = leaf_of(source.row, field);
      // Behind its status, where its conversion is left to the step that reads it.
      leaves.push_back(source.row[static_cast<size_t>(field)].type->kind == TypeKind::checked ? leaf + 1 : leaf);
    }
    return leaves;
  }
  Placing placing_of(const Operator& op, const RowsOperator& content) {
    if (!placing(op)) return std::nullopt;
    std::vector<int> leaves;
    for (const int leaf : *placing(op)) {
      const auto found = std::find(content.passthrough.begin(), content.passthrough.end(), leaf);
      if (found == content.passthrough.end()) return std::nullopt;
      leaves.push_back(static_cast<int>(found - content.passthrough.begin()));
    }
    return leaves;
  }
  Placing placing_of(const Operator& op, const UnionOperator&) {
    for (size_t i = 1; i < op.inputs.size(); ++i)
      if (placing(op, i) != placing(op)) return std::nullopt;
    return placing(op);
  }
  Placing of_left(const Operator& op, const JoinShape& shape) {
    const std::vector<Field>& left = input(op).row;
    const int kept = shape.left_fields < static_cast<int>(left.size()) ? leaf_of(left, shape.left_fields)
                                                                       : static_cast<int>(flatten(left).size());
    const Placing& before = placing(op);
    const bool all = before && std::all_of(before->begin(), before->end(), [&](int leaf) { return leaf < kept; });
    return all ? before : std::nullopt;
  }
  Placing joined(const Operator& op, const JoinShape& shape) {
    result_.has_keys = true;
    const Placing &left = placing(op), &right = placing(op, 1);
    if (!left || !right || left->size() != right->size()) return crosses(op);
    const std::vector<int> left_keys = leaves_of(input(op).row, shape.left_keys);
    const std::vector<int> right_keys = leaves_of(input(op, 1).row, shape.right_keys);
    for (size_t part = 0; part < left->size(); ++part) {
      bool met = false;
      for (size_t i = 0; i < left_keys.size(); ++i)
        met |= left_keys[i] == (*left)[part] && right_keys[i] == (*right)[part];
      if (!met) return crosses(op);
    }
    return of_left(op, shape);
  }
  Placing placing_of(const Operator& op, const ReferenceJoinOperator& content) { return of_left(op, content.shape); }
  Placing placing_of(const Operator& op, const AsOfJoinOperator& content) { return joined(op, content.shape); }
  Placing placing_of(const Operator& op, const IntervalJoinOperator& content) { return joined(op, content.shape); }
  Placing placing_of(const Operator& op, const GroupOperator& content) {
    result_.has_keys = true;
    const std::vector<int> keys = leaves_of(input(op).row, content.keys);
    if (!contains(keys, placing(op))) return crosses(op);
    std::vector<int> leaves;
    for (const int leaf : *placing(op)) {
      const auto key = std::find(keys.begin(), keys.end(), leaf) - keys.begin();
      leaves.push_back(leaf_of(op.row, static_cast<int>(key)));
    }
    return leaves;
  }
  Placing placing_of(const Operator& op, const UniqueOperator& content) {
    result_.has_keys = true;
    return contains(leaves_of(input(op).row, content.fields), placing(op)) ? placing(op) : crosses(op);
  }
  Placing placing_of(const Operator& op, const RetimeOperator&) { return placing(op); }
  Placing placing_of(const Operator& op, const AlertOperator&) { return placing(op); }
  Placing placing_of(const Operator& op, const PublishOperator&) { return placing(op); }

  const Program& program_;
  std::vector<Placing> placings_;
  Partitioning result_;
};

}  // namespace

Partitioning partitioning_of(const Program& program) {
  return Placings(program).find();
}

}  // namespace braid
