// Aggregates that answer in a few KiB, and the sketches that they go by.
#include "stdlib/aggregate_types.h"

namespace braid {

namespace {

void add_count_sketches(std::vector<AggregateDeclaration>& made) {
  const auto bytes_of_text = [](const std::vector<Type>& arguments) -> Type {
    return is(arguments[0], TypeKind::string) ? bytes_type() : nullptr;
  };
  made.push_back(
      {.kind = AggregateKind::approx_top_k,
       .name = "approx_top_k",
       .summary = "About the values that most rows have, each with about their number, the most frequent first: "
                  "exact up to 1,024 different values. Beyond that a group keeps 1,024 of them, and 64 KiB of "
                  "counters, from which a number is at most 0.13 % of all rows too high, mostly. A value is kept "
                  "by its rows that differ in event time, or in `by:`; one that has a hundredth of them is missed "
                  "once in 28,000 times. The same rows always give the same values. Of several with one number "
                  "the least come first.",
       .parameters = {{"value", "What to count."}, {"k", "How many values: 1 to 10,000.", AggregateInput::count}},
       .takes_by = true,
       .result = counts_of,
       .expects = kSortable,
       .has_empty_value = true,
       .fails = true,
       .over_tables = "`top_k` follows rows that go, and is exact",
       .examples = {
           {R"(["b", "a", "b", "c"])", "approx_top_k(x, 2)", R"([{ value: "b", count: 2 }, { value: "a", count: 1 }])"},
           {"[1]", "approx_top_k(x, 3, where: x > 5)", "[]"}}});
  made.push_back(
      {.kind = AggregateKind::top_k_sketch,
       .name = "top_k_sketch",
       .summary = "What `approx_top_k` reads, as bytes: `merge_top_k_sketch` unites several, `sketch_top_k` "
                  "gives the values. Of texts; `text(x)` makes one of another value. Fails beyond 16 MiB.",
       .parameters = {{"value", "Texts."}},
       .takes_by = true,
       .result = bytes_of_text,
       .expects = "a text that is not null; `text(x)` makes one",
       .has_empty_value = true,
       .fails = true,
       .over_tables = "`top_k` follows rows that go, and is exact",
       .examples = {{R"(["b", "a", "b"])", "top_k_sketch(x).sketch_top_k(1)", R"([{ value: "b", count: 2 }])"},
                    {R"(["b"])", R"(top_k_sketch(x, where: x == "a").sketch_top_k(1))", "[]"}}});
  made.push_back({.kind = AggregateKind::merge_top_k_sketch,
                  .name = "merge_top_k_sketch",
                  .summary = "What `top_k_sketch` of several groups comes to. Fails if the bytes are not from it.",
                  .parameters = {{"sketch", "Bytes that `top_k_sketch` made."}},
                  .result = bytes_of,
                  .expects = "bytes that are not null",
                  .has_empty_value = true,
                  .fails = true,
                  .over_tables = "a sketch cannot forget; keep the sketches in a stream",
                  .examples = {{R"([bytes("\u{1}\u{0}\u{0}")])", "merge_top_k_sketch(x).sketch_top_k(1)", "[]"},
                               {R"([bytes("what")])", "merge_top_k_sketch(x)", "fails"}}});
  made.push_back(
      {.kind = AggregateKind::count_min,
       .name = "count_min",
       .summary = "A count-min sketch as bytes: `count_min_count` says about how often it has seen a value, "
                  "`merge_count_min` unites several. It never says less; it says more by at most 0.13 % of all rows, "
                  "with a probability of 98 %. In 64 KiB, or less of few values. The same values always give the same "
                  "bytes. Null is one of them.",
       .parameters = {{"value", "What to count."}},
       .result =
           [](const std::vector<Type>& arguments) {
             return same_as_first(arguments) == nullptr ? nullptr : bytes_type();
           },
       .expects = "any value",
       .has_empty_value = true,
       .examples = {{R"(["a", "b", "a"])", R"(count_min(x).count_min_count("a"))", "2"},
                    {"[7]", "count_min(x, where: x > 9).count_min_count(7)", "0"}}});
  made.push_back({.kind = AggregateKind::merge_count_min,
                  .name = "merge_count_min",
                  .summary = "What `count_min` of several groups comes to. Fails if the bytes are not from it.",
                  .parameters = {{"sketch", "Bytes that `count_min` made."}},
                  .result = bytes_of,
                  .expects = "bytes that are not null",
                  .has_empty_value = true,
                  .fails = true,
                  .over_tables = "keep the sketches in a stream; `count_min` itself follows rows that go",
                  .examples = {{R"([bytes("\u{1}\u{B}\u{4}")])", "merge_count_min(x).count_min_count(7)", "0"},
                               {R"([bytes("what")])", "merge_count_min(x)", "fails"}}});
}

}  // namespace

void add_sketches(std::vector<AggregateDeclaration>& made) {
  made.push_back(
      {.kind = AggregateKind::approx_distinct,
       .name = "approx_distinct",
       .summary =
           "About how many different values there are, in 12 KiB however many they are (HyperLogLog): the standard "
           "error is 0.81 %, and below a thousand values it is mostly exact. The same values always give the same "
           "number. Null is one of them.",
       .parameters = {{"value", "What to tell apart."}},
       .result = number_of,
       .expects = "any value",
       .has_empty_value = true,
       .over_tables = "`count_distinct` follows rows that go, and is exact",
       .examples = {{R"(["a", "b", "a"])", "approx_distinct(x)", "2"},
                    {"[1]", "approx_distinct(x, where: x > 5)", "0"}}});
  made.push_back(
      {.kind = AggregateKind::hll,
       .name = "hll",
       .summary = "What `approx_distinct` counts with, as bytes: `merge_hll` unites several, `hll_count` says "
                  "how many values they have seen.",
       .parameters = {{"value", "What to tell apart."}},
       .result =
           [](const std::vector<Type>& arguments) {
             return same_as_first(arguments) == nullptr ? nullptr : bytes_type();
           },
       .expects = "any value",
       .has_empty_value = true,
       .over_tables = "`count_distinct` follows rows that go, and is exact",
       .examples = {{"[7, 8, 7]", "hll(x).hll_count()", "2"}, {"[1]", "hll(x, where: x > 5).hll_count()", "0"}}});
  made.push_back({.kind = AggregateKind::merge_hll,
                  .name = "merge_hll",
                  .summary =
                      "What `hll` of several groups comes to: the values that one of them has seen. Fails if the "
                      "bytes are not from `hll`.",
                  .parameters = {{"sketch", "Bytes that `hll` made."}},
                  .result = bytes_of,
                  .expects = "bytes that are not null",
                  .has_empty_value = true,
                  .fails = true,
                  .over_tables = "a sketch cannot forget; keep the sketches in a stream",
                  .examples = {{R"([bytes("\u{1}\u{E}\u{0}")])", "merge_hll(x).hll_count()", "0"},
                               {R"([bytes("what")])", "merge_hll(x)", "fails"}}});
  made.push_back({.kind = AggregateKind::approx_quantile,
                  .name = "approx_quantile",
                  .summary =
                      "About the value below which a share of the values lies, in a few KiB however many they "
                      "are: it differs from one of them by at most 0.79 % (DDSketch). The same values always give "
                      "the same number. With `where:` null if it keeps no row.",
                  .parameters = {{"value", "Numbers or durations."},
                                 {"share", "0.95 for the 95th percentile; to nine digits.", AggregateInput::share}},
                  .result = [](const std::vector<Type>& arguments) -> Type {
                    if (is(arguments[0], TypeKind::duration)) return arguments[0];
                    return is_number(arguments[0]) ? float_type() : nullptr;
                  },
                  .expects = "an int, decimal, float or duration",
                  .examples = {{"[0, 0, 0]", "approx_quantile(x, 0.5)", "0e0"},
                               {"[64e0, 128e0]", "approx_quantile(x, 0.9)", "64.49612403100775e0"}}});
  made.push_back({.kind = AggregateKind::quantile_sketch,
                  .name = "quantile_sketch",
                  .summary = "What `approx_quantile` reads, as bytes: `merge_quantile_sketch` unites several, "
                             "`sketch_quantile` reads any share.",
                  .parameters = {{"value", "Numbers."}},
                  .result = [](const std::vector<Type>& arguments) -> Type {
                    return is_number(arguments[0]) ? bytes_type() : nullptr;
                  },
                  .expects = "an int, decimal or float",
                  .has_empty_value = true,
                  .examples = {{"[0, 0]", "quantile_sketch(x).sketch_quantile(0.5e0)", "0e0"},
                               {"[1]", "quantile_sketch(x, where: x > 5).sketch_quantile(0.5e0)", "null"}}});
  made.push_back({.kind = AggregateKind::merge_quantile_sketch,
                  .name = "merge_quantile_sketch",
                  .summary = "What `quantile_sketch` of several groups comes to. Fails if the bytes are not from it.",
                  .parameters = {{"sketch", "Bytes that `quantile_sketch` made."}},
                  .result = bytes_of,
                  .expects = "bytes that are not null",
                  .has_empty_value = true,
                  .fails = true,
                  .over_tables = "keep the sketches in a stream; `quantile_sketch` itself follows rows that go",
                  .examples = {{R"([bytes("\u{1}\u{6}")])", "merge_quantile_sketch(x).sketch_quantile(0.5e0)", "null"},
                               {R"([bytes("what")])", "merge_quantile_sketch(x)", "fails"}}});
  add_count_sketches(made);
}

}  // namespace braid
