// Digests of text: the same on every machine, in every run. Not for passwords.
#include <openssl/evp.h>
#include <xxhash.h>

#include "stdlib/functions/hexadecimal.h"
#include "stdlib/functions/made_text.h"

namespace braid {

using Text = std::string_view;

static Text digest(CallContext& context, Text text, const EVP_MD* method) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes, &size, method, nullptr) != 1) size = 0;
  char* const made = allocate(context, size * uint64_t{2});
  hexadecimal::put({reinterpret_cast<const char*>(bytes), size}, made);
  return {made, size * uint64_t{2}};
}

static Text sha256(CallContext& context, Text text) {
  return digest(context, text, EVP_sha256());
}
BRAID_FUNCTION(hashing, sha256,
               {.summary = "The SHA-256 digest of a text's UTF-8 bytes, as 64 hexadecimal digits.",
                .parameters = {{"text", "Text to digest."}},
                .examples = {
                    {R"(sha256("abc"))", R"("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")"},
                    {R"(sha256(""))", R"("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")"}}})

static Text md5(CallContext& context, Text text) {
  return digest(context, text, EVP_md5());
}
BRAID_FUNCTION(hashing, md5,
               {.summary = "The MD5 digest of a text's UTF-8 bytes, as 32 hexadecimal digits; for old systems only, it "
                           "protects nothing.",
                .parameters = {{"text", "Text to digest."}},
                .examples = {{R"(md5("abc"))", R"("900150983cd24fb0d6963f7d28e17f72")"},
                             {R"(md5(""))", R"("d41d8cd98f00b204e9800998ecf8427e")"}}})

static int64_t xxhash64(Text text) {
  return static_cast<int64_t>(XXH3_64bits(text.data(), text.size()));
}
BRAID_FUNCTION(hashing, xxhash64,
               {.summary = "The XXH3 hash of a text's UTF-8 bytes as a whole number, for buckets and samples.",
                .parameters = {{"text", "Text to hash."}},
                .examples = {{R"(xxhash64("a") == xxhash64("a"))", "true"},
                             {R"(xxhash64(""))", "3244421341483603138"}}})

static int64_t crc32(Text text) {
  uint32_t rest = 0xFFFFFFFF;
  for (const char byte : text) {
    rest ^= static_cast<uint8_t>(byte);
    for (int i = 0; i < 8; ++i) rest = rest >> 1 ^ (0xEDB88320 & (0 - (rest & 1)));
  }
  return ~rest;
}
BRAID_FUNCTION(hashing, crc32,
               {.summary = "The CRC-32 checksum of a text's UTF-8 bytes, as zip and PNG have it.",
                .parameters = {{"text", "Text to check."}},
                .examples = {{R"(crc32("123456789"))", "3421780262"}, {R"(crc32(""))", "0"}}})

BRAID_GROUP(hashing)

}  // namespace braid
