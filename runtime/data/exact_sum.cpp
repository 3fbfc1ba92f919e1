#include "runtime/data/exact_sum.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/data/slot.h"

namespace braid {
namespace {

constexpr int kWords = ExactSum::kWords;

/// Adds `low` and `high` at word `at`, carrying as far as it goes.
void add_at(uint64_t* words, int at, uint64_t low, uint64_t high) {
  uint64_t sum = words[at] + low;
  uint64_t carry = sum < low;
  words[at] = sum;
  if (at + 1 == kWords) return;
  uint128 upper = static_cast<uint128>(words[at + 1]) + high + carry;
  words[at + 1] = static_cast<uint64_t>(upper);
  carry = static_cast<uint64_t>(upper >> 64);
  for (int i = at + 2; carry != 0 && i < kWords; ++i) carry = ++words[i] == 0;
}

void subtract_at(uint64_t* words, int at, uint64_t low, uint64_t high) {
  uint64_t borrow = words[at] < low;
  words[at] -= low;
  if (at + 1 == kWords) return;
  uint128 upper = static_cast<uint128>(words[at + 1]) - high - borrow;
  words[at + 1] = static_cast<uint64_t>(upper);
  borrow = static_cast<uint64_t>(upper >> 64) != 0;
  for (int i = at + 2; borrow != 0 && i < kWords; ++i) borrow = words[i]-- == 0;
}

void change(ExactSum* sum, double value, bool add) {
  uint64_t bits;
  std::memcpy(&bits, &value, 8);
  auto exponent = static_cast<int>(bits >> 52 & 0x7FF);
  uint64_t mantissa = bits & 0xF'FFFF'FFFF'FFFF;
  bool negative = bits >> 63 != 0;
  if (exponent == 0x7FF) [[unlikely]] {
    int64_t by = add ? 1 : -1;
    (mantissa != 0 ? sum->nans : negative ? sum->negative_infinities : sum->positive_infinities) += by;
    return;
  }
  if (exponent != 0) {
    mantissa |= uint64_t{1} << 52;
    --exponent;
  }
  int at = exponent / 64, shift = exponent % 64;  // bit `exponent` is the lowest of the mantissa
  uint64_t low = mantissa << shift, high = shift == 0 ? 0 : mantissa >> (64 - shift);
  if (add != negative) {
    add_at(sum->words, at, low, high);
  } else {
    subtract_at(sum->words, at, low, high);
  }
}

/// words · 2^exponent as the nearest double; `sticky`: something not zero lies below bit 0.
double round_words(const uint64_t* words, int count, int exponent, bool sticky, bool negative) {
  int top = count - 1;
  while (top >= 0 && words[top] == 0) --top;
  if (top < 0) return 0.0;
  int high_bit = top * 64 + 63 - __builtin_clzll(words[top]);
  // The lowest bit kept: 53 bits, but nothing below 2^-1074.
  int low_bit = high_bit - 52;
  if (low_bit + exponent < -1074) low_bit = -1074 - exponent;
  if (low_bit > high_bit + 1) return negative ? -0.0 : 0.0;
  auto bit = [&](int index) { return index >= 0 && (words[index / 64] >> (index % 64) & 1) != 0; };
  uint64_t mantissa = 0;
  for (int i = high_bit; i >= low_bit; --i) mantissa = mantissa << 1 | static_cast<uint64_t>(bit(i));
  bool half = bit(low_bit - 1);
  bool below = sticky;
  for (int i = 0; !below && i < low_bit - 1; ++i) {
    if (i % 64 == 0 && i + 64 <= low_bit - 1) {
      below = words[i / 64] != 0;
      i += 63;
    } else {
      below = bit(i);
    }
  }
  if (half && (below || (mantissa & 1) != 0)) ++mantissa;
  double result = std::ldexp(static_cast<double>(mantissa), low_bit + exponent);
  return negative ? -result : result;
}

/// The magnitude of the fixed-point part into `out`; whether it is negative.
bool magnitude(const ExactSum* sum, uint64_t* out) {
  bool negative = sum->words[kWords - 1] >> 63 != 0;
  uint64_t carry = negative;
  for (int i = 0; i < kWords; ++i) {
    out[i] = (negative ? ~sum->words[i] : sum->words[i]) + carry;
    carry = carry != 0 && out[i] == 0;
  }
  return negative;
}

/// What infinities and NaNs make of the sum; false if there are none.
bool read_special(const ExactSum* sum, double* result) {
  bool up = sum->positive_infinities != 0, down = sum->negative_infinities != 0;
  if (sum->nans == 0 && !up && !down) return false;
  *result = sum->nans != 0 || (up && down) ? std::numeric_limits<double>::quiet_NaN()
            : up                           ? std::numeric_limits<double>::infinity()
                                           : -std::numeric_limits<double>::infinity();
  return true;
}

}  // namespace

void exact_sum_clear(ExactSum* sum) {
  std::memset(sum, 0, sizeof *sum);
}

void exact_sum_add(ExactSum* sum, double value) {
  change(sum, value, true);
}

void exact_sum_subtract(ExactSum* sum, double value) {
  change(sum, value, false);
}

void exact_sum_merge(ExactSum* sum, const ExactSum* other) {
  uint64_t carry = 0;
  for (int i = 0; i < kWords; ++i) {
    uint128 word = static_cast<uint128>(sum->words[i]) + other->words[i] + carry;
    sum->words[i] = static_cast<uint64_t>(word);
    carry = static_cast<uint64_t>(word >> 64);
  }
  sum->nans += other->nans;
  sum->positive_infinities += other->positive_infinities;
  sum->negative_infinities += other->negative_infinities;
}

double exact_sum_read(const ExactSum* sum) {
  double special;
  if (read_special(sum, &special)) return special;
  uint64_t words[kWords];
  bool negative = magnitude(sum, words);
  return round_words(words, kWords, -1074, false, negative);
}

double exact_sum_mean(const ExactSum* sum, uint64_t count) {
  double special;
  if (read_special(sum, &special)) return special;
  // Two words more below: the quotient keeps at least 64 bits below its highest, what is left is the sticky bit.
  constexpr int kMore = 2;
  uint64_t words[kWords + kMore] = {};
  bool negative = magnitude(sum, words + kMore);
  uint64_t rest = 0;
  for (int i = kWords + kMore - 1; i >= 0; --i) {
    uint128 part = static_cast<uint128>(rest) << 64 | words[i];
    words[i] = static_cast<uint64_t>(part / count);
    rest = static_cast<uint64_t>(part % count);
  }
  return round_words(words, kWords + kMore, -1074 - 64 * kMore, rest != 0, negative);
}

}  // namespace braid
