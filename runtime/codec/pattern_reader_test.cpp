#include "runtime/codec/pattern_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/base/rng.h"

namespace braid {
namespace {

using testing::ElementsAre;

DecodeField field(std::vector<std::string> path, Type type) {
  return {path.back(), path, std::move(type)};
}

std::optional<RecordPattern> pattern_of(const DecodePlan& plan, std::string line) {
  const size_t size = line.size();
  line.append(kScanPadding, '\n');
  return find_pattern(touched_paths(plan), std::string_view(line).substr(0, size));
}

/// The bytes between the values, and what the values are for.
std::vector<std::string> show(const std::optional<RecordPattern>& pattern) {
  std::vector<std::string> parts;
  if (!pattern) return {"none"};
  for (size_t i = 0; i < pattern->between.size(); ++i) {
    const ExpectedBytes& bytes = pattern->between[i];
    parts.push_back(std::string(bytes.begin, std::min<size_t>(bytes.length, 64)) + bytes.rest);
    if (i == pattern->values.size()) break;
    const RecordPattern::Value& value = pattern->values[i];
    parts.push_back((value.text ? "text " : "bare ") + std::to_string(value.field));
  }
  return parts;
}

TEST(RecordPattern, IsAllButTheValues) {
  const DecodePlan plan{.fields = {field({"a"}, int_type()), field({"in", "b"}, string_type())}};
  EXPECT_THAT(show(pattern_of(plan, "{\"a\":1, \"c\" : [1,2],\"in\":{\"b\":\"x\",\"d\":\"\"} }\r\n")),
              ElementsAre("{\"a\":", "bare 0", ", \"c\" : ", "bare -1", ",\"in\":{\"b\":\"", "text 1", "\",\"d\":\"",
                          "text -1", "\"} }\r\n"));
  EXPECT_THAT(pattern_of(plan, "{\"x\":1}\n")->missing, ElementsAre(0u, 1u));
  EXPECT_THAT(show(pattern_of(plan, " {}\n")), ElementsAre(" {}\n"));
  EXPECT_THAT(show(pattern_of(plan, "{\"\\u0061\":1}\n")), ElementsAre("{\"\\u0061\":", "bare 0", "}\n"));
}

TEST(RecordPattern, IsNotFoundWhereOtherRecordsCouldMeanSomethingElse) {
  const DecodePlan plan{.fields = {field({"a"}, int_type()), field({"in", "b"}, string_type())}};
  for (const char* line : {
           "{\"a\":1,\"a\":2}\n",                // a fault of the field, whatever stands in it
           "{\"in\":{},\"in\":{\"b\":\"\"}}\n",  // the same, of the object around it
           "{\"in\":1}\n",                       // is no object today
           "{\"a\":{\"x\":\"y\"}}\n",            // a value with quotes
           "{\"c\":[\"x\",\"y\"]}\n",            // the same
           "{\"c\":\"x\\ny\"}\n",                // an escape
       })
    EXPECT_THAT(show(pattern_of(plan, line)), ElementsAre("none")) << line;
  EXPECT_FALSE(fits_patterns({{"a"}, {"a"}}));
  EXPECT_FALSE(fits_patterns({{"a", "b"}, {"b"}, {"a"}}));
  EXPECT_TRUE(fits_patterns({{"a", "b"}, {"b"}, {"a", "c"}}));
}

TEST(RecordScan, EachKindOfRegistersFindsTheSame) {
  Rng rng(5);
  for (int round = 0; round < 2000; ++round) {
    const auto begin = static_cast<uint32_t>(rng.below(70)), end = begin + static_cast<uint32_t>(rng.below(400));
    const uint64_t often = 1 + rng.below(12);
    std::string text;
    std::vector<uint32_t> expected;
    for (uint32_t i = 0; i < end + kScanBytes; ++i) {
      text += rng.chance(often) ? "\"\\\n\r\x01\x1f"[rng.below(6)] : static_cast<char>(0x20 + rng.below(0xE0));
      const auto byte = static_cast<uint8_t>(text.back());
      if (i >= begin && i < end && (byte == '"' || byte == '\\' || byte < 0x20)) expected.push_back(i);
    }
    for (const RecordScan& scan : record_scans()) {
      std::vector<uint32_t> found(end - begin + 64);
      found.resize(scan.find_specials(text.data(), begin, end, found.data()));
      ASSERT_EQ(found, expected);
    }
  }
}

TEST(RecordScan, EachKindOfRegistersComparesTheSame) {
  Rng rng(6);
  for (int round = 0; round < 2000; ++round) {
    ExpectedBytes bytes;
    bytes.length = 1 + rng.below(rng.chance(4) ? 200 : 70);
    std::string expected;
    for (size_t i = 0; i < bytes.length; ++i) expected += static_cast<char>(rng.below(256));
    expected.copy(bytes.begin, sizeof bytes.begin);
    bytes.mask = bytes.length >= 64 ? ~uint64_t{0} : (uint64_t{1} << bytes.length) - 1;
    if (bytes.length > 64) bytes.rest = expected.substr(64);
    bytes.offset = static_cast<uint32_t>(rng.below(bytes.length));
    bytes.special = 1;
    std::string text;
    std::vector<uint32_t> specials;
    const size_t count = 1 + rng.below(64);
    std::vector<bool> differs;
    for (size_t i = 0; i < count; ++i) {
      text.append(rng.below(5), 'x');
      specials.push_back(0);
      specials.push_back(static_cast<uint32_t>(text.size() + bytes.offset));
      std::string here = expected;
      differs.push_back(rng.chance(2));
      if (differs.back()) here[rng.below(here.size())] ^= static_cast<char>(1 << rng.below(8));
      text += here;
    }
    text.append(kScanBytes, expected[0]);
    for (const RecordScan& scan : record_scans()) {
      std::vector<uint64_t> found(count);
      scan.compare(bytes, text.data(), specials.data(), 2, count, found.data());
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(found[i] != 0, differs[i]) << i;
    }
  }
}

TEST(RecordScan, EachKindOfRegistersReadsIntegers) {
  Rng rng(7);
  size_t unread = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    std::vector<uint32_t> ends{0};
    std::vector<std::string> values;
    for (uint64_t count = 1 + rng.below(64); count > 0; --count) {
      std::string value = rng.chance(4) ? "-" : "";
      for (uint64_t digits = rng.below(rng.chance(8) ? 20 : 9); digits > 0; --digits)
        value += static_cast<char>('0' + rng.below(10));
      if (rng.chance(20)) value += "/:.eE-+ \xB5"[rng.below(9)];
      if (rng.chance(20)) value.insert(rng.below(value.size() + 1), 1, "/:.-\xF0"[rng.below(5)]);
      text += value + "|";
      values.push_back(value);
      ends.push_back(static_cast<uint32_t>(text.size()));
    }
    text.append(kScanBytes, '7');
    const ValuePlaces places{text.data(), text.data() - 1, ends.data(), ends.data() + 1, 1, values.size()};
    for (const RecordScan& scan : record_scans()) {
      std::vector<int64_t> numbers(values.size());
      const uint64_t failed = scan.read_integers(places, numbers.data());
      ASSERT_EQ(scan.read_integers(places, nullptr), failed);
      for (size_t i = 0; i < values.size(); ++i) {
        const std::string& value = values[i];
        const std::string digits = value.substr(value.starts_with('-') ? 1 : 0);
        const bool whole = !digits.empty() && std::all_of(digits.begin(), digits.end(), isdigit) &&
                           (digits.size() == 1 || digits[0] != '0');
        if ((failed >> i & 1) == 0) {
          ASSERT_TRUE(whole) << value;
          ASSERT_EQ(numbers[i], std::stoll(value)) << value;
        } else if (whole && digits.size() <= 14) {
          ++unread;  // beside one that is too long
        }
      }
    }
  }
  EXPECT_LT(unread, 30'000u);
}

/// Reads a turn as decoders do; how many records came by patterns.
size_t count_read(const DecodePlan& plan, std::vector<std::string> lines, PatternReader& reader, std::string* numbers) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const size_t size = text.size();
  text.append(kScanPadding, '\n');
  Arena arena;
  Block block = allocate_block(flatten(decoded_row(plan)), 4096, arena);
  reader.begin_turn(text.data(), 0, size);
  size_t read = 0;
  for (size_t begin = 0; begin < size;) {
    const PatternBatch* batch = reader.expects(begin) ? &reader.read(begin, block, 4096, arena) : nullptr;
    if (batch != nullptr && batch->count > 0 && (batch->differs & 1) == 0) {
      ++read;
      *numbers += std::to_string(block.columns[1].as<int64_t>()[0]) + " ";
      begin = batch->end[0];
      continue;
    }
    const size_t end = text.find('\n', begin) + 1;
    reader.pass(std::string_view(text).substr(begin, end - begin), text[begin] == '{');
    *numbers += ". ";
    begin = end;
  }
  return read;
}

TEST(PatternReader, ReadsWhatLooksAlike) {
  const DecodePlan plan{.fields = {field({"a"}, int_type())}};
  JsonReader json(plan, nullptr);
  PatternReader reader(plan, json);
  std::string numbers;
  count_read(plan,
             {"{\"a\":1,\"b\":\"x\"}", "{\"a\":-22,\"b\":\"\"}", "{\"a\":3,\"b\":\"a longer text than the others\"}",
              "{\"b\":\"x\",\"a\":4}", "", "{\"a\":5,\"b\":\"\\n\"}", "{\"a\":6,\"b\":7}", "{\"a\":7,\"b\":\"x\"}"},
             reader, &numbers);
  EXPECT_EQ(numbers, ". -22 3 . . . . 7 ");
}

TEST(PatternReader, RestsWhereRecordsDiffer) {
  const DecodePlan plan{.fields = {field({"a"}, int_type())}};
  JsonReader json(plan, nullptr);
  PatternReader reader(plan, json);
  std::string numbers;
  std::vector<std::string> different, alike(20'000, "{\"a\":1}");
  for (int i = 0; i < 3000; ++i) different.push_back("{\"" + std::to_string(i) + "\":1}");
  EXPECT_EQ(count_read(plan, different, reader, &numbers), 0u);
  EXPECT_FALSE(reader.expects(0));
  EXPECT_GT(count_read(plan, alike, reader, &numbers), 10'000u);
}

}  // namespace
}  // namespace braid
