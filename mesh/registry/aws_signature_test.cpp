// The examples of Amazon's documentation of the signature.
#include "mesh/registry/aws_signature.h"

#include <gtest/gtest.h>

namespace braid::mesh {
namespace {

const AwsKey kKey{.id = "AKIAIOSFODNN7EXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr int64_t kTime = 1'369'353'600'000'000;  // 2013-05-24T00:00:00Z

AwsRequest request(std::string method, std::string path) {
  return {.method = std::move(method), .host = "examplebucket.s3.amazonaws.com", .path = std::move(path)};
}

std::string authorization(const AwsRequest& request) {
  return signed_headers(request, kKey, "us-east-1", kTime).back();
}

const std::string kBefore =
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,";

TEST(AwsSignature, OfAGet) {
  AwsRequest get = request("GET", "/test.txt");
  get.headers = {{"range", "bytes=0-9"}};
  EXPECT_EQ(authorization(get), kBefore +
                                    "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                                    "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(AwsSignature, OfAPutWithANameThatIsEscaped) {
  AwsRequest put = request("PUT", "/test$file.text");
  put.headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  put.body = "Welcome to Amazon S3.";
  EXPECT_EQ(authorization(put), kBefore +
                                    "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
                                    "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(AwsSignature, OfAList) {
  AwsRequest list = request("GET", "/");
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(authorization(list), kBefore +
                                     "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                                     "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(AwsSignature, HasTheSessionInIt) {
  AwsKey key = kKey;
  key.session = "token";
  const std::vector<std::string> headers = signed_headers(request("GET", "/a"), key, "us-east-1", kTime);
  EXPECT_NE(std::ranges::find(headers, "x-amz-security-token: token"), headers.end());
  EXPECT_NE(headers.back().find(";x-amz-security-token,"), std::string::npos);
}

TEST(AwsSignature, EscapesWhatUrlsCannotHave) {
  EXPECT_EQ(aws_escaped("a b/c+d~", true), "a%20b/c%2Bd~");
  EXPECT_EQ(aws_query({{"prefix", "x/y"}, {"list-type", "2"}}), "list-type=2&prefix=x%2Fy");
}

}  // namespace
}  // namespace braid::mesh
