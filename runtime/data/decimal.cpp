#include "runtime/data/decimal.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "fast_float/fast_float.h"

namespace braid {
namespace {

constexpr uint128 magnitude(int128 value) {
  return value < 0 ? uint128{0} - static_cast<uint128>(value) : static_cast<uint128>(value);
}

/// 256 bits unsigned, low word first.
struct Wide {
  uint64_t words[4] = {0, 0, 0, 0};

  bool fits_128() const { return words[2] == 0 && words[3] == 0; }
  uint128 low() const { return (static_cast<uint128>(words[1]) << 64) | words[0]; }
};

Wide multiply(uint128 a, uint128 b) {
  uint64_t a0 = static_cast<uint64_t>(a), a1 = static_cast<uint64_t>(a >> 64);
  uint64_t b0 = static_cast<uint64_t>(b), b1 = static_cast<uint64_t>(b >> 64);
  uint128 p00 = static_cast<uint128>(a0) * b0, p01 = static_cast<uint128>(a0) * b1;
  uint128 p10 = static_cast<uint128>(a1) * b0, p11 = static_cast<uint128>(a1) * b1;
  uint128 middle = (p00 >> 64) + static_cast<uint64_t>(p01) + static_cast<uint64_t>(p10);
  uint128 high = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64);
  return {{static_cast<uint64_t>(p00), static_cast<uint64_t>(middle), static_cast<uint64_t>(high),
           static_cast<uint64_t>(high >> 64)}};
}

int compare(const Wide& a, const Wide& b) {
  for (int i = 3; i >= 0; --i)
    if (a.words[i] != b.words[i]) return a.words[i] < b.words[i] ? -1 : 1;
  return 0;
}

/// Schoolbook division with 32-bit digits (Knuth, algorithm D); `divisor` is not 0.
Wide divide(const Wide& dividend, uint128 divisor, uint128* remainder) {
  uint32_t u[9] = {}, v[4] = {}, q[8] = {};
  for (int i = 0; i < 8; ++i) u[i] = static_cast<uint32_t>(dividend.words[i / 2] >> (32 * (i % 2)));
  int n = 0;
  for (int i = 0; i < 4; ++i) {
    v[i] = static_cast<uint32_t>(divisor >> (32 * i));
    if (v[i] != 0) n = i + 1;
  }
  if (n == 1) {
    uint64_t rest = 0;
    for (int i = 7; i >= 0; --i) {
      uint64_t part = (rest << 32) | u[i];
      q[i] = static_cast<uint32_t>(part / v[0]);
      rest = part % v[0];
    }
    *remainder = rest;
  } else {
    int shift = __builtin_clz(v[n - 1]);
    if (shift > 0) {
      for (int i = n - 1; i > 0; --i) v[i] = (v[i] << shift) | (v[i - 1] >> (32 - shift));
      v[0] <<= shift;
      for (int i = 8; i > 0; --i) u[i] = (u[i] << shift) | (u[i - 1] >> (32 - shift));
      u[0] <<= shift;
    }
    for (int j = 8 - n; j >= 0; --j) {
      uint64_t top = (static_cast<uint64_t>(u[j + n]) << 32) | u[j + n - 1];
      uint64_t guess = top / v[n - 1], rest = top % v[n - 1];
      while (guess >> 32 != 0 || guess * v[n - 2] > ((rest << 32) | u[j + n - 2])) {
        --guess;
        rest += v[n - 1];
        if (rest >> 32 != 0) break;
      }
      int64_t borrow = 0;
      uint64_t carry = 0;
      for (int i = 0; i < n; ++i) {
        uint64_t product = guess * v[i] + carry;
        carry = product >> 32;
        int64_t digit = static_cast<int64_t>(u[i + j]) - static_cast<int64_t>(product & 0xFFFFFFFF) + borrow;
        u[i + j] = static_cast<uint32_t>(digit);
        borrow = digit >> 32;
      }
      int64_t digit = static_cast<int64_t>(u[j + n]) - static_cast<int64_t>(carry) + borrow;
      u[j + n] = static_cast<uint32_t>(digit);
      if (digit < 0) {
        --guess;
        uint64_t sum = 0;
        for (int i = 0; i < n; ++i) {
          sum += static_cast<uint64_t>(u[i + j]) + v[i];
          u[i + j] = static_cast<uint32_t>(sum);
          sum >>= 32;
        }
        u[j + n] += static_cast<uint32_t>(sum);
      }
      q[j] = static_cast<uint32_t>(guess);
    }
    uint128 rest = 0;
    for (int i = n - 1; i >= 0; --i) rest = (rest << 32) | u[i];
    *remainder = rest >> shift;
  }
  Wide quotient;
  for (int i = 0; i < 4; ++i) quotient.words[i] = (static_cast<uint64_t>(q[2 * i + 1]) << 32) | q[2 * i];
  return quotient;
}

bool finish(const Wide& value, bool negative, int128* result) {
  if (!value.fits_128() || value.low() >= static_cast<uint128>(power_of_ten(kDecimalDigits))) return false;
  int128 unsigned_value = static_cast<int128>(value.low());
  *result = negative ? -unsigned_value : unsigned_value;
  return true;
}

/// value ÷ divisor, half-even.
bool divide_rounded(const Wide& value, uint128 divisor, bool negative, int128* result) {
  uint128 remainder = 0;
  Wide quotient = divide(value, divisor, &remainder);
  uint128 other_half = divisor - remainder;
  if (remainder > other_half || (remainder == other_half && (quotient.words[0] & 1) != 0)) {
    for (uint64_t& word : quotient.words)
      if (++word != 0) break;
  }
  return finish(quotient, negative, result);
}

}  // namespace

