// Whole numbers, decimals and floats: signs, rounding, division. Nothing wraps: what does not fit is a failure.
// Overloads stand in the order int, decimal, float.
#include <cmath>

#include "runtime/data/decimal.h"
#include "runtime/declare/native.h"

namespace braid {

using Text = std::string_view;

// ---- signs ---------------------------------------------------------------------------------------------------------

static Fallible<int64_t> abs_int(int64_t value) {
  if (value == INT64_MIN) return overflow();
  return value < 0 ? -value : value;
}
BRAID_FUNCTION(maths, abs_int,
               {.name = "abs",
                .summary = "A number without its sign. Fails for the least whole number.",
                .parameters = {{"value", "Number."}},
                .examples = {{"abs(-3)", "3"}, {"abs(-9_223_372_036_854_775_807 - 1)", "fails"}}})

static Decimal abs_decimal(Decimal value) {
  return {value.unscaled < 0 ? -value.unscaled : value.unscaled, value.scale};
}
BRAID_FUNCTION(maths, abs_decimal,
               {.name = "abs",
                .summary = "A number without its sign.",
                .parameters = {{"value", "Number."}},
                .result = [](const CallShape& call) { return call.arguments[0]; },
                .examples = {{"abs(-0.50)", "0.50"}, {"abs(0.00)", "0.00"}}})

static double abs_float(double value) {
  return std::fabs(value);
}
BRAID_FUNCTION(maths, abs_float,
               {.name = "abs",
                .summary = "A number without its sign.",
                .parameters = {{"value", "Number."}},
                .examples = {{"abs(-1.5e0)", "1.5e0"}, {"abs(0e0)", "0e0"}}})

static Fallible<Duration> abs_duration(Duration value) {
  if (value.micros == INT64_MIN) return overflow();
  return Duration{value.micros < 0 ? -value.micros : value.micros};
}
BRAID_FUNCTION(maths, abs_duration,
               {.name = "abs",
                .summary = "A duration without its sign. Fails for the least duration.",
                .parameters = {{"value", "Duration."}},
                .examples = {{"abs(-5m)", "5m"}, {"abs(-9_223_372_036_854_775_807us - 1us)", "fails"}}})

static int64_t sign_int(int64_t value) {
  return (value > 0) - (value < 0);
}
BRAID_FUNCTION(maths, sign_int,
               {.name = "sign",
                .summary = "-1, 0 or 1.",
                .parameters = {{"value", "Number."}},
                .examples = {{"sign(-7)", "-1"}, {"sign(0)", "0"}}})

static int64_t sign_decimal(Decimal value) {
  return (value.unscaled > 0) - (value.unscaled < 0);
}
BRAID_FUNCTION(maths, sign_decimal,
               {.name = "sign",
                .summary = "-1, 0 or 1.",
                .parameters = {{"value", "Number."}},
                .examples = {{"sign(0.01)", "1"}, {"sign(0.00)", "0"}}})

static int64_t sign_float(double value) {
  return (value > 0) - (value < 0);
}
BRAID_FUNCTION(maths, sign_float,
               {.name = "sign",
                .summary = "-1, 0 or 1; 0 for NaN.",
                .parameters = {{"value", "Number."}},
                .examples = {{"sign(-2.5e0)", "-1"}, {"sign(0e0)", "0"}}})

// ---- rounding ------------------------------------------------------------------------------------------------------

enum class Rounding { half_even, half_up, down, up, floor, ceil };

/// To fewer digits after the point. Never leaves 38 digits: a carry adds one, and at least one goes.
static int128 rounded(int128 value, int drop, Rounding rounding) {
  const int128 unit = power_of_ten(drop);
  int128 quotient = 0, rest = 0;
  decimal_div_whole(value, unit, &quotient, &rest);
  if (rest == 0) return quotient;
  const bool negative = value < 0;
  const int128 size = negative ? -rest : rest;
  const int128 half = unit / 2;
  bool away = false;  // from zero
  switch (rounding) {
    case Rounding::half_even:
      away = size > half || (size == half && (quotient & 1) != 0);
      break;
    case Rounding::half_up:
      away = size >= half;
      break;
    case Rounding::down:
      break;
    case Rounding::up:
      away = true;
      break;
    case Rounding::floor:
      away = negative;
      break;
    case Rounding::ceil:
      away = !negative;
      break;
  }
  if (away) quotient += negative ? -1 : 1;
  return quotient;
}

static Decimal rounded_to(Decimal value, int scale, Rounding rounding) {
  if (scale >= value.scale) return value;
  return {rounded(value.unscaled, value.scale - scale, rounding), scale};
}

/// Result type of rounding a decimal: fewer digits behind the point, one more in front for the carry.
[[maybe_unused]] static Type rounded_type(const Type& value, int digits) {
  if (digits >= value->scale) return value;
  return decimal_type(std::max(1, value->precision - value->scale + digits + 1), digits);
}

static Decimal round_decimal(Decimal value, int64_t digits, Text mode, ResultScale result) {
  const Rounding rounding = mode == "half_up" ? Rounding::half_up
                            : mode == "down"  ? Rounding::down
                            : mode == "up"    ? Rounding::up
                                              : Rounding::half_even;
  return rounded_to(value, result.scale, rounding);
}
BRAID_FUNCTION(
    maths, round_decimal,
    {.name = "round",
     .summary = "A decimal with at most so many digits after the point; a half goes to the even neighbour.",
     .parameters = {{"value", "Number to round."},
                    {"digits", "Digits kept after the point, 0 to 38, a constant.", "0", true},
                    {"mode",
                     "`half_even`; `half_up`: a half goes away from zero; `down`: towards zero; `up`: away from "
                     "zero. A constant.",
                     R"("half_even")", true}},
     .result =
         [](const CallShape& call) {
           return rounded_type(call.arguments[0], static_cast<int>(call.constants[1].integer()));
         },
     .problem = [](const CallShape& call) -> std::string {
       const int64_t digits = call.constants[1].integer();
       if (digits < 0 || digits > kDecimalDigits) return "a decimal keeps 0 to 38 digits after the point";
       const std::string& mode = call.constants[2].text();
       if (mode == "half_even" || mode == "half_up" || mode == "down" || mode == "up") return "";
       return "`" + mode + "` is not a rounding mode: half_even, half_up, down, up";
     },
     .examples = {{"round(2.345, 2)", "2.34"},
                  {"round(2.355, 2)", "2.36"},
                  {R"(round(2.345, 2, mode: "half_up"))", "2.35"},
                  {"round(-0.5)", "0"},
                  {"round(1.5, 4)", "1.5"}}})

static double round_float(double value) {
  return std::nearbyint(value);
}
BRAID_FUNCTION(maths, round_float,
               {.name = "round",
                .summary = "The nearest whole float; a half goes to the even neighbour.",
                .parameters = {{"value", "Number to round."}},
                .examples = {{"round(2.5e0)", "2e0"}, {"round(-3.5e0)", "-4e0"}}})

static Decimal floor_decimal(Decimal value) {
  return rounded_to(value, 0, Rounding::floor);
}
BRAID_FUNCTION(maths, floor_decimal,
               {.name = "floor",
                .summary = "The greatest whole number that is not above.",
                .parameters = {{"value", "Number to round."}},
                .result = [](const CallShape& call) { return rounded_type(call.arguments[0], 0); },
                .examples = {{"floor(2.9)", "2"}, {"floor(-2.1)", "-3"}}})

static double floor_float(double value) {
  return std::floor(value);
}
BRAID_FUNCTION(maths, floor_float,
               {.name = "floor",
                .summary = "The greatest whole float that is not above.",
                .parameters = {{"value", "Number to round."}},
                .examples = {{"floor(2.9e0)", "2e0"}, {"floor(-2.1e0)", "-3e0"}}})

static Decimal ceil_decimal(Decimal value) {
  return rounded_to(value, 0, Rounding::ceil);
}
BRAID_FUNCTION(maths, ceil_decimal,
               {.name = "ceil",
                .summary = "The least whole number that is not below.",
                .parameters = {{"value", "Number to round."}},
                .result = [](const CallShape& call) { return rounded_type(call.arguments[0], 0); },
                .examples = {{"ceil(2.1)", "3"}, {"ceil(-2.9)", "-2"}}})

static double ceil_float(double value) {
  return std::ceil(value);
}
BRAID_FUNCTION(maths, ceil_float,
               {.name = "ceil",
                .summary = "The least whole float that is not below.",
                .parameters = {{"value", "Number to round."}},
                .examples = {{"ceil(2.1e0)", "3e0"}, {"ceil(-2.9e0)", "-2e0"}}})

static Decimal trunc_decimal(Decimal value) {
  return rounded_to(value, 0, Rounding::down);
}
BRAID_FUNCTION(maths, trunc_decimal,
               {.name = "trunc",
                .summary = "The number without its digits after the point.",
                .parameters = {{"value", "Number to cut."}},
                .result = [](const CallShape& call) { return rounded_type(call.arguments[0], 0); },
                .examples = {{"trunc(2.9)", "2"}, {"trunc(-2.9)", "-2"}}})

static double trunc_float(double value) {
  return std::trunc(value);
}
BRAID_FUNCTION(maths, trunc_float,
               {.name = "trunc",
                .summary = "The number without its digits after the point.",
                .parameters = {{"value", "Number to cut."}},
                .examples = {{"trunc(2.9e0)", "2e0"}, {"trunc(-2.9e0)", "-2e0"}}})

// ---- whole division ------------------------------------------------------------------------------------------------

static Fallible<int64_t> div_int(int64_t a, int64_t b) {
  if (b == 0) return division_by_zero();
  if (a == INT64_MIN && b == -1) return overflow();
  return a / b;
}
BRAID_FUNCTION(maths, div_int,
               {.name = "div",
                .summary = "How often one whole number goes into another, cut towards zero. Fails for zero.",
                .parameters = {{"a", "What is divided."}, {"b", "What it is divided by."}},
                .examples = {{"7.div(2)", "3"}, {"div(-7, 2)", "-3"}, {"div(7, 0)", "fails"}}})

static Fallible<Duration> div_duration(Duration a, int64_t b) {
  if (b == 0) return division_by_zero();
  if (a.micros == INT64_MIN && b == -1) return overflow();
  return Duration{a.micros / b};
}
BRAID_FUNCTION(maths, div_duration,
               {.name = "div",
                .summary = "A part of a duration, cut to whole microseconds. Fails for zero.",
                .parameters = {{"a", "What is divided."}, {"b", "Number of parts."}},
                .examples = {{"div(1h, 4)", "15m"}, {"div(1h, 0)", "fails"}}})

static Fallible<int64_t> div_durations(Duration a, Duration b) {
  if (b.micros == 0) return division_by_zero();
  if (a.micros == INT64_MIN && b.micros == -1) return overflow();
  return a.micros / b.micros;
}
BRAID_FUNCTION(maths, div_durations,
               {.name = "div",
                .summary = "How often one duration goes into another, cut towards zero. Fails for zero.",
                .parameters = {{"a", "What is divided."}, {"b", "What it is divided by."}},
                .examples = {{"div(1h, 25m)", "2"}, {"div(1h, 0s)", "fails"}}})

static Fallible<int64_t> mod(int64_t a, int64_t b) {
  if (b == 0) return division_by_zero();
  if (b == -1) return int64_t{0};
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
BRAID_FUNCTION(
    maths, mod,
    {.summary = "The rest of a division, with the sign of the divisor; `%` has that of the dividend. Fails for "
                "zero.",
     .parameters = {{"a", "What is divided."}, {"b", "What it is divided by."}},
     .examples = {{"mod(-7, 3)", "2"}, {"mod(7, 3)", "1"}, {"mod(7, 0)", "fails"}}})

// ---- floats --------------------------------------------------------------------------------------------------------

static bool is_nan(double value) {
  return value != value;
}
BRAID_FUNCTION(maths, is_nan,
               {.summary = "Whether a float is not a number.",
                .parameters = {{"value", "Number to look at."}},
                .examples = {{"is_nan(1e0)", "false"}, {R"(is_nan(float("NaN")))", "true"}}})

static bool is_finite(double value) {
  return std::isfinite(value);
}
BRAID_FUNCTION(maths, is_finite,
               {.summary = "Whether a float is neither infinite nor NaN.",
                .parameters = {{"value", "Number to look at."}},
                .examples = {{"is_finite(1e0)", "true"}, {R"(is_finite(float("NaN")))", "false"}}})

static Fallible<double> sqrt(CallContext& context, double value) {
  if (value < 0) return fails(context, "a negative number has no square root");
  return std::sqrt(value);
}
BRAID_FUNCTION(maths, sqrt,
               {.summary = "The square root. Fails for a negative number.",
                .parameters = {{"value", "Number."}},
                .examples = {{"sqrt(2.25e0)", "1.5e0"}, {"sqrt(-1e0)", "fails"}}})

static Fallible<double> pow(CallContext& context, double base, double exponent) {
  if (base < 0 && std::isfinite(base) && std::isfinite(exponent) && exponent != std::trunc(exponent))
    return fails(context, "a negative number has whole powers only");
  if (base == 0 && exponent < 0) return division_by_zero();
  return std::pow(base, exponent);
}
BRAID_FUNCTION(maths, pow,
               {.summary = "A number to a power. Fails for a power of a negative number that is not whole, and for a "
                           "negative power of zero.",
                .parameters = {{"base", "Number."}, {"exponent", "Power."}},
                .examples = {
                    {"pow(2e0, 10e0)", "1024e0"}, {"pow(4e0, -0.5e0)", "0.5e0"}, {"pow(-8e0, 0.5e0)", "fails"}}})

static Fallible<double> ln(CallContext& context, double value) {
  if (value <= 0) return fails(context, "only a positive number has a logarithm");
  return std::log(value);
}
BRAID_FUNCTION(maths, ln,
               {.summary = "The natural logarithm. Fails for zero and below.",
                .parameters = {{"value", "Number."}},
                .examples = {{"ln(1e0)", "0e0"}, {"ln(0e0)", "fails"}}})

static Fallible<double> log10(CallContext& context, double value) {
  if (value <= 0) return fails(context, "only a positive number has a logarithm");
  return std::log10(value);
}
BRAID_FUNCTION(maths, log10,
               {.summary = "The logarithm to base 10. Fails for zero and below.",
                .parameters = {{"value", "Number."}},
                .examples = {{"log10(1000e0)", "3e0"}, {"log10(-1e0)", "fails"}}})

static double exp(double value) {
  return std::exp(value);
}
BRAID_FUNCTION(maths, exp,
               {.summary = "e to a power; infinite above 709.",
                .parameters = {{"value", "Power."}},
                .examples = {{"exp(0e0)", "1e0"}, {"is_finite(exp(1000e0))", "false"}}})

static double sin(double angle) {
  return std::sin(angle);
}
BRAID_FUNCTION(maths, sin,
               {.summary = "The sine.",
                .parameters = {{"angle", "Angle in radians."}},
                .examples = {{"sin(0e0)", "0e0"}, {"round(sin(radians(90e0)), 6)", "1e0"}}})

static double cos(double angle) {
  return std::cos(angle);
}
BRAID_FUNCTION(maths, cos,
               {.summary = "The cosine.",
                .parameters = {{"angle", "Angle in radians."}},
                .examples = {{"cos(0e0)", "1e0"}, {"round(cos(radians(180e0)), 6)", "-1e0"}}})

static double atan2(double y, double x) {
  return std::atan2(y, x);
}
BRAID_FUNCTION(maths, atan2,
               {.summary = "The angle of a point, in radians from -pi to pi.",
                .parameters = {{"y", "Distance upwards."}, {"x", "Distance to the right."}},
                .examples = {{"atan2(0e0, 1e0)", "0e0"}, {"atan2(0e0, 0e0)", "0e0"}}})

static constexpr double kPi = 3.14159265358979323846;

static double radians(double degrees) {
  return degrees * kPi / 180;
}
BRAID_FUNCTION(maths, radians,
               {.summary = "Degrees as radians.",
                .parameters = {{"degrees", "Angle in degrees."}},
                .examples = {{"radians(0e0)", "0e0"}, {"round(radians(180e0), 6)", "3.141593e0"}}})

static double degrees(double radians) {
  return radians * 180 / kPi;
}
BRAID_FUNCTION(maths, degrees,
               {.summary = "Radians as degrees.",
                .parameters = {{"radians", "Angle in radians."}},
                .examples = {{"degrees(0e0)", "0e0"}, {"round(degrees(3.141592653589793e0), 6)", "180e0"}}})

BRAID_GROUP(maths)

}  // namespace braid
