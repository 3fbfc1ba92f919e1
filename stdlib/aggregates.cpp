#include <algorithm>

#include "stdlib/registry.h"

namespace braid {

namespace {

constexpr int kMostDigits = 38;
Type sum_of(const Type& type) {
  if (is(type, TypeKind::integer) || is(type, TypeKind::floating) || is(type, TypeKind::duration)) return type;
  return is(type, TypeKind::decimal) ? decimal_type(kMostDigits, type->scale) : nullptr;
}

Type average_of(const Type& type) {
  if (is(type, TypeKind::floating) || is(type, TypeKind::duration)) return type;
  if (!is(type, TypeKind::integer) && !is(type, TypeKind::decimal)) return nullptr;
  return decimal_type(kMostDigits, quotient_scale(type));
}

Type same_if_sortable(const std::vector<Type>& arguments) {
  const Type& type = arguments[0];
  return is_ordered(type) || is(type, TypeKind::boolean) || is(type, TypeKind::enumeration) ? type : nullptr;
}
Type same_as_first(const std::vector<Type>& arguments) {
  return is(arguments[0], TypeKind::null) ? nullptr : arguments[0];
}
Type first_by_second(const std::vector<Type>& arguments) {
  return is_ordered(arguments[1]) ? same_as_first(arguments) : nullptr;
}
Type number_of(const std::vector<Type>& arguments) {
  return same_as_first(arguments) ? int_type() : nullptr;
}

std::vector<AggregateDeclaration> declare_aggregates() {
  std::vector<AggregateDeclaration> made;
  made.push_back({.kind = AggregateKind::count,
                  .name = "count",
                  .summary = "Number of rows.",
                  .parameters = {},
                  .result = [](const std::vector<Type>&) { return int_type(); },
                  .expects = "nothing; `count(where: x is not null)` counts values",
                  .has_empty_value = true,
                  .examples = {{"[1, 2, 3]", "count()", "3"}, {"[1, 2, 3]", "count(where: x > 5)", "0"}}});
  made.push_back({.kind = AggregateKind::sum,
                  .name = "sum",
                  .summary =
                      "The sum. Exact: its value does not depend on the order of the rows, for floats either. 0 if "
                      "`where:` keeps no row. Fails if it does not fit its type once all rows are added.",
                  .parameters = {{"value", "What to add up."}},
                  .result = [](const std::vector<Type>& arguments) { return sum_of(arguments[0]); },
                  .expects = "an int, decimal, float or duration",
                  .has_empty_value = true,
                  .fails = true,
                  .examples = {{"[1, 2, 3]", "sum(x)", "6"},
                               {"[1.50, 2.25]", "sum(x)", "3.75"},
                               {"[1, 2]", "sum(x, where: x > 5)", "0"},
                               {"[9_223_372_036_854_775_807, 1]", "sum(x)", "fails"}}});
  made.push_back({.kind = AggregateKind::minimum,
                  .name = "min",
                  .summary = "The least value; NaN counts as greatest. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "What to compare."}},
                  .result = same_if_sortable,
                  .expects = "a value with an order that is not null",
                  .examples = {{"[2, 1, 3]", "min(x)", "1"}, {"[2, 1]", "min(x, where: x > 5)", "null"}}});
  made.push_back({.kind = AggregateKind::maximum,
                  .name = "max",
                  .summary = "The greatest value; NaN counts as greatest. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "What to compare."}},
                  .result = same_if_sortable,
                  .expects = "a value with an order that is not null",
                  .examples = {{"[2, 1, 3]", "max(x)", "3"}, {"[2, 1]", "max(x, where: x > 5)", "null"}}});
  made.push_back({.kind = AggregateKind::average,
                  .name = "avg",
                  .summary =
                      "The mean: the exact sum divided by the number of rows and rounded once, half-even, to six "
                      "digits more than the value has behind the point, or to as many as its digits before the point "
                      "leave of 38 (floats: to the nearest; durations: to the microsecond). With `where:` null if it "
                      "keeps no row.",
                  .parameters = {{"value", "What to average."}},
                  .result = [](const std::vector<Type>& arguments) { return average_of(arguments[0]); },
                  .expects = "an int, decimal, float or duration",
                  .examples = {{"[1, 2]", "avg(x)", "1.500000"},
                               {"[1.00, 1.00, 2.00]", "avg(x)", "1.33333333"},
                               {"[1, 2]", "avg(x, where: x > 5)", "null"},
                               {"[9_999_999_999_999_999_999_999_999_999_999.9999999, "
                                "9_999_999_999_999_999_999_999_999_999_999.9999998]",
                                "avg(x)", "9_999_999_999_999_999_999_999_999_999_999.9999998"},
                               {"[99_999_999_999_999_999_999_999_999_999_999_999_999]", "avg(x)",
                                "99_999_999_999_999_999_999_999_999_999_999_999_999"}}});
  made.push_back(
      {.kind = AggregateKind::count_distinct,
       .name = "count_distinct",
       .summary = "Number of different values, exactly; null is one of them, as are NaN and 0 whatever its sign.",
       .parameters = {{"value", "What to tell apart."}},
       .result = number_of,
       .expects = "any value",
       .has_empty_value = true,
       .examples = {{R"(["a", "b", "a"])", "count_distinct(x)", "2"},
                    {R"(["a"])", R"(count_distinct(x, where: x == "b"))", "0"}}});
  made.push_back({.kind = AggregateKind::first,
                  .name = "first",
                  .summary =
                      "The value of the earliest row by event time, ties by partition and position; or of the row "
                      "that is least by `by:`. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "What to take."}},
                  .takes_by = true,
                  .result = same_as_first,
                  .expects = "any value",
                  .examples = {{R"([{ a: 2, b: "x" }, { a: 1, b: "y" }])", "first(b)", R"("x")"},
                               {R"([{ a: 2, b: "x" }, { a: 1, b: "y" }])", "first(b, by: a)", R"("y")"}}});
  made.push_back({.kind = AggregateKind::last,
                  .name = "last",
                  .summary =
                      "The value of the latest row by event time, ties by partition and position; or of the row that "
                      "is greatest by `by:`. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "What to take."}},
                  .takes_by = true,
                  .result = same_as_first,
                  .expects = "any value",
                  .examples = {{R"([{ a: 2, b: "x" }, { a: 1, b: "y" }])", "last(b)", R"("y")"},
                               {R"([{ a: 2, b: "x" }, { a: 1, b: "y" }])", "last(b, where: a > 5)", "null"}}});
  made.push_back({.kind = AggregateKind::arg_min,
                  .name = "arg_min",
                  .summary =
                      "The value of the row in which another is least; of the earliest such row if several are. With "
                      "`where:` null if it keeps no row.",
                  .parameters = {{"value", "What to take."}, {"by", "What to compare."}},
                  .result = first_by_second,
                  .expects = "any value, and a value with an order that is not null",
                  .examples = {{R"([{ a: 2, b: "x" }, { a: 1, b: "y" }])", "arg_min(b, a)", R"("y")"},
                               {R"([{ a: 1, b: "x" }, { a: 1, b: "y" }])", "arg_min(b, a)", R"("x")"}}});
  made.push_back({.kind = AggregateKind::arg_max,
                  .name = "arg_max",
                  .summary =
                      "The value of the row in which another is greatest; of the earliest such row if several are. "
                      "With `where:` null if it keeps no row.",
                  .parameters = {{"value", "What to take."}, {"by", "What to compare."}},
                  .result = first_by_second,
                  .expects = "any value, and a value with an order that is not null",
                  .examples = {{R"([{ a: 2, b: "x" }, { a: 1, b: "y" }])", "arg_max(b, a)", R"("x")"},
                               {R"([{ a: 1, b: "x" }, { a: 1, b: "y" }])", "arg_max(b, a)", R"("x")"}}});
  return made;
}

}  // namespace

void add_aggregates(FunctionRegistry& registry) {
  for (AggregateDeclaration& aggregate : declare_aggregates()) registry.add(std::move(aggregate));
}

}  // namespace braid
