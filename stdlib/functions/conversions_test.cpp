#include <cmath>

#include "stdlib/functions/calling.h"

namespace braid {
namespace {

using Text = std::string_view;

TEST(Conversions, ToInt) {
  Call of_text("conversions_int_of_text");
  EXPECT_EQ(of_text("-42"sv).as<int64_t>(), -42);
  EXPECT_EQ(of_text("+7"sv).as<int64_t>(), 7);
  EXPECT_EQ(of_text("9223372036854775807"sv).as<int64_t>(), INT64_MAX);
  for (const Text text : {""sv, " 1"sv, "1 "sv, "4.2"sv, "+-1"sv, "+"sv, "9223372036854775808"sv, "0x1"sv, "1_000"sv})
    EXPECT_EQ(of_text(text).code(), 6104u) << text;
  EXPECT_EQ(of_text.failure(), "1_000");
  EXPECT_EQ(Call("conversions_int_of_decimal")(Decimal{-29, 1}).as<int64_t>(), -2);
  Call of_decimal("conversions_int_of_decimal");
  EXPECT_EQ(of_decimal(Decimal{(int128{INT64_MAX} + 1) * 10, 1}).code(), 6104u);
  EXPECT_EQ(of_decimal.failure(), "9223372036854775808.0");
  EXPECT_EQ(Call("conversions_int_of_float")(-2.9).as<int64_t>(), -2);
  EXPECT_EQ(Call("conversions_int_of_float")(-9223372036854775808.0).as<int64_t>(), INT64_MIN);
  EXPECT_EQ(Call("conversions_int_of_float")(9223372036854775808.0).code(), 6104u);
  EXPECT_EQ(Call("conversions_int_of_float")(std::nan("")).code(), 6104u);
  EXPECT_EQ(Call("conversions_int_of_bool")(true).as<int64_t>(), 1);
}

TEST(Conversions, ToFloat) {
  Call of_text("conversions_float_of_text");
  EXPECT_EQ(of_text("1.5e3"sv).as<double>(), 1500.0);
  EXPECT_EQ(of_text("+0.1"sv).as<double>(), 0.1);
  EXPECT_TRUE(std::isnan(of_text("NaN"sv).as<double>()));
  EXPECT_TRUE(std::isinf(of_text("-Infinity"sv).as<double>()));
  EXPECT_EQ(of_text("1e-999"sv).as<double>(), 0.0);
  for (const Text text : {""sv, "1,5"sv, " 1"sv, "1e999"sv, "0x1p3"sv, "."sv, "1e"sv})
    EXPECT_EQ(of_text(text).code(), 6104u) << text;
  EXPECT_EQ(Call("conversions_float_of_int")(INT64_MAX).as<double>(), 9223372036854775808.0);
  EXPECT_EQ(Call("conversions_float_of_decimal")(Decimal{25, 2}).as<double>(), 0.25);
}

TEST(Conversions, ToDecimal) {
  const auto of_text = [](Text text, int64_t precision, int64_t scale) {
    Call call("conversions_decimal_of_text");
    call.result_scale(static_cast<int>(scale))(text, precision, scale);
    return call.code() == 0 ? std::to_string(static_cast<int64_t>(call.as<Decimal>().unscaled)) : "fails";
  };
  EXPECT_EQ(of_text("12.5", 12, 2), "1250");
  EXPECT_EQ(of_text("-1e2", 12, 2), "-10000");
  EXPECT_EQ(of_text("12.345", 12, 2), "fails");
  EXPECT_EQ(of_text("12.340", 12, 2), "1234");
  EXPECT_EQ(of_text("100", 4, 2), "fails");
  EXPECT_EQ(of_text("", 4, 2), "fails");
  Call rescale("conversions_decimal_of_decimal");
  EXPECT_TRUE(rescale.result_scale(2)(Decimal{2345, 3}, int64_t{12}, int64_t{2}).as<Decimal>().unscaled == 234);
  EXPECT_EQ(rescale(Decimal{1234, 0}, int64_t{5}, int64_t{2}).code(), 6104u);
  EXPECT_EQ(rescale.failure(), "1234");
  Call of_float("conversions_decimal_of_float");
  EXPECT_TRUE(of_float.result_scale(1)(0.25, int64_t{3}, int64_t{1}).as<Decimal>().unscaled == 2);
  EXPECT_EQ(of_float(std::nan(""), int64_t{3}, int64_t{1}).code(), 6104u);
  EXPECT_EQ(of_float(1e10, int64_t{3}, int64_t{1}).code(), 6104u);
}

TEST(Conversions, DecimalTakesItsTypeFromConstants) {
  const FunctionDeclaration& decimal = *all_groups().overloads("decimal").front();
  const auto shape = [](int64_t precision, int64_t scale) {
    return CallShape{{string_type(), int_type(), int_type()}, {Value{Null()}, Value{precision}, Value{scale}}};
  };
  EXPECT_EQ(to_string(decimal.result(shape(12, 2))), "decimal(12,2)");
  EXPECT_EQ(decimal.problem(shape(12, 2)), "");
  EXPECT_EQ(decimal.problem(shape(39, 2)), "a decimal has 1 to 38 digits");
  EXPECT_EQ(decimal.problem(shape(2, 3)), "a decimal has no more digits after the point than in all");
}

TEST(Conversions, ToTimesAndOthers) {
  EXPECT_EQ(Call("conversions_date_of_text")("1970-01-02"sv).as<Date>().days, 1);
  EXPECT_EQ(Call("conversions_date_of_text")("2025-02-29"sv).code(), 6104u);
  EXPECT_EQ(Call("conversions_time_of_text")("00:00:01.5"sv).as<TimeOfDay>().micros, 1'500'000);
  EXPECT_EQ(Call("conversions_time_of_text")("24:00"sv).code(), 6104u);
  EXPECT_EQ(Call("conversions_timestamp_of_text")("1970-01-01T01:00:00+01:00"sv).as<Timestamp>().micros, 0);
  EXPECT_EQ(Call("conversions_timestamp_of_text")("1970-01-01T01:00:00"sv).code(), 6104u);
  EXPECT_EQ(Call("conversions_duration_of_text")("PT1M"sv).as<Duration>().micros, 60'000'000);
  EXPECT_EQ(Call("conversions_duration_of_text")("1m"sv).as<Duration>().micros, 60'000'000);
  EXPECT_EQ(Call("conversions_duration_of_text")("P1M"sv).code(), 6104u);
  EXPECT_TRUE(Call("conversions_bool_of_text")("true"sv).as<bool>());
  EXPECT_EQ(Call("conversions_bool_of_text")("True"sv).code(), 6104u);
  EXPECT_EQ(Call("conversions_uuid_of_text")("no"sv).code(), 6104u);
  const Uuid uuid = Call("conversions_uuid_of_text")("123E4567-e89b-12d3-a456-426614174000"sv).as<Uuid>();
  EXPECT_EQ(Call("conversions_text_of_uuid")(uuid).as<Text>(), "123e4567-e89b-12d3-a456-426614174000");
}

TEST(Conversions, ToText) {
  EXPECT_EQ(Call("conversions_text_of_int")(INT64_MIN).as<Text>(), "-9223372036854775808");
  EXPECT_EQ(Call("conversions_text_of_decimal")(Decimal{-5, 2}).as<Text>(), "-0.05");
  EXPECT_EQ(Call("conversions_text_of_float")(0.1).as<Text>(), "0.1");
  EXPECT_EQ(Call("conversions_text_of_float")(std::nan("")).as<Text>(), "NaN");
  EXPECT_EQ(Call("conversions_text_of_bool")(false).as<Text>(), "false");
  EXPECT_EQ(Call("conversions_text_of_date")(Date{-1}).as<Text>(), "1969-12-31");
  EXPECT_EQ(Call("conversions_text_of_time")(TimeOfDay{0}).as<Text>(), "00:00:00");
  EXPECT_EQ(Call("conversions_text_of_timestamp")(Timestamp{250'000}).as<Text>(), "1970-01-01T00:00:00.25Z");
  EXPECT_EQ(Call("conversions_text_of_duration")(Duration{5'400'000'000}).as<Text>(), "PT1H30M");
  EXPECT_EQ(Call("conversions_text_of_text")(""sv).as<Text>(), "");
  EXPECT_EQ(Call("conversions_text_of_bytes")(Binary{"\xC3\xA9"}).as<Text>(), "é");
  for (const Text broken : {"\xFF"sv, "\xC0\x80"sv, "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv, "\xE2\x82"sv})
    EXPECT_EQ(Call("conversions_text_of_bytes")(Binary{broken}).code(), 6106u);
  EXPECT_EQ(Call("conversions_bytes_of_text")("é"sv).as<Binary>().view, "\xC3\xA9");
  Call symbol("conversions_text_of_symbol");
  symbol.of(enum_type({"open", "closed"}));
  EXPECT_EQ(symbol(Symbol{1, nullptr}).as<Text>(), "closed");
  EXPECT_EQ(symbol(Symbol{0, nullptr}).as<Text>(), "open");
  EXPECT_EQ(symbol(Symbol{7, nullptr}).as<Text>(), "");
}

TEST(Hashing, GivesKnownDigests) {
  EXPECT_EQ(Call("hashing_sha256")("abc"sv).as<Text>(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Call("hashing_sha256")(""sv).as<Text>(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Call("hashing_md5")("abc"sv).as<Text>(), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Call("hashing_md5")(""sv).as<Text>(), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Call("hashing_xxhash64")(""sv).as<int64_t>(), 3244421341483603138);
  EXPECT_NE(Call("hashing_xxhash64")("a"sv).as<int64_t>(), Call("hashing_xxhash64")("b"sv).as<int64_t>());
  EXPECT_EQ(Call("hashing_crc32")("123456789"sv).as<int64_t>(), 3421780262);
  EXPECT_EQ(Call("hashing_crc32")(""sv).as<int64_t>(), 0);
}

TEST(Encoding, GoesThereAndBack) {
  EXPECT_EQ(Call("encoding_hex")(Binary{"\x00\xFF"sv}).as<Text>(), "00ff");
  EXPECT_EQ(Call("encoding_from_hex")("00Ff"sv).as<Binary>().view, "\x00\xFF"sv);
  EXPECT_EQ(Call("encoding_from_hex")(""sv).as<Binary>().view, "");
  EXPECT_EQ(Call("encoding_from_hex")("0"sv).code(), 6106u);
  EXPECT_EQ(Call("encoding_from_hex")("0g"sv).code(), 6106u);
  EXPECT_EQ(Call("encoding_base64")(Binary{"Ok!?"}).as<Text>(), "T2shPw==");
  EXPECT_EQ(Call("encoding_base64")(Binary{""}).as<Text>(), "");
  EXPECT_EQ(Call("encoding_from_base64")("T2shPw=="sv).as<Binary>().view, "Ok!?");
  EXPECT_EQ(Call("encoding_from_base64")("T2shPw"sv).code(), 6106u);
}

TEST(Urls, AreCutAtTheirMarks) {
  using Maybe = std::optional<Text>;
  const Text url = "HTTPS://ann:pw@Shop.Example:8443/a%20b/c?q=red+shoes&n=%C3%A9&&q=2&flag#top?x";
  EXPECT_EQ(Call("urls_url_scheme")(url).as<Maybe>(), "https");
  EXPECT_EQ(Call("urls_url_host")(url).as<Maybe>(), "shop.example");
  EXPECT_EQ(Call("urls_host")(url).as<Maybe>(), "shop.example");
  EXPECT_EQ(Call("urls_url_port")(url).as<std::optional<int64_t>>(), 8443);
  EXPECT_EQ(Call("urls_url_path")(url).as<Text>(), "/a%20b/c");
  Call query("urls_url_query");
  EXPECT_EQ(query(url, "q"sv).as<Maybe>(), "red shoes");
  EXPECT_EQ(query(url, "n"sv).as<Maybe>(), "é");
  EXPECT_EQ(query(url, "flag"sv).as<Maybe>(), "");
  EXPECT_EQ(query(url, "x"sv).as<Maybe>(), std::nullopt);
  EXPECT_EQ(query("?a=%zz"sv, "a"sv).as<Maybe>(), "%zz") << "what is no escape stays";
  EXPECT_EQ(Call("urls_url_host")("//[2001:DB8::1]:80/"sv).as<Maybe>(), "[2001:db8::1]");
  EXPECT_EQ(Call("urls_url_port")("//[2001:db8::1]/"sv).as<std::optional<int64_t>>(), std::nullopt);
  EXPECT_EQ(Call("urls_url_host")("mailto:ann@shop.example"sv).as<Maybe>(), std::nullopt);
  EXPECT_EQ(Call("urls_url_path")("mailto:ann@shop.example"sv).as<Text>(), "ann@shop.example");
  EXPECT_EQ(Call("urls_url_scheme")("/a:b"sv).as<Maybe>(), std::nullopt);
  EXPECT_EQ(Call("urls_url_host")(""sv).as<Maybe>(), std::nullopt);
  EXPECT_EQ(Call("urls_url_decode")("caf%C3%A9+%41"sv).as<Text>(), "café+A");
  for (const Text broken : {"100%"sv, "%4"sv, "%g0"sv, "%ff"sv})
    EXPECT_EQ(Call("urls_url_decode")(broken).code(), 6106u);
  EXPECT_EQ(Call("urls_url_encode")("café & ~"sv).as<Text>(), "caf%C3%A9%20%26%20~");
}

}  // namespace
}  // namespace braid
