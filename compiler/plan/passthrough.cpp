#include "compiler/plan/passthrough.h"

namespace braid::plan {
namespace {

using Leaves = std::vector<int>;  ///< input leaf, or −1: computed

Leaves trace(const typed::ExpressionRef& expression, const std::vector<Leaves>& columns) {
  if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) return columns[column->index];
  if (const auto* read = std::get_if<typed::FieldRead>(&expression->node)) {
    const Leaves base = trace(read->base, columns);
    const size_t offset = leaf_offset(read->base->type->fields, read->index);
    return Leaves(base.begin() + offset, base.begin() + offset + leaf_count(expression->type));
  }
  if (const auto* convert = std::get_if<typed::Convert>(&expression->node)) {
    switch (convert->conversion) {
      case typed::Conversion::unwrap:
      case typed::Conversion::checked_read:
      case typed::Conversion::tried_read: {
        const Leaves inner = trace(convert->operand, columns);
        return Leaves(inner.begin() + 1, inner.end());  // without presence or status
      }
      case typed::Conversion::to_optional: {
        Leaves leaves = trace(convert->operand, columns);
        leaves.insert(leaves.begin(), -1);
        return leaves;
      }
      case typed::Conversion::map_entries:
      case typed::Conversion::entries_map:
        return trace(convert->operand, columns);
      case typed::Conversion::integer_to_decimal:
      case typed::Conversion::widen_decimal:
      case typed::Conversion::narrow_decimal:
        break;
    }
  }
  if (const auto* made = std::get_if<typed::MakeStruct>(&expression->node)) {
    Leaves leaves;
    for (const typed::ExpressionRef& field : made->fields) {
      const Leaves of_field = trace(field, columns);
      leaves.insert(leaves.end(), of_field.begin(), of_field.end());
    }
    return leaves;
  }
  return Leaves(leaf_count(expression->type), -1);
}

}  // namespace

void settle_output(RowProgram& program) {
  std::vector<Leaves> columns;
  int next = 0;
  for (const Field& field : program.input) {
    Leaves& leaves = columns.emplace_back();
    for (size_t i = 0; i < leaf_count(field.type); ++i) leaves.push_back(next++);
  }
  program.output = program.input;
  for (const RowStep& step : program.steps) {
    if (step.kind == RowStep::Kind::keep) continue;
    std::vector<Leaves> made;
    for (const typed::ExpressionRef& column : step.columns) made.push_back(trace(column, columns));
    columns = std::move(made);
    program.output = step.row;
  }
  program.passthrough.clear();
  for (const Leaves& leaves : columns)
    program.passthrough.insert(program.passthrough.end(), leaves.begin(), leaves.end());
}

}  // namespace braid::plan
