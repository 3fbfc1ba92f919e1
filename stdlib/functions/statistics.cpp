// Statistics of lists: what lies in the middle, how far it spreads, how two lists go together. Sums are exact and
// rounded once (exact_sum.h); NaN gives NaN. Of an empty list there is null.
#include <cmath>

#include "runtime/data/exact_sum.h"
#include "runtime/declare/native.h"

namespace braid {

namespace {

/// The numbers in order, NaN last.
double* in_order(CallContext& context, const ListOf<double>& list) {
  auto* const values = reinterpret_cast<double*>(allocate(context, list.count * sizeof(double)));
  for (uint64_t i = 0; i < list.count; ++i) values[i] = list.items[i].f64;
  std::sort(values, values + list.count, [](double a, double b) { return layout::order(a, b) < 0; });
  return values;
}

template <class Value>
double sum_of(uint64_t count, Value value) {
  ExactSum sum;
  exact_sum_clear(&sum);
  for (uint64_t i = 0; i < count; ++i) exact_sum_add(&sum, value(i));
  return exact_sum_read(&sum);
}

double mean_of(const ListOf<double>& list) {
  if (list.count == 0) return 0;
  ExactSum sum;
  exact_sum_clear(&sum);
  for (uint64_t i = 0; i < list.count; ++i) exact_sum_add(&sum, list.items[i].f64);
  return exact_sum_mean(&sum, list.count);
}

/// Σ (x - mean of x) · (y - mean of y).
double comoment(const ListOf<double>& a, const ListOf<double>& b) {
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  return sum_of(a.count, [&](uint64_t i) { return (a.items[i].f64 - mean_a) * (b.items[i].f64 - mean_b); });
}

/// Divided by the root of a product that may be too large or too small.
double over_root(double value, double a, double b) {
  const double product = a * b;
  return std::isnormal(product) ? value / std::sqrt(product) : value / std::sqrt(a) / std::sqrt(b);
}

/// Between neighbours in proportion.
double at_share(const double* values, uint64_t count, double share) {
  const double place = share * static_cast<double>(count - 1);
  const auto below = static_cast<uint64_t>(place);
  const double low = values[below], high = values[below + 1 < count ? below + 1 : below];
  const double part = place - static_cast<double>(below);
  return part == 0 || low == high ? low : low + (high - low) * part;
}

}  // namespace

static std::optional<double> list_median(CallContext& context, ListOf<double> list) {
  if (list.count == 0) return std::nullopt;
  const double* const values = in_order(context, list);
  const uint64_t half = list.count / 2;
  if (std::isnan(values[list.count - 1])) return values[list.count - 1];
  return list.count % 2 != 0 ? values[half] : values[half - 1] / 2 + values[half] / 2;
}
BRAID_FUNCTION(
    statistics, list_median,
    {.name = "median",
     .summary = "The middle of a list of floats, or halfway between the two in the middle; null if it is empty.",
     .parameters = {{"list", "Numbers."}},
     .examples = {{"median([3e0, 1e0, 2e0])", "2e0"},
                  {"median([4e0, 1e0, 2e0, 3e0])", "2.5e0"},
                  {"median([1e0].skip(1))", "null"}}})

static Fallible<std::optional<double>> list_quantile(CallContext& context, ListOf<double> list, double share) {
  if (!(share >= 0 && share <= 1)) return fails(context, "a share is 0 to 1");
  if (list.count == 0) return std::optional<double>();
  const double* const values = in_order(context, list);
  if (std::isnan(values[list.count - 1])) return std::optional<double>(values[list.count - 1]);
  return std::optional<double>(at_share(values, list.count, share));
}
BRAID_FUNCTION(
    statistics, list_quantile,
    {.name = "quantile",
     .summary = "The number below which a share of a list of floats lies, between two of them in proportion; null "
                "if it is empty. Fails unless the share is 0 to 1.",
     .parameters = {{"list", "Numbers."}, {"share", "0.95e0 for the 95th percentile."}},
     .examples = {{"quantile([10e0, 20e0, 30e0, 40e0, 50e0], 0.9e0)", "46e0"},
                  {"quantile([1e0].skip(1), 0.5e0)", "null"},
                  {"quantile([1e0], 95e0)", "fails"}}})

static std::optional<double> list_variance(ListOf<double> list) {
  if (list.count < 2) return std::nullopt;
  return comoment(list, list) / static_cast<double>(list.count - 1);
}
BRAID_FUNCTION(
    statistics, list_variance,
    {.name = "variance",
     .summary = "The variance of a list of floats as a sample (divided by one less than there are); null below "
                "two.",
     .parameters = {{"list", "Numbers."}},
     .examples = {{"variance([2e0, 4e0, 6e0])", "4e0"}, {"variance([2e0])", "null"}}})

static std::optional<double> list_stddev(ListOf<double> list) {
  const std::optional<double> variance = list_variance(list);
  if (!variance) return std::nullopt;
  return std::sqrt(*variance);
}
BRAID_FUNCTION(statistics, list_stddev,
               {.name = "stddev",
                .summary = "The standard deviation of a list of floats as a sample; null below two.",
                .parameters = {{"list", "Numbers."}},
                .examples = {{"stddev([2e0, 4e0, 6e0])", "2e0"}, {"stddev([2e0])", "null"}}})

static std::optional<double> list_variance_population(ListOf<double> list) {
  if (list.count == 0) return std::nullopt;
  return comoment(list, list) / static_cast<double>(list.count);
}
BRAID_FUNCTION(
    statistics, list_variance_population,
    {.name = "variance_population",
     .summary = "The variance of a list of floats as a whole population (divided by their number); null if it is "
                "empty.",
     .parameters = {{"list", "Numbers."}},
     .examples = {{"variance_population([2e0, 4e0])", "1e0"}, {"variance_population([1e0].skip(1))", "null"}}})

static std::optional<double> list_stddev_population(ListOf<double> list) {
  const std::optional<double> variance = list_variance_population(list);
  if (!variance) return std::nullopt;
  return std::sqrt(*variance);
}
BRAID_FUNCTION(statistics, list_stddev_population,
               {.name = "stddev_population",
                .summary = "The standard deviation of a list of floats as a whole population; null if it is empty.",
                .parameters = {{"list", "Numbers."}},
                .examples = {{"stddev_population([2e0, 4e0])", "1e0"}, {"stddev_population([1e0].skip(1))", "null"}}})

static std::optional<AnyValue> list_mode(CallContext& context, AnyList list) {
  if (list.count == 0) return std::nullopt;
  auto** const places = reinterpret_cast<const Slot**>(allocate(context, list.count * sizeof(Slot*)));
  for (uint64_t i = 0; i < list.count; ++i) places[i] = list.at(i);
  std::sort(places, places + list.count, [&](const Slot* a, const Slot* b) {
    const int order = list.layout.compare(a, b);
    return order != 0 ? order < 0 : a < b;
  });
  uint64_t most = 0;
  const Slot* chosen = nullptr;
  for (uint64_t i = 0; i < list.count;) {
    uint64_t end = i + 1;
    while (end < list.count && list.layout.compare(places[i], places[end]) == 0) ++end;
    if (end - i > most || (end - i == most && places[i] < chosen)) {
      most = end - i;
      chosen = places[i];
    }
    i = end;
  }
  return AnyValue{chosen, list.layout};
}
BRAID_FUNCTION(
    statistics, list_mode,
    {.name = "most_common",
     .summary = "The element that a list has most often, of several the one that stands first; null if it is "
                "empty.",
     .parameters = {{"list", "List to search."}},
     .examples = {{R"(most_common(["b", "a", "a", "b"]))", R"("b")"},
                  {"most_common([1, 2, 2])", "2"},
                  {"most_common([1].skip(1))", "null"}}})

static double list_product(ListOf<double> list) {
  double product = 1;
  for (uint64_t i = 0; i < list.count; ++i) product *= list.items[i].f64;
  return product;
}
BRAID_FUNCTION(statistics, list_product,
               {.name = "product",
                .summary = "The product of a list of floats, from the first to the last; 1 if it is empty.",
                .parameters = {{"list", "Numbers."}},
                .examples = {{"product([2e0, 3e0, 4e0])", "24e0"}, {"product([1e0].skip(1))", "1e0"}}})

static Fallible<std::optional<double>> geometric_mean(CallContext& context, ListOf<double> list) {
  for (uint64_t i = 0; i < list.count; ++i)
    if (list.items[i].f64 <= 0) return fails(context, "a geometric mean is of positive numbers");
  if (list.count == 0) return std::optional<double>();
  const double sum = sum_of(list.count, [&](uint64_t i) { return std::log(list.items[i].f64); });
  return std::optional<double>(std::exp(sum / static_cast<double>(list.count)));
}
BRAID_FUNCTION(statistics, geometric_mean,
               {.summary = "The geometric mean of a list of floats; null if it is empty. Fails for zero and below.",
                .parameters = {{"list", "Numbers."}},
                .examples = {{"round(geometric_mean([2e0, 8e0]) ?? 0e0, 9)", "4e0"},
                             {"geometric_mean([1e0].skip(1))", "null"},
                             {"geometric_mean([0e0])", "fails"}}})

static Fallible<std::optional<double>> correlation(CallContext& context, ListOf<double> a, ListOf<double> b) {
  if (a.count != b.count) return fails(context, "the lists are not of one length");
  const double spread_a = comoment(a, a), spread_b = comoment(b, b);
  if (a.count < 2 || spread_a == 0 || spread_b == 0) return std::optional<double>();
  const double made = over_root(comoment(a, b), spread_a, spread_b);
  return std::optional<double>(made > 1 ? 1 : made < -1 ? -1 : made);
}
BRAID_FUNCTION(
    statistics, correlation,
    {.summary = "The correlation of two lists of floats (Pearson), -1 to 1; null below two pairs, and if one of "
                "them does not vary. Fails unless they are of one length.",
     .parameters = {{"a", "One list."}, {"b", "The other."}},
     .examples = {{"correlation([1e0, 2e0, 3e0], [2e0, 4e0, 6e0])", "1e0"},
                  {"correlation([1e0, 1e0], [2e0, 4e0])", "null"},
                  {"correlation([1e0], [2e0, 4e0])", "fails"}}})

static Fallible<std::optional<double>> covariance(CallContext& context, ListOf<double> a, ListOf<double> b) {
  if (a.count != b.count) return fails(context, "the lists are not of one length");
  if (a.count < 2) return std::optional<double>();
  return std::optional<double>(comoment(a, b) / static_cast<double>(a.count - 1));
}
BRAID_FUNCTION(
    statistics, covariance,
    {.summary = "How two lists of floats go together, as a sample; null below two pairs. Fails unless they are of one "
                "length.",
     .parameters = {{"a", "One list."}, {"b", "The other."}},
     .examples = {{"covariance([1e0, 3e0], [2e0, 6e0])", "4e0"},
                  {"covariance([1e0], [2e0])", "null"},
                  {"covariance([1e0], [2e0, 4e0])", "fails"}}})

static Fallible<std::optional<double>> covariance_population(CallContext& context, ListOf<double> a, ListOf<double> b) {
  if (a.count != b.count) return fails(context, "the lists are not of one length");
  if (a.count == 0) return std::optional<double>();
  return std::optional<double>(comoment(a, b) / static_cast<double>(a.count));
}
BRAID_FUNCTION(
    statistics, covariance_population,
    {.summary = "How two lists of floats go together, as a whole population; null if they are empty. Fails unless "
                "they are of one length.",
     .parameters = {{"a", "One list."}, {"b", "The other."}},
     .examples = {{"covariance_population([1e0, 3e0], [2e0, 6e0])", "2e0"},
                  {"covariance_population([1e0].skip(1), [1e0].skip(1))", "null"},
                  {"covariance_population([1e0], [2e0, 4e0])", "fails"}}})

/// Of the straight line of least squares; null if `x` does not vary.
static std::optional<double> slope_of(const ListOf<double>& y, const ListOf<double>& x) {
  const double spread = comoment(x, x);
  if (x.count < 2 || spread == 0) return std::nullopt;
  return comoment(x, y) / spread;
}

static Fallible<std::optional<double>> slope(CallContext& context, ListOf<double> y, ListOf<double> x) {
  if (x.count != y.count) return fails(context, "the lists are not of one length");
  return slope_of(y, x);
}
BRAID_FUNCTION(
    statistics, slope,
    {.summary = "How much one list of floats grows with another: the slope of the straight line of least squares; "
                "null if the other does not vary. Fails unless they are of one length.",
     .parameters = {{"y", "What depends."}, {"x", "On what it depends."}},
     .examples = {{"slope([5e0, 9e0], [1e0, 3e0])", "2e0"},
                  {"slope([5e0, 9e0], [1e0, 1e0])", "null"},
                  {"slope([5e0], [1e0, 1e0])", "fails"}}})

static Fallible<std::optional<double>> intercept(CallContext& context, ListOf<double> y, ListOf<double> x) {
  if (x.count != y.count) return fails(context, "the lists are not of one length");
  const std::optional<double> slope = slope_of(y, x);
  if (!slope) return std::optional<double>();
  return std::optional<double>(mean_of(y) - *slope * mean_of(x));
}
BRAID_FUNCTION(
    statistics, intercept,
    {.summary = "What one list of floats is where another is 0, on the straight line of least squares; null if the "
                "other does not vary. Fails unless they are of one length.",
     .parameters = {{"y", "What depends."}, {"x", "On what it depends."}},
     .examples = {{"intercept([5e0, 9e0], [1e0, 3e0])", "3e0"},
                  {"intercept([5e0], [1e0])", "null"},
                  {"intercept([5e0], [1e0, 1e0])", "fails"}}})

static Fallible<double> dot_product(CallContext& context, ListOf<double> a, ListOf<double> b) {
  if (a.count != b.count) return fails(context, "the lists are not of one length");
  return sum_of(a.count, [&](uint64_t i) { return a.items[i].f64 * b.items[i].f64; });
}
BRAID_FUNCTION(
    statistics, dot_product,
    {.summary = "The products of the elements at the same places, added up. Fails unless the lists are of one "
                "length.",
     .parameters = {{"a", "One list."}, {"b", "The other."}},
     .examples = {{"dot_product([1e0, 2e0], [3e0, 4e0])", "11e0"},
                  {"dot_product([1e0].skip(1), [1e0].skip(1))", "0e0"},
                  {"dot_product([1e0], [1e0, 2e0])", "fails"}}})

static Fallible<std::optional<double>> cosine_similarity(CallContext& context, ListOf<double> a, ListOf<double> b) {
  if (a.count != b.count) return fails(context, "the lists are not of one length");
  const auto square = [](const ListOf<double>& list) {
    return sum_of(list.count, [&](uint64_t i) { return list.items[i].f64 * list.items[i].f64; });
  };
  const double square_a = square(a), square_b = square(b);
  if (square_a == 0 || square_b == 0) return std::optional<double>();
  const double dot = sum_of(a.count, [&](uint64_t i) { return a.items[i].f64 * b.items[i].f64; });
  const double made = over_root(dot, square_a, square_b);
  return std::optional<double>(made > 1 ? 1 : made < -1 ? -1 : made);
}
BRAID_FUNCTION(
    statistics, cosine_similarity,
    {.summary = "The cosine of the angle between two vectors, -1 to 1; null if one has no length. Fails unless "
                "they have as many elements.",
     .parameters = {{"a", "One vector."}, {"b", "The other."}},
     .examples = {{"cosine_similarity([1e0, 0e0], [2e0, 0e0])", "1e0"},
                  {"cosine_similarity([0e0], [1e0])", "null"},
                  {"cosine_similarity([1e0], [1e0, 2e0])", "fails"}}})

static Fallible<double> euclidean_distance(CallContext& context, ListOf<double> a, ListOf<double> b) {
  if (a.count != b.count) return fails(context, "the lists are not of one length");
  return std::sqrt(sum_of(a.count, [&](uint64_t i) {
    const double apart = a.items[i].f64 - b.items[i].f64;
    return apart * apart;
  }));
}
BRAID_FUNCTION(statistics, euclidean_distance,
               {.summary = "The straight distance between two points. Fails unless they have as many elements.",
                .parameters = {{"a", "One point."}, {"b", "The other."}},
                .examples = {{"euclidean_distance([0e0, 0e0], [3e0, 4e0])", "5e0"},
                             {"euclidean_distance([1e0].skip(1), [1e0].skip(1))", "0e0"},
                             {"euclidean_distance([1e0], [1e0, 2e0])", "fails"}}})

static Fallible<ListOf<int64_t>> running_sum(CallContext& context, ListOf<int64_t> list) {
  Slot* const items = allocate_slots(context, list.count);
  int64_t sum = 0;
  for (uint64_t i = 0; i < list.count; ++i) {
    if (__builtin_add_overflow(sum, list.items[i].i64, &sum)) return overflow();
    items[i] = slot_i64(sum);
  }
  return ListOf<int64_t>{items, list.count};
}
BRAID_FUNCTION(statistics, running_sum,
               {.summary = "The sum of a list of whole numbers up to each element. Fails if one does not fit 64 bits.",
                .parameters = {{"list", "Numbers."}},
                .examples = {{"running_sum([1, 2, 3])", "[1, 3, 6]"},
                             {"running_sum([1].skip(1)).length()", "0"},
                             {"running_sum([9_223_372_036_854_775_807, 1])", "fails"}}})

static Fallible<ListOf<int64_t>> differences(CallContext& context, ListOf<int64_t> list) {
  if (list.count < 2) return ListOf<int64_t>{nullptr, 0};
  Slot* const items = allocate_slots(context, list.count - 1);
  for (uint64_t i = 1; i < list.count; ++i) {
    int64_t step = 0;
    if (__builtin_sub_overflow(list.items[i].i64, list.items[i - 1].i64, &step)) return overflow();
    items[i - 1] = slot_i64(step);
  }
  return ListOf<int64_t>{items, list.count - 1};
}
BRAID_FUNCTION(
    statistics, differences,
    {.summary = "From each element of a list of whole numbers to the next. Fails if one does not fit 64 bits.",
     .parameters = {{"list", "Numbers."}},
     .examples = {{"differences([1, 4, 2])", "[3, -2]"},
                  {"differences([1]).length()", "0"},
                  {"differences([-9_223_372_036_854_775_807, 9_223_372_036_854_775_807])", "fails"}}})

BRAID_GROUP(statistics)

}  // namespace braid
