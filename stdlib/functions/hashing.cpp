// Digests of text and bytes: the same on every machine, in every run. Not for passwords.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#include <bit>

#include "stdlib/functions/hexadecimal.h"
#include "stdlib/functions/made_text.h"

namespace braid {

using Text = std::string_view;

namespace {

Text in_hexadecimal(CallContext& context, Text bytes) {
  char* const made = allocate(context, bytes.size() * 2);
  hexadecimal::put(bytes, made);
  return {made, bytes.size() * 2};
}

Text digest(CallContext& context, Text text, const EVP_MD* method) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes, &size, method, nullptr) != 1) size = 0;
  return in_hexadecimal(context, {reinterpret_cast<const char*>(bytes), size});
}

Text keyed_digest(CallContext& context, Text text, Text key, const EVP_MD* method) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  // An empty key needs an address: null would mean the key of a call before.
  if (HMAC(method, key.empty() ? "" : key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.empty() ? "" : text.data()), text.size(), bytes,
           &size) == nullptr)
    size = 0;
  return in_hexadecimal(context, {reinterpret_cast<const char*>(bytes), size});
}

}  // namespace

// ---- digests -------------------------------------------------------------------------------------------------------

/// A digest of a text and of bytes.
#define BRAID_DIGEST(function, method, of_what, note, of_abc, of_nothing)                                    \
  static Text function(CallContext& context, Text text) {                                                    \
    return digest(context, text, method());                                                                  \
  }                                                                                                          \
  BRAID_FUNCTION(                                                                                            \
      hashing, function,                                                                                     \
      {.summary = "The " of_what " digest of a text's UTF-8 bytes, as hexadecimal digits" note ".",          \
       .parameters = {{"text", "Text to digest."}},                                                          \
       .examples = {{#function "(\"abc\")", "\"" of_abc "\""}, {#function "(\"\")", "\"" of_nothing "\""}}}) \
  static Text function##_of_bytes(CallContext& context, Binary bytes) {                                      \
    return digest(context, bytes.view, method());                                                            \
  }                                                                                                          \
  BRAID_FUNCTION(hashing, function##_of_bytes,                                                               \
                 {.name = #function,                                                                         \
                  .summary = "The " of_what " digest of bytes, as hexadecimal digits" note ".",              \
                  .parameters = {{"bytes", "Bytes to digest."}},                                             \
                  .examples = {{#function "(bytes(\"abc\"))", "\"" of_abc "\""},                             \
                               {#function "(bytes(\"\"))", "\"" of_nothing "\""}}})

BRAID_DIGEST(sha256, EVP_sha256, "SHA-256", "", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
BRAID_DIGEST(sha224, EVP_sha224, "SHA-224", "", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
             "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f")
BRAID_DIGEST(sha384, EVP_sha384, "SHA-384", "",
             "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
             "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b")
BRAID_DIGEST(
    sha512, EVP_sha512, "SHA-512", "",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643c"
    "e80e2a9ac94fa54ca49f",
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd4741"
    "7a81a538327af927da3e")
BRAID_DIGEST(sha3_256, EVP_sha3_256, "SHA3-256", "", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
             "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a")
BRAID_DIGEST(sha1, EVP_sha1, "SHA-1", "; for old systems only, it protects nothing",
             "a9993e364706816aba3e25717850c26c9cd0d89d", "da39a3ee5e6b4b0d3255bfef95601890afd80709")
BRAID_DIGEST(md5, EVP_md5, "MD5", "; for old systems only, it protects nothing", "900150983cd24fb0d6963f7d28e17f72",
             "d41d8cd98f00b204e9800998ecf8427e")
BRAID_DIGEST(
    blake2b, EVP_blake2b512, "BLAKE2b (512 bits)", "",
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1"
    "925ab92386edd4009923",
    "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448"
    "b755d56f701afe9be2ce")
#undef BRAID_DIGEST

/// The same of a text with a key.
#define BRAID_KEYED(function, method, of_what, of_fox, of_nothing)                                                 \
  static Text function(CallContext& context, Text text, Text key) {                                                \
    return keyed_digest(context, text, key, method());                                                             \
  }                                                                                                                \
  BRAID_FUNCTION(                                                                                                  \
      hashing, function,                                                                                           \
      {.summary = "The keyed " of_what " digest (HMAC, RFC 2104) of a text's UTF-8 bytes, as hexadecimal digits.", \
       .parameters = {{"text", "Text to digest."}, {"key", "The secret; it stands in the script that uses it."}},  \
       .examples = {{#function "(\"The quick brown fox jumps over the lazy dog\", \"key\")", "\"" of_fox "\""},    \
                    {#function "(\"\", \"\")", "\"" of_nothing "\""}}})

BRAID_KEYED(hmac_sha256, EVP_sha256, "SHA-256", "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
BRAID_KEYED(hmac_sha1, EVP_sha1, "SHA-1", "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9",
            "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d")
BRAID_KEYED(hmac_md5, EVP_md5, "MD5", "80070713463e7749b90c2dc24911e275", "74e6f7298a9c2d168935f58c001bad88")
BRAID_KEYED(
    hmac_sha512, EVP_sha512, "SHA-512",
    "b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb82f948a549f7b791a5b41915ee4d1ec3935357e4e231"
    "7250d0372afa2ebeeb3a",
    "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac6730c6c515421b327ec1d69402e53dfb49ad7381eb067b3"
    "38fd7b0cb22247225d47")
#undef BRAID_KEYED

// ---- hashes and checksums ------------------------------------------------------------------------------------------

static int64_t xxhash64(Text text) {
  return static_cast<int64_t>(XXH3_64bits(text.data(), text.size()));
}
BRAID_FUNCTION(hashing, xxhash64,
               {.summary = "The XXH3 hash of a text's UTF-8 bytes as a whole number, for buckets and samples.",
                .parameters = {{"text", "Text to hash."}},
                .examples = {{R"(xxhash64("a") == xxhash64("a"))", "true"},
                             {R"(xxhash64(""))", "3244421341483603138"}}})

static Text xxhash128(CallContext& context, Text text) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(text.data(), text.size()));
  return in_hexadecimal(context, {reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest});
}
BRAID_FUNCTION(hashing, xxhash128,
               {.summary = "The XXH3 hash of 128 bits of a text's UTF-8 bytes, as 32 hexadecimal digits.",
                .parameters = {{"text", "Text to hash."}},
                .examples = {{R"(xxhash128(""))", R"("99aa06d3014798d86001c324468d497f")"},
                             {R"(length(xxhash128("a")))", "32"}}})

namespace {

uint32_t word_at(const char* at) {
  uint32_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// MurmurHash3, x86, 32 bits, by A. Appleby.
uint32_t murmur_of(Text text, uint32_t seed) {
  const auto mixed = [](uint32_t word) { return std::rotl(word * 0xCC9E2D51U, 15) * 0x1B873593U; };
  uint32_t hash = seed;
  size_t at = 0;
  for (; at + 4 <= text.size(); at += 4)
    hash = std::rotl(hash ^ mixed(word_at(text.data() + at)), 13) * 5 + 0xE6546B64U;
  uint32_t rest = 0;
  for (size_t i = text.size(); i > at; --i) rest = rest << 8 | static_cast<uint8_t>(text[i - 1]);
  if (at < text.size()) hash ^= mixed(rest);
  hash ^= static_cast<uint32_t>(text.size());
  hash = (hash ^ hash >> 16) * 0x85EBCA6BU;
  hash = (hash ^ hash >> 13) * 0xC2B2AE35U;
  return hash ^ hash >> 16;
}

struct CrcTable {
  uint32_t values[256] = {};
  constexpr explicit CrcTable(uint32_t polynomial) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t rest = byte;
      for (int i = 0; i < 8; ++i) rest = rest >> 1 ^ (polynomial & (0 - (rest & 1)));
      values[byte] = rest;
    }
  }
};

uint32_t crc_of(Text bytes, const CrcTable& table) {
  uint32_t rest = 0xFFFFFFFF;
  for (const char byte : bytes) rest = rest >> 8 ^ table.values[(rest ^ static_cast<uint8_t>(byte)) & 0xFF];
  return ~rest;
}

constexpr CrcTable kCrc32(0xEDB88320), kCrc32c(0x82F63B78);

}  // namespace

static Fallible<int64_t> murmur3(CallContext& context, Text text, int64_t seed) {
  if (seed < 0 || seed > UINT32_MAX) return fails(context, "a seed of MurmurHash3 is 0 to 4294967295");
  return int64_t{murmur_of(text, static_cast<uint32_t>(seed))};
}
BRAID_FUNCTION(
    hashing, murmur3,
    {.summary = "The MurmurHash3 (x86, 32 bits) of a text's UTF-8 bytes, without a sign. Fails unless the seed "
                "has 32 bits.",
     .parameters = {{"text", "Text to hash."}, {"seed", "Seed.", "0"}},
     .examples = {
         {R"(murmur3("hello"))", "613153351"}, {R"(murmur3("", 1))", "1364076727"}, {R"(murmur3("a", -1))", "fails"}}})

static int64_t fnv1a(Text text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : text) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
  return static_cast<int64_t>(hash);
}
BRAID_FUNCTION(hashing, fnv1a,
               {.summary = "The FNV-1a hash (64 bits) of a text's UTF-8 bytes as a whole number.",
                .parameters = {{"text", "Text to hash."}},
                .examples = {{R"(fnv1a(""))", "-3750763034362895579"}, {R"(fnv1a("a"))", "-5808556873153909620"}}})

static int64_t crc32(Text text) {
  return crc_of(text, kCrc32);
}
BRAID_FUNCTION(hashing, crc32,
               {.summary = "The CRC-32 checksum of a text's UTF-8 bytes, as zip and PNG have it.",
                .parameters = {{"text", "Text to check."}},
                .examples = {{R"(crc32("123456789"))", "3421780262"}, {R"(crc32(""))", "0"}}})

static int64_t crc32_of_bytes(Binary bytes) {
  return crc_of(bytes.view, kCrc32);
}
BRAID_FUNCTION(hashing, crc32_of_bytes,
               {.name = "crc32",
                .summary = "The CRC-32 checksum of bytes, as zip and PNG have it.",
                .parameters = {{"bytes", "Bytes to check."}},
                .examples = {{R"(crc32(bytes("123456789")))", "3421780262"}, {R"(crc32(bytes("")))", "0"}}})

static int64_t crc32c(Text text) {
  return crc_of(text, kCrc32c);
}
BRAID_FUNCTION(hashing, crc32c,
               {.summary = "The CRC-32C (Castagnoli) checksum of a text's UTF-8 bytes.",
                .parameters = {{"text", "Text to check."}},
                .examples = {{R"(crc32c("123456789"))", "3808858755"}, {R"(crc32c(""))", "0"}}})

static int64_t adler32(Text text) {
  uint64_t low = 1, high = 0;
  constexpr uint64_t kPrime = 65521;
  while (!text.empty()) {
    const size_t taken = std::min<size_t>(text.size(), 5552);  // so many sums stay below 64 bits
    for (size_t i = 0; i < taken; ++i) {
      low += static_cast<uint8_t>(text[i]);
      high += low;
    }
    low %= kPrime;
    high %= kPrime;
    text.remove_prefix(taken);
  }
  return static_cast<int64_t>(high << 16 | low);
}
BRAID_FUNCTION(hashing, adler32,
               {.summary = "The Adler-32 checksum of a text's UTF-8 bytes, as zlib has it.",
                .parameters = {{"text", "Text to check."}},
                .examples = {{R"(adler32("Wikipedia"))", "300286872"}, {R"(adler32(""))", "1"}}})

static Fallible<int64_t> hash_bucket(CallContext& context, Text text, int64_t count) {
  if (count < 1) return fails(context, "there is at least one bucket");
  const uint64_t hash = XXH3_64bits(text.data(), text.size());
  return static_cast<int64_t>(static_cast<uint64_t>(static_cast<uint128>(hash) * static_cast<uint64_t>(count) >> 64));
}
BRAID_FUNCTION(
    hashing, hash_bucket,
    {.summary = "One of so many buckets, always the same for a text, and all equally likely. Fails without a "
                "bucket.",
     .parameters = {{"text", "Text that chooses."}, {"count", "How many buckets; the first is 0."}},
     .examples = {{R"(hash_bucket("ann", 1))", "0"},
                  {R"(hash_bucket("ann", 100) < 100)", "true"},
                  {R"(hash_bucket("ann", 0))", "fails"}}})

static Fallible<int64_t> stable_bucket(CallContext& context, Text text, int64_t count) {
  if (count < 1 || count > INT32_MAX) return fails(context, "there are 1 to 2147483647 buckets");
  // J. Lamping and E. Veach, "A fast, minimal memory, consistent hash algorithm", 2014.
  uint64_t key = XXH3_64bits(text.data(), text.size());
  int64_t bucket = -1, next = 0;
  while (next < count) {
    bucket = next;
    key = key * 2862933555777941757ULL + 1;
    next = static_cast<int64_t>(static_cast<double>(bucket + 1) *
                                (static_cast<double>(int64_t{1} << 31) / static_cast<double>((key >> 33) + 1)));
  }
  return bucket;
}
BRAID_FUNCTION(
    hashing, stable_bucket,
    {.summary = "One of so many buckets, and few texts change theirs when buckets are added (jump consistent "
                "hash). Fails unless there are 1 to 2147483647.",
     .parameters = {{"text", "Text that chooses."}, {"count", "How many buckets; the first is 0."}},
     .examples = {{R"(stable_bucket("ann", 1))", "0"},
                  {R"(stable_bucket("ann", 100) < 100)", "true"},
                  {R"(stable_bucket("ann", 0))", "fails"}}})

BRAID_GROUP(hashing)

}  // namespace braid
