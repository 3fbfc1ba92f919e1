#include "runtime/data/decimal.h"

#include <cmath>

#include <gtest/gtest.h>

#include "runtime/base/rng.h"

namespace braid {
namespace {

int128 parse(std::string_view text, int scale = 0) {
  int128 value = 0;
  EXPECT_EQ(parse_decimal(text, 38, scale, &value), DecimalFault::none) << text;
  return value;
}

std::string show(int128 value, int scale = 0) {
  std::string text;
  append_decimal(text, value, scale);
  return text;
}

const std::string kLargest(38, '9');

TEST(Decimal, ParsesExactly) {
  struct Case {
    std::string_view text;
    int precision, scale;
    std::string_view shown;
  };
  for (const Case& each :
       std::vector<Case>{{"12.5", 12, 2, "12.50"},
                         {"-0.05", 12, 2, "-0.05"},
                         {"0", 1, 0, "0"},
                         {"-0", 1, 0, "0"},
                         {"+7", 1, 0, "7"},
                         {"12.500", 4, 2, "12.50"},
                         {"1e2", 3, 0, "100"},
                         {"1.25E+1", 3, 1, "12.5"},
                         {"125e-3", 3, 3, "0.125"},
                         {"0e999999999999", 1, 0, "0"},
                         {"000123", 3, 0, "123"},
                         {"0.000e-40", 2, 2, "0.00"},
                         {"99999999999999999999999999999999999999", 38, 0, "99999999999999999999999999999999999999"}}) {
    int128 value = 0;
    EXPECT_EQ(parse_decimal(each.text, each.precision, each.scale, &value), DecimalFault::none) << each.text;
    EXPECT_EQ(show(value, each.scale), each.shown) << each.text;
  }
}

TEST(Decimal, RefusesWhatItCannotHold) {
  int128 value = 42;
  for (std::string_view text :
       {"", "-", ".5", "5.", "1e", "1e+", "x", "1 ", " 1", "1.2.3", "0x1", "nan", "1,000", "--1"})
    EXPECT_EQ(parse_decimal(text, 38, 2, &value), DecimalFault::not_a_number) << text;
  EXPECT_EQ(parse_decimal("1.005", 12, 2, &value), DecimalFault::out_of_range);
  EXPECT_EQ(parse_decimal("1000", 3, 0, &value), DecimalFault::out_of_range);
  EXPECT_EQ(parse_decimal("10.0", 3, 2, &value), DecimalFault::out_of_range);
  EXPECT_EQ(parse_decimal("1e38", 38, 0, &value), DecimalFault::out_of_range);
  EXPECT_EQ(parse_decimal("1e-99999999999", 38, 38, &value), DecimalFault::out_of_range);
  EXPECT_EQ(parse_decimal("1e99999999999", 38, 0, &value), DecimalFault::out_of_range);
  EXPECT_EQ(value, 42);
}

TEST(Decimal, NothingWraps) {
  int128 large = parse(kLargest), result = 0;
  EXPECT_FALSE(decimal_add(large, 1, &result));
  EXPECT_FALSE(decimal_subtract(-large, 1, &result));
  EXPECT_TRUE(decimal_add(large, -1, &result));
  EXPECT_FALSE(decimal_multiply(large, 2, &result));
  EXPECT_FALSE(decimal_multiply(large, large, &result));
  EXPECT_TRUE(decimal_multiply(parse("10000000000000000000"), parse("1000000000000000000"), &result));
  EXPECT_FALSE(decimal_multiply(parse("10000000000000000000"), parse("10000000000000000000"), &result));
  EXPECT_FALSE(decimal_rescale(large, 0, 1, &result));
  EXPECT_FALSE(decimal_divide(1, 0, 6, &result));
  EXPECT_FALSE(decimal_divide(large, 1, 1, &result));
  EXPECT_FALSE(decimal_divide(1, 1, 39, &result));
  EXPECT_TRUE(decimal_divide(1, 100, 39, &result));
  EXPECT_EQ(result, power_of_ten(37));
}

TEST(Decimal, RoundsHalfToEven) {
  struct Case {
    std::string_view from, to;
  };
  for (const Case& each : std::vector<Case>{{"0.5", "0"},
                                            {"1.5", "2"},
                                            {"2.5", "2"},
                                            {"-0.5", "0"},
                                            {"-1.5", "-2"},
                                            {"0.6", "1"},
                                            {"0.4", "0"},
                                            {"-2.5", "-2"}}) {
    int128 result = 0;
    ASSERT_TRUE(decimal_rescale(parse(each.from, 1), 1, 0, &result));
    EXPECT_EQ(show(result), each.to) << each.from;
  }
  int128 result = 0;
  ASSERT_TRUE(decimal_divide(10, 3, 6, &result));
  EXPECT_EQ(show(result, 6), "3.333333");
  ASSERT_TRUE(decimal_divide(-20, 3, 6, &result));
  EXPECT_EQ(show(result, 6), "-6.666667");
  ASSERT_TRUE(decimal_divide(5, 1, -1, &result));
  EXPECT_EQ(result, 0);
  ASSERT_TRUE(decimal_divide(15, 1, -1, &result));
  EXPECT_EQ(result, 2);
  ASSERT_TRUE(decimal_divide(parse(kLargest), 17, -37, &result));  // 9.99…/17 = 0.588…
  EXPECT_EQ(result, 1);
  ASSERT_TRUE(decimal_divide(parse(kLargest), 1, -39, &result));
  EXPECT_EQ(result, 0);
}

TEST(Decimal, ComparesAcrossScales) {
  EXPECT_EQ(decimal_compare(125, 2, 1250, 3), 0);
  EXPECT_EQ(decimal_compare(125, 2, 1251, 3), -1);
  EXPECT_EQ(decimal_compare(parse(kLargest), 0, 1, 38), 1);
  EXPECT_EQ(decimal_compare(-parse(kLargest), 0, parse(kLargest), 38), -1);
  EXPECT_EQ(decimal_compare(-1, 0, -11, 1), 1);
}

/// Digit by digit, as on paper: the reference for the 256-bit arithmetic.
struct Paper {
  static std::vector<int> digits(uint128 value) {
    std::vector<int> out;
    for (; value != 0; value /= 10) out.push_back(static_cast<int>(value % 10));
    return out;
  }
  static std::vector<int> multiply(const std::vector<int>& a, const std::vector<int>& b) {
    std::vector<int> out(a.size() + b.size() + 1, 0);
    for (size_t i = 0; i < a.size(); ++i)
      for (size_t j = 0; j < b.size(); ++j) out[i + j] += a[i] * b[j];
    for (size_t i = 0; i + 1 < out.size(); ++i) {
      out[i + 1] += out[i] / 10;
      out[i] %= 10;
    }
    while (!out.empty() && out.back() == 0) out.pop_back();
    return out;
  }
  /// Half-even quotient by long division, remainder kept below 2·10^38.
  static bool divide(const std::vector<int>& a, uint128 b, std::vector<int>* quotient) {
    std::vector<int> out(a.size(), 0);
    uint128 rest = 0;
    for (size_t i = a.size(); i-- > 0;) {
      // rest·10 may leave 128 bits: add ten times instead, subtracting as soon as possible.
      uint128 next = 0;
      int digit = 0;
      for (int times = 0; times < 10; ++times) {
        next += rest;
        if (next >= b) {
          next -= b;
          ++digit;
        }
      }
      next += static_cast<uint128>(a[i]);
      while (next >= b) {
        next -= b;
        ++digit;
      }
      out[i] = digit;
      rest = next;
    }
    if (rest > b - rest || (rest == b - rest && !out.empty() && out[0] % 2 == 1)) {
      if (out.empty()) out.push_back(0);
      ++out[0];
    }
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i] < 10) continue;
      if (i + 1 == out.size()) out.push_back(0);
      out[i + 1] += out[i] / 10;
      out[i] %= 10;
    }
    while (!out.empty() && out.back() == 0) out.pop_back();
    *quotient = out;
    return out.size() <= 38;
  }
};

