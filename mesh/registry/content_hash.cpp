#include "mesh/registry/content_hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "runtime/base/check.h"

namespace braid::mesh {

std::string content_hash(std::string_view content) {
  std::array<unsigned char, 32> digest;
  unsigned int length = 0;
  const int done = EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_sha256(), nullptr);
  BRAID_CHECK(done == 1 && length == digest.size());
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

bool is_content_hash(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string object_name(std::string_view hash) {
  return fmt::format("objects/{}/{}", hash.substr(0, 2), hash);
}

}  // namespace braid::mesh
