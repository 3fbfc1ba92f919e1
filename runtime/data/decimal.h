// Exact decimal arithmetic on unscaled 128-bit integers: `12.50` of decimal(12,2) is 1250. The scale is in the type,
// never in the value. A value has at most 38 digits. A result with more digits is an overflow; nothing wraps.
//
// C-shaped: plain functions, no static state, no exceptions, so that generated code inlines the short ones (this header
// is also compiled to bitcode). Operations that need a 128-bit division or more than 128 bits are named functions in
// the .cpp. All functions return true if the result fits, and do not change `*result` if not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/data/slot.h"

namespace braid {

inline constexpr int kDecimalDigits = 38;

struct PowersOfTen {
  int128 values[kDecimalDigits + 1];
  constexpr PowersOfTen() : values() {
    int128 power = 1;
    for (int i = 0; i <= kDecimalDigits; ++i) {
      values[i] = power;
      if (i < kDecimalDigits) power *= 10;
    }
  }
};
inline constexpr PowersOfTen kPowersOfTen;

/// 10^digits, 0 ≤ digits ≤ 38.
constexpr int128 power_of_ten(int digits) {
  return kPowersOfTen.values[digits];
}

/// Whether `value` has at most that many digits.
inline bool decimal_fits(int128 value, int precision) {
  return value < power_of_ten(precision) && value > -power_of_ten(precision);
}

inline bool decimal_add(int128 a, int128 b, int128* result) {
  int128 sum;
  if (__builtin_add_overflow(a, b, &sum) || !decimal_fits(sum, kDecimalDigits)) return false;
  *result = sum;
  return true;
}

inline bool decimal_subtract(int128 a, int128 b, int128* result) {
  int128 difference;
  if (__builtin_sub_overflow(a, b, &difference) || !decimal_fits(difference, kDecimalDigits)) return false;
  *result = difference;
  return true;
}

extern "C" {
bool braid_decimal_multiply_wide(const int128* a, const int128* b, int128* result);
/// a · 10^shift ÷ b, rounded half-even. `shift` may be negative. False on overflow and for b = 0.
bool braid_decimal_divide(const int128* a, const int128* b, int32_t shift, int128* result);
bool braid_decimal_rescale_wide(const int128* value, int32_t from_scale, int32_t to_scale, int128* result);
int32_t braid_decimal_compare_wide(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b);
/// Remainder with the sign of `a`, in the larger of the two scales: it fits whatever the operands are. False for b = 0.
bool braid_decimal_remainder(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b, int128* result);
/// Whole quotient towards zero and remainder with the sign of `a`, both of one scale. False for b = 0.
bool braid_decimal_div_whole(const int128* a, const int128* b, int128* quotient, int128* remainder);
}

/// The scales add up.
inline bool decimal_multiply(int128 a, int128 b, int128* result) {
  if (a == static_cast<int64_t>(a) && b == static_cast<int64_t>(b)) {
    int128 product = static_cast<int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(b);
    if (!decimal_fits(product, kDecimalDigits)) return false;  // up to 2^126, within 38 digits: 10^38 > 2^126
    *result = product;
    return true;
  }
  return braid_decimal_multiply_wide(&a, &b, result);
}

inline bool decimal_divide(int128 a, int128 b, int shift, int128* result) {
  return braid_decimal_divide(&a, &b, shift, result);
}

/// From one scale to another, rounded half-even when digits go.
inline bool decimal_rescale(int128 value, int from_scale, int to_scale, int128* result) {
  if (from_scale == to_scale) {
    *result = value;
    return true;
  }
  if (to_scale > from_scale && to_scale - from_scale <= 18 && value == static_cast<int64_t>(value)) {
    int128 product =
        static_cast<int128>(static_cast<int64_t>(value)) * static_cast<int64_t>(power_of_ten(to_scale - from_scale));
    *result = product;  // below 2^63 · 10^18 < 10^38
    return true;
  }
  return braid_decimal_rescale_wide(&value, from_scale, to_scale, result);
}

/// -1, 0 or 1.
inline int decimal_compare(int128 a, int scale_a, int128 b, int scale_b) {
  if (scale_a == scale_b) return a < b ? -1 : a > b ? 1 : 0;
  return braid_decimal_compare_wide(&a, scale_a, &b, scale_b);
}

inline bool decimal_div_whole(int128 a, int128 b, int128* quotient, int128* remainder) {
  return braid_decimal_div_whole(&a, &b, quotient, remainder);
}

inline bool decimal_remainder(int128 a, int scale_a, int128 b, int scale_b, int128* result) {
  return braid_decimal_remainder(&a, scale_a, &b, scale_b, result);
}

/// The nearest double, and the decimal nearest (half-even) to the exact value of a double; false if out of range, NaN.
double decimal_to_double(int128 value, int scale);
bool decimal_from_double(double value, int scale, int128* result);

enum class DecimalFault : uint8_t { none, not_a_number, out_of_range };

/// Accepts exactly `[-+]?digits[.digits][e[-+]digits]`. Digits beyond the scale are out_of_range unless
/// they are zero, as is a value with more digits than the precision has.
DecimalFault parse_decimal(std::string_view text, int precision, int scale, int128* result);
/// With all digits of the scale: 12.50, -0.05.
void append_decimal(std::string& out, int128 value, int scale);
void append_int128(std::string& out, int128 value);

}  // namespace braid
