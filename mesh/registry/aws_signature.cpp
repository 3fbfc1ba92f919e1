#include "mesh/registry/aws_signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "runtime/base/check.h"
#include "runtime/base/sha256.h"
#include "runtime/data/time_text.h"

namespace braid::mesh {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256", kService = "s3", kEnd = "aws4_request";

/// The bytes.
std::string hmac(std::string_view key, std::string_view text) {
  unsigned char made[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  BRAID_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(text.data()), text.size(), made, &length) != nullptr);
  return std::string(reinterpret_cast<const char*>(made), length);
}

std::string hex(std::string_view bytes) {
  std::string made;
  for (const char c : bytes) made += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return made;
}

/// "20130524T000000Z"
std::string basic_time(int64_t time_us) {
  std::string made;
  for (const char c : timestamp_text(time_us / 1'000'000 * 1'000'000))
    if (c != '-' && c != ':') made += c;
  return made;
}

}  // namespace

std::string aws_escaped(std::string_view text, bool keep_slashes) {
  std::string made;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~' || (c == '/' && keep_slashes);
    if (plain)
      made += c;
    else
      made += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return made;
}

std::string aws_query(const std::map<std::string, std::string>& query) {
  std::string made;
  for (const auto& [name, value] : query)
    made += (made.empty() ? "" : "&") + aws_escaped(name, false) + "=" + aws_escaped(value, false);
  return made;
}

std::vector<std::string> signed_headers(const AwsRequest& request, const AwsKey& key, const std::string& region,
                                        int64_t time_us) {
  const std::string time = basic_time(time_us), day = time.substr(0, 8), body_hash = sha256_hex(request.body);
  std::map<std::string, std::string> headers = request.headers;
  headers["host"] = request.host;
  headers["x-amz-content-sha256"] = body_hash;
  headers["x-amz-date"] = time;
  if (!key.session.empty()) headers["x-amz-security-token"] = key.session;

  std::string lines, names;
  for (const auto& [name, value] : headers) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical = request.method + "\n" + aws_escaped(request.path, true) + "\n" +
                                aws_query(request.query) + "\n" + lines + "\n" + names + "\n" + body_hash;
  const std::string scope = fmt::format("{}/{}/{}/{}", day, region, kService, kEnd);
  const std::string text = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, sha256_hex(canonical));
  const std::string signing = hmac(hmac(hmac(hmac("AWS4" + key.secret, day), region), kService), kEnd);

  std::vector<std::string> made;
  for (const auto& [name, value] : headers)
    if (name != "host") made.push_back(name + ": " + value);
  made.push_back(fmt::format("Authorization: {} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, key.id,
                             scope, names, hex(hmac(signing, text))));
  return made;
}

}  // namespace braid::mesh
