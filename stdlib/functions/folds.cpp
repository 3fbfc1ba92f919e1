// Sums and averages of lists: what the aggregates of these names give for a group, for the elements of one row. Exact,
// and judged once at the end, so that the order of the elements cannot show.
#include "runtime/data/decimal.h"
#include "runtime/data/exact_sum.h"
#include "runtime/declare/native.h"

namespace braid {

namespace {

/// Whole numbers of up to 128 bits, added in two halves that do not overflow below 2^63 elements.
struct WideSum {
  int128 high = 0;
  uint128 low = 0;

  void add(int128 value) {
    high += value >> 64;
    low += static_cast<uint64_t>(value);
  }
  bool read(int128* result) const {
    const int128 top = high + static_cast<int128>(low >> 64);
    if (top != static_cast<int64_t>(top)) return false;
    *result = static_cast<int128>(static_cast<uint128>(top) << 64 | static_cast<uint64_t>(low));
    return decimal_fits(*result, kDecimalDigits);
  }
};

bool sum_of_decimals(const AnyList& list, int128* sum) {
  const bool is_wide = *list.layout.text == 'w';
  WideSum wide;
  for (uint64_t i = 0; i < list.count; ++i) wide.add(is_wide ? list.items[i].i128 : list.items[i].i64);
  return wide.read(sum);
}

ExactSum sum_of_floats(const ListOf<double>& list) {
  ExactSum sum;
  exact_sum_clear(&sum);
  for (uint64_t i = 0; i < list.count; ++i) exact_sum_add(&sum, list.items[i].f64);
  return sum;
}

std::string decimals_only(const CallShape& call) {
  const Type& element = call.arguments[0]->element;
  return is(element, TypeKind::decimal) ? "" : "elements of type `" + to_string(element) + "` cannot be added";
}

}  // namespace

static Fallible<int64_t> sum_int(ListOf<int64_t> list) {
  int128 sum = 0;
  for (uint64_t i = 0; i < list.count; ++i) sum += list.items[i].i64;
  if (sum != static_cast<int64_t>(sum)) return overflow();
  return static_cast<int64_t>(sum);
}
BRAID_FUNCTION(folds, sum_int,
               {.name = "sum",
                .summary = "The sum of a list of whole numbers, 0 if it is empty. Fails if it does not fit 64 bits.",
                .parameters = {{"list", "Numbers to add."}},
                .examples = {{"sum([1, 2, 3])", "6"},
                             {"sum([1].skip(1))", "0"},
                             {"sum([9_223_372_036_854_775_807, 1])", "fails"}}})

static double sum_float(ListOf<double> list) {
  const ExactSum sum = sum_of_floats(list);
  return exact_sum_read(&sum);
}
BRAID_FUNCTION(folds, sum_float,
               {.name = "sum",
                .summary = "The exact sum of a list of floats, rounded once; 0 if it is empty.",
                .parameters = {{"list", "Numbers to add."}},
                .examples = {{"sum([1e300, 1e0, -1e300])", "1e0"}, {"sum([1e0].skip(1))", "0e0"}}})

static Fallible<Decimal> sum_decimal(AnyList list, ElementScale element) {
  int128 sum = 0;
  if (!sum_of_decimals(list, &sum)) return overflow();
  return Decimal{sum, element.scale};
}
BRAID_FUNCTION(folds, sum_decimal,
               {.name = "sum",
                .summary = "The sum of a list of decimals, 0 if it is empty. Fails beyond 38 digits.",
                .parameters = {{"list", "Numbers to add."}},
                .result = [](const CallShape& call) { return decimal_type(38, call.arguments[0]->element->scale); },
                .problem = decimals_only,
                .examples = {{"sum([1.50, 2.25])", "3.75"},
                             {"sum([1.50].skip(1))", "0.00"},
                             {"sum([999_999_999_999_999_999_999_999_999_999_999_999.99, 0.01])", "fails"}}})

static std::optional<Decimal> avg_int(ListOf<int64_t> list, ResultScale result) {
  if (list.count == 0) return std::nullopt;
  int128 sum = 0, mean = 0;
  for (uint64_t i = 0; i < list.count; ++i) sum += list.items[i].i64;
  const bool fits = decimal_divide(sum, static_cast<int128>(list.count), result.scale, &mean);
  BRAID_CHECK(fits, "a mean of 64-bit numbers has at most 25 digits");
  return Decimal{mean, result.scale};
}
BRAID_FUNCTION(
    folds, avg_int,
    {.name = "avg",
     .summary = "The mean of a list of whole numbers, rounded half-even to six digits after the point; null if "
                "it is empty.",
     .parameters = {{"list", "Numbers to average."}},
     .result = [](const CallShape&) { return optional_type(decimal_type(38, quotient_scale(int_type()))); },
     .examples = {{"avg([1, 2])", "1.500000"}, {"avg([1].skip(1))", "null"}}})

static std::optional<double> avg_float(ListOf<double> list) {
  if (list.count == 0) return std::nullopt;
  const ExactSum sum = sum_of_floats(list);
  return exact_sum_mean(&sum, list.count);
}
BRAID_FUNCTION(folds, avg_float,
               {.name = "avg",
                .summary = "The exact mean of a list of floats, rounded once; null if it is empty.",
                .parameters = {{"list", "Numbers to average."}},
                .examples = {{"avg([1e0, 2e0])", "1.5e0"}, {"avg([1e0].skip(1))", "null"}}})

/// Never leaves 38 digits: whole parts of each value and what remains of it are added apart, so no sum does either.
static std::optional<Decimal> avg_decimal(AnyList list, ElementScale element, ResultScale result) {
  if (list.count == 0) return std::nullopt;
  const bool is_wide = *list.layout.text == 'w';
  const auto count = static_cast<int128>(list.count);
  int128 mean = 0, rest = 0;
  for (uint64_t i = 0; i < list.count; ++i) {
    const int128 value = is_wide ? list.items[i].i128 : list.items[i].i64;
    mean += value / count;
    rest += value % count;
  }
  mean += rest / count;
  rest %= count;
  if (rest < 0) {
    rest += count;
    mean -= 1;
  }
  const int128 unit = power_of_ten(result.scale - element.scale);
  mean = mean * unit + rest * unit / count;
  rest = rest * unit % count;
  if (2 * rest > count || (2 * rest == count && (mean & 1) != 0)) mean += 1;
  return Decimal{mean, result.scale};
}
BRAID_FUNCTION(
    folds, avg_decimal,
    {.name = "avg",
     .summary = "The mean of a list of decimals, rounded half-even to six digits more after the point, or to as many "
                "as the digits before it leave of 38; null if it is empty.",
     .parameters = {{"list", "Numbers to average."}},
     .result =
         [](const CallShape& call) {
           return optional_type(decimal_type(38, quotient_scale(call.arguments[0]->element)));
         },
     .problem = decimals_only,
     .examples = {{"avg([1.00, 1.00, 2.00])", "1.33333333"},
                  {"avg([1.00].skip(1))", "null"},
                  {"avg([999_999_999_999_999_999_999_999_999_999_999_999.99])",
                   "999_999_999_999_999_999_999_999_999_999_999_999.99"}}})

BRAID_GROUP(folds)

}  // namespace braid
