#include "compiler/lineage/expression_flow.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"

namespace braid::lineage {

using typed::ExpressionRef;

Influences influences_of(const Shape& shape, Influence kind) {
  Influences made;
  const Shape all = flat(shape);
  for (const auto& [origin, ignored] : all.values) made.insert({origin, kind});
  for (const auto& [origin, ignored] : all.conditions) made.insert({origin, kind});
  return made;
}

namespace {

/// A value that only says something about others: it carries no label.
Shape test_of(const Shape& operands) {
  Shape made;
  made.conditions = influences_of(operands, Influence::conditional);
  return made;
}

bool is_test(const Type& type) {
  return is(without_optional(type), TypeKind::boolean);
}

bool compares(typed::Operator op) {
  return op >= typed::Operator::equal;
}

void remove_label(Shape& shape, const std::string& label) {
  shape.labels.erase(label);
  for (Shape& part : shape.parts) remove_label(part, label);
}

bool equal(const Shape& a, const Shape& b) {
  return a.values == b.values && a.conditions == b.conditions && a.labels == b.labels &&
         std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), equal);
}

/// A part of a struct. What stands at the struct holds for it, too.
Shape part_of(const Shape& shape, int index) {
  if (shape.parts.empty()) return raised(shape, Kind::transformation);
  Shape made = shape;
  made.parts.clear();
  Shape part = shape.parts[static_cast<size_t>(index)];
  merge(part, made);
  return part;
}

/// A list with elements of that shape, where they have that type.
Shape list_of(const Shape& element, const Type& type) {
  return is(without_optional(type), TypeKind::list) ? flat(element) : element;
}

}  // namespace

void ExpressionFlow::may_fail(const Shape& shape) {
  if (attempts_ > 0) return;
  for (const auto& [origin, ignored] : influences_of(shape, Influence::conditional)) failures_.insert(origin);
}

void ExpressionFlow::decided_by(Shape& shape, const Shape& condition, const ExpressionRef& chosen) {
  shape.conditions.merge(influences_of(condition, Influence::conditional));
  if (chosen->can_fail) may_fail(condition);
}

Shape ExpressionFlow::of(const ExpressionRef& expression) {
  Shape made = node(*expression);
  for (const auto* each = expression->declassified.get(); each != nullptr; each = each->next.get()) {
    remove_label(made, each->label);
    declassified_.push_back({each->label, each->because, each->span, nullptr});
  }
  if (expression->of_whole_case)
    for (const auto& [origin, ignored] : influences_of(made, Influence::conditional)) whole_cases_.insert(origin);
  const std::vector<Field>* fields = parts_of(expression->type);
  if (!made.parts.empty() && (fields == nullptr || fields->size() != made.parts.size())) made = flat(made);
  return made;
}

Shape ExpressionFlow::bind(const typed::Bind& bind) {
  locals_[bind.slot] = of(bind.value);
  return of(bind.body);
}

Shape ExpressionFlow::loop(const typed::Loop& loop) {
  const Shape list = of(loop.list);
  Shape element = list;
  // A list's own values are not told apart from those of its elements.
  if (is(without_optional(loop.list->type->element), TypeKind::list)) element = flat(list);
  locals_[loop.element] = element;
  locals_[loop.position] = test_of(list);
  Shape body;
  if (loop.kind == typed::LoopKind::fold) {
    Shape state = of(loop.initial);
    for (bool grows = true; grows;) {
      locals_[loop.state] = state;
      body = of(loop.body);
      Shape next = state;
      merge(next, raised(body, Kind::transformation));
      grows = !equal(next, state);
      state = std::move(next);
    }
    decided_by(state, list, loop.body);
    return state;
  }
  body = of(loop.body);
  if (loop.body->can_fail) may_fail(list);
  switch (loop.kind) {
    case typed::LoopKind::map: {
      Shape made = list_of(body, loop.body->type);
      made.conditions.merge(influences_of(list, Influence::conditional));
      return made;
    }
    case typed::LoopKind::flat_map: {
      body.conditions.merge(influences_of(list, Influence::conditional));
      return body;
    }
    case typed::LoopKind::filter:
    case typed::LoopKind::take_while:
    case typed::LoopKind::skip_while:
    case typed::LoopKind::find: {
      Shape made = raised(list, Kind::transformation);
      made.conditions.merge(influences_of(body, Influence::conditional));
      return made;
    }
    case typed::LoopKind::any:
    case typed::LoopKind::all:
    case typed::LoopKind::count:
    case typed::LoopKind::position: {
      Shape made = test_of(list);
      made.conditions.merge(influences_of(body, Influence::conditional));
      return made;
    }
    case typed::LoopKind::fold:
      break;
  }
  BRAID_UNREACHABLE("kind of loop");
}