extern "C" {

bool braid_decimal_multiply_wide(const int128* a, const int128* b, int128* result) {
  return finish(multiply(magnitude(*a), magnitude(*b)), (*a < 0) != (*b < 0), result);
}

bool braid_decimal_divide(const int128* a, const int128* b, int32_t shift, int128* result) {
  if (*b == 0) return false;
  bool negative = (*a < 0) != (*b < 0);
  uint128 dividend = magnitude(*a), divisor = magnitude(*b);
  if (dividend == 0) {
    *result = 0;
    return true;
  }
  if (shift >= 0) {
    if (shift <= kDecimalDigits) {
      return divide_rounded(multiply(dividend, static_cast<uint128>(power_of_ten(shift))), divisor, negative, result);
    }
    // More than 38 places: the excess goes into the dividend while that fits 38 digits.
    for (int rest = shift - kDecimalDigits; rest > 0; --rest) {
      if (divisor % 10 == 0) {
        divisor /= 10;
      } else if (dividend < static_cast<uint128>(power_of_ten(kDecimalDigits - 1))) {
        dividend *= 10;
      } else {
        return false;  // the quotient has more than 38 digits
      }
    }
    return divide_rounded(multiply(dividend, static_cast<uint128>(power_of_ten(kDecimalDigits))), divisor, negative,
                          result);
  }
  // Divided by 10^-shift as well. Where that divisor leaves 128 bits, the quotient is below one half: zero.
  if (-shift > kDecimalDigits) {
    *result = 0;
    return true;
  }
  Wide product = multiply(divisor, static_cast<uint128>(power_of_ten(-shift)));
  if (!product.fits_128()) {
    *result = 0;
    return true;
  }
  return divide_rounded({{static_cast<uint64_t>(dividend), static_cast<uint64_t>(dividend >> 64), 0, 0}}, product.low(),
                        negative, result);
}

bool braid_decimal_rescale_wide(const int128* value, int32_t from_scale, int32_t to_scale, int128* result) {
  uint128 digits = magnitude(*value);
  int32_t shift = to_scale - from_scale;
  if (shift > kDecimalDigits || shift < -kDecimalDigits) {
    if (shift > 0 && digits != 0) return false;
    *result = 0;
    return true;
  }
  if (shift >= 0) return finish(multiply(digits, static_cast<uint128>(power_of_ten(shift))), *value < 0, result);
  return divide_rounded({{static_cast<uint64_t>(digits), static_cast<uint64_t>(digits >> 64), 0, 0}},
                        static_cast<uint128>(power_of_ten(-shift)), *value < 0, result);
}

int32_t braid_decimal_compare_wide(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b) {
  if ((*a < 0) != (*b < 0)) return *a < 0 ? -1 : 1;
  int32_t shift_a = scale_b > scale_a ? scale_b - scale_a : 0;
  int32_t shift_b = scale_a > scale_b ? scale_a - scale_b : 0;
  int order = compare(multiply(magnitude(*a), static_cast<uint128>(power_of_ten(shift_a))),
                      multiply(magnitude(*b), static_cast<uint128>(power_of_ten(shift_b))));
  return *a < 0 ? -order : order;
}

bool braid_decimal_remainder(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b, int128* result) {
  if (*b == 0) return false;
  const auto power = [](int32_t digits) { return static_cast<uint128>(power_of_ten(digits)); };
  uint128 rest = magnitude(*a);
  if (scale_b > scale_a) {
    divide(multiply(rest, power(scale_b - scale_a)), magnitude(*b), &rest);
  } else {
    // A divisor beyond 128 bits is greater than any dividend.
    const Wide divisor = multiply(magnitude(*b), power(scale_a - scale_b));
    if (divisor.fits_128()) rest %= divisor.low();
  }
  *result = *a < 0 ? -static_cast<int128>(rest) : static_cast<int128>(rest);
  return true;
}

bool braid_decimal_div_whole(const int128* a, const int128* b, int128* quotient, int128* remainder) {
  if (*b == 0) return false;
  int128 whole = *a / *b;
  int128 rest = *a % *b;
  *quotient = whole;
  *remainder = rest;
  return true;
}

}  // extern "C"

