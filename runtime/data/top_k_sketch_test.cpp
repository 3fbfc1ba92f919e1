#include "runtime/data/top_k_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/base/rng.h"

namespace braid {
namespace {

struct Row {
  std::string value;
  uint64_t draw;
};

/// So many different values, of which the first are the most frequent.
std::vector<Row> rows_of(size_t values, size_t rows, uint64_t seed) {
  Rng rng(seed);
  std::vector<Row> made;
  for (size_t i = 0; i < rows; ++i) {
    const bool frequent = rng.below(4) == 0;
    const std::string value = std::to_string(frequent ? rng.below(10) : i % values);
    made.push_back({value, draw_of(value, std::to_string(i))});
  }
  return made;
}
TopKSketch sketch_of(const std::vector<Row>& rows) {
  TopKSketch made;
  for (const Row& row : rows) made.add(row.value, row.draw);
  return made;
}
std::string bytes_of(const TopKSketch& sketch) {
  std::string bytes;
  sketch.write(bytes);
  return bytes;
}

TEST(TopKSketch, IsExactOfFewValues) {
  std::vector<Row> rows = rows_of(900, 20'000, 1);
  std::map<std::string, int64_t> counts;
  for (const Row& row : rows) ++counts[row.value];
  const TopKSketch sketch = sketch_of(rows);
  for (const auto& [value, count] : sketch.top(10'000)) EXPECT_EQ(count, counts[std::string(value)]) << value;
  EXPECT_EQ(sketch.top(10'000).size(), counts.size());
  EXPECT_EQ(sketch.top(3).size(), 3u);
  EXPECT_TRUE(TopKSketch().top(3).empty());
}

TEST(TopKSketch, FindsTheFrequentOfMany) {
  // Ten values have 2.5 % of the rows each, the rest has one or two rows each.
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const auto top = sketch_of(rows_of(80'000, 100'000, seed)).top(10);
    ASSERT_EQ(top.size(), 10u);
    for (const auto& [value, count] : top) {
      EXPECT_EQ(value.size(), 1u) << value;
      EXPECT_NEAR(static_cast<double>(count), 2'500, 400) << value;
    }
  }
}

TEST(TopKSketch, FollowsFromTheRowsAlone) {
  Rng rng(3);
  for (const size_t values : {5, 1'000, 1'024, 1'025, 1'100, 2'050, 9'000}) {
    std::vector<Row> rows = rows_of(values, 3 * values, values);
    const TopKSketch forward = sketch_of(rows);
    std::vector<std::vector<Row>> pieces(4);
    for (const Row& row : rows) pieces[rng.below(4)].push_back(row);
    TopKSketch merged, backwards;
    for (const auto& piece : pieces) merged.merge(sketch_of(piece));
    for (size_t i = pieces.size(); i-- > 0;) {
      TopKSketch read;
      ASSERT_TRUE(read.read(bytes_of(sketch_of(pieces[i]))));
      backwards.merge(read);
    }
    std::reverse(rows.begin(), rows.end());
    EXPECT_EQ(bytes_of(forward), bytes_of(sketch_of(rows))) << values;
    EXPECT_EQ(bytes_of(forward), bytes_of(merged)) << values;
    EXPECT_EQ(bytes_of(forward), bytes_of(backwards)) << values;
    TopKSketch read;
    ASSERT_TRUE(read.read(bytes_of(forward)));
    EXPECT_EQ(bytes_of(read), bytes_of(forward));
  }
}

TEST(TopKSketch, TakesNoOtherBytes) {
  TopKSketch sketch;
  sketch.add("a", 1);
  const std::string bytes = bytes_of(sketch);
  TopKSketch read;
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(read.read(bytes.substr(0, size))) << size;
  EXPECT_FALSE(read.read("what"));
  EXPECT_FALSE(read.read(bytes + "x"));
  EXPECT_TRUE(read.read(bytes));
  const std::string many = bytes_of(sketch_of(rows_of(3'000, 5'000, 2)));
  EXPECT_TRUE(read.read(many));
  EXPECT_FALSE(read.read(std::string_view(many).substr(0, many.size() - 1)));
}

}  // namespace
}  // namespace braid
