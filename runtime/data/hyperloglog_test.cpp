#include "runtime/data/hyperloglog.h"

#include <cmath>

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"

namespace braid {
namespace {

uint64_t hash_of(uint64_t number) {
  return key_hash({reinterpret_cast<const char*>(&number), sizeof(number)});
}

HyperLogLog of_numbers(uint64_t first, uint64_t end) {
  HyperLogLog sketch;
  for (uint64_t i = first; i < end; ++i) sketch.add(hash_of(i));
  return sketch;
}

std::string bytes_of(const HyperLogLog& sketch) {
  std::string bytes;
  sketch.write(bytes);
  return bytes;
}

TEST(HyperLogLog, CountsFewExactly) {
  EXPECT_EQ(HyperLogLog().estimate(), 0);
  for (uint64_t count : {1, 2, 10, 100, 500}) EXPECT_EQ(of_numbers(0, count).estimate(), static_cast<int64_t>(count));
}

// Over many sets the error must spread as the papers say: 1.04 / √16384.
TEST(HyperLogLog, ErrsAsMuchAsItSays) {
  constexpr double kStandardError = 1.04 / 128;
  for (uint64_t count : {2'000, 3'500, 10'000, 40'000, 100'000}) {
    double squares = 0, sum = 0;
    constexpr int kSets = 40;
    for (int set = 0; set < kSets; ++set) {
      const uint64_t first = static_cast<uint64_t>(set) << 32;
      const double error =
          static_cast<double>(of_numbers(first, first + count).estimate()) / static_cast<double>(count) - 1;
      squares += error * error;
      sum += error;
    }
    EXPECT_LT(std::sqrt(squares / kSets), 1.4 * kStandardError) << count;
    EXPECT_LT(std::fabs(sum / kSets), 0.6 * kStandardError) << count << ": it leans to one side";
  }
}

TEST(HyperLogLog, FollowsFromTheSetAlone) {
  Rng rng(7);
  for (const uint64_t count : {5, 3'000, 3'072, 3'073, 3'100, 20'000}) {
    HyperLogLog forward = of_numbers(0, count), backward, merged, pieces[3];
    for (uint64_t i = count; i-- > 0;) backward.add(hash_of(i)), backward.add(hash_of(i));
    for (uint64_t i = 0; i < count; ++i) pieces[rng.below(3)].add(hash_of(i));
    for (const HyperLogLog& piece : pieces) merged.merge(piece);
    merged.merge(forward);
    EXPECT_EQ(bytes_of(forward), bytes_of(backward)) << count;
    EXPECT_EQ(bytes_of(forward), bytes_of(merged)) << count;
    HyperLogLog read;
    ASSERT_TRUE(read.read(bytes_of(forward)));
    EXPECT_EQ(read.estimate(), forward.estimate());
    EXPECT_EQ(bytes_of(read), bytes_of(forward));
  }
}

TEST(HyperLogLog, TakesNoOtherBytes) {
  HyperLogLog sketch = of_numbers(0, 3);
  const int64_t before = sketch.estimate();
  for (std::string bytes : {std::string(), std::string("what"), std::string("\1\16\2", 3), std::string("\1\16\1", 3),
                            std::string("\1\16\0\0", 4), std::string("\1\16\0\0\0\0\0", 7)})
    EXPECT_FALSE(sketch.read(bytes)) << bytes.size();
  std::string repeated = bytes_of(of_numbers(0, 1));
  repeated += repeated.substr(3);
  EXPECT_FALSE(sketch.read(repeated));
  EXPECT_EQ(sketch.estimate(), before);
}

}  // namespace
}  // namespace braid
