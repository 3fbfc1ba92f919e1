// What the aggregates of these names give for a group, for the elements of a list: how often each value stands, the
// value at a share, bits, medians and quantiles of exact numbers. They do not depend on the order of the elements.
#include <algorithm>

#include "runtime/data/decimal.h"
#include "stdlib/functions/sorted_elements.h"

namespace braid {

namespace {

constexpr double kBillion = 1e9;

/// Equal elements that stand side by side in `ordered`, from the least on: `take(first, count)`.
template <class Take>
void for_each_value(const AnyList& list, const Slot* const* ordered, Take take) {
  for (uint64_t begin = 0; begin < list.count;) {
    uint64_t end = begin + 1;
    while (end < list.count && list.layout.compare(ordered[begin], ordered[end]) == 0) ++end;
    take(ordered[begin], end - begin);
    begin = end;
  }
}

struct Counted {
  const Slot* value;
  uint64_t count;
};

/// A list of values and counts.
Fallible<AnyList> counts_of(CallContext& context, const AnyList& list, const Counted* values, uint64_t count) {
  const uint64_t width = list.layout.slots;
  if (count > kLongestText / sizeof(Slot) / (width + 1)) return too_long();
  Slot* const items = allocate_slots(context, count * (width + 1));
  for (uint64_t i = 0; i < count; ++i) {
    Slot* const item = items + i * (width + 1);
    if (width > 0) std::memcpy(static_cast<void*>(item), values[i].value, width * sizeof(Slot));
    item[width] = slot_i64(static_cast<int64_t>(values[i].count));
  }
  return AnyList{items, count, list.layout};
}

Counted* count_values(CallContext& context, const AnyList& list, uint64_t* count) {
  auto* const values = reinterpret_cast<Counted*>(allocate(context, list.count * sizeof(Counted)));
  *count = 0;
  for_each_value(list, sorted(context, list),
                 [&](const Slot* value, uint64_t times) { values[(*count)++] = {value, times}; });
  return values;
}

[[maybe_unused]] Type list_of_counts(const CallShape& call) {
  return list_type(struct_type({{"value", call.arguments[0]->element}, {"count", int_type()}}));
}

}  // namespace

static Fallible<AnyList> list_value_counts(CallContext& context, AnyList list) {
  uint64_t count = 0;
  const Counted* const values = count_values(context, list, &count);
  return counts_of(context, list, values, count);
}
BRAID_FUNCTION(counts, list_value_counts,
               {.name = "value_counts",
                .summary = "The different elements in their order, each with how often it stands. Fails if the list "
                           "takes more than 16 MiB.",
                .parameters = {{"list", "What to count."}},
                .result = list_of_counts,
                .examples = {
                    {R"(value_counts(["b", "a", "b"]))", R"([{ value: "a", count: 1 }, { value: "b", count: 2 }])"},
                    {"value_counts([1].skip(1)).length()", "0"}}})

static Fallible<AnyList> list_top_k(CallContext& context, AnyList list, int64_t k) {
  if (k < 1) return fails(context, "it gives at least one value");
  uint64_t count = 0;
  Counted* const values = count_values(context, list, &count);
  std::sort(values, values + count, [&](const Counted& a, const Counted& b) {
    return a.count != b.count ? a.count > b.count : list.layout.compare(a.value, b.value) < 0;
  });
  return counts_of(context, list, values, std::min(count, static_cast<uint64_t>(k)));
}
BRAID_FUNCTION(
    counts, list_top_k,
    {.name = "top_k",
     .summary = "The elements that stand most often, each with how often, the most frequent first, of several the "
                "least. Fails unless it gives at least one.",
     .parameters = {{"list", "What to count."}, {"k", "How many values."}},
     .result = list_of_counts,
     .examples = {{R"(top_k(["b", "a", "b", "c"], 2))", R"([{ value: "b", count: 2 }, { value: "a", count: 1 }])"},
                  {"top_k([1], 3)", "[{ value: 1, count: 1 }]"},
                  {"top_k([1], 0)", "fails"}}})

static Fallible<std::optional<AnyValue>> list_quantile_disc(CallContext& context, AnyList list, double share) {
  if (!(share >= 0 && share <= 1)) return fails(context, "a share is 0 to 1");
  if (list.count == 0) return std::optional<AnyValue>();
  const Slot** const ordered = sorted(context, list);
  const auto billionths = static_cast<uint128>(share * kBillion + 0.5);
  const auto place = static_cast<uint64_t>((billionths * list.count + 999'999'999) / 1'000'000'000);
  return std::optional<AnyValue>(AnyValue{ordered[place == 0 ? 0 : place - 1], list.layout});
}
BRAID_FUNCTION(counts, list_quantile_disc,
               {.name = "quantile_disc",
                .summary = "The least element up to which at least a share of the elements lies: always one of them; "
                           "null if the list is empty. Fails unless the share is 0 to 1.",
                .parameters = {{"list", "What to order."}, {"share", "0.95e0 for the 95th percentile."}},
                .examples = {{"quantile_disc([10, 20, 30, 40], 0.5e0)", "20"},
                             {R"(quantile_disc(["b", "a", "c"], 0.9e0))", R"("c")"},
                             {"quantile_disc([1], 2e0)", "fails"}}})

static Fallible<ListOf<int64_t>> list_histogram(CallContext& context, AnyList list, AnyList bounds) {
  if (bounds.count == 0 || bounds.count > 100) return fails(context, "there are 1 to 100 bounds");
  for (uint64_t i = 1; i < bounds.count; ++i)
    if (list.layout.compare(bounds.at(i - 1), bounds.at(i)) >= 0) return fails(context, "the bounds must ascend");
  Slot* const items = allocate_slots(context, bounds.count + 1);
  for (uint64_t i = 0; i <= bounds.count; ++i) items[i] = slot_i64(0);
  for (uint64_t i = 0; i < list.count; ++i) {
    uint64_t place = 0;
    while (place < bounds.count && list.layout.compare(bounds.at(place), list.at(i)) <= 0) ++place;
    ++items[place].i64;
  }
  return ListOf<int64_t>{items, bounds.count + 1};
}
BRAID_FUNCTION(counts, list_histogram,
               {.name = "histogram",
                .summary = "How many elements lie below the first bound, from each bound up to the next, and from the "
                           "last one on. Fails unless there are 1 to 100 bounds that ascend.",
                .parameters = {{"list", "What to count."}, {"bounds", "Ascending values."}},
                .examples = {{"histogram([5, 10, 15, 30], [10, 20])", "[1, 2, 1]"},
                             {"histogram([5].skip(1), [10])", "[0, 0]"},
                             {"histogram([5], [20, 10])", "fails"}}})

// ---- bits ----------------------------------------------------------------------------------------------------------

template <class Join>
static std::optional<int64_t> bits_of(const ListOf<int64_t>& list, Join join) {
  if (list.count == 0) return std::nullopt;
  int64_t bits = list.items[0].i64;
  for (uint64_t i = 1; i < list.count; ++i) bits = join(bits, list.items[i].i64);
  return bits;
}

static std::optional<int64_t> list_bit_and(ListOf<int64_t> list) {
  return bits_of(list, [](int64_t a, int64_t b) { return a & b; });
}
BRAID_FUNCTION(counts, list_bit_and,
               {.name = "bit_and",
                .summary = "The bits that all elements have; null if the list is empty.",
                .parameters = {{"list", "Whole numbers."}},
                .examples = {{"bit_and([6, 12])", "4"}, {"bit_and([1].skip(1))", "null"}}})

static std::optional<int64_t> list_bit_or(ListOf<int64_t> list) {
  return bits_of(list, [](int64_t a, int64_t b) { return a | b; });
}
BRAID_FUNCTION(counts, list_bit_or,
               {.name = "bit_or",
                .summary = "The bits that some element has; null if the list is empty.",
                .parameters = {{"list", "Whole numbers."}},
                .examples = {{"bit_or([6, 12])", "14"}, {"bit_or([1].skip(1))", "null"}}})

static std::optional<int64_t> list_bit_xor(ListOf<int64_t> list) {
  return bits_of(list, [](int64_t a, int64_t b) { return a ^ b; });
}
BRAID_FUNCTION(counts, list_bit_xor,
               {.name = "bit_xor",
                .summary = "The bits that an odd number of elements has; null if the list is empty.",
                .parameters = {{"list", "Whole numbers."}},
                .examples = {{"bit_xor([6, 12])", "10"}, {"bit_xor([6, 6])", "0"}}})

// ---- medians of exact numbers --------------------------------------------------------------------------------------

/// Half of the sum of two with so many digits more, which there is room for; a half of the last digit goes to even.
static int128 between(int128 a, int128 b, int more_digits) {
  const int128 unit = power_of_ten(more_digits);
  const int128 twice_rest = (a % 2 + b % 2) * unit;
  const int128 whole = (a / 2 + b / 2) * unit + twice_rest / 2;
  return whole % 2 == 0 ? whole : whole + twice_rest % 2;
}

static std::optional<Decimal> median_int(CallContext& context, ListOf<int64_t> list, ResultScale result) {
  if (list.count == 0) return std::nullopt;
  const Slot** const ordered = sorted(context, {list.items, list.count, Layout::of({"i", 1})});
  const uint64_t half = list.count / 2;
  const int128 high = ordered[half]->i64, low = list.count % 2 != 0 ? high : ordered[half - 1]->i64;
  return Decimal{between(low, high, result.scale), result.scale};
}
BRAID_FUNCTION(counts, median_int,
               {.name = "median",
                .summary = "The middle of a list of whole numbers, or halfway between the two in the middle; null if "
                           "it is empty.",
                .parameters = {{"list", "Numbers."}},
                .result = [](const CallShape&) { return optional_type(decimal_type(38, quotient_scale(int_type()))); },
                .examples = {{"median([3, 1, 2])", "2.000000"},
                             {"median([4, 1, 2, 3])", "2.500000"},
                             {"median([1].skip(1))", "null"}}})

[[maybe_unused]] static std::string decimals_only(const CallShape& call) {
  const Type& element = call.arguments[0]->element;
  return is(element, TypeKind::decimal) ? "" : "elements of type `" + to_string(element) + "` have no middle";
}

static std::optional<Decimal> median_decimal(CallContext& context, AnyList list, ElementScale element,
                                             ResultScale result) {
  if (list.count == 0) return std::nullopt;
  const bool is_wide = *list.layout.text == 'w';
  auto value = [&](const Slot* slot) { return is_wide ? slot->i128 : int128{slot->i64}; };
  const Slot** const ordered = sorted(context, list);
  const uint64_t half = list.count / 2;
  const int128 high = value(ordered[half]), low = list.count % 2 != 0 ? high : value(ordered[half - 1]);
  return Decimal{between(low, high, result.scale - element.scale), result.scale};
}
BRAID_FUNCTION(
    counts, median_decimal,
    {.name = "median",
     .summary = "The middle of a list of decimals, or halfway between the two in the middle, with as many digits as "
                "`avg` has; null if it is empty.",
     .parameters = {{"list", "Numbers."}},
     .result =
         [](const CallShape& call) {
           return optional_type(decimal_type(38, quotient_scale(call.arguments[0]->element)));
         },
     .problem = decimals_only,
     .examples = {{"median([1.00, 2.01])", "1.50500000"}, {"median([1.00].skip(1))", "null"}}})

// ---- quantiles of exact numbers ------------------------------------------------------------------------------------

/// Where a share of a list's elements lies: between two of them in order, so many billionths from the lower one.
struct Share {
  uint64_t below, part;
};
static Share share_of(uint64_t count, double share) {
  const uint128 place = static_cast<uint128>(count - 1) * static_cast<uint64_t>(share * kBillion + 0.5);
  return {static_cast<uint64_t>(place / 1'000'000'000), static_cast<uint64_t>(place % 1'000'000'000)};
}

/// In proportion, with so many digits more, for which there is room; a half of the last digit goes to even. In two
/// parts, so that no product leaves 128 bits.
static int128 in_proportion(int128 low, int128 high, uint64_t part, int more_digits) {
  constexpr uint128 kWhole = 1'000'000'000;
  const auto apart = static_cast<uint128>(high) - static_cast<uint128>(low);
  const auto unit = static_cast<uint128>(power_of_ten(more_digits));
  const uint128 wholes = apart / kWhole * unit, rest = apart % kWhole * unit;
  const uint128 of_rest = rest * part;
  auto value = static_cast<uint128>(low) * unit + wholes * part + of_rest / kWhole;
  const uint128 left = of_rest % kWhole * 2;
  if (left > kWhole || (left == kWhole && value % 2 != 0)) ++value;
  return static_cast<int128>(value);
}

static Fallible<std::optional<Decimal>> quantile_int(CallContext& context, ListOf<int64_t> list, double share,
                                                     ResultScale result) {
  if (!(share >= 0 && share <= 1)) return fails(context, "a share is 0 to 1");
  if (list.count == 0) return std::optional<Decimal>();
  const Slot** const ordered = sorted(context, {list.items, list.count, Layout::of({"i", 1})});
  const Share at = share_of(list.count, share);
  const int64_t low = ordered[at.below]->i64, high = at.part == 0 ? low : ordered[at.below + 1]->i64;
  return std::optional<Decimal>(Decimal{in_proportion(low, high, at.part, result.scale), result.scale});
}
BRAID_FUNCTION(
    counts, quantile_int,
    {.name = "quantile",
     .summary = "The number below which a share of a list of whole numbers lies, between two of them in proportion, "
                "exactly; null if it is empty. Fails unless the share is 0 to 1.",
     .parameters = {{"list", "Numbers."}, {"share", "0.95e0 for the 95th percentile."}},
     .result = [](const CallShape&) { return optional_type(decimal_type(38, quotient_scale(int_type()))); },
     .examples = {{"quantile([10, 20, 30, 40, 50], 0.9e0)", "46.000000"},
                  {"quantile([-1, -2], 0.25e0)", "-1.750000"},
                  {"quantile([1].skip(1), 0.5e0)", "null"},
                  {"quantile([1], 95e0)", "fails"}}})

// In front of that of decimals, which takes any list.
static Fallible<std::optional<Duration>> quantile_duration(CallContext& context, ListOf<Duration> list, double share) {
  if (!(share >= 0 && share <= 1)) return fails(context, "a share is 0 to 1");
  if (list.count == 0) return std::optional<Duration>();
  const Slot** const ordered = sorted(context, {list.items, list.count, Layout::of({"i", 1})});
  const Share at = share_of(list.count, share);
  const int64_t low = ordered[at.below]->i64, high = at.part == 0 ? low : ordered[at.below + 1]->i64;
  return std::optional<Duration>(Duration{static_cast<int64_t>(in_proportion(low, high, at.part, 0))});
}
BRAID_FUNCTION(counts, quantile_duration,
               {.name = "quantile",
                .summary = "The duration below which a share of a list of durations lies, between two of them in "
                           "proportion; null if it is empty. Fails unless the share is 0 to 1.",
                .parameters = {{"list", "Durations."}, {"share", "0.95e0 for the 95th percentile."}},
                .examples = {{"quantile([1s, 2s], 0.25e0)", "1250ms"},
                             {"quantile([1s].skip(1), 0.5e0)", "null"},
                             {"quantile([1s], 2e0)", "fails"}}})

static Fallible<std::optional<Decimal>> quantile_decimal(CallContext& context, AnyList list, double share,
                                                         ElementScale element, ResultScale result) {
  if (!(share >= 0 && share <= 1)) return fails(context, "a share is 0 to 1");
  if (list.count == 0) return std::optional<Decimal>();
  const bool is_wide = *list.layout.text == 'w';
  auto value = [&](const Slot* slot) { return is_wide ? slot->i128 : int128{slot->i64}; };
  const Slot** const ordered = sorted(context, list);
  const Share at = share_of(list.count, share);
  const int128 low = value(ordered[at.below]), high = at.part == 0 ? low : value(ordered[at.below + 1]);
  return std::optional<Decimal>(Decimal{in_proportion(low, high, at.part, result.scale - element.scale), result.scale});
}
BRAID_FUNCTION(
    counts, quantile_decimal,
    {.name = "quantile",
     .summary = "The number below which a share of a list of decimals lies, between two of them in proportion, with as "
                "many digits as `avg` has; null if it is empty. Fails unless the share is 0 to 1.",
     .parameters = {{"list", "Numbers."}, {"share", "0.95e0 for the 95th percentile."}},
     .result =
         [](const CallShape& call) {
           return optional_type(decimal_type(38, quotient_scale(call.arguments[0]->element)));
         },
     .problem = decimals_only,
     .examples = {{"quantile([1.00, 2.00], 0.25e0)", "1.25000000"},
                  {"quantile([1.00].skip(1), 0.5e0)", "null"},
                  {"quantile([1.00], 2e0)", "fails"}}})

BRAID_GROUP(counts)

}  // namespace braid
