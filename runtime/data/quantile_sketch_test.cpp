#include "runtime/data/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "runtime/base/rng.h"

namespace braid {
namespace {

constexpr uint64_t kBillion = 1'000'000'000;

std::string bytes_of(const QuantileSketch& sketch) {
  std::string bytes;
  sketch.write(bytes);
  return bytes;
}

/// From 1e-6 to 1e6 on both sides of zero.
std::vector<double> random_values(Rng& rng, size_t count) {
  std::vector<double> values;
  for (size_t i = 0; i < count; ++i) {
    const double size = std::pow(10, static_cast<double>(rng.below(1'200)) / 100 - 6);
    values.push_back(rng.below(10) == 0 ? 0 : rng.below(3) == 0 ? -size : size);
  }
  return values;
}

TEST(QuantileSketch, ErrsByOnePartIn128AtMost) {
  Rng rng(3);
  for (const size_t count : {1, 2, 10, 1'000, 20'000}) {
    std::vector<double> values = random_values(rng, count);
    QuantileSketch sketch;
    for (const double value : values) sketch.add(value, 1);
    EXPECT_EQ(sketch.count(), static_cast<int64_t>(count));
    std::sort(values.begin(), values.end());
    for (const uint64_t share :
         {uint64_t{0}, uint64_t{1}, kBillion / 100, kBillion / 2, kBillion * 99 / 100, kBillion}) {
      const double exact = values[static_cast<size_t>((count - 1) * share / kBillion)];
      EXPECT_LE(std::fabs(sketch.at(share) - exact), std::fabs(exact) / 128) << exact << " at " << share;
    }
  }
}

TEST(QuantileSketch, FollowsFromTheValuesAlone) {
  Rng rng(5);
  std::vector<double> values = random_values(rng, 5'000), others = random_values(rng, 500);
  QuantileSketch forward, backward, merged, parts[4];
  for (const double value : values) forward.add(value, 1);
  for (const double value : others) backward.add(value, 1);
  for (size_t i = values.size(); i-- > 0;) backward.add(values[i], 1);
  for (const double value : others) backward.add(value, -1);
  for (const double value : values) parts[rng.below(4)].add(value, 1);
  for (const QuantileSketch& part : parts) merged.merge(part);
  EXPECT_EQ(bytes_of(forward), bytes_of(backward));
  EXPECT_EQ(bytes_of(forward), bytes_of(merged));
  QuantileSketch read;
  ASSERT_TRUE(read.read(bytes_of(forward)));
  EXPECT_EQ(bytes_of(read), bytes_of(forward));
  EXPECT_EQ(read.at(kBillion / 3), forward.at(kBillion / 3));
}

TEST(QuantileSketch, KnowsTheEndsOfTheFloats) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  QuantileSketch sketch;
  for (const double value : {-kInfinity, std::nan(""), kInfinity, std::numeric_limits<double>::max(), 0.0, -0.0})
    sketch.add(value, 1);
  EXPECT_EQ(sketch.at(0), -kInfinity);
  EXPECT_EQ(sketch.at(kBillion / 5), 0);
  EXPECT_EQ(sketch.at(kBillion * 2 / 5), 0);
  EXPECT_NEAR(sketch.at(kBillion * 3 / 5) / std::numeric_limits<double>::max(), 1, 1.0 / 64);
  EXPECT_EQ(sketch.at(kBillion * 4 / 5), kInfinity);
  EXPECT_TRUE(std::isnan(sketch.at(kBillion)));
}

TEST(QuantileSketch, TakesNoOtherBytes) {
  QuantileSketch sketch;
  sketch.add(5, 2);
  std::string twice = bytes_of(sketch);
  twice += twice.substr(2);
  for (const std::string& bytes : {std::string(), std::string("what"), std::string("\1\6\0", 3), twice,
                                   std::string("\1\6", 2) + std::string(12, '\0')})
    EXPECT_FALSE(sketch.read(bytes)) << bytes.size();
  EXPECT_EQ(sketch.count(), 2);
}

}  // namespace
}  // namespace braid
