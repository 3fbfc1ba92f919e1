// More of mathematics: trigonometry, powers and roots, whole numbers, buckets. Floats are those of IEEE 754: what has
// no value in the real numbers fails, NaN gives NaN. Nothing wraps.
#include <cmath>

#include "runtime/declare/native.h"

namespace braid {

static constexpr double kPi = 3.14159265358979323846;

static double pi() {
  return kPi;
}
BRAID_FUNCTION(numbers, pi,
               {.summary = "The float that is nearest to the ratio of a circle's circumference to its diameter.",
                .parameters = {},
                .examples = {{"pi()", "3.141592653589793e0"}, {"degrees(pi())", "180e0"}}})

// ---- trigonometry --------------------------------------------------------------------------------------------------

static double tan(double angle) {
  return std::tan(angle);
}
BRAID_FUNCTION(numbers, tan,
               {.summary = "The tangent of an angle in radians.",
                .parameters = {{"angle", "Angle."}},
                .examples = {{"tan(0e0)", "0e0"}, {"round(tan(pi() / 4e0), 12)", "1e0"}}})

static Fallible<double> asin(CallContext& context, double value) {
  if (value < -1 || value > 1) return fails(context, "a sine lies within -1 and 1");
  return std::asin(value);
}
BRAID_FUNCTION(numbers, asin,
               {.summary = "The angle in radians whose sine this is. Fails outside -1 and 1.",
                .parameters = {{"value", "Sine."}},
                .examples = {{"asin(0e0)", "0e0"}, {"degrees(asin(1e0))", "90e0"}, {"asin(2e0)", "fails"}}})

static Fallible<double> acos(CallContext& context, double value) {
  if (value < -1 || value > 1) return fails(context, "a cosine lies within -1 and 1");
  return std::acos(value);
}
BRAID_FUNCTION(numbers, acos,
               {.summary = "The angle in radians whose cosine this is. Fails outside -1 and 1.",
                .parameters = {{"value", "Cosine."}},
                .examples = {{"acos(1e0)", "0e0"}, {"degrees(acos(-1e0))", "180e0"}, {"acos(-2e0)", "fails"}}})

static double atan(double value) {
  return std::atan(value);
}
BRAID_FUNCTION(numbers, atan,
               {.summary = "The angle in radians whose tangent this is.",
                .parameters = {{"value", "Tangent."}},
                .examples = {{"atan(0e0)", "0e0"}, {"degrees(atan(1e0))", "45e0"}}})

static double sinh(double value) {
  return std::sinh(value);
}
BRAID_FUNCTION(numbers, sinh,
               {.summary = "The hyperbolic sine.",
                .parameters = {{"value", "Number."}},
                .examples = {{"sinh(0e0)", "0e0"}, {"round(sinh(1e0), 6)", "1.175201e0"}}})

static double cosh(double value) {
  return std::cosh(value);
}
BRAID_FUNCTION(numbers, cosh,
               {.summary = "The hyperbolic cosine.",
                .parameters = {{"value", "Number."}},
                .examples = {{"cosh(0e0)", "1e0"}, {"round(cosh(1e0), 6)", "1.543081e0"}}})

static double tanh(double value) {
  return std::tanh(value);
}
BRAID_FUNCTION(numbers, tanh,
               {.summary = "The hyperbolic tangent, -1 to 1.",
                .parameters = {{"value", "Number."}},
                .examples = {{"tanh(0e0)", "0e0"}, {"tanh(1000e0)", "1e0"}}})

static double asinh(double value) {
  return std::asinh(value);
}
BRAID_FUNCTION(numbers, asinh,
               {.summary = "The number whose hyperbolic sine this is.",
                .parameters = {{"value", "Number."}},
                .examples = {{"asinh(0e0)", "0e0"}, {"round(asinh(1e0), 6)", "0.881374e0"}}})

static Fallible<double> acosh(CallContext& context, double value) {
  if (value < 1) return fails(context, "a hyperbolic cosine is 1 or more");
  return std::acosh(value);
}
BRAID_FUNCTION(numbers, acosh,
               {.summary = "The number, 0 or above, whose hyperbolic cosine this is. Fails below 1.",
                .parameters = {{"value", "Number."}},
                .examples = {{"acosh(1e0)", "0e0"}, {"acosh(0e0)", "fails"}}})

static Fallible<double> atanh(CallContext& context, double value) {
  if (value <= -1 || value >= 1) return fails(context, "a hyperbolic tangent lies between -1 and 1");
  return std::atanh(value);
}
BRAID_FUNCTION(numbers, atanh,
               {.summary = "The number whose hyperbolic tangent this is. Fails unless it lies between -1 and 1.",
                .parameters = {{"value", "Number."}},
                .examples = {{"atanh(0e0)", "0e0"}, {"atanh(1e0)", "fails"}}})

static double hypot(double a, double b) {
  return std::hypot(a, b);
}
BRAID_FUNCTION(numbers, hypot,
               {.summary = "The length of the hypotenuse, without overflow on the way.",
                .parameters = {{"a", "One leg."}, {"b", "The other."}},
                .examples = {{"hypot(3e0, 4e0)", "5e0"}, {"hypot(3e300, 4e300)", "5e300"}}})

// ---- powers, roots, logarithms -------------------------------------------------------------------------------------

static Fallible<double> log2(CallContext& context, double value) {
  if (value <= 0) return fails(context, "only a positive number has a logarithm");
  return std::log2(value);
}
BRAID_FUNCTION(numbers, log2,
               {.summary = "The logarithm to base 2. Fails for zero and below.",
                .parameters = {{"value", "Number."}},
                .examples = {{"log2(1024e0)", "10e0"}, {"log2(0e0)", "fails"}}})

static Fallible<double> log_base(CallContext& context, double value, double base) {
  if (value <= 0) return fails(context, "only a positive number has a logarithm");
  if (base <= 0 || base == 1) return fails(context, "the base of a logarithm is positive and not 1");
  if (base == 10) return std::log10(value);
  if (base == 2) return std::log2(value);
  return std::log(value) / std::log(base);
}
BRAID_FUNCTION(
    numbers, log_base,
    {.summary = "The logarithm to a base. Fails for zero and below, and for a base that is not positive or is 1.",
     .parameters = {{"value", "Number."}, {"base", "Base."}},
     .examples = {{"log_base(1000e0, 10e0)", "3e0"},
                  {"round(log_base(27e0, 3e0), 12)", "3e0"},
                  {"log_base(2e0, 1e0)", "fails"}}})

static Fallible<double> log1p(CallContext& context, double value) {
  if (value <= -1) return fails(context, "only a positive number has a logarithm");
  return std::log1p(value);
}
BRAID_FUNCTION(numbers, log1p,
               {.summary = "The natural logarithm of 1 + a number, exact for small ones. Fails for -1 and below.",
                .parameters = {{"value", "Number."}},
                .examples = {{"log1p(1e-20)", "1e-20"}, {"log1p(-1e0)", "fails"}}})

static double expm1(double value) {
  return std::expm1(value);
}
BRAID_FUNCTION(numbers, expm1,
               {.summary = "e to a power, less 1; exact for small powers.",
                .parameters = {{"value", "Power."}},
                .examples = {{"expm1(1e-20)", "1e-20"}, {"expm1(0e0)", "0e0"}}})

static double cbrt(double value) {
  const double root = std::cbrt(value), whole = std::nearbyint(root);
  return whole * whole * whole == value ? whole : root;
}
BRAID_FUNCTION(numbers, cbrt,
               {.summary = "The cube root.",
                .parameters = {{"value", "Number."}},
                .examples = {{"cbrt(27e0)", "3e0"}, {"cbrt(-8e0)", "-2e0"}}})

static double erf(double value) {
  return std::erf(value);
}
BRAID_FUNCTION(numbers, erf,
               {.summary = "The error function, -1 to 1.",
                .parameters = {{"value", "Number."}},
                .examples = {{"erf(0e0)", "0e0"}, {"round(erf(1e0), 6)", "0.842701e0"}}})

static Fallible<double> normal_cdf(CallContext& context, double value, double mean, double deviation) {
  if (!(deviation > 0)) return fails(context, "a standard deviation is above 0");
  return std::erfc((mean - value) / (deviation * 1.41421356237309504880)) / 2;
}
BRAID_FUNCTION(
    numbers, normal_cdf,
    {.summary = "The share of a normal distribution that lies at or below a value. Fails unless the deviation "
                "is above 0.",
     .parameters = {{"value", "Number."},
                    {"mean", "Mean of the distribution.", "0e0"},
                    {"deviation", "Its standard deviation.", "1e0"}},
     .examples = {{"normal_cdf(0e0)", "0.5e0"},
                  {"round(normal_cdf(120e0, 100e0, 15e0), 4)", "0.9088e0"},
                  {"normal_cdf(1e0, 0e0, 0e0)", "fails"}}})

static double sigmoid(double value) {
  return 1 / (1 + std::exp(-value));
}
BRAID_FUNCTION(numbers, sigmoid,
               {.summary = "The logistic function, 0 to 1.",
                .parameters = {{"value", "Number."}},
                .examples = {{"sigmoid(0e0)", "0.5e0"}, {"sigmoid(1000e0)", "1e0"}}})

static bool is_infinite(double value) {
  return std::isinf(value);
}
BRAID_FUNCTION(numbers, is_infinite,
               {.summary = "Whether a float is infinite.",
                .parameters = {{"value", "Number to look at."}},
                .examples = {{"is_infinite(exp(1000e0))", "true"}, {R"(is_infinite(float("NaN")))", "false"}}})

static Fallible<double> mod_float(double a, double b) {
  if (b == 0) return division_by_zero();
  const double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) return rest + b;
  return rest == 0 ? std::copysign(0.0, b) : rest;
}
BRAID_FUNCTION(numbers, mod_float,
               {.name = "mod",
                .summary = "The rest of a division, with the sign of the divisor. Fails for zero.",
                .parameters = {{"a", "What is divided."}, {"b", "What it is divided by."}},
                .examples = {{"mod(-7.5e0, 2e0)", "0.5e0"}, {"mod(7e0, 0e0)", "fails"}}})

