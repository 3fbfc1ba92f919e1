#include "runtime/state/distinct_set.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "runtime/base/rng.h"
#include "runtime/state/chunked_bytes.h"

namespace braid {
namespace {

template <class Values>
struct Kept;
template <>
struct Kept<NarrowValues> {
  using Type = uint64_t;
  static Type number(uint64_t number) { return number * 1000; }
};
template <>
struct Kept<WideValues> {
  using Type = std::pair<uint64_t, uint64_t>;
  static Type number(uint64_t number) { return {number % 7, number}; }
};
template <>
struct Kept<ByteValues> {
  using Type = std::string;
  static Type number(uint64_t number) {
    std::string text(number % 50 == 49 ? 300'000 : number % 90, 'x');
    return number == 0 ? text : text + std::to_string(number);
  }
};
uint64_t value_of(uint64_t kept) {
  return kept;
}
WideValues::Value value_of(const std::pair<uint64_t, uint64_t>& kept) {
  return {kept.first, kept.second};
}
std::string_view value_of(const std::string& kept) {
  return kept;
}
uint64_t keep(uint64_t value) {
  return value;
}
std::pair<uint64_t, uint64_t> keep(const WideValues::Value& value) {
  return {value.low, value.high};
}
std::string keep(std::string_view value) {
  return std::string(value);
}

template <class Values>
class Distinct : public testing::Test {};
using AllValues = testing::Types<NarrowValues, WideValues, ByteValues>;
TYPED_TEST_SUITE(Distinct, AllValues);

TYPED_TEST(Distinct, behaves_as_a_map_under_random_additions) {
  using Form = Kept<TypeParam>;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Rng rng(seed);
    BlobPool pool;
    DistinctSet<TypeParam> set{};
    std::map<typename Form::Type, uint32_t> model;
    const uint64_t values = uint64_t{10} << (2 * seed - 1);
    for (int i = 0; i < 20'000; ++i) {
      auto kept = Form::number(rng.below(values));
      auto mask = static_cast<uint32_t>(1 + rng.below(rng.chance(2) ? 3 : UINT32_MAX));
      auto value = value_of(kept);
      uint64_t hash = TypeParam::hash(value);
      uint32_t& known = model[kept];
      set.prefetch(hash);
      ASSERT_EQ(set.add(value, hash, mask, pool), mask & ~known);
      known |= mask;
      ASSERT_EQ(set.size(), model.size());
    }
    std::map<typename Form::Type, uint32_t> all;
    set.for_each([&](const auto& each, uint32_t mask) { all[keep(each)] = mask; });
    EXPECT_EQ(all, model);
    EXPECT_GE(pool.bytes_used(), model.size() * sizeof(typename TypeParam::Slot));
    set.end(pool);
    EXPECT_EQ(pool.bytes_used(), 0u);
    EXPECT_EQ(set.size(), 0u);
  }
}

TYPED_TEST(Distinct, values_that_collide_stay_apart) {
  using Form = Kept<TypeParam>;
  BlobPool pool;
  DistinctSet<TypeParam> set{};
  // Multiples of a power of two, as times have it, and all with low bits alone.
  for (uint64_t i = 0; i < 3'000; ++i) {
    auto kept = Form::number(i << 20 | 1);
    auto value = value_of(kept);
    ASSERT_EQ(set.add(value, TypeParam::hash(value), 1, pool), 1u);
    ASSERT_EQ(set.add(value, TypeParam::hash(value), 3, pool), 2u);
  }
  EXPECT_EQ(set.size(), 3'000u);
  set.end(pool);
}

TEST(NewsBytes, gives_each_piece_once_and_whole) {
  Rng rng(3);
  BlobPool pool;
  NewsBytes news{};
  for (int round = 0; round < 20; ++round) {
    std::multiset<std::string> added, taken;
    const uint64_t pieces = rng.below(round % 2 == 0 ? 3 : 3'000);
    for (uint64_t i = 0; i < pieces; ++i) {
      const std::string piece = std::to_string(i) + std::string(rng.chance(500) ? 40'000 : rng.below(40), '.') + '\n';
      std::memcpy(news.add(piece.size(), pool), piece.data(), piece.size());
      added.insert(piece);
    }
    EXPECT_EQ(news.empty(), pieces == 0);
    uint64_t chunks = 0;
    news.take(pool, [&](std::string_view chunk) {
      ++chunks;
      while (!chunk.empty()) {
        const size_t end = chunk.find('\n');
        ASSERT_NE(end, std::string_view::npos);
        taken.emplace(chunk.substr(0, end + 1));
        chunk.remove_prefix(end + 1);
      }
    });
    EXPECT_EQ(taken, added);
    EXPECT_LE(chunks, 20u);
    EXPECT_TRUE(news.empty());
    EXPECT_EQ(pool.bytes_used(), 0u);
  }
  news.add(10, pool);
  news.end(pool);
  EXPECT_EQ(pool.bytes_used(), 0u);
}

}  // namespace
}  // namespace braid