Shape ExpressionFlow::node(const typed::Expression& expression) {
  auto all_of = [&](const std::vector<ExpressionRef>& parts) {
    Shape made;
    for (const ExpressionRef& part : parts) merge(made, flat(of(part)));
    return made;
  };
  auto computed = [&](const Shape& operands) {
    if (typed::node_can_fail(expression)) may_fail(operands);
    return raised(operands, Kind::transformation);
  };
  return std::visit(Overloaded{
                        [](const typed::Constant&) { return Shape{}; },
                        [&](const typed::ColumnRead& read) { return row_.at(static_cast<size_t>(read.index)); },
                        [&](const typed::LocalRead& read) { return locals_.at(read.slot); },
                        [&](const typed::Bind& node) { return bind(node); },
                        [&](const typed::FieldRead& read) { return part_of(of(read.base), read.index); },
                        [&](const typed::ListField& read) { return flat(part_of(of(read.list), read.index)); },
                        [&](const typed::FunctionCall& call) {
                          const Shape made = computed(all_of(call.arguments));
                          return is_test(expression.type) ? test_of(made) : made;
                        },
                        [&](const typed::Operation& operation) {
                          const Shape made = computed(all_of(operation.operands));
                          return compares(operation.op) && !is_test(operation.operands[0]->type) ? test_of(made) : made;
                        },
                        [&](const typed::Convert& convert) {
                          Shape made = of(convert.operand);
                          switch (convert.conversion) {
                            case typed::Conversion::narrow_decimal:
                              may_fail(made);
                              return made;
                            case typed::Conversion::map_entries:
                            case typed::Conversion::entries_map:
                              return raised(flat(made), Kind::transformation);
                            case typed::Conversion::integer_to_decimal:
                            case typed::Conversion::widen_decimal:
                            case typed::Conversion::to_optional:
                            case typed::Conversion::unwrap:
                            case typed::Conversion::checked_read:
                            case typed::Conversion::tried_read:
                              return made;
                          }
                          BRAID_UNREACHABLE("conversion");
                        },
                        [&](const typed::Both& node) {
                          Shape made = of(node.left);
                          decided_by(made, made, node.right);
                          merge(made, of(node.right));
                          return raised(made, Kind::transformation);
                        },
                        [&](const typed::Either& node) {
                          Shape made = of(node.left);
                          decided_by(made, made, node.right);
                          merge(made, of(node.right));
                          return raised(made, Kind::transformation);
                        },
                        [&](const typed::Not& node) { return raised(of(node.operand), Kind::transformation); },
                        [&](const typed::Choose& node) {
                          const Shape condition = of(node.condition);
                          Shape made = of(node.then);
                          merge(made, of(node.otherwise));
                          decided_by(made, condition, node.then->can_fail ? node.then : node.otherwise);
                          return raised(std::move(made), Kind::transformation);
                        },
                        [&](const typed::IsNull& node) { return test_of(of(node.operand)); },
                        [&](const typed::Coalesce& node) {
                          const Shape left = of(node.left);
                          Shape made = left;
                          merge(made, of(node.right));
                          if (node.right->can_fail) may_fail(left);
                          return raised(std::move(made), Kind::transformation);
                        },
                        [&](const typed::Attempt& node) {
                          ++attempts_;
                          Shape made = of(node.operand);
                          --attempts_;
                          return made;
                        },
                        [&](const typed::Fail& node) {
                          may_fail(of(node.message));
                          return Shape{};
                        },
                        [&](const typed::MakeStruct& node) {
                          Shape made;
                          for (const ExpressionRef& field : node.fields) made.parts.push_back(of(field));
                          return made;
                        },
                        [&](const typed::MakeList& node) {
                          Shape made;
                          for (const ExpressionRef& item : node.items) merge(made, list_of(of(item), item->type));
                          return made;
                        },
                        [&](const typed::Index& node) {
                          Shape made = of(node.list);
                          const Shape index = of(node.index);
                          made.conditions.merge(influences_of(index, Influence::conditional));
                          may_fail(made);
                          return made;
                        },
                        [&](const typed::Concatenate& node) { return computed(all_of(node.parts)); },
                        [&](const typed::Loop& node) {
                          if (typed::node_can_fail(expression)) may_fail(of(node.list));
                          return loop(node);
                        },
                        [&](const typed::AmbientRead& read) {
                          return read.what == typed::Ambient::event_time ? raised(time_, Kind::transformation)
                                                                         : Shape{};
                        },
                    },
                    expression.node);
}

}  // namespace braid::lineage
