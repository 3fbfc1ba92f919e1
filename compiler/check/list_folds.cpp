// Aggregates outside a group fold a list: `count(lines)`. Those that the library has as functions of lists are found by
// their names (`sum`, `avg`, `median`); here are those that other functions make.
#include <algorithm>

#include "compiler/check/expressions.h"

namespace braid::checking {

namespace {

/// What the library computes of floats, whatever numbers it is of.
constexpr std::string_view kOfFloats[] = {"variance",
                                          "variance_population",
                                          "stddev",
                                          "stddev_population",
                                          "geometric_mean",
                                          "covariance",
                                          "covariance_population",
                                          "correlation",
                                          "slope",
                                          "intercept",
                                          "approx_quantile",
                                          "quantile_sketch"};

}  // namespace

Expressions::Call Expressions::with_floats(Call call) {
  if (std::find(std::begin(kOfFloats), std::end(kOfFloats), call.function.text) == std::end(kOfFloats)) return call;
  for (Argument& argument : call.arguments) {
    const typed::ExpressionRef list = argument.value;
    if (!is(list->type, TypeKind::list)) continue;
    const Type& element = list->type->element;
    if (!is(element, TypeKind::integer) && !is(element, TypeKind::decimal)) continue;
    const LoopSlots slots = new_loop();
    const ast::Name name{"float", call.function.span};
    const typed::ExpressionRef made = library_call(
        {name,
         {{nullptr, typed::make(element, argument.span, typed::LocalRead{slots.element}), argument.span, nullptr}},
         call.span},
        context_.input.functions.overloads("float"));
    if (is_poison(made)) continue;
    argument.value =
        typed::make(list_type(float_type()), argument.span,
                    typed::Loop{typed::LoopKind::map, slots.element, slots.position, -1, list, nullptr, made});
  }
  return call;
}

typed::ExpressionRef Expressions::fold_of_list(const Call& call) {
  const std::string& aggregate = call.function.text;
  const Argument& list = call.arguments[0];
  auto apply = [&](const char* function, const typed::ExpressionRef& value, size_t more = 0) {
    if (is_poison(value)) return value;
    const ast::Name name{function, call.function.span};
    Call inner{name, {{nullptr, value, list.span, list.written}}, call.span};
    for (size_t i = 1; i <= more; ++i) inner.arguments.push_back(call.arguments[i]);
    for (Argument& argument : inner.arguments) argument.name = nullptr;
    return dispatch(std::move(inner));
  };
  const size_t given = call.arguments.size();
  if (given == 1) {
    if (aggregate == "count") return apply("length", list.value);
    if (aggregate == "count_distinct" || aggregate == "approx_distinct")
      return apply("length", apply("distinct", list.value));
    if (aggregate == "any") return apply("any_true", list.value);
    if (aggregate == "every") return apply("all_true", list.value);
    if (aggregate == "collect") return list.value;
    if (aggregate == "collect_set") return apply("sort", apply("distinct", list.value));
    if (aggregate == "mode") return apply("most_common", apply("sort", list.value));
  }
  if (given == 2 && aggregate == "string_agg") return apply("join", list.value, 1);
  if (given == 2 && aggregate == "approx_top_k") return apply("top_k", list.value, 1);
  const bool lists = given == 2 && is(call.arguments[1].value->type, TypeKind::list);
  if (lists && aggregate == "collect_map")
    return apply("to_map_last", paired(call, {"key", "value"}, list.value, call.arguments[1].value));
  if (lists && (aggregate == "arg_min" || aggregate == "arg_max")) return best_of_lists(call, aggregate == "arg_max");
  std::string expected = aggregate == "string_agg"     ? "a list and what stands between two"
                         : aggregate == "approx_top_k" ? "a list and how many values"
                         : aggregate == "collect_map"  ? "a list of keys and a list of values"
                         : aggregate == "arg_min" || aggregate == "arg_max"
                             ? "a list of values and a list of what they are ordered by"
                             : "a list";
  context_.reporter
      .report(diag::ArgumentCount{.function = aggregate, .expected = expected, .count = static_cast<int64_t>(given)})
      .at(call.span, "of a list `" + aggregate + "` takes " + expected);
  return poison(call.span);
}

/// The elements of two lists side by side, in structs of two fields; fails where one list is longer.
typed::ExpressionRef Expressions::paired(const Call& call, const std::array<const char*, 2>& names,
                                         const typed::ExpressionRef& first, const typed::ExpressionRef& second) {
  const Span span = call.span;
  const int slots[] = {next_slot_++, next_slot_++};
  const LoopSlots loop = new_loop();
  const typed::ExpressionRef lists[] = {first, second};
  auto local = [&](int which) { return typed::make(lists[which]->type, span, typed::LocalRead{slots[which]}); };
  auto length = [&](int which) {
    const ast::Name name{"length", call.function.span};
    return library_call({name, {{nullptr, local(which), span, nullptr}}, span},
                        context_.input.functions.overloads("length"));
  };
  const Type& element = first->type->element;
  const Type pair = struct_type({{names[0], element}, {names[1], second->type->element}});
  const typed::ExpressionRef position = typed::make(int_type(), span, typed::LocalRead{loop.position});
  const typed::ExpressionRef body =
      typed::make(pair, span,
                  typed::MakeStruct{{typed::make(element, span, typed::LocalRead{loop.element}),
                                     typed::make(second->type->element, span, typed::Index{local(1), position})}});
  const Type type = list_type(pair);
  const typed::ExpressionRef pairs = typed::make(
      type, span, typed::Loop{typed::LoopKind::map, loop.element, loop.position, -1, local(0), nullptr, body});
  const typed::ExpressionRef reason =
      typed::make(string_type(), span, typed::Constant{Value{std::string("the lists have different lengths")}});
  const typed::ExpressionRef chosen = typed::make(
      type, span,
      typed::Choose{typed::make(bool_type(), span, typed::Operation{typed::Operator::equal, {length(0), length(1)}}),
                    pairs, typed::make(type, span, typed::Fail{reason})});
  return typed::make(type, span,
                     typed::Bind{slots[0], first, typed::make(type, span, typed::Bind{slots[1], second, chosen})});
}

/// `arg_min(values, by)`: the value that stands where `by` is least, or greatest; of several the first.
typed::ExpressionRef Expressions::best_of_lists(const Call& call, bool greatest) {
  const Span span = call.span;
  const typed::ExpressionRef values = call.arguments[0].value, by = call.arguments[1].value;
  if (!is_ordered(by->type->element)) {
    auto report = context_.reporter.report(
        diag::NotOrdered{.type = type_text(by->type->element), .operation = call.function.text});
    report.at(by->span, "elements without an order");
    label_declaration(report, by);
    return poison(span);
  }
  auto library = [&](const char* function, const typed::ExpressionRef& value) {
    const ast::Name name{function, call.function.span};
    return library_call({name, {{nullptr, value, span, nullptr}}, span}, context_.input.functions.overloads(function));
  };
  const typed::ExpressionRef pairs = paired(call, {"by", "value"}, by, values);
  if (is_poison(pairs)) return pairs;
  // Sorted by what they go by, then as they stood: of the greatest, the first is the last if numbers fall.
  const LoopSlots loop = new_loop();
  const Type& pair = pairs->type->element;
  const Type entry = struct_type({{"by", by->type->element}, {"number", int_type()}, {"value", values->type->element}});
  auto part = [&](int field) {
    return typed::make(pair->fields[static_cast<size_t>(field)].type, span,
                       typed::FieldRead{typed::make(pair, span, typed::LocalRead{loop.element}), field});
  };
  typed::ExpressionRef number = typed::make(int_type(), span, typed::LocalRead{loop.position});
  if (greatest)
    number = typed::make(
        int_type(), span,
        typed::Operation{typed::Operator::subtract, {make_constant(int_type(), span, Value{int64_t{0}}), number}});
  const typed::ExpressionRef made = typed::make(entry, span, typed::MakeStruct{{part(0), number, part(1)}});
  const typed::ExpressionRef entries = typed::make(
      list_type(entry), span, typed::Loop{typed::LoopKind::map, loop.element, loop.position, -1, pairs, nullptr, made});
  const typed::ExpressionRef sorted = library("sort", entries);
  if (is_poison(sorted)) return sorted;
  const typed::ExpressionRef best = library(greatest ? "last" : "first", sorted);
  return is_poison(best) ? best : typed::read_field(best, 2, span);
}

}  // namespace braid::checking
