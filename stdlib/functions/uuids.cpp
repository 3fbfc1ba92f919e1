// What identifiers say: UUIDs (RFC 9562), ULIDs, numbers with a time in them; and UUIDs made of names. Nothing here is
// random: `uuid()` makes new ones.
#include <openssl/evp.h>

#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "stdlib/functions/made_text.h"

namespace braid {

using Text = std::string_view;

namespace {

/// Bits from the highest on: 0 is the first.
uint64_t field(Uuid id, int from, int count) {
  return static_cast<uint64_t>(static_cast<uint128>(id.value) >> (128 - from - count)) & ((uint64_t{1} << count) - 1);
}
bool is_rfc(Uuid id) {
  return field(id, 64, 2) == 2;
}

constexpr uint128 kNamespaces = static_cast<uint128>(0x6BA7B8109DAD11D1) << 64 | 0x80B400C04FD430C8;

Uuid of_name(Uuid space, Text name, const EVP_MD* method, uint64_t version) {
  std::string input;
  for (int shift = 120; shift >= 0; shift -= 8)
    input += static_cast<char>(static_cast<uint128>(space.value) >> shift & 0xFF);
  input += name;
  unsigned char bytes[EVP_MAX_MD_SIZE] = {};
  unsigned int size = 0;
  EVP_Digest(input.data(), input.size(), bytes, &size, method, nullptr);
  uint128 bits = 0;
  for (int i = 0; i < 16; ++i) bits = bits << 8 | bytes[i];
  bits &= ~(static_cast<uint128>(0xF) << 76 | static_cast<uint128>(3) << 62);
  return {static_cast<int128>(bits | static_cast<uint128>(version) << 76 | static_cast<uint128>(2) << 62)};
}

}  // namespace

static Uuid nil_uuid() {
  return {0};
}
BRAID_FUNCTION(uuids, nil_uuid,
               {.summary = "The UUID of zeros.",
                .parameters = {},
                .examples = {{"string(nil_uuid())", R"("00000000-0000-0000-0000-000000000000")"},
                             {R"(nil_uuid() == uuid("00000000-0000-0000-0000-000000000000"))", "true"}}})

static bool is_uuid(Text text) {
  int128 value = 0;
  return parse_uuid(text, &value);
}
BRAID_FUNCTION(uuids, is_uuid,
               {.summary = "Whether a text is a UUID: 8-4-4-4-12 hexadecimal digits.",
                .parameters = {{"text", "Text to look at."}},
                .examples = {{R"(is_uuid("123E4567-e89b-12d3-a456-426614174000"))", "true"},
                             {R"(is_uuid("123"))", "false"}}})

static std::optional<int64_t> uuid_version(Uuid id) {
  if (!is_rfc(id)) return std::nullopt;
  return static_cast<int64_t>(field(id, 48, 4));
}
BRAID_FUNCTION(uuids, uuid_version,
               {.summary = "The version of a UUID, null if it is none of RFC 9562.",
                .parameters = {{"id", "UUID to look at."}},
                .examples = {{R"(uuid_version(uuid("123e4567-e89b-12d3-a456-426614174000")))", "1"},
                             {"uuid_version(nil_uuid())", "null"}}})

static std::optional<Timestamp> uuid_time(Uuid id) {
  if (!is_rfc(id)) return std::nullopt;
  const uint64_t version = field(id, 48, 4);
  if (version == 7) return Timestamp{static_cast<int64_t>(field(id, 0, 48)) * 1000};
  uint64_t ticks = 0;  // of 100 ns since 1582-10-15
  if (version == 1) ticks = field(id, 52, 12) << 48 | field(id, 32, 16) << 32 | field(id, 0, 32);
  if (version == 6) ticks = field(id, 0, 48) << 12 | field(id, 52, 12);
  if (version != 1 && version != 6) return std::nullopt;
  constexpr int64_t kBegin = days_from_civil(1582, 10, 15) * kMicrosPerDay;
  return Timestamp{kBegin + static_cast<int64_t>(ticks / 10)};
}
BRAID_FUNCTION(uuids, uuid_time,
               {.summary = "The instant in a UUID of version 1, 6 or 7; null for others.",
                .parameters = {{"id", "UUID to look at."}},
                .examples = {{R"(uuid_time(uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")))", "@2022-02-22T19:22:22Z"},
                             {R"(uuid_time(uuid("c232ab00-9414-11ec-b3c8-9f6bdeced846")))", "@2022-02-22T19:22:22Z"},
                             {"uuid_time(nil_uuid())", "null"}}})

static Uuid uuid_v5(Uuid space, Text name) {
  return of_name(space, name, EVP_sha1(), 5);
}
BRAID_FUNCTION(uuids, uuid_v5,
               {.summary = "The UUID of a name in a namespace, by SHA-1: always the same.",
                .parameters = {{"space", "UUID of the namespace; `uuid_namespace` has those of the standard."},
                               {"name", "Name."}},
                .examples = {{R"(string(uuid_v5(uuid_namespace("dns"), "www.example.com")))",
                              R"("2ed6657d-e927-568b-95e1-2665a8aea6a2")"},
                             {R"(uuid_version(uuid_v5(nil_uuid(), "")))", "5"}}})