static Fallible<double> round_significant(CallContext& context, double value, int64_t digits) {
  if (digits < 1 || digits > 17) return fails(context, "a float has 1 to 17 significant digits");
  if (value == 0 || !std::isfinite(value)) return value;
  const int above = static_cast<int>(std::floor(std::log10(std::fabs(value)))) + 1;
  const int places = static_cast<int>(digits) - above;
  if (places > 300 || places < -300) return value;
  const double unit = std::pow(10.0, std::abs(places));
  const double made = places >= 0 ? std::nearbyint(value * unit) / unit : std::nearbyint(value / unit) * unit;
  return std::isfinite(made) ? made : value;
}
BRAID_FUNCTION(numbers, round_significant,
               {.summary = "A float with so many significant digits; a half goes to the even neighbour. Fails unless "
                           "these are 1 to 17.",
                .parameters = {{"value", "Number to round."}, {"digits", "Digits that count."}},
                .examples = {{"round_significant(123456e0, 3)", "123000e0"},
                             {"round_significant(0.0012345e0, 2)", "0.0012e0"},
                             {"round_significant(1e0, 0)", "fails"}}})

// ---- whole numbers -------------------------------------------------------------------------------------------------

static uint64_t size_of(int64_t value) {
  return value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}
static uint64_t common_divisor(uint64_t a, uint64_t b) {
  while (b != 0) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static Fallible<int64_t> gcd(int64_t a, int64_t b) {
  const uint64_t divisor = common_divisor(size_of(a), size_of(b));
  if (divisor > INT64_MAX) return overflow();
  return static_cast<int64_t>(divisor);
}
BRAID_FUNCTION(
    numbers, gcd,
    {.summary = "The greatest common divisor; that of 0 and a number is the number. Fails if it does not fit "
                "64 bits.",
     .parameters = {{"a", "One number."}, {"b", "The other."}},
     .examples = {{"gcd(12, -18)", "6"}, {"gcd(0, 0)", "0"}, {"gcd(-9_223_372_036_854_775_807 - 1, 0)", "fails"}}})

static Fallible<int64_t> lcm(int64_t a, int64_t b) {
  if (a == 0 || b == 0) return int64_t{0};
  const uint64_t first = size_of(a), second = size_of(b);
  uint64_t multiple = 0;
  if (__builtin_mul_overflow(first / common_divisor(first, second), second, &multiple) || multiple > INT64_MAX)
    return overflow();
  return static_cast<int64_t>(multiple);
}
BRAID_FUNCTION(numbers, lcm,
               {.summary = "The least common multiple, 0 if one of the numbers is. Fails if it does not fit 64 bits.",
                .parameters = {{"a", "One number."}, {"b", "The other."}},
                .examples = {{"lcm(4, 6)", "12"}, {"lcm(0, 5)", "0"}, {"lcm(9_223_372_036_854_775_807, 2)", "fails"}}})

static Fallible<int64_t> factorial(CallContext& context, int64_t value) {
  if (value < 0) return fails(context, "a negative number has no factorial");
  if (value > 20) return overflow();
  int64_t product = 1;
  for (int64_t i = 2; i <= value; ++i) product *= i;
  return product;
}
BRAID_FUNCTION(numbers, factorial,
               {.summary = "The product of all whole numbers up to one. Fails below 0 and above 20.",
                .parameters = {{"value", "Number."}},
                .examples = {{"factorial(5)", "120"}, {"factorial(0)", "1"}, {"factorial(21)", "fails"}}})

static Fallible<int64_t> binomial(CallContext& context, int64_t of, int64_t taken) {
  if (of < 0) return fails(context, "nothing can be taken out of less than nothing");
  if (taken < 0 || taken > of) return int64_t{0};
  const int64_t steps = taken < of - taken ? taken : of - taken;
  int128 ways = 1;
  for (int64_t i = 1; i <= steps; ++i) {
    ways = ways * (of - steps + i) / i;
    if (ways > INT64_MAX) return overflow();  // so that there are at most 62 steps for a large `of`
  }
  return static_cast<int64_t>(ways);
}
BRAID_FUNCTION(numbers, binomial,
               {.summary = "In how many ways so many things can be taken out of others. Fails below 0, and if it does "
                           "not fit 64 bits.",
                .parameters = {{"of", "How many there are."}, {"taken", "How many are taken."}},
                .examples = {{"binomial(49, 6)", "13983816"}, {"binomial(3, 4)", "0"}, {"binomial(100, 50)", "fails"}}})

static Fallible<int64_t> whole_root(CallContext& context, int64_t value) {
  if (value < 0) return fails(context, "a negative number has no square root");
  auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(value)));
  while (root > 0 && root > value / root) --root;
  while ((root + 1) <= value / (root + 1)) ++root;
  return root;
}
BRAID_FUNCTION(numbers, whole_root,
               {.summary = "The greatest whole number whose square is not above. Fails for a negative number.",
                .parameters = {{"value", "Number."}},
                .examples = {{"whole_root(99)", "9"},
                             {"whole_root(9_223_372_036_854_775_807)", "3_037_000_499"},
                             {"whole_root(-1)", "fails"}}})

