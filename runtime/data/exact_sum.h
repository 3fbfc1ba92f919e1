// The exact sum of any number of doubles, rounded once when it is read. The order of additions, their distribution over
// workers and values that were subtracted again do not affect a result.
//
// A fixed-point number in two's complement wide enough for every finite double and 2^64 of them: bit 0 is 2^-1074, the
// smallest subnormal. Each sum has one representation, so equal contents are equal bytes. NaN and infinities are
// counted apart, and so can be subtracted too.
// Trivially copyable, C-shaped, no static state; 296 bytes.
#pragma once

#include <cstdint>

namespace braid {

struct ExactSum {
  static constexpr int kWords = 34;  ///< 1074 bits below the point, 1024 above, 64 for carries, the sign: 2163 ≤ 2176
  uint64_t words[kWords];
  int64_t nans;
  int64_t positive_infinities;
  int64_t negative_infinities;
};

void exact_sum_clear(ExactSum* sum);
void exact_sum_add(ExactSum* sum, double value);
void exact_sum_subtract(ExactSum* sum, double value);
void exact_sum_merge(ExactSum* sum, const ExactSum* other);
/// The nearest double (ties to even), ±infinity beyond the range. With a NaN, or infinities of both signs, NaN.
double exact_sum_read(const ExactSum* sum);
/// The exact quotient sum ÷ count, rounded once; `count` is not 0.
double exact_sum_mean(const ExactSum* sum, uint64_t count);

}  // namespace braid
