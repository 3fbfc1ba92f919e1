#include "runtime/codec/json_reader.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "runtime/base/clock.h"
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
  const PredictedKey* key = reader.objects()[0];
  const char* at = record.data();
  for (int i = 0; i < kFields; ++i) {
    key = key->next;
    ASSERT_EQ(key->child, i);
    at = std::strpbrk(at + key->length, ",}");
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read_sum(reader, record), kFields * (kFields - 1) / 2);
  EXPECT_EQ(reader.known_keys(0), size_t{kFields}) << "a record of the same keys has nothing to learn";
}

TEST(JsonReader, KeepsFewKeysOfNarrowRecordsInAnyOrder) {
  constexpr int kFields = 20;
  const DecodePlan plan = plan_of(kFields);
  JsonReader reader(plan, nullptr);
  Rng rng(1);
  std::vector<int> keys = keys_up_to(kFields);
  for (int i = 0; i < 500; ++i) {
    for (size_t k = keys.size() - 1; k > 0; --k) std::swap(keys[k], keys[rng.below(k + 1)]);
    EXPECT_EQ(read_sum(reader, record_of(keys)), kFields * (kFields - 1) / 2);
    EXPECT_LE(reader.known_keys(0), size_t{2 * kFields}) << "each as the first one and as a later one";
  }
}

TEST(JsonReader, KeepsABoundedNumberOfKeysThatNeverComeAgain) {
  const DecodePlan plan = plan_of(2);
  JsonReader reader(plan, nullptr);
  int name = 2;
  for (int i = 0; i < 1000; ++i) {
    std::vector<int> keys = {0};
    while (keys.size() < 100) keys.push_back(name++);
    keys.push_back(1);
    EXPECT_EQ(read_sum(reader, record_of(keys)), 1);
    EXPECT_LE(reader.known_keys(0), KeyOrder::kMostKeys);
  }
}

/// Nanoseconds a byte of records whose keys come in the order that `order` makes for each.
double cost_of(int fields, const std::function<void(std::vector<int>&, Rng&)>& order) {
  const DecodePlan plan = plan_of(fields);
  Rng rng(1);
  std::vector<std::string> records;
  size_t bytes = 0;
  while (bytes < 200'000) {
    std::vector<int> keys = keys_up_to(fields);
    order(keys, rng);
    records.push_back(record_of(keys) + std::string(kReadable, '\n'));
    bytes += records.back().size() - kReadable;
  }
  JsonReader reader(plan, nullptr);
  std::vector<Slot> row(reader.leaves());
  double best = 1e18;
  for (int round = 0; round < 7; ++round) {
    const int64_t begun = system_clock().steady_us();
    for (const std::string& record : records) {
      Arena arena;
      ScanError error;
      EXPECT_NE(reader.read_record(record.data(), row.data(), arena, error), nullptr);
    }
    best = std::min(best, static_cast<double>(system_clock().steady_us() - begun));
  }
  return best * 1000 / static_cast<double>(bytes);
}

TEST(JsonReader, AByteOfAWideRecordCostsAsMuchAsOneOfANarrowRecord) {
  const std::pair<const char*, std::function<void(std::vector<int>&, Rng&)>> orders[] = {
      {"as declared", [](std::vector<int>&, Rng&) {}},
      {"in reverse", [](std::vector<int>& keys, Rng&) { std::reverse(keys.begin(), keys.end()); }},
      {"shuffled",
       [](std::vector<int>& keys, Rng& rng) {
         for (size_t i = keys.size() - 1; i > 0; --i) std::swap(keys[i], keys[rng.below(i + 1)]);
       }},
      {"half of them absent",
       [](std::vector<int>& keys, Rng& rng) { std::erase_if(keys, [&](int) { return rng.chance(2); }); }},
      {"unknown names",
       [](std::vector<int>& keys, Rng& rng) {
         for (int& key : keys) key = static_cast<int>(1'000'000 + rng.below(1'000'000'000));
       }},
  };
  for (const auto& [name, order] : orders) {
    // A hundred times as much where each miss searches all keys. The keys of 4,000 fields do not fit the nearest cache.
    EXPECT_LT(cost_of(4000, order), 8 * cost_of(40, order)) << name;
  }
}

}  // namespace
}  // namespace braid
