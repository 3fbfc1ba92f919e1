#include "compiler/typed/expression.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"

namespace braid::typed {
namespace {

using Parts = std::vector<ExpressionRef>;

bool decimal_always_fits(const Expression& operation, const Operation& node) {
  const Type& result = operation.type;
  int whole = result->precision - result->scale;
  int left_scale = node.operands[0]->type->scale, left_whole = node.operands[0]->type->precision - left_scale;
  if (node.operands.size() == 1) return true;
  int right_scale = node.operands[1]->type->scale, right_whole = node.operands[1]->type->precision - right_scale;
  switch (node.op) {
    case Operator::add:
    case Operator::subtract:
      return result->scale >= std::max(left_scale, right_scale) && whole > std::max(left_whole, right_whole);
    case Operator::multiply:
      return result->scale == left_scale + right_scale && whole >= left_whole + right_whole;
    case Operator::divide:
    case Operator::remainder:
      return false;
    case Operator::negate:
    case Operator::equal:
    case Operator::not_equal:
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal:
      return true;
  }
  BRAID_UNREACHABLE("operator");
}

bool operation_can_fail(const Expression& expression, const Operation& node) {
  switch (node.op) {
    case Operator::divide:
    case Operator::remainder:
      return true;
    case Operator::add:
    case Operator::subtract:
    case Operator::multiply:
    case Operator::negate:
      break;
    case Operator::equal:
    case Operator::not_equal:
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal:
      return false;
  }
  switch (expression.type->kind) {
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::time:
    case TypeKind::date:
    case TypeKind::string:  // may become too long
    case TypeKind::bytes:
    case TypeKind::list:
      return true;
    case TypeKind::decimal:
      return !always_fits(expression);
    case TypeKind::floating:
    case TypeKind::boolean:
    case TypeKind::uuid:
    case TypeKind::enumeration:
    case TypeKind::json:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::optional:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      return false;
  }
  BRAID_UNREACHABLE("type kind");
}

/// Texts and lists: what does not stand in a slot itself.
bool holds_views(const Type& type) {
  switch (type->kind) {
    case TypeKind::string:
    case TypeKind::bytes:
    case TypeKind::json:
    case TypeKind::list:
    case TypeKind::map:
      return true;
    case TypeKind::optional:
    case TypeKind::checked:
      return holds_views(type->element);
    case TypeKind::structure:
      return std::any_of(type->fields.begin(), type->fields.end(),
                         [](const Field& field) { return holds_views(field.type); });
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal:
    case TypeKind::uuid:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
    case TypeKind::null:
    case TypeKind::error:
      return false;
  }
  BRAID_UNREACHABLE("type kind");
}

/// Not a type with a mistake in it that has been reported, nor with a null that has no type.
bool has_slots(const Type& type) {
  if (type->kind == TypeKind::error || type->kind == TypeKind::null) return false;
  if (type->element != nullptr && !has_slots(type->element)) return false;
  return std::all_of(type->fields.begin(), type->fields.end(),
                     [](const Field& field) { return has_slots(field.type); });
}

/// A list of larger elements may take more slots than the one it is made of.
bool loop_can_fail(const Expression& expression, const Loop& node) {
  if (counts_work(node) || node.kind == LoopKind::flat_map) return true;
  if (node.kind != LoopKind::map) return false;
  const Type &made = expression.type->element, &from = node.list->type->element;
  return !has_slots(made) || !has_slots(from) || leaf_count(made) > leaf_count(from);
}

/// A node that stands for another one: the same labels are taken off it, and it has the same marks.
ExpressionRef standing_for(const Expression& before, ExpressionRef made) {
  if (before.of_whole_case) made = of_whole_case(made);
  for (const Declassification* each = before.declassified.get(); each != nullptr; each = each->next.get())
    made = declassify(made, *each);
  return made;
}

/// The tree with every node of the kinds that `change` knows replaced by what it gives (null: keep), parts first.
template <class Change>
ExpressionRef rewrite(const ExpressionRef& expression, const Change& change) {
  Parts old_parts = parts(*expression);
  Parts new_parts;
  new_parts.reserve(old_parts.size());
  bool changed = false;
  for (const ExpressionRef& part : old_parts) {
    new_parts.push_back(rewrite(part, change));
    changed = changed || new_parts.back() != part;
  }
  ExpressionRef kept = changed ? with_parts(*expression, std::move(new_parts)) : expression;
  ExpressionRef replaced = change(*kept);
  return replaced ? standing_for(*kept, std::move(replaced)) : kept;
}

void collect_columns(const Expression& expression, std::vector<int>& columns) {
  if (auto* column = std::get_if<ColumnRead>(&expression.node)) columns.push_back(column->index);
  for (const ExpressionRef& part : parts(expression)) collect_columns(*part, columns);
}

void collect_fallible(const Expression& expression, std::vector<const Expression*>& nodes) {
  if (!expression.can_fail) return;
  for (const ExpressionRef& part : parts(expression)) collect_fallible(*part, nodes);
  if (node_can_fail(expression)) nodes.push_back(&expression);
}

bool stands_in(Span inner, Span outer) {
  return inner.file == outer.file && inner.begin >= outer.begin && inner.end <= outer.end;
}

/// The calls around a place, and `call` around them all.
std::shared_ptr<const CallPlace> extended(const std::shared_ptr<const CallPlace>& inner, Span call) {
  if (inner == nullptr) return std::make_shared<CallPlace>(CallPlace{call, nullptr});
  return std::make_shared<CallPlace>(CallPlace{inner->span, extended(inner->within, call)});
}

}  // namespace

std::vector<const Expression*> fallible_nodes(const Expression& expression) {
  std::vector<const Expression*> nodes;
  collect_fallible(expression, nodes);
  return nodes;
}

ExpressionRef called_from(const ExpressionRef& expression, Span body, Span call) {
  if (!expression->can_fail) return expression;  // it never has a reason to give
  Parts own = parts(*expression);
  for (ExpressionRef& part : own) part = called_from(part, body, call);
  ExpressionRef made = with_parts(*expression, std::move(own));
  Span outermost = made->span;
  for (const CallPlace* each = made->span.call.get(); each != nullptr; each = each->within.get())
    outermost = each->span;
  if (!stands_in(outermost, body)) return made;
  return standing_for(*made, make(made->type, Place(made->span, extended(made->span.call, call)), made->node));
}

bool always_fits(const Expression& expression) {
  auto* node = std::get_if<Operation>(&expression.node);
  return node != nullptr && is(expression.type, TypeKind::decimal) && decimal_always_fits(expression, *node);
}

bool node_can_fail(const Expression& expression) {
  return std::visit(Overloaded{
                        [](const FunctionCall& node) { return node.function->fails; },
                        [&](const Operation& node) { return operation_can_fail(expression, node); },
                        [](const Convert& node) {
                          return node.conversion == Conversion::narrow_decimal ||
                                 node.conversion == Conversion::checked_read ||
                                 node.conversion == Conversion::tried_read;
                        },
                        [](const Fail&) { return true; },
                        [](const Index&) { return true; },
                        [](const Concatenate&) { return true; },
                        [&](const Loop& node) { return loop_can_fail(expression, node); },
                        [](const auto&) { return false; },
                    },
                    expression.node);
}

bool counts_work(const Loop& loop) {
  return loop.body->charges;
}

bool node_charges(const Expression& expression) {
  return std::visit(Overloaded{
                        [&](const FunctionCall& node) {
                          return holds_views(expression.type) ||
                                 std::any_of(node.arguments.begin(), node.arguments.end(),
                                             [](const ExpressionRef& argument) { return holds_views(argument->type); });
                        },
                        [&](const Operation&) { return holds_views(expression.type); },
                        [](const MakeList&) { return true; },
                        [](const ListField&) { return true; },
                        [](const Concatenate&) { return true; },
                        [](const Loop&) { return true; },
                        [](const auto&) { return false; },
                    },
                    expression.node);
}

ExpressionRef make(Type type, Place span, decltype(Expression::node) node) {
  auto made = std::make_shared<Expression>();
  made->type = std::move(type);
  made->span = std::move(span);
  made->node = std::move(node);
  const auto* convert = std::get_if<Convert>(&made->node);
  const bool catches = std::holds_alternative<Attempt>(made->node);
  made->reads_checked = convert != nullptr && convert->conversion == Conversion::checked_read;
  made->can_fail = node_can_fail(*made);
  made->charges = node_charges(*made);
  for (const ExpressionRef& part : parts(*made)) {
    made->reads_checked = made->reads_checked || part->reads_checked;
    made->charges = made->charges || part->charges;
    made->can_fail = made->can_fail || (catches ? part->reads_checked : part->can_fail);
  }
  return made;
}

ExpressionRef declassify(const ExpressionRef& expression, Declassification what) {
  for (const Declassification* each = expression->declassified.get(); each != nullptr; each = each->next.get())
    if (each->label == what.label && each->span == what.span) return expression;
  auto made = std::make_shared<Expression>(*expression);
  what.next = expression->declassified;
  made->declassified = std::make_shared<const Declassification>(std::move(what));
  return made;
}

ExpressionRef of_whole_case(const ExpressionRef& test) {
  auto made = std::make_shared<Expression>(*test);
  made->of_whole_case = true;
  return made;
}

ExpressionRef read_field(const ExpressionRef& base, int field, Place span) {
  const Type row = without_optional(base->type);
  const Type type = row->fields[static_cast<size_t>(field)].type;
  if (!is_optional(base->type)) return make(type, span, FieldRead{base, field});
  ExpressionRef read = make(type, span, FieldRead{make(row, span, Convert{Conversion::unwrap, base}), field});
  const Type maybe = is_optional(type) ? type : optional_type(type);
  if (!is_optional(type)) read = make(maybe, span, Convert{Conversion::to_optional, std::move(read)});
  return make(
      maybe, span,
      Choose{make(bool_type(), span, IsNull{base}), make(maybe, span, Constant{Value{Null{}}}), std::move(read)});
}

ExpressionRef read_path(const std::vector<Field>& row, const std::vector<int>& path, Place span) {
  ExpressionRef value = make(row[static_cast<size_t>(path.front())].type, span, ColumnRead{path.front()});
  for (size_t i = 1; i < path.size(); ++i) value = read_field(value, path[i], span);
  return value;
}

Parts parts(const Expression& expression) {
  return std::visit(Overloaded{
                        [](const Constant&) { return Parts{}; },
                        [](const ColumnRead&) { return Parts{}; },
                        [](const LocalRead&) { return Parts{}; },
                        [](const AmbientRead&) { return Parts{}; },
                        [](const Bind& node) { return Parts{node.value, node.body}; },
                        [](const FieldRead& node) { return Parts{node.base}; },
                        [](const FunctionCall& node) { return node.arguments; },
                        [](const Operation& node) { return node.operands; },
                        [](const Convert& node) { return Parts{node.operand}; },
                        [](const Both& node) { return Parts{node.left, node.right}; },
                        [](const Either& node) { return Parts{node.left, node.right}; },
                        [](const Not& node) { return Parts{node.operand}; },
                        [](const Choose& node) { return Parts{node.condition, node.then, node.otherwise}; },
                        [](const IsNull& node) { return Parts{node.operand}; },
                        [](const Coalesce& node) { return Parts{node.left, node.right}; },
                        [](const Attempt& node) { return Parts{node.operand}; },
                        [](const Fail& node) { return Parts{node.message}; },
                        [](const MakeStruct& node) { return node.fields; },
                        [](const MakeList& node) { return node.items; },
                        [](const ListField& node) { return Parts{node.list}; },
                        [](const Index& node) { return Parts{node.list, node.index}; },
                        [](const Concatenate& node) { return node.parts; },
                        [](const Loop& node) {
                          return node.initial == nullptr ? Parts{node.list, node.body}
                                                         : Parts{node.list, node.initial, node.body};
                        },
                    },
                    expression.node);
}

ExpressionRef with_parts(const Expression& expression, Parts p) {
  BRAID_CHECK(p.size() == parts(expression).size());
  using Node = decltype(Expression::node);
  Node node = std::visit(Overloaded{
                             [&](const Constant& n) -> Node { return n; },
                             [&](const ColumnRead& n) -> Node { return n; },
                             [&](const LocalRead& n) -> Node { return n; },
                             [&](const AmbientRead& n) -> Node { return n; },
                             [&](const Bind& n) -> Node { return Bind{n.slot, p[0], p[1]}; },
                             [&](const FieldRead& n) -> Node { return FieldRead{p[0], n.index}; },
                             [&](const FunctionCall& n) -> Node { return FunctionCall{n.function, std::move(p)}; },
                             [&](const Operation& n) -> Node { return Operation{n.op, std::move(p)}; },
                             [&](const Convert& n) -> Node { return Convert{n.conversion, p[0]}; },
                             [&](const Both&) -> Node { return Both{p[0], p[1]}; },
                             [&](const Either&) -> Node { return Either{p[0], p[1]}; },
                             [&](const Not&) -> Node { return Not{p[0]}; },
                             [&](const Choose&) -> Node { return Choose{p[0], p[1], p[2]}; },
                             [&](const IsNull&) -> Node { return IsNull{p[0]}; },
                             [&](const Coalesce&) -> Node { return Coalesce{p[0], p[1]}; },
                             [&](const Attempt& n) -> Node { return Attempt{p[0], n.of_field}; },
                             [&](const Fail&) -> Node { return Fail{p[0]}; },
                             [&](const MakeStruct&) -> Node { return MakeStruct{std::move(p)}; },
                             [&](const MakeList&) -> Node { return MakeList{std::move(p)}; },
                             [&](const ListField& n) -> Node { return ListField{p[0], n.index}; },
                             [&](const Index&) -> Node { return Index{p[0], p[1]}; },
                             [&](const Concatenate&) -> Node { return Concatenate{std::move(p)}; },
                             [&](const Loop& n) -> Node {
                               return Loop{n.kind,  n.element, n.position,
                                           n.state, p.front(), n.initial == nullptr ? nullptr : p[1],
                                           p.back()};
                             },
                         },
                         expression.node);
  return standing_for(expression, make(expression.type, expression.span, std::move(node)));
}

std::vector<int> columns_read(const ExpressionRef& expression) {
  std::vector<int> columns;
  collect_columns(*expression, columns);
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

ExpressionRef remap_columns(const ExpressionRef& expression, const std::vector<int>& new_index) {
  return rewrite(expression, [&](const Expression& node) -> ExpressionRef {
    auto* column = std::get_if<ColumnRead>(&node.node);
    if (column == nullptr) return nullptr;
    int index = new_index.at(static_cast<size_t>(column->index));
    BRAID_CHECK(index >= 0);
    return index == column->index ? nullptr : make(node.type, node.span, ColumnRead{index});
  });
}

ExpressionRef substitute_columns(const ExpressionRef& expression, const Parts& replacements) {
  return rewrite(expression, [&](const Expression& node) -> ExpressionRef {
    auto* column = std::get_if<ColumnRead>(&node.node);
    return column == nullptr ? nullptr : replacements.at(static_cast<size_t>(column->index));
  });
}

int highest_local(const ExpressionRef& expression) {
  int highest = -1;
  if (auto* bind = std::get_if<Bind>(&expression->node)) highest = bind->slot;
  if (auto* local = std::get_if<LocalRead>(&expression->node)) highest = local->slot;
  if (auto* loop = std::get_if<Loop>(&expression->node))
    highest = std::max({loop->element, loop->position, loop->state});
  for (const ExpressionRef& part : parts(*expression)) highest = std::max(highest, highest_local(part));
  return highest;
}

ExpressionRef shift_locals(const ExpressionRef& expression, int by) {
  if (by == 0) return expression;
  return rewrite(expression, [&](const Expression& node) -> ExpressionRef {
    if (auto* bind = std::get_if<Bind>(&node.node))
      return make(node.type, node.span, Bind{bind->slot + by, bind->value, bind->body});
    if (auto* local = std::get_if<LocalRead>(&node.node))
      return make(node.type, node.span, LocalRead{local->slot + by});
    if (auto* loop = std::get_if<Loop>(&node.node))
      return make(node.type, node.span,
                  Loop{loop->kind, loop->element + by, loop->position + by, loop->state < 0 ? -1 : loop->state + by,
                       loop->list, loop->initial, loop->body});
    return nullptr;
  });
}

Value zero_value(const Type& type) {
  switch (type->kind) {
    case TypeKind::boolean:
      return {false};
    case TypeKind::floating:
      return {0.0};
    case TypeKind::decimal:
    case TypeKind::uuid:
      return {int128{0}};
    case TypeKind::string:
    case TypeKind::bytes:
      return {std::string()};
    case TypeKind::json:
      return {std::string("null")};
    case TypeKind::list:
    case TypeKind::map:
      return {std::vector<Value>()};
    case TypeKind::structure: {
      std::vector<Value> fields;
      for (const Field& field : type->fields) fields.push_back(zero_value(field.type));
      return {std::move(fields)};
    }
    case TypeKind::optional:
    case TypeKind::null:
      return {Null{}};
    case TypeKind::integer:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
      return {int64_t{0}};
    case TypeKind::checked:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("a value of a type that no field has");
}

ExpressionRef computed_if(const ExpressionRef& condition, const ExpressionRef& value) {
  const ExpressionRef shifted = shift_locals(value, highest_local(condition) + 1);
  const ExpressionRef nothing = make(value->type, value->span, Constant{zero_value(value->type)});
  return make(value->type, value->span, Choose{condition, shifted, nothing});
}

}  // namespace braid::typed
