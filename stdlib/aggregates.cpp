#include <algorithm>

#include "stdlib/aggregate_types.h"
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

Type first_by_second(const std::vector<Type>& arguments) {
  return is_ordered(arguments[1]) ? same_as_first(arguments) : nullptr;
}

Type flag_of(const std::vector<Type>& arguments) {
  return is(arguments[0], TypeKind::boolean) ? bool_type() : nullptr;
}
Type bits_of(const std::vector<Type>& arguments) {
  return is(arguments[0], TypeKind::integer) ? int_type() : nullptr;
}
Type spread_of_all(const std::vector<Type>& arguments) {
  return is_number(arguments[0]) ? float_type() : nullptr;
}
Type spread_of_sample(const std::vector<Type>& arguments) {
  return is_number(arguments[0]) ? optional_type(float_type()) : nullptr;
}
Type of_two_numbers(const std::vector<Type>& arguments) {
  return is_number(arguments[0]) && is_number(arguments[1]) ? optional_type(float_type()) : nullptr;
}

void add_plain(std::vector<AggregateDeclaration>& made) {
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
}

void add_flags_and_bits(std::vector<AggregateDeclaration>& made) {
  made.push_back({.kind = AggregateKind::any,
                  .name = "any",
                  .summary = "Whether the condition holds for a row; false if there is none.",
                  .parameters = {{"condition", "What to ask of each row."}},
                  .result = flag_of,
                  .expects = "a condition that is not null",
                  .has_empty_value = true,
                  .examples = {{"[1, 2, 3]", "any(x > 2)", "true"}, {"[1, 2]", "any(x == 1, where: x > 1)", "false"}}});
  made.push_back(
      {.kind = AggregateKind::every,
       .name = "every",
       .summary = "Whether the condition holds for all rows; true if there is none.",
       .parameters = {{"condition", "What to ask of each row."}},
       .result = flag_of,
       .expects = "a condition that is not null",
       .has_empty_value = true,
       .examples = {{"[1, 2, 3]", "every(x > 2)", "false"}, {"[1, 2]", "every(x > 5, where: x > 5)", "true"}}});
  made.push_back({.kind = AggregateKind::bit_and,
                  .name = "bit_and",
                  .summary = "The bits that all values have. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "Whole numbers."}},
                  .result = bits_of,
                  .expects = "an int",
                  .examples = {{"[6, 12]", "bit_and(x)", "4"}, {"[6, 12]", "bit_and(x, where: x > 20)", "null"}}});
  made.push_back({.kind = AggregateKind::bit_or,
                  .name = "bit_or",
                  .summary = "The bits that some value has. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "Whole numbers."}},
                  .result = bits_of,
                  .expects = "an int",
                  .examples = {{"[6, 12]", "bit_or(x)", "14"}, {"[6, -1]", "bit_or(x)", "-1"}}});
  made.push_back({.kind = AggregateKind::bit_xor,
                  .name = "bit_xor",
                  .summary = "The bits that an odd number of values has. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "Whole numbers."}},
                  .result = bits_of,
                  .expects = "an int",
                  .examples = {{"[6, 12]", "bit_xor(x)", "10"}, {"[6, 6]", "bit_xor(x)", "0"}}});
  made.push_back({.kind = AggregateKind::histogram,
                  .name = "histogram",
                  .summary = "How many values lie below the first bound, from each bound up to the next, and from the "
                             "last one on: one count more than there are bounds.",
                  .parameters = {{"value", "What to count."},
                                 {"bounds", "A list of 1 to 100 ascending values.", AggregateInput::bounds}},
                  .result = [](const std::vector<Type>& arguments) -> Type {
                    const bool text = is(arguments[0], TypeKind::string) || is(arguments[0], TypeKind::bytes);
                    return is_ordered(arguments[0]) && !text ? list_type(int_type()) : nullptr;
                  },
                  .expects = "a number, duration, date, time or timestamp that is not null",
                  .has_empty_value = true,
                  .examples = {{"[5, 10, 15, 30]", "histogram(x, [10, 20])", "[1, 2, 1]"},
                               {"[5]", "histogram(x, [10], where: x > 5)", "[0, 0]"}}});
}