static Uuid uuid_v3(Uuid space, Text name) {
  return of_name(space, name, EVP_md5(), 3);
}
BRAID_FUNCTION(uuids, uuid_v3,
               {.summary = "The UUID of a name in a namespace, by MD5: always the same.",
                .parameters = {{"space", "UUID of the namespace; `uuid_namespace` has those of the standard."},
                               {"name", "Name."}},
                .examples = {{R"(string(uuid_v3(uuid_namespace("dns"), "www.example.com")))",
                              R"("5df41881-3aed-3515-88a7-2f4a814cf09e")"},
                             {R"(uuid_version(uuid_v3(nil_uuid(), "")))", "3"}}})

static Uuid uuid_namespace(Text name) {
  const int number = name == "url" ? 1 : name == "oid" ? 2 : name == "x500" ? 4 : 0;
  return {static_cast<int128>(kNamespaces + (static_cast<uint128>(number) << 96))};
}
BRAID_FUNCTION(uuids, uuid_namespace,
               {.summary = "The UUID of a namespace for `uuid_v3` and `uuid_v5`.",
                .parameters = {{"name", "`dns`, `url`, `oid` or `x500`, a constant.", std::nullopt, true}},
                .problem = [](const CallShape& call) -> std::string {
                  const std::string& name = call.constants[0].text();
                  if (name == "dns" || name == "url" || name == "oid" || name == "x500") return "";
                  return "`" + name + "` is not a namespace: dns, url, oid, x500";
                },
                .examples = {{R"(string(uuid_namespace("dns")))", R"("6ba7b810-9dad-11d1-80b4-00c04fd430c8")"},
                             {R"(string(uuid_namespace("url")))", R"("6ba7b811-9dad-11d1-80b4-00c04fd430c8")"}}})

static Binary uuid_bytes(CallContext& context, Uuid id) {
  char* const made = allocate(context, 16);
  for (int i = 0; i < 16; ++i) made[i] = static_cast<char>(static_cast<uint128>(id.value) >> (120 - 8 * i) & 0xFF);
  return {{made, 16}};
}
BRAID_FUNCTION(uuids, uuid_bytes,
               {.summary = "The 16 bytes of a UUID.",
                .parameters = {{"id", "UUID."}},
                .examples = {{R"(hex(uuid_bytes(uuid("123e4567-e89b-12d3-a456-426614174000"))))",
                              R"("123e4567e89b12d3a456426614174000")"},
                             {"length(uuid_bytes(nil_uuid()))", "16"}}})

static std::optional<Uuid> uuid_from_bytes(Binary bytes) {
  if (bytes.view.size() != 16) return std::nullopt;
  uint128 bits = 0;
  for (const char byte : bytes.view) bits = bits << 8 | static_cast<uint8_t>(byte);
  return Uuid{static_cast<int128>(bits)};
}
BRAID_FUNCTION(uuids, uuid_from_bytes,
               {.summary = "The UUID of 16 bytes, null for another number of bytes.",
                .parameters = {{"bytes", "Bytes of the UUID."}},
                .examples = {{R"(string(uuid_from_bytes(from_hex("123e4567e89b12d3a456426614174000")) ?? nil_uuid()))",
                              R"("123e4567-e89b-12d3-a456-426614174000")"},
                             {R"(uuid_from_bytes(bytes("")))", "null"}}})

/// The value of a digit of Crockford's base32; -1 if it is none.
static int crockford(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  const char upper = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
  constexpr Text kLetters = "ABCDEFGHJKMNPQRSTVWXYZ";
  const size_t at = kLetters.find(upper);
  return at == Text::npos ? -1 : static_cast<int>(at) + 10;
}

static std::optional<Timestamp> ulid_time(Text text) {
  if (text.size() != 26 || text[0] > '7') return std::nullopt;
  int64_t millis = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int digit = crockford(text[i]);
    if (digit < 0) return std::nullopt;
    if (i < 10) millis = millis << 5 | digit;
  }
  return Timestamp{millis * 1000};
}
BRAID_FUNCTION(uuids, ulid_time,
               {.summary = "The instant in a ULID, null if the text is none.",
                .parameters = {{"text", "26 digits of base32."}},
                .examples = {{R"(ulid_time("01ARZ3NDEKTSV4RRFFQ69G5FAV"))", "@2016-07-30T23:54:10.259Z"},
                             {R"(ulid_time("01ARZ3"))", "null"}}})

static std::optional<Timestamp> snowflake_time(int64_t id, Timestamp epoch) {
  if (id < 0) return std::nullopt;
  int64_t micros = 0;
  if (__builtin_add_overflow(epoch.micros, (id >> 22) * 1000, &micros)) return std::nullopt;
  return Timestamp{micros};
}
BRAID_FUNCTION(
    uuids, snowflake_time,
    {.summary = "The instant in a number whose bits above the lowest 22 count milliseconds (a snowflake), null "
                "for a negative one.",
     .parameters = {{"id", "Number to look at."}, {"epoch", "Instant from which it counts."}},
     .examples = {{"snowflake_time(175928847299117063, @2015-01-01T00:00Z)", "@2016-04-30T11:18:25.796Z"},
                  {"snowflake_time(-1, @2015-01-01T00:00Z)", "null"}}})

BRAID_GROUP(uuids)

}  // namespace braid