double decimal_to_double(int128 value, int scale) {
  // By way of the text: correctly rounded, where a division of two rounded numbers would not be.
  std::string text;
  append_decimal(text, value, scale);
  double result = 0;
  fast_float::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

bool decimal_from_double(double value, int scale, int128* result) {
  if (!std::isfinite(value)) return false;
  int exponent = 0;
  double fraction = std::frexp(std::fabs(value), &exponent);  // value = fraction · 2^exponent
  auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  exponent -= 53;
  bool negative = value < 0;
  if (exponent >= 0) {
    if (exponent > 74) return false;  // beyond 2^127 already
    Wide product = multiply(static_cast<uint128>(mantissa) << exponent, static_cast<uint128>(power_of_ten(scale)));
    return finish(product, negative, result);
  }
  Wide product = multiply(mantissa, static_cast<uint128>(power_of_ten(scale)));  // below 2^180
  if (exponent < -126) {
    // 2^180 / 2^127 leaves up to 53 bits: drop in two steps, the bits of the first kept as a sticky one.
    int drop = -exponent - 126;
    bool sticky = false;
    for (; drop > 0 && (product.words[0] | product.words[1] | product.words[2] | product.words[3]) != 0; --drop) {
      sticky = sticky || (product.words[0] & 1) != 0;
      for (int i = 0; i < 4; ++i) product.words[i] = (product.words[i] >> 1) | (i < 3 ? product.words[i + 1] << 63 : 0);
    }
    product.words[0] |= sticky ? 1 : 0;
    exponent = -126;
  }
  return divide_rounded(product, uint128{1} << -exponent, negative, result);
}

DecimalFault parse_decimal(std::string_view text, int precision, int scale, int128* result) {
  const char* at = text.data();
  const char* end = at + text.size();
  bool negative = false;
  if (at < end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  const char* digits_begin = at;
  while (at < end && *at >= '0' && *at <= '9') ++at;
  const char* point = at;
  const char* digits_end = at;
  bool has_digits = at > digits_begin;
  if (at < end && *at == '.') {
    ++at;
    const char* fraction = at;
    while (at < end && *at >= '0' && *at <= '9') ++at;
    if (at == fraction || !has_digits) return DecimalFault::not_a_number;
    digits_end = at;
  }
  if (!has_digits) return DecimalFault::not_a_number;
  int64_t exponent = 0;
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    bool negative_exponent = false;
    if (at < end && (*at == '-' || *at == '+')) negative_exponent = *at++ == '-';
    if (at == end) return DecimalFault::not_a_number;
    for (; at < end && *at >= '0' && *at <= '9'; ++at)
      if (exponent < 100'000'000) exponent = exponent * 10 + (*at - '0');
    if (negative_exponent) exponent = -exponent;
  }
  if (at != end) return DecimalFault::not_a_number;
  // The digit at index i of the whole part stands for 10^(whole - 1 - i) and is kept while that is ≥ 10^-scale.
  int64_t power = (point - digits_begin) + exponent + scale;  // digits left of the cut
  uint128 value = 0;
  int used = 0;
  for (const char* digit = digits_begin; digit < digits_end; ++digit) {
    if (*digit == '.') continue;
    if (power <= 0) {
      if (*digit != '0') return DecimalFault::out_of_range;
      continue;
    }
    --power;
    if (used == 0 && *digit == '0') continue;
    if (++used > precision) return DecimalFault::out_of_range;
    value = value * 10 + static_cast<uint32_t>(*digit - '0');
  }
  if (used > 0 && power > 0) {
    if (used + power > precision) return DecimalFault::out_of_range;
    value *= static_cast<uint128>(power_of_ten(static_cast<int>(power)));
  }
  *result = negative ? -static_cast<int128>(value) : static_cast<int128>(value);
  return DecimalFault::none;
}

void append_int128(std::string& out, int128 value) {
  append_decimal(out, value, 0);
}

void append_decimal(std::string& out, int128 value, int scale) {
  char buffer[48];
  char* end = buffer + sizeof buffer;
  char* at = end;
  uint128 rest = magnitude(value);
  if (rest >> 64 == 0 && scale <= 18) {
    // Whole part and fraction on their own, in 64 bits.
    auto unit = static_cast<uint64_t>(power_of_ten(scale));
    uint64_t whole = static_cast<uint64_t>(rest) / unit, fraction = static_cast<uint64_t>(rest) % unit;
    if (scale > 0) {
      for (int i = 0; i < scale; ++i, fraction /= 10) *--at = static_cast<char>('0' + fraction % 10);
      *--at = '.';
    }
    do {
      *--at = static_cast<char>('0' + whole % 10);
      whole /= 10;
    } while (whole != 0);
    if (value < 0) *--at = '-';
    out.append(at, static_cast<size_t>(end - at));
    return;
  }
  int digits = 0;
  auto put = [&](char digit) {
    if (digits == scale && scale > 0) *--at = '.';
    *--at = digit;
    ++digits;
  };
  while (rest >> 64 != 0) {
    auto part = static_cast<uint64_t>(rest % 1'000'000'000'000'000'000u);
    rest /= 1'000'000'000'000'000'000u;
    for (int i = 0; i < 18; ++i, part /= 10) put(static_cast<char>('0' + part % 10));
  }
  for (auto part = static_cast<uint64_t>(rest); part != 0; part /= 10) put(static_cast<char>('0' + part % 10));
  while (digits <= scale) put('0');
  if (value < 0) *--at = '-';
  out.append(at, static_cast<size_t>(end - at));
}

}  // namespace braid
