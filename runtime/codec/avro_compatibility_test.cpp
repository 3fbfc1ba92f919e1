#include "runtime/codec/avro_compatibility.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

using schema::broken_readers;
using schema::Compatibility;
using testing::ElementsAre;
using testing::IsEmpty;

std::string record(const std::string& fields, const std::string& name = "Order") {
  return R"({"type":"record","name":")" + name + R"(","namespace":"shop","fields":[)" + fields + "]}";
}
std::string field(const std::string& name, const std::string& type, const std::string& fallback = "") {
  return R"({"name":")" + name + R"(","type":)" + type + (fallback.empty() ? "" : ",\"default\":" + fallback) + "}";
}
const std::string kLong = R"("long")", kText = R"("string")", kOptionalText = R"(["null","string"])";

std::vector<std::string> broken(Compatibility level, const std::string& now, const std::string& before) {
  const auto found = broken_readers(level, now, {before}, find_avro_breaks);
  if (!found.ok()) return {found.error().message};
  std::vector<std::string> made;
  for (const auto& each : *found) made.push_back(to_text(each));
  return made;
}
bool reads(const std::string& reader, const std::string& writer) {
  return broken(Compatibility::backward, reader, writer).empty();
}

TEST(AvroCompatibility, FieldsComeAndGo) {
  const std::string before = record(field("id", kLong) + "," + field("note", kOptionalText, "null"));
  EXPECT_THAT(broken(Compatibility::full, before, before), IsEmpty());
  EXPECT_THAT(broken(Compatibility::full, record(field("id", kLong)), before), IsEmpty());
  EXPECT_THAT(broken(Compatibility::backward, record(field("id", kLong) + "," + field("channel", kText)), before),
              ElementsAre("new readers of old rows: `channel` is new, and old rows do not have it"));
  EXPECT_THAT(broken(Compatibility::forward, record(field("note", kOptionalText, "null")), before),
              ElementsAre("old readers of new rows: `id` is gone, and old readers need it"));
  EXPECT_THAT(broken(Compatibility::full, record(field("id", kLong) + "," + field("channel", kText, "\"\"")), before),
              IsEmpty());
  EXPECT_THAT(broken(Compatibility::full, record(field("id", R"(["null","long"])", "null")), before),
              ElementsAre("old readers of new rows: `id` became optional, and old readers need a value"));
  EXPECT_TRUE(reads(record(R"({"name":"number","aliases":["id"],"type":"long"})"), before));
}

TEST(AvroCompatibility, TypesMayOnlyWiden) {
  const std::vector<std::string> order{R"("int")", R"("long")", R"("float")", R"("double")"};
  for (size_t read = 0; read < order.size(); ++read)
    for (size_t written = 0; written < order.size(); ++written)
      EXPECT_EQ(reads(order[read], order[written]), read >= written) << order[read] << " reads " << order[written];
  EXPECT_TRUE(reads(R"("string")", R"("bytes")"));
  EXPECT_TRUE(reads(R"("bytes")", R"("string")"));
  EXPECT_FALSE(reads(R"("string")", R"("long")"));
  EXPECT_TRUE(reads(R"(["null","double"])", R"("int")"));
  EXPECT_FALSE(reads(R"("int")", R"(["null","int"])"));
  EXPECT_TRUE(reads(R"({"type":"array","items":"long"})", R"({"type":"array","items":"int"})"));
  EXPECT_FALSE(reads(R"({"type":"map","values":"int"})", R"({"type":"map","values":"long"})"));
}

TEST(AvroCompatibility, LogicalTypesCount) {
  const auto decimal = [](int precision, int scale) {
    return fmt::format(R"({{"type":"bytes","logicalType":"decimal","precision":{},"scale":{}}})", precision, scale);
  };
  EXPECT_TRUE(reads(decimal(12, 2), decimal(10, 2)));
  EXPECT_FALSE(reads(decimal(10, 2), decimal(12, 2)));
  EXPECT_FALSE(reads(decimal(12, 3), decimal(12, 2)));
  EXPECT_FALSE(reads(R"({"type":"long","logicalType":"timestamp-micros"})",
                     R"({"type":"long","logicalType":"timestamp-millis"})"));
  EXPECT_TRUE(reads(R"("long")", R"({"type":"long","logicalType":"timestamp-millis"})"));
  EXPECT_THAT(
      broken(Compatibility::forward, record(field("a", decimal(12, 2))), record(field("a", decimal(10, 2)))),
      ElementsAre("old readers of new rows: `a` was `bytes (decimal, 10 digits, 2 behind the point)` and is "
                  "`bytes (decimal, 12 digits, 2 behind the point)`, and the old type does not take all new values"));
}

TEST(AvroCompatibility, SymbolsAndNames) {
  const auto status = [](const std::string& symbols, const std::string& fallback = "") {
    return R"({"type":"enum","name":"status","symbols":[)" + symbols + "]" +
           (fallback.empty() ? "" : ",\"default\":" + fallback) + "}";
  };
  EXPECT_TRUE(reads(status(R"("a","b")"), status(R"("a")")));
  EXPECT_TRUE(reads(status(R"("a")", R"("a")"), status(R"("a","b")")));
  EXPECT_THAT(
      broken(Compatibility::forward, record(field("s", status(R"("a","b")"))), record(field("s", status(R"("a")")))),
      ElementsAre("old readers of new rows: `s` has the new symbol `b`"));
  EXPECT_THAT(
      broken(Compatibility::backward, record("", "Sale"), record("")),
      ElementsAre("new readers of old rows: the type of the row is called `shop.Sale`, and rows have `shop.Order`"));
}

TEST(AvroCompatibility, TypesThatContainThemselves) {
  const std::string list = record(field("next", R"(["null","shop.Order"])", "null"));
  const std::string longer = record(field("next", R"(["null","shop.Order"])", "null") + "," + field("id", kLong));
  EXPECT_THAT(broken(Compatibility::full, list, list), IsEmpty());
  EXPECT_FALSE(reads(longer, list));
  EXPECT_TRUE(reads(list, longer));
}

TEST(AvroCompatibility, BrokenSchemas) {
  EXPECT_FALSE(find_avro_breaks("{", kLong).ok());
  EXPECT_FALSE(find_avro_breaks(kLong, R"({"type":"record"})").ok());
}

}  // namespace
}  // namespace braid