static Fallible<int64_t> whole_power(CallContext& context, int64_t base, int64_t exponent) {
  if (exponent < 0) return fails(context, "a negative power is not whole");
  int64_t result = 1;
  for (;; exponent /= 2) {
    if (exponent % 2 != 0 && __builtin_mul_overflow(result, base, &result)) return overflow();
    if (exponent < 2) return result;
    if (__builtin_mul_overflow(base, base, &base)) return overflow();
  }
}
BRAID_FUNCTION(numbers, whole_power,
               {.summary = "A whole number to a whole power, exact. Fails for a negative power, and if it does not fit "
                           "64 bits.",
                .parameters = {{"base", "Number."}, {"exponent", "Power."}},
                .examples = {{"whole_power(10, 18)", "1_000_000_000_000_000_000"},
                             {"whole_power(-1, 9_223_372_036_854_775_807)", "-1"},
                             {"whole_power(0, 0)", "1"},
                             {"whole_power(2, 63)", "fails"}}})

static bool is_even(int64_t value) {
  return (value & 1) == 0;
}
BRAID_FUNCTION(numbers, is_even,
               {.summary = "Whether 2 divides a whole number.",
                .parameters = {{"value", "Number."}},
                .examples = {{"is_even(-4)", "true"}, {"is_even(7)", "false"}}})

