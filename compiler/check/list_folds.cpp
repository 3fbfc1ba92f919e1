// Aggregates outside a group fold a list: `count(lines)`. Those that the library has as functions of lists are found by
// their names (`sum`, `avg`, `median`); here are those that other functions make.
#include "compiler/check/expressions.h"

namespace braid::checking {

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
                   "lists have `sum`, `min`, `max`, `avg`, `count`, `any`, `every`, `mode`, `collect_set`, "
                   "`median`, `quantile`, `variance`, `stddev`, `correlation` and `geometric_mean`");
  return poison(call.span);
}

}  // namespace braid::checking
