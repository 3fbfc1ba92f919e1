#include "runtime/tasks/shortened_row.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runtime/data/text_forms.h"

namespace braid {
namespace {

std::string shortened(const std::string& bytes, const std::string& name, size_t most) {
  const std::vector<Field> fields = {{"code", string_type()},
                                     {"bytes", string_type()},
                                     {"row", struct_type({{"id", int_type()}, {"name", string_type()}})}};
  const Slot slots[] = {slot_bytes("E6021"), slot_bytes(bytes), slot_i64(7), slot_bytes(name)};
  return shortened_row(fields, slots, most);
}

TEST(ShortenedRow, HasAsMuchOfTheRecordAsCanBe) {
  const std::string bytes = "abcdefghijklmnop" + std::string(40, '.');
  const std::string whole = shortened(bytes, "n", 1000);
  EXPECT_EQ(whole, R"({"code":"E6021","bytes":")" + bytes + R"(","row":{"id":7,"name":"n"}})");
  EXPECT_EQ(shortened(bytes, "n", whole.size()), whole);
  const std::string less = R"({"code":"E6021","bytes":"abcdefgh","bytes_length":56,"row":{"id":7,"name":"n"}})";
  EXPECT_EQ(shortened(bytes, "n", less.size()), less);
  EXPECT_EQ(shortened(bytes, "n", less.size() + 3), less);  // base64 has groups of four
}

TEST(ShortenedRow, CutsBetweenCharacters) {
  const size_t around = shortened(std::string(1000, 'x'), "n", 0).size();
  EXPECT_EQ(around, shortened(std::string(1000, 'x'), "", 0).size());  // `row` is left out
  for (size_t room = 0; room < 40; ++room) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += i % 3 == 0 ? "\xE2\x82\xAC" : i % 3 == 1 ? "\"" : "\x01";
    const std::string row = shortened(text, "n", around + room);
    EXPECT_TRUE(is_utf8(row)) << row;
    EXPECT_LE(row.size(), around + room) << row;
  }
}

TEST(ShortenedRow, LeavesTheRowOutIfItAloneIsTooLong) {
  const std::string name(2000, 'n');
  EXPECT_EQ(shortened("abcdefgh", name, 1000),
            fmt::format(R"({{"code":"E6021","bytes":"abcdefgh","row_length":{}}})", name.size() + 18));
  EXPECT_EQ(shortened("abcdef", name, 1000),
            fmt::format(R"({{"code":"E6021","bytes":"abcdef","row_length":{}}})", name.size() + 18));
  const std::string row = shortened(std::string(2000, 'x'), name, 1000);
  EXPECT_LE(row.size(), 1000U);
  EXPECT_GT(row.size(), 990U);
}

TEST(ShortenedRow, KeepsARowThatHasNothingToShorten) {
  const std::vector<Field> fields = {{"check", string_type()}};
  const Slot slots[] = {slot_bytes("positive")};
  EXPECT_EQ(shortened_row(fields, slots, 3), R"({"check":"positive"})");
}

}  // namespace
}  // namespace braid