static bool is_prime(int64_t value) {
  if (value < 2) return false;
  const auto number = static_cast<uint64_t>(value);
  const auto product = [number](uint64_t a, uint64_t b) {
    return static_cast<uint64_t>(static_cast<uint128>(a) * b % number);
  };
  // Miller and Rabin; these bases decide all numbers of 64 bits (Sorenson and Webster).
  constexpr uint64_t kBases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  for (const uint64_t prime : kBases)
    if (number % prime == 0) return number == prime;
  const int twos = __builtin_ctzll(number - 1);
  for (const uint64_t base : kBases) {
    uint64_t power = 1, square = base;
    for (uint64_t rest = (number - 1) >> twos; rest != 0; rest >>= 1, square = product(square, square))
      if (rest & 1) power = product(power, square);
    if (power == 1 || power == number - 1) continue;
    bool composite = true;
    for (int i = 1; i < twos && composite; ++i) {
      power = product(power, power);
      composite = power != number - 1;
    }
    if (composite) return false;
  }
  return true;
}
BRAID_FUNCTION(
    numbers, is_prime,
    {.summary = "Whether a whole number has no divisors but 1 and itself.",
     .parameters = {{"value", "Number."}},
     .examples = {{"is_prime(97)", "true"}, {"is_prime(1)", "false"}, {"is_prime(9_223_372_036_854_775_783)", "true"}}})

