#include "runtime/data/exact_sum.h"

#include <bit>
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/data/slot.h"

namespace braid {
namespace {

ExactSum sum_of(const std::vector<double>& values) {
  ExactSum sum;
  exact_sum_clear(&sum);
  for (double value : values) exact_sum_add(&sum, value);
  return sum;
}

double read(const std::vector<double>& values) {
  ExactSum sum = sum_of(values);
  return exact_sum_read(&sum);
}

double mean(const std::vector<double>& values) {
  ExactSum sum = sum_of(values);
  return exact_sum_mean(&sum, values.size());
}

TEST(ExactSum, KeepsWhatPlainAdditionLoses) {
  EXPECT_EQ(read({}), 0.0);
  EXPECT_EQ(read({0.1}), 0.1);
  EXPECT_EQ(read({1e308, 1.0, -1e308}), 1.0);
  EXPECT_EQ(read({1e308, 1e308, -1e308, -1e308, 5e-324}), 5e-324);
  EXPECT_EQ(read(std::vector<double>(10, 0.1)), 1.0);
  EXPECT_EQ(read({-1.0, 0x1p-60}), -1.0);
  EXPECT_EQ(read({1.0, 0x1p-53}), 1.0) << "a tie goes to even";
  EXPECT_EQ(read({1.0, 0x1p-53, 0x1p-1074}), 1.0 + 0x1p-52) << "just above the tie";
  EXPECT_EQ(read({-0.0}), 0.0);
}

TEST(ExactSum, RangeAndSpecials) {
  EXPECT_EQ(read({1.7e308, 1.7e308}), INFINITY);
  EXPECT_EQ(read({-1.7e308, -1.7e308}), -INFINITY);
  EXPECT_EQ(mean({1.7e308, 1.7e308}), 1.7e308);
  EXPECT_EQ(read({INFINITY, -1e308}), INFINITY);
  EXPECT_TRUE(std::isnan(read({INFINITY, -INFINITY})));
  EXPECT_TRUE(std::isnan(read({std::nan(""), 1.0})));
  ExactSum sum = sum_of({INFINITY, std::nan(""), 2.0});
  exact_sum_subtract(&sum, INFINITY);
  exact_sum_subtract(&sum, std::nan(""));
  EXPECT_EQ(exact_sum_read(&sum), 2.0);
}

TEST(ExactSum, MeanIsRoundedOnce) {
  EXPECT_EQ(mean({1, 2, 2}), 5.0 / 3.0);
  EXPECT_EQ(mean({5e-324, 0.0}), 0.0) << "half of the smallest goes to even";
  EXPECT_EQ(mean({5e-324, 5e-324, 0.0}), 5e-324);
  EXPECT_EQ(mean({-5e-324, -5e-324, -5e-324, 0}), -5e-324);
}

double random_double(Rng& rng, int exponents) {
  uint64_t mantissa = rng.next() >> 12;
  uint64_t exponent = 1023 - exponents / 2 + rng.below(exponents);
  return std::bit_cast<double>(rng.below(2) << 63 | exponent << 52 | mantissa);
}

TEST(ExactSum, OrderSplittingAndSubtractionDoNotShow) {
  Rng rng(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<double> values;
    for (int i = 0; i < 50; ++i) values.push_back(random_double(rng, 2000));
    ExactSum forward = sum_of(values);
    std::reverse(values.begin(), values.end());
    ExactSum backward = sum_of(values);
    ASSERT_EQ(std::memcmp(&forward, &backward, sizeof forward), 0);
    ExactSum first = sum_of({values.begin(), values.begin() + 20});
    ExactSum rest = sum_of({values.begin() + 20, values.end()});
    exact_sum_merge(&first, &rest);
    ASSERT_EQ(std::memcmp(&forward, &first, sizeof forward), 0);
    for (double value : values) exact_sum_subtract(&forward, value);
    ExactSum empty = sum_of({});
    ASSERT_EQ(std::memcmp(&forward, &empty, sizeof forward), 0);
  }
}

/// Integers below 2^120 with a common exponent, added in 128 bits: an independent exact sum, rounded by the compiler's
/// conversion from __int128 (to nearest even).
TEST(ExactSum, EqualsIntegerArithmetic) {
  Rng rng(4);
  for (int round = 0; round < 20'000; ++round) {
    int128 exact = 0;
    std::vector<double> values;
    auto exponent = static_cast<int>(rng.between(-1074, 800));
    for (uint64_t count = 1 + rng.below(20); count > 0; --count) {
      auto shift = static_cast<int>(rng.below(60));
      int64_t mantissa = rng.between(-(int64_t{1} << 53), int64_t{1} << 53);
      exact += static_cast<int128>(mantissa) * (int128{1} << shift);
      values.push_back(std::ldexp(static_cast<double>(mantissa), exponent + shift));
    }
    // A subnormal result is exact: nothing lies below 2^-1074.
    ASSERT_EQ(read(values), std::ldexp(static_cast<double>(exact), exponent)) << "round " << round;
  }
}

/// The mean against the quotient of 128-bit integers, rounded by hand.
TEST(ExactSum, MeanEqualsIntegerDivision) {
  Rng rng(6);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<double> values;
    int128 exact = 0;
    for (uint64_t count = 1 + rng.below(9); count > 0; --count) {
      int64_t value = rng.between(-(int64_t{1} << 40), int64_t{1} << 40);
      exact += value;
      values.push_back(static_cast<double>(value));
    }
    bool negative = exact < 0;
    uint128 dividend = static_cast<uint128>(negative ? -exact : exact) << 70;
    uint128 quotient = dividend / values.size();
    quotient |= static_cast<uint128>(dividend % values.size() != 0);  // sticky, far below the 53rd bit
    double expected = std::ldexp(static_cast<double>(quotient), -70);
    ASSERT_EQ(mean(values), negative ? -expected : expected) << "round " << round;
  }
}

}  // namespace
}  // namespace braid
