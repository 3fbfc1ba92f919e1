#include "runtime/codec/schema_framing.h"

#include <fmt/format.h>

#include <cstring>

#include "runtime/abi/avro_functions.h"
#include "runtime/codec/avro_bytes.h"

namespace braid {
namespace {

constexpr char kNumberFollows = 0, kGuidFollows = 1;
/// Nesting of message types.
constexpr int64_t kMostIndexes = 64;

/// The count of the indexes and each of them; a zero alone is {0}. Returns the byte after them, or null.
const char* read_indexes(const char* at, const char* end, std::vector<int32_t>& indexes) {
  int64_t count = 0;
  at = read_avro_long(at, end, &count);
  if (at == nullptr || count < 0 || count > kMostIndexes) return nullptr;
  if (count == 0) indexes.push_back(0);
  for (; count > 0; --count) {
    int64_t index = 0;
    at = read_avro_long(at, end, &index);
    if (at == nullptr || index < 0 || index > INT32_MAX) return nullptr;
    indexes.push_back(static_cast<int32_t>(index));
  }
  return at;
}

void append_indexes(std::string& out, const std::vector<int32_t>& indexes) {
  if (indexes.empty() || indexes == std::vector<int32_t>{0}) {
    out.push_back(0);
    return;
  }
  append_avro_long(out, static_cast<int64_t>(indexes.size()));
  for (const int32_t index : indexes) append_avro_long(out, index);
}

/// The framing at the beginning of `text`; the byte after it, or null.
const char* read_at(std::string_view text, SchemaLanguage language, SchemaFraming& framing) {
  const char* at = text.data();
  const char* end = at + text.size();
  if (text.size() >= 5 && *at == kNumberFollows) {
    for (int i = 1; i <= 4; ++i) framing.id.number = framing.id.number << 8 | static_cast<uint8_t>(at[i]);
    at += 5;
  } else if (text.size() >= 17 && *at == kGuidFollows) {
    framing.id.kind = SchemaId::Kind::guid;
    std::memcpy(framing.id.guid.data(), at + 1, 16);
    at += 17;
  } else {
    return nullptr;
  }
  return language == SchemaLanguage::protobuf ? read_indexes(at, end, framing.message) : at;
}

}  // namespace

std::string to_string(const SchemaId& id) {
  if (id.kind == SchemaId::Kind::number) return std::to_string(id.number);
  std::string text;
  for (size_t i = 0; i < id.guid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", id.guid[i]);
  }
  return text;
}

std::optional<FramedValue> read_framing(std::string_view record, std::optional<std::string_view> header,
                                        SchemaLanguage language, std::string& reason) {
  FramedValue found;
  if (header) {
    const char* end = read_at(*header, language, found.framing);
    found.value = record;
    if (end == header->data() + header->size()) return found;
    reason = fmt::format("its header of {} bytes holds no id", header->size());
    return std::nullopt;
  }
  if (record.empty()) {
    reason = "it is empty";
  } else if (record.front() != kNumberFollows) {
    reason = fmt::format("it begins with the byte {:02X}, and not with 00", static_cast<uint8_t>(record.front()));
  } else if (const char* at = read_at(record, language, found.framing); at == nullptr) {
    reason = record.size() < 5 ? fmt::format("it ends after {} bytes", record.size())
                               : "the indexes of its message type are broken";
  } else {
    found.value = record.substr(static_cast<size_t>(at - record.data()));
    return found;
  }
  return std::nullopt;
}

size_t guid_framing_bytes(std::string_view record, SchemaLanguage language) {
  if (!record.starts_with(kGuidFollows)) return 0;
  SchemaFraming framing;
  const char* at = read_at(record, language, framing);
  return at == nullptr ? 0 : static_cast<size_t>(at - record.data());
}

bool is_framed_key(std::string_view key, std::optional<std::string_view> header) {
  return header || (key.size() > 5 && key.starts_with('\0') && key.substr(1, 4) != std::string_view("\0\0\0\0", 4));
}

void append_framing(std::string& out, const SchemaFraming& framing, SchemaLanguage language) {
  out.push_back(kNumberFollows);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(framing.id.number >> shift));
  if (language == SchemaLanguage::protobuf) append_indexes(out, framing.message);
}

std::string header_framing(const SchemaFraming& framing, SchemaLanguage language) {
  std::string out;
  if (framing.id.kind == SchemaId::Kind::number) {
    append_framing(out, framing, language);
    return out;
  }
  out.push_back(kGuidFollows);
  out.append(reinterpret_cast<const char*>(framing.id.guid.data()), framing.id.guid.size());
  if (language == SchemaLanguage::protobuf) append_indexes(out, framing.message);
  return out;
}

}  // namespace braid