void add_moments(std::vector<AggregateDeclaration>& made) {
  constexpr std::string_view kNumber = "an int, decimal or float";
  constexpr std::string_view kNumbers = "two ints, decimals or floats";
  made.push_back({.kind = AggregateKind::variance,
                  .name = "variance",
                  .summary = "The variance of the values as a sample: the squares of how far they are from their mean, "
                             "added up and divided by one less than there are. Computed exactly and rounded once; null "
                             "below two values, NaN if one is NaN or infinite.",
                  .parameters = {{"value", "Numbers."}},
                  .result = spread_of_sample,
                  .expects = kNumber,
                  .examples = {{"[2, 4, 6]", "variance(x)", "4e0"},
                               {"[1.0, 1.5]", "variance(x)", "0.125e0"},
                               {"[1e9, 1000000001e0, 1000000002e0]", "variance(x)", "1e0"},
                               {"[2]", "variance(x)", "null"}}});
  made.push_back({.kind = AggregateKind::variance_population,
                  .name = "variance_population",
                  .summary = "The variance of the values as a whole population: divided by their number. With `where:` "
                             "null if it keeps no row.",
                  .parameters = {{"value", "Numbers."}},
                  .result = spread_of_all,
                  .expects = kNumber,
                  .examples = {{"[2, 4]", "variance_population(x)", "1e0"}, {"[2]", "variance_population(x)", "0e0"}}});
  made.push_back({.kind = AggregateKind::stddev,
                  .name = "stddev",
                  .summary = "The standard deviation of the values as a sample: the root of `variance`; null below two "
                             "values.",
                  .parameters = {{"value", "Numbers."}},
                  .result = spread_of_sample,
                  .expects = kNumber,
                  .examples = {{"[2, 4, 6]", "stddev(x)", "2e0"}, {"[2e0]", "stddev(x)", "null"}}});
  made.push_back(
      {.kind = AggregateKind::stddev_population,
       .name = "stddev_population",
       .summary = "The standard deviation of the values as a whole population: the root of "
                  "`variance_population`. With `where:` null if it keeps no row.",
       .parameters = {{"value", "Numbers."}},
       .result = spread_of_all,
       .expects = kNumber,
       .examples = {{"[2, 4]", "stddev_population(x)", "1e0"}, {"[2]", "stddev_population(x, where: x > 5)", "null"}}});
  made.push_back({.kind = AggregateKind::covariance,
                  .name = "covariance",
                  .summary = "How two values go together, as a sample: the products of how far they are from their "
                             "means, added up and divided by one less than there are rows; null below two.",
                  .parameters = {{"x", "Numbers."}, {"y", "Numbers."}},
                  .result = of_two_numbers,
                  .expects = kNumbers,
                  .examples = {{"[{ a: 1, b: 2 }, { a: 3, b: 6 }]", "covariance(a, b)", "4e0"},
                               {"[{ a: 1, b: 2 }]", "covariance(a, b)", "null"}}});
  made.push_back({.kind = AggregateKind::covariance_population,
                  .name = "covariance_population",
                  .summary = "`covariance` of a whole population: divided by the number of rows. With `where:` null if "
                             "it keeps no row.",
                  .parameters = {{"x", "Numbers."}, {"y", "Numbers."}},
                  .result =
                      [](const std::vector<Type>& arguments) {
                        return of_two_numbers(arguments) == nullptr ? nullptr : float_type();
                      },
                  .expects = kNumbers,
                  .examples = {{"[{ a: 1, b: 2 }, { a: 3, b: 6 }]", "covariance_population(a, b)", "2e0"},
                               {"[{ a: 1, b: 2 }]", "covariance_population(a, b)", "0e0"}}});
  made.push_back({.kind = AggregateKind::correlation,
                  .name = "correlation",
                  .summary = "The correlation of two values (Pearson), -1 to 1; null below two rows, or where one of "
                             "the values is the same in all.",
                  .parameters = {{"x", "Numbers."}, {"y", "Numbers."}},
                  .result = of_two_numbers,
                  .expects = kNumbers,
                  .examples = {{"[{ a: 1, b: 5 }, { a: 2, b: 3 }, { a: 3, b: 1 }]", "correlation(a, b)", "-1e0"},
                               {"[{ a: 1, b: 5 }, { a: 1, b: 3 }]", "correlation(a, b)", "null"}}});
  made.push_back({.kind = AggregateKind::slope,
                  .name = "slope",
                  .summary =
                      "How much `y` grows with `x`: the slope of the straight line of least squares; null if `x` "
                      "is the same in all rows.",
                  .parameters = {{"y", "What depends."}, {"x", "On what it depends."}},
                  .result = of_two_numbers,
                  .expects = kNumbers,
                  .examples = {{"[{ x: 1, y: 5 }, { x: 3, y: 9 }]", "slope(y, x)", "2e0"},
                               {"[{ x: 1, y: 5 }, { x: 1, y: 9 }]", "slope(y, x)", "null"}}});
  made.push_back({.kind = AggregateKind::intercept,
                  .name = "intercept",
                  .summary =
                      "What `y` is where `x` is 0, on the straight line of least squares; null if `x` is the same "
                      "in all rows.",
                  .parameters = {{"y", "What depends."}, {"x", "On what it depends."}},
                  .result = of_two_numbers,
                  .expects = kNumbers,
                  .examples = {{"[{ x: 1, y: 5 }, { x: 3, y: 9 }]", "intercept(y, x)", "3e0"},
                               {"[{ x: 1, y: 5 }]", "intercept(y, x)", "null"}}});
  made.push_back({.kind = AggregateKind::geometric_mean,
                  .name = "geometric_mean",
                  .summary = "The geometric mean: `e` to the mean of the logarithms. 0 if a value is 0, NaN if one is "
                             "less. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "Numbers."}},
                  .result = spread_of_all,
                  .expects = kNumber,
                  .examples = {{"[1e0, 1e0]", "geometric_mean(x)", "1e0"}, {"[4, 0]", "geometric_mean(x)", "0e0"}}});
}