int128 random_value(Rng& rng) {
  auto bits = static_cast<int>(rng.below(127));
  auto value = static_cast<uint128>(rng.next()) << 64 | rng.next();
  value = (value >> (127 - bits)) % static_cast<uint128>(power_of_ten(38));
  if (rng.chance(8)) value = static_cast<uint128>(power_of_ten(static_cast<int>(rng.below(39)))) - rng.below(2);
  auto result = static_cast<int128>(value % static_cast<uint128>(power_of_ten(38)));
  return rng.chance(2) ? -result : result;
}

TEST(Decimal, RemainderOfExtremesFits) {
  const int128 most = power_of_ten(38) - 1;
  const auto remainder = [](int128 a, int scale_a, int128 b, int scale_b) {
    int128 result = -7;
    EXPECT_TRUE(decimal_remainder(a, scale_a, b, scale_b, &result));
    return show(result);
  };
  EXPECT_EQ(remainder(most, 0, 7, 1), show(most % 7 * 10 % 7));
  EXPECT_EQ(remainder(-most, 0, 3, 38), "0");
  EXPECT_EQ(remainder(most, 0, most, 38), "0");
  EXPECT_EQ(remainder(most, 38, most, 0), show(most));
  EXPECT_EQ(remainder(-most, 38, 1, 1), show(-(most % power_of_ten(37))));
  EXPECT_EQ(remainder(most, 0, -most, 0), "0");
  EXPECT_EQ(remainder(725, 2, 2, 0), "125");
  EXPECT_EQ(remainder(-725, 2, -2, 0), "-125");
  int128 result = 0;
  EXPECT_FALSE(decimal_remainder(1, 0, 0, 5, &result));
}

