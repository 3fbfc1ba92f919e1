#include "runtime/codec/json_reader.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "runtime/base/rng.h"
#include "runtime/codec/decoder.h"

namespace braid {
namespace {

constexpr size_t kReadable = 4096;  // more than a reader looks at behind a record

/// Reads the record and gives the sum of its numbers.
int64_t read_sum(JsonReader& reader, const std::string& record) {
  const std::string text = record + std::string(kReadable, '\n');
  std::vector<Slot> row(reader.leaves());
  Arena arena;
  ScanError error;
  EXPECT_EQ(reader.read_record(text.data(), row.data(), arena, error), text.data() + record.size());
  int64_t sum = 0;
  for (size_t leaf = 1; leaf < row.size(); leaf += 2) sum += row[leaf].i64;
  return sum;
}

std::string record_of(const std::vector<int>& keys) {
  std::string record = "{";
  for (size_t i = 0; i < keys.size(); ++i) record += fmt::format("{}\"f{}\":{}", i == 0 ? "" : ",", keys[i], keys[i]);
  return record + "}";
}

DecodePlan plan_of(int fields) {
  DecodePlan plan;
  for (int i = 0; i < fields; ++i) plan.fields.push_back({fmt::format("f{}", i), {fmt::format("f{}", i)}, int_type()});
  return plan;
}

std::vector<int> keys_up_to(int count) {
  std::vector<int> keys(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) keys[static_cast<size_t>(i)] = i;
  return keys;
}

TEST(JsonReader, PredictsTheKeysOfAWideRecord) {
  constexpr int kFields = 1000;
  const DecodePlan plan = plan_of(kFields);
  JsonReader reader(plan, nullptr);
  const std::string record = record_of(keys_up_to(kFields));
  EXPECT_EQ(read_sum(reader, record), kFields * (kFields - 1) / 2);
  const uint64_t learned = reader.predictions_learned();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read_sum(reader, record), kFields * (kFields - 1) / 2);
  EXPECT_EQ(reader.predictions_learned(), learned) << "a record of the same keys has nothing to learn";
}

TEST(JsonReader, KeepsFewPredictionsOfNarrowRecordsInAnyOrder) {
  constexpr int kFields = 20;
  const DecodePlan plan = plan_of(kFields);
  JsonReader reader(plan, nullptr);
  Rng rng(1);
  std::vector<int> keys = keys_up_to(kFields);
  for (int i = 0; i < 500; ++i) {
    for (size_t k = keys.size() - 1; k > 0; --k) std::swap(keys[k], keys[rng.below(k + 1)]);
    EXPECT_EQ(read_sum(reader, record_of(keys)), kFields * (kFields - 1) / 2);
    size_t kept = 0;
    for (const JsonReader::ObjectKeys& object : reader.predictions()) kept += object.first.size() + object.later.size();
    EXPECT_LE(kept, 130u) << "each miss searches all of them";
  }
}

}  // namespace
}  // namespace braid
