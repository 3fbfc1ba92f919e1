#include "runtime/data/count_min.h"

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"

namespace braid {
namespace {

uint64_t hash_of(uint64_t number) {
  return key_hash({reinterpret_cast<const char*>(&number), sizeof(number)});
}
std::string bytes_of(const CountMin& sketch) {
  std::string bytes;
  sketch.write(bytes);
  return bytes;
}

TEST(CountMin, NeverSaysLessAndSeldomMuchMore) {
  Rng rng(11);
  CountMin sketch;
  std::vector<int64_t> counts(50'000);
  for (int i = 0; i < 200'000; ++i) {
    // Some numbers are far more frequent than others.
    const uint64_t number = rng.below(1 + rng.below(counts.size()));
    sketch.add(hash_of(number), 1);
    ++counts[number];
  }
  EXPECT_EQ(sketch.total(), 200'000);
  size_t far = 0;
  for (uint64_t number = 0; number < counts.size(); ++number) {
    const int64_t said = sketch.count(hash_of(number));
    ASSERT_GE(said, counts[number]);
    far += said - counts[number] > 200'000 * 2.72 / 2048;
  }
  EXPECT_LT(far, counts.size() / 50);
}

TEST(CountMin, FollowsFromTheValuesAlone) {
  Rng rng(5);
  for (const uint64_t count : {0, 5, 400, 512, 513, 3'000}) {
    CountMin forward, backward, merged, pieces[3];
    for (uint64_t i = 0; i < count; ++i) forward.add(hash_of(i % 700), 1);
    for (uint64_t i = count; i-- > 0;) backward.add(hash_of(i % 700), 1);
    for (uint64_t i = 0; i < count; ++i) pieces[rng.below(3)].add(hash_of(i % 700), 1);
    for (const CountMin& piece : pieces) merged.merge(piece);
    EXPECT_EQ(bytes_of(forward), bytes_of(backward)) << count;
    EXPECT_EQ(bytes_of(forward), bytes_of(merged)) << count;
    CountMin read;
    ASSERT_TRUE(read.read(bytes_of(forward))) << count;
    EXPECT_EQ(bytes_of(read), bytes_of(forward));
    EXPECT_EQ(read.total(), static_cast<int64_t>(count));
    for (uint64_t i = 0; i < count; ++i) forward.add(hash_of(i % 700), -1);
    EXPECT_EQ(bytes_of(forward), bytes_of(CountMin())) << "what is taken out leaves nothing";
  }
}

TEST(CountMin, TakesNoOtherBytes) {
  CountMin sketch;
  sketch.add(hash_of(1), 3);
  const std::string bytes = bytes_of(sketch);
  CountMin read;
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_EQ(read.read(bytes.substr(0, size)), size == 3) << size;
  EXPECT_FALSE(read.read("what"));
  EXPECT_FALSE(read.read(bytes + bytes.substr(3)));
  std::string longer = bytes;
  longer[4] = static_cast<char>(0x80);  // a count that goes on
  EXPECT_FALSE(read.read(longer));
}

}  // namespace
}  // namespace braid