void add_kept_values(std::vector<AggregateDeclaration>& made) {
  made.push_back({.kind = AggregateKind::median,
                  .name = "median",
                  .summary =
                      "The middle value, or the mean of the two in the middle, with as many digits as `avg` has. "
                      "Exact: the group keeps its different values. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "Numbers or durations."}},
                  .result = [](const std::vector<Type>& arguments) { return average_of(arguments[0]); },
                  .expects = "an int, decimal, float or duration",
                  .fails = true,
                  .examples = {{"[3, 1, 2]", "median(x)", "2.000000"},
                               {"[4e0, 1e0, 2e0, 3e0]", "median(x)", "2.5e0"},
                               {"[1s, 2s]", "median(x)", "1500ms"},
                               {"[1, 2]", "median(x, where: x > 5)", "null"}}});
  made.push_back({.kind = AggregateKind::quantile,
                  .name = "quantile",
                  .summary =
                      "The value below which a share of the values lies, between two of them in proportion, with "
                      "as many digits as `avg` has. Exact: the group keeps its different values. With `where:` "
                      "null if it keeps no row.",
                  .parameters = {{"value", "Numbers or durations."},
                                 {"share", "0.95 for the 95th percentile; to nine digits.", AggregateInput::share}},
                  .result = [](const std::vector<Type>& arguments) { return average_of(arguments[0]); },
                  .expects = "an int, decimal, float or duration",
                  .fails = true,
                  .examples = {{"[10, 20, 30, 40, 50]", "quantile(x, 0.9)", "46.000000"},
                               {"[10e0, 20e0]", "quantile(x, 0.25)", "12.5e0"},
                               {"[10, 20]", "quantile(x, share: 1)", "20.000000"}}});
  made.push_back({.kind = AggregateKind::quantile_disc,
                  .name = "quantile_disc",
                  .summary = "The least value up to which at least a share of the values lies: always one of them. "
                             "Exact: the group keeps its different values. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "What to order."},
                                 {"share", "0.95 for the 95th percentile; to nine digits.", AggregateInput::share}},
                  .result = same_if_sortable,
                  .expects = kSortable,
                  .examples = {{"[10, 20, 30, 40]", "quantile_disc(x, 0.5)", "20"},
                               {R"(["b", "a", "c"])", "quantile_disc(x, 0.9)", R"("c")"},
                               {"[10, 20]", "quantile_disc(x, 0)", "10"}}});
  made.push_back({.kind = AggregateKind::mode,
                  .name = "mode",
                  .summary = "The value that most rows have; of several the least. With `where:` null if it keeps no "
                             "row.",
                  .parameters = {{"value", "What to count."}},
                  .result = same_if_sortable,
                  .expects = kSortable,
                  .examples = {{R"(["b", "a", "a", "b"])", "mode(x)", R"("a")"}, {"[1, 2, 2]", "mode(x)", "2"}}});
  made.push_back({.kind = AggregateKind::value_counts,
                  .name = "value_counts",
                  .summary = "The different values in their order, each with the number of its rows. Fails beyond 16 "
                             "MiB.",
                  .parameters = {{"value", "What to count."}},
                  .result = counts_of,
                  .expects = kSortable,
                  .has_empty_value = true,
                  .fails = true,
                  .examples = {{R"(["b", "a", "b"])", "value_counts(x)",
                                R"([{ value: "a", count: 1 }, { value: "b", count: 2 }])"},
                               {"[1]", "value_counts(x, where: x > 5)", "[]"}}});
  made.push_back(
      {.kind = AggregateKind::top_k,
       .name = "top_k",
       .summary = "The values that most rows have, each with their number, the most frequent first, of "
                  "several the least. Exact: the group keeps its different values.",
       .parameters = {{"value", "What to count."}, {"k", "How many values: 1 to 10,000.", AggregateInput::count}},
       .result = counts_of,
       .expects = kSortable,
       .has_empty_value = true,
       .fails = true,
       .examples = {
           {R"(["b", "a", "b", "c"])", "top_k(x, 2)", R"([{ value: "b", count: 2 }, { value: "a", count: 1 }])"},
           {"[1]", "top_k(x, 3)", "[{ value: 1, count: 1 }]"}}});
  made.push_back({.kind = AggregateKind::collect,
                  .name = "collect",
                  .summary = "All values as a list, by event time, ties by partition and position; or by `by:`. Fails "
                             "beyond 16 MiB.",
                  .parameters = {{"value", "What to collect."}},
                  .takes_by = true,
                  .result = [](const std::vector<Type>& arguments) -> Type {
                    const Type type = same_as_first(arguments);
                    return type == nullptr || is_optional(type) ? nullptr : list_type(type);
                  },
                  .expects = "a value that is not null",
                  .has_empty_value = true,
                  .fails = true,
                  .examples = {{"[3, 1, 3]", "collect(x)", "[3, 1, 3]"},
                               {R"([{ a: 2, b: "x" }, { a: 1, b: "y" }])", "collect(b, by: a)", R"(["y", "x"])"},
                               {"[3, 1]", "collect(x, where: x > 5)", "[]"}}});
  // Collects entries; the checker puts `to_map_last` of the library behind it.
  made.push_back(
      {.kind = AggregateKind::collect,
       .name = "collect_map",
       .summary = "A map of the keys and values of all rows. Of several rows with one key the last one "
                  "counts, by event time, ties by partition and position; or by `by:`. Fails if the rows "
                  "take more than 16 MiB.",
       .parameters = {{"key", "Key of an entry."}, {"value", "Its value."}},
       .takes_by = true,
       .result = [](const std::vector<Type>& arguments) -> Type {
         return is_map_key(arguments[0]) && same_as_first({arguments[1]}) != nullptr
                    ? map_type(arguments[0], arguments[1])
                    : nullptr;
       },
       .expects = "a key and a value",
       .has_empty_value = true,
       .fails = true,
       .examples = {{R"([{ a: "y", b: 1 }, { a: "x", b: 2 }])", "collect_map(a, b)", "{ x: 2, y: 1 }"},
                    {R"([{ a: "x", b: 1 }, { a: "x", b: 2 }])", "collect_map(a, b)", "{ x: 2 }"},
                    {R"([{ a: "x", b: 1 }, { a: "x", b: 2 }])", "collect_map(a, b, by: 0 - b)", "{ x: 1 }"}}});
  made.push_back(
      {.kind = AggregateKind::collect_set,
       .name = "collect_set",
       .summary = "The different values as a list, in their order. Fails beyond 16 MiB.",
       .parameters = {{"value", "What to collect."}},
       .result =
           [](const std::vector<Type>& arguments) {
             const Type type = same_if_sortable(arguments);
             return type == nullptr ? nullptr : list_type(type);
           },
       .expects = kSortable,
       .has_empty_value = true,
       .fails = true,
       .examples = {{"[3, 1, 3]", "collect_set(x)", "[1, 3]"}, {R"(["b", "a"])", "collect_set(x)", R"(["a", "b"])"}}});
  made.push_back({.kind = AggregateKind::string_agg,
                  .name = "string_agg",
                  .summary = "The texts one after the other with a separator between them, by event time, ties by "
                             "partition and position; or by `by:`. With `where:` null if it keeps no row. Fails beyond "
                             "16 MiB.",
                  .parameters = {{"value", "Texts."}, {"separator", "What stands between two.", AggregateInput::text}},
                  .takes_by = true,
                  .result = [](const std::vector<Type>& arguments) -> Type {
                    return is(arguments[0], TypeKind::string) ? string_type() : nullptr;
                  },
                  .expects = "a text that is not null",
                  .fails = true,
                  .examples = {{R"(["b", "a"])", R"(string_agg(x, ", "))", R"("b, a")"},
                               {R"([{ a: 2, b: "x" }, { a: 1, b: "y" }])", R"(string_agg(b, "", by: a))", R"("yx")"}}});
}

}  // namespace

void add_aggregates(FunctionRegistry& registry) {
  std::vector<AggregateDeclaration> made;
  add_plain(made);
  add_flags_and_bits(made);
  add_moments(made);
  add_kept_values(made);
  add_sketches(made);
  for (AggregateDeclaration& aggregate : made) registry.add(std::move(aggregate));
}

}  // namespace braid
