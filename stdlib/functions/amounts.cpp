// Amounts of money and other exact decimals: rounded to steps, shared out so that nothing is lost, percents.
#include "runtime/data/decimal.h"
#include "runtime/declare/native.h"

namespace braid {

using Text = std::string_view;

namespace {

enum class Rounding { half_even, half_up, down, up };

Rounding rounding_of(Text mode) {
  return mode == "half_up" ? Rounding::half_up
         : mode == "down"  ? Rounding::down
         : mode == "up"    ? Rounding::up
                           : Rounding::half_even;
}

/// `value` ÷ `unit` as a whole number; `unit` is above 0.
int128 whole_quotient(int128 value, int128 unit, Rounding rounding) {
  int128 quotient = 0, rest = 0;
  decimal_div_whole(value, unit, &quotient, &rest);
  if (rest == 0) return quotient;
  const int128 size = rest < 0 ? -rest : rest, other = unit - size;
  const bool away =
      rounding == Rounding::up || (rounding != Rounding::down && size > other) ||
      (size == other && (rounding == Rounding::half_up || (rounding == Rounding::half_even && (quotient & 1) != 0)));
  return away ? quotient + (value < 0 ? -1 : 1) : quotient;
}

/// The digits of both, and one more for a carry.
Type step_type(const CallShape& call) {
  const Type &value = call.arguments[0], &step = call.arguments[1];
  const int scale = std::max(value->scale, step->scale);
  const int whole = std::max(value->precision - value->scale, step->precision - step->scale) + 1;
  return decimal_type(std::min(kDecimalDigits, whole + scale), scale);
}

std::string mode_problem(const CallShape& call) {
  const std::string& mode = call.constants.back().text();
  if (mode == "half_even" || mode == "half_up" || mode == "down" || mode == "up") return "";
  return "`" + mode + "` is not a rounding mode: half_even, half_up, down, up";
}

}  // namespace

static Fallible<Decimal> round_to_step(CallContext& context, Decimal value, Decimal step, Text mode,
                                       ResultScale result) {
  if (step.unscaled <= 0) return fails(context, "the step must be above 0");
  int128 amount = 0, unit = 0, made = 0;
  if (!decimal_rescale(value.unscaled, value.scale, result.scale, &amount) ||
      !decimal_rescale(step.unscaled, step.scale, result.scale, &unit) ||
      !decimal_multiply(whole_quotient(amount, unit, rounding_of(mode)), unit, &made))
    return overflow();
  return Decimal{made, result.scale};
}
BRAID_FUNCTION(
    amounts, round_to_step,
    {.summary = "The nearest multiple of a step; halfway the even one. Fails unless the step is above 0, and "
                "beyond 38 digits.",
     .parameters = {{"value", "Amount to round."},
                    {"step", "Distance of the multiples, such as 0.05."},
                    {"mode",
                     "`half_even`; `half_up`: halfway away from zero; `down`: towards zero; `up`: away from "
                     "zero. A constant.",
                     R"("half_even")", true}},
     .result = step_type,
     .problem = mode_problem,
     .examples = {{"round_to_step(12.37, 0.05)", "12.35"},
                  {R"(round_to_step(12.375, 0.25, "half_up"))", "12.500"},
                  {R"(round_to_step(-7.00, 5, mode: "up"))", "-10.00"},
                  {"round_to_step(1.00, 0.00)", "fails"}}})

static Fallible<Decimal> percent_of(Decimal part, Decimal whole, ResultScale result) {
  if (whole.unscaled == 0) return division_by_zero();
  int128 made = 0;
  // part / whole · 100, in digits of the result.
  if (!decimal_divide(part.unscaled, whole.unscaled, result.scale + 2 + whole.scale - part.scale, &made))
    return overflow();
  return Decimal{made, result.scale};
}
BRAID_FUNCTION(
    amounts, percent_of,
    {.summary = "How many percent one amount is of another, with four digits after the point, rounded half-even. "
                "Fails for zero.",
     .parameters = {{"part", "The one amount."}, {"whole", "What is 100 percent."}},
     .result = [](const CallShape&) { return decimal_type(kDecimalDigits, 4); },
     .examples = {
         {"percent_of(1.00, 3.00)", "33.3333"}, {"percent_of(-5, 4)", "-125.0000"}, {"percent_of(1, 0)", "fails"}}})

/// Shares of an amount by weights that add up to `total`: each gets its whole part, and what is left goes, one unit
/// each, to those whose part was cut the most; of equals to the first (largest remainder).
static Fallible<ListOf<Decimal>> shared_out(CallContext& context, Decimal amount, const int64_t* weights,
                                            uint64_t count, int128 total) {
  Slot* const items = allocate_slots(context, count);
  auto* const rests = reinterpret_cast<int128*>(allocate(context, count * sizeof(int128)));
  auto* const order = reinterpret_cast<uint64_t*>(allocate(context, count * sizeof(uint64_t)));
  const bool negative = amount.unscaled < 0;
  const int128 size = negative ? -amount.unscaled : amount.unscaled;
  const int128 each = size / total, left = size % total;
  int128 given = 0;
  for (uint64_t i = 0; i < count; ++i) {
    // size · weight / total without leaving 128 bits: total is below 2^84 and left below total, so a product of left
    // and a weight is judged first.
    int128 part = 0;
    if (__builtin_mul_overflow(left, weights[i], &part)) return overflow();
    const int128 share = each * weights[i] + part / total;
    rests[i] = part % total;
    order[i] = i;
    items[i] = slot_i128(share);
    given += share;
  }
  std::sort(order, order + count,
            [&](uint64_t a, uint64_t b) { return rests[a] != rests[b] ? rests[a] > rests[b] : a < b; });
  const auto missing = static_cast<uint64_t>(size - given);
  for (uint64_t i = 0; i < missing; ++i) items[order[i]].i128 += 1;
  if (negative)
    for (uint64_t i = 0; i < count; ++i) items[i].i128 = -items[i].i128;
  return ListOf<Decimal>{items, count};
}

static Type shares_type(const CallShape& call) {
  return list_type(decimal_type(kDecimalDigits, call.arguments[0]->scale));
}

static Fallible<ListOf<Decimal>> allocate_evenly(CallContext& context, Decimal amount, int64_t parts) {
  if (parts < 1) return fails(context, "an amount is shared out to at least one part");
  if (parts > static_cast<int64_t>(kLongestText / sizeof(Slot))) return too_long();
  const auto count = static_cast<uint64_t>(parts);
  Slot* const items = allocate_slots(context, count);
  const int128 share = amount.unscaled / parts, rest = amount.unscaled % parts;
  const auto larger = static_cast<uint64_t>(rest < 0 ? -rest : rest);
  for (uint64_t i = 0; i < count; ++i) items[i] = slot_i128(share + (i < larger ? (rest < 0 ? -1 : 1) : 0));
  return ListOf<Decimal>{items, count};
}
BRAID_FUNCTION(
    amounts, allocate_evenly,
    {.name = "allocate",
     .summary = "An amount in so many parts that add up to it and differ by one unit at most; the larger come "
                "first. Fails without a part, and for a list of more than 16 MiB.",
     .parameters = {{"amount", "Amount to share out."}, {"parts", "How many parts."}},
     .result = shares_type,
     .examples = {{"allocate(10.00, 3)", "[3.34, 3.33, 3.33]"},
                  {"sum(allocate(-0.05, 2))", "-0.05"},
                  {"allocate(1.00, 0)", "fails"}}})

static Fallible<ListOf<Decimal>> allocate_by_weights(CallContext& context, Decimal amount, ListOf<int64_t> weights) {
  int128 total = 0;
  auto* const values = reinterpret_cast<int64_t*>(allocate(context, weights.count * sizeof(int64_t)));
  for (uint64_t i = 0; i < weights.count; ++i) {
    values[i] = weights.items[i].i64;
    if (values[i] < 0) return fails(context, "a weight is 0 or more");
    total += values[i];
  }
  if (total == 0) return fails(context, "one of the weights must be above 0");
  return shared_out(context, amount, values, weights.count, total);
}
BRAID_FUNCTION(
    amounts, allocate_by_weights,
    {.name = "allocate",
     .summary = "An amount in parts of given weights that add up to it; what rounding leaves goes to the parts "
                "that it cut most. Fails for a weight below 0, without one above, and for weights too large for "
                "the amount.",
     .parameters = {{"amount", "Amount to share out."}, {"weights", "Weight of each part."}},
     .result = shares_type,
     .examples = {{"allocate(100.00, [1, 1, 1])", "[33.34, 33.33, 33.33]"},
                  {"allocate(0.05, [3, 7])", "[0.02, 0.03]"},
                  {"allocate(1.00, [0])", "fails"}}})

BRAID_GROUP(amounts)

}  // namespace braid