// ---- ranges --------------------------------------------------------------------------------------------------------

static Fallible<int64_t> width_bucket(CallContext& context, double value, double low, double high, int64_t count) {
  if (count < 1 || count > INT64_MAX - 1) return fails(context, "there is at least one bucket");
  if (!std::isfinite(low) || !std::isfinite(high) || !(low < high))
    return fails(context, "the range runs from a number to a greater one");
  if (value < low) return int64_t{0};
  if (!(value < high)) return count + 1;                              // NaN is last, as everywhere
  const double share = (value / 2 - low / 2) / (high / 2 - low / 2);  // halves do not overflow
  const double place = share * static_cast<double>(count);
  const int64_t bucket = place >= static_cast<double>(count) ? count - 1 : static_cast<int64_t>(place);
  return bucket + 1;
}
BRAID_FUNCTION(numbers, width_bucket,
               {.summary = "Which of so many buckets of equal width a value falls in, from 1; 0 below the range, one "
                           "more than there are at its end and above. Fails without a bucket or a range.",
                .parameters = {{"value", "Number to place."},
                               {"low", "Beginning of the first bucket."},
                               {"high", "End of the last."},
                               {"count", "How many buckets."}},
                .examples = {{"width_bucket(5.35e0, 0.024e0, 10.06e0, 5)", "3"},
                             {"width_bucket(10e0, 0e0, 10e0, 5)", "6"},
                             {"width_bucket(-1e0, 0e0, 10e0, 5)", "0"},
                             {"width_bucket(1e0, 1e0, 1e0, 5)", "fails"}}})

static double mix(double from, double to, double share) {
  return share == 1 ? to : from + (to - from) * share;
}
BRAID_FUNCTION(numbers, mix,
               {.summary = "The number that lies at a share of the way from one to another.",
                .parameters = {{"from", "The number at 0."}, {"to", "The number at 1."}, {"share", "How far."}},
                .examples = {{"mix(10e0, 20e0, 0.25e0)", "12.5e0"}, {"mix(10e0, 20e0, 1e0)", "20e0"}}})

static Fallible<double> rescale(CallContext& context, double value, double low, double high, double new_low,
                                double new_high) {
  if (!std::isfinite(low) || !std::isfinite(high) || low == high)
    return fails(context, "the range runs from a number to another one");
  return new_low + (value - low) / (high - low) * (new_high - new_low);
}
BRAID_FUNCTION(numbers, rescale,
               {.summary = "A number moved from one range to another, in proportion. Fails if the range is a point.",
                .parameters = {{"value", "Number to move."},
                               {"low", "One end of its range."},
                               {"high", "The other."},
                               {"new_low", "One end of the new range.", "0e0"},
                               {"new_high", "The other.", "1e0"}},
                .examples = {{"rescale(75e0, 50e0, 100e0)", "0.5e0"},
                             {"rescale(212e0, 32e0, 212e0, 0e0, 100e0)", "100e0"},
                             {"rescale(1e0, 5e0, 5e0)", "fails"}}})

static double percent_change(double from, double to) {
  return (to - from) / std::fabs(from) * 100;
}
BRAID_FUNCTION(numbers, percent_change,
               {.summary = "By how many percent a number has changed; infinite or NaN from 0.",
                .parameters = {{"from", "What it was."}, {"to", "What it is."}},
                .examples = {{"percent_change(80e0, 100e0)", "25e0"}, {"percent_change(-50e0, -25e0)", "50e0"}}})

BRAID_GROUP(numbers)

}  // namespace braid
