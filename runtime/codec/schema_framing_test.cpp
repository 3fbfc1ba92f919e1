#include "runtime/codec/schema_framing.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

using namespace std::string_view_literals;

std::optional<FramedValue> read(std::string_view record, SchemaLanguage language,
                                std::optional<std::string_view> header = std::nullopt) {
  std::string reason;
  auto found = read_framing(record, header, language, reason);
  EXPECT_EQ(found.has_value(), reason.empty()) << reason;
  return found;
}

TEST(SchemaFraming, ANumberStandsInFrontOfTheValue) {
  const auto found = read("\x00\x00\x01\x00\x02value"sv, SchemaLanguage::avro);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->framing.id.number, 65538u);
  EXPECT_EQ(found->value, "value");
  EXPECT_EQ(to_string(found->framing.id), "65538");
  std::string written;
  append_framing(written, found->framing, SchemaLanguage::avro);
  EXPECT_EQ(written, "\x00\x00\x01\x00\x02"sv);
}

TEST(SchemaFraming, ProtobufNamesTheMessageType) {
  // The first message is a zero alone; others are counted.
  auto found = read("\x00\x00\x00\x00\x07\x00value"sv, SchemaLanguage::protobuf);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->framing.message, (std::vector<int32_t>{0}));
  EXPECT_EQ(found->value, "value");
  found = read("\x00\x00\x00\x00\x07\x04\x02\x00value"sv, SchemaLanguage::protobuf);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->framing.message, (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(found->value, "value");
  std::string written;
  append_framing(written, found->framing, SchemaLanguage::protobuf);
  EXPECT_EQ(written, "\x00\x00\x00\x00\x07\x04\x02\x00"sv);
}

TEST(SchemaFraming, AHeaderNamesAGuid) {
  const auto header = "\x01\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"sv;
  const auto found = read("\x00value"sv, SchemaLanguage::avro, header);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->value, "\x00value"sv);
  EXPECT_EQ(to_string(found->framing.id), "01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(header_framing(found->framing, SchemaLanguage::avro), header);
  // A header may hold a number, too.
  const auto number = read("value", SchemaLanguage::avro, "\x00\x00\x00\x00\x2A"sv);
  ASSERT_TRUE(number);
  EXPECT_EQ(number->framing.id.number, 42u);
  EXPECT_EQ(header_framing(number->framing, SchemaLanguage::avro), "\x00\x00\x00\x00\x2A"sv);
}

TEST(SchemaFraming, OtherBytesHaveAReason) {
  auto reason_of = [](std::string_view record, std::optional<std::string_view> header, SchemaLanguage language) {
    std::string reason;
    EXPECT_FALSE(read_framing(record, header, language, reason));
    return reason;
  };
  EXPECT_EQ(reason_of("", std::nullopt, SchemaLanguage::avro), "it is empty");
  EXPECT_EQ(reason_of("{}", std::nullopt, SchemaLanguage::avro), "it begins with the byte 7B, and not with 00");
  EXPECT_EQ(reason_of("\x00\x00\x01"sv, std::nullopt, SchemaLanguage::avro), "it ends after 3 bytes");
  EXPECT_EQ(reason_of("value", "\x01\x02"sv, SchemaLanguage::avro), "its header of 2 bytes holds no id");
  EXPECT_EQ(reason_of("value", "\x00\x00\x00\x00\x2A\x00"sv, SchemaLanguage::avro),
            "its header of 6 bytes holds no id");
  EXPECT_EQ(reason_of("\x00\x00\x00\x00\x07\x03"sv, std::nullopt, SchemaLanguage::protobuf),
            "the indexes of its message type are broken");
}

}  // namespace
}  // namespace braid
