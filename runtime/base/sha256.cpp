#include "runtime/base/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "runtime/base/check.h"

namespace braid {

std::string sha256_hex(std::string_view content) {
  std::array<unsigned char, 32> digest;
  unsigned int length = 0;
  const int done = EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_sha256(), nullptr);
  BRAID_CHECK(done == 1 && length == digest.size());
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace braid
