#include "serve/http/query.h"

#include <gtest/gtest.h>

#include "serve/http/address.h"

namespace braid::serve {
namespace {

using Parts = std::vector<std::string>;
using Query = std::vector<std::pair<std::string, std::string>>;

TEST(HttpQuery, DecodesPercent) {
  EXPECT_EQ(percent_decoded("a%2Fb%2fc"), "a/b/c");
  EXPECT_EQ(percent_decoded("Z%C3%BCrich"), "Zürich");
  EXPECT_EQ(percent_decoded("1+1"), "1+1");
  EXPECT_EQ(percent_decoded("1+1%2B1", true), "1 1+1");
  EXPECT_EQ(percent_decoded("a%00b"), std::string("a\0b", 3));
  EXPECT_EQ(percent_decoded("%25"), "%");
  EXPECT_EQ(percent_decoded(""), "");
  for (const char* wrong : {"%", "%4", "a%4", "%4g", "%%41", "%-1", "%C3", "%FF", "%C3x"})
    EXPECT_EQ(percent_decoded(wrong), std::nullopt) << wrong;
}

TEST(HttpQuery, EncodesWhatItDecodes) {
  EXPECT_EQ(percent_encoded("a/b c+ü-._~"), "a%2Fb%20c%2B%C3%BC-._~");
  std::string all;
  for (char c = 0; c < 127; ++c) all += c;
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
  EXPECT_EQ(percent_decoded(percent_encoded(all), true), all);
}

TEST(HttpQuery, CutsPaths) {
  EXPECT_EQ(path_parts("/v1/a%2Fb/c"), (Parts{"v1", "a/b", "c"}));
  EXPECT_EQ(path_parts("/v1/"), (Parts{"v1"}));
  EXPECT_EQ(path_parts("/"), Parts());
  EXPECT_EQ(path_parts("/a+b"), (Parts{"a+b"}));
  for (const char* wrong : {"", "v1", "//", "/v1//a", "/v1/%2", "/%FF"})
    EXPECT_EQ(path_parts(wrong), std::nullopt) << wrong;
}

TEST(HttpQuery, CutsQueries) {
  EXPECT_EQ(query_parts("a=1&b=x+y&c=&d&a=%3D%26"),
            (Query{{"a", "1"}, {"b", "x y"}, {"c", ""}, {"d", ""}, {"a", "=&"}}));
  EXPECT_EQ(query_parts("a=b=c"), (Query{{"a", "b=c"}}));
  EXPECT_EQ(query_parts(""), Query());
  EXPECT_EQ(query_parts("&&a=1&"), (Query{{"a", "1"}}));
  EXPECT_EQ(query_parts("=1"), (Query{{"", "1"}}));
  for (const char* wrong : {"a=%", "%zz=1", "a=1&b=%FF"}) EXPECT_EQ(query_parts(wrong), std::nullopt) << wrong;
}

TEST(HttpQuery, BytesAsTextForUrls) {
  std::string bytes;
  for (int length = 0; length < 300; ++length) {
    const std::string text = base64_url(bytes);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_EQ(base64_url_decoded(text), bytes);
    bytes += static_cast<char>(255 - length % 256);
  }
  EXPECT_EQ(base64_url("\xFB\xFF"), "-_8");
  for (const char* wrong : {"A", "AA==", "+_8", "-/8", "A A", "AAAAA"})
    EXPECT_EQ(base64_url_decoded(wrong), std::nullopt) << wrong;
}

TEST(HttpAddress, IsAnAddressAndAPort) {
  const auto text = [](const char* written) {
    const auto address = parse_http_address(written);
    return address ? address->text() : "none";
  };
  for (const char* local : {"9464", ":9464", "localhost:9464", "127.0.0.1:9464"}) {
    EXPECT_EQ(text(local), "127.0.0.1:9464");
    EXPECT_TRUE(parse_http_address(local)->is_loopback());
  }
  EXPECT_EQ(text("[::1]:80"), "[::1]:80");
  EXPECT_TRUE(parse_http_address("[::1]:80")->is_loopback());
  EXPECT_FALSE(parse_http_address("0.0.0.0:80")->is_loopback());
  EXPECT_FALSE(parse_http_address("[::]:80")->is_loopback());
  for (const char* wrong : {"", ":", "host:80", "127.0.0.1", "1.2.3:80", "127.0.0.1:65536", "127.0.0.1:x", "::1:80"})
    EXPECT_EQ(text(wrong), "none") << wrong;
}

}  // namespace
}  // namespace braid::serve
