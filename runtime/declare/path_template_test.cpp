#include "runtime/declare/path_template.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

TEST(PathTemplate, ReadsFieldsAndBraces) {
  const auto made = PathTemplate::parse("out/{country}/{{x}}-{window.start}.csv");
  ASSERT_TRUE(made);
  ASSERT_EQ(made->parts.size(), 3u);
  EXPECT_EQ(made->parts[0].literal, "out/");
  EXPECT_EQ(made->parts[0].field, "country");
  EXPECT_EQ(made->parts[1].literal, "/{x}-");
  EXPECT_EQ(made->parts[1].field, "window.start");
  EXPECT_EQ(made->parts[2].literal, ".csv");
  EXPECT_TRUE(made->has_fields());
  EXPECT_FALSE(PathTemplate::parse("out/{{x}}.csv")->has_fields());
  for (const char* wrong : {"{", "}", "a{b", "a}b", "{}", "{a{b}}"}) EXPECT_FALSE(PathTemplate::parse(wrong)) << wrong;
}

TEST(PathTemplate, ValuesStayInTheirFolder) {
  EXPECT_EQ(path_part("DE"), "DE");
  EXPECT_EQ(path_part("2026-01-01"), "2026-01-01");
  EXPECT_EQ(path_part("12:30"), "12:30");
  EXPECT_EQ(path_part(""), "%empty");
  EXPECT_EQ(path_part("."), "%2E");
  EXPECT_EQ(path_part(".."), "%2E.");
  EXPECT_EQ(path_part("../../etc"), "%2E.%2F..%2Fetc");
  EXPECT_EQ(path_part("a b%\n"), "a%20b%25%0A");
  EXPECT_EQ(path_part("%null"), "%25null");
  EXPECT_EQ(path_part("Zo\xC3\xAB"), "Zo\xC3\xAB");
  EXPECT_EQ(path_part(std::string_view("\0", 1)), "%00");
}

TEST(PathTemplate, LongValuesAreToldApart) {
  const std::string a(200, 'x'), b = std::string(200, 'x') + "y", slashes(100, '/');
  std::string letters;
  for (int i = 0; i < 100; ++i) letters += "\xC3\xAB";
  for (const std::string& each : {a, b, slashes, letters}) EXPECT_LE(path_part(each).size(), 80u);
  EXPECT_NE(path_part(a), path_part(b));
  EXPECT_EQ(path_part(slashes).find('/'), std::string::npos);
  const std::string cut = path_part(letters);
  EXPECT_EQ(static_cast<unsigned char>(cut[cut.find('%') - 1]), 0xABu);  // a whole letter
}

}  // namespace
}  // namespace braid
