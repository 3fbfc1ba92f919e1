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
  context_.not_yet(call.span, "folding a list with `" + aggregate + "`",
                   "lists have the other aggregates; `min_by` and `max_by` are `arg_min` and `arg_max`, `to_map_last` "
                   "is `collect_map`, and `quantile` is of floats");
  return poison(call.span);
}

}  // namespace braid::checking