TEST(Decimal, EqualsArithmeticOnPaper) {
  Rng rng(11);
  int fitted = 0;
  for (int round = 0; round < 200'000; ++round) {
    int128 a = random_value(rng), b = random_value(rng), result = 0;
    uint128 abs_a = static_cast<uint128>(a < 0 ? -a : a), abs_b = static_cast<uint128>(b < 0 ? -b : b);
    std::vector<int> product = Paper::multiply(Paper::digits(abs_a), Paper::digits(abs_b));
    bool fits = decimal_multiply(a, b, &result);
    ASSERT_EQ(fits, product.size() <= 38) << show(a) << " * " << show(b);
    if (fits) {
      ASSERT_EQ(Paper::digits(static_cast<uint128>(result < 0 ? -result : result)), product);
      ASSERT_TRUE(result == 0 || (result < 0) == ((a < 0) != (b < 0)));
    }
    if (b == 0) continue;
    auto shift = static_cast<int>(rng.below(39));
    std::vector<int> quotient;
    std::vector<int> dividend =
        Paper::multiply(Paper::digits(abs_a), Paper::digits(static_cast<uint128>(power_of_ten(shift))));
    bool expected = Paper::divide(dividend, abs_b, &quotient);
    fits = decimal_divide(a, b, shift, &result);
    ASSERT_EQ(fits, expected) << show(a) << " / " << show(b) << " shift " << shift;
    if (fits) {
      ASSERT_EQ(Paper::digits(static_cast<uint128>(result < 0 ? -result : result)), quotient)
          << show(a) << " / " << show(b) << " shift " << shift;
      ++fitted;
    }
  }
  EXPECT_GT(fitted, 10'000);
}

TEST(Decimal, DoublesBothWays) {
  EXPECT_EQ(decimal_to_double(parse("0.1", 1), 1), 0.1);
  EXPECT_EQ(decimal_to_double(parse(kLargest), 0), 1e38);
  int128 result = 0;
  ASSERT_TRUE(decimal_from_double(0.5, 0, &result));
  EXPECT_EQ(result, 0);
  ASSERT_TRUE(decimal_from_double(2.675, 2, &result));  // the double lies just below
  EXPECT_EQ(show(result, 2), "2.67");
  ASSERT_TRUE(decimal_from_double(-1e20, 2, &result));
  EXPECT_EQ(show(result, 2), "-100000000000000000000.00");
  ASSERT_TRUE(decimal_from_double(5e-324, 38, &result));
  EXPECT_EQ(result, 0);
  ASSERT_TRUE(decimal_from_double(5e-39, 38, &result));
  ASSERT_TRUE(decimal_from_double(1e-30, 38, &result));
  EXPECT_EQ(show(result, 38), "0.00000000000000000000000000000100000000");
  EXPECT_FALSE(decimal_from_double(1e38, 1, &result));
  EXPECT_FALSE(decimal_from_double(1e300, 0, &result));
  EXPECT_FALSE(decimal_from_double(std::nan(""), 0, &result));
  EXPECT_FALSE(decimal_from_double(INFINITY, 0, &result));
}

}  // namespace
}  // namespace braid
