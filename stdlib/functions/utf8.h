// Characters of UTF-8 text: here a character is a code point. Text in rows is valid UTF-8 (a record that is not was
// rejected when it was read), so the functions do not validate it, but they never read outside its bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace braid::utf8 {

inline bool continues(char byte) {
  return (static_cast<uint8_t>(byte) & 0xC0) == 0x80;
}

inline uint64_t length(std::string_view text) {
  uint64_t count = 0;
  for (const char byte : text) count += !continues(byte);
  return count;
}

/// Byte offset of character `index`, the size of the text if it has fewer.
inline uint64_t offset(std::string_view text, uint64_t index) {
  uint64_t at = 0;
  for (; at < text.size(); ++at) {
    if (continues(text[at])) continue;
    if (index-- == 0) break;
  }
  return at;
}

/// Bytes of the character at the front of a text that is not empty.
inline uint64_t front_size(std::string_view text) {
  uint64_t size = 1;
  while (size < text.size() && size < 4 && continues(text[size])) ++size;
  return size;
}

/// Bytes of the last character of a text that is not empty.
inline uint64_t back_size(std::string_view text) {
  uint64_t size = 1;
  while (size < text.size() && size < 4 && continues(text[text.size() - size])) ++size;
  return size;
}

/// The character at the front; `size` is its `front_size`.
inline uint32_t decode(const char* at, uint64_t size) {
  const auto byte = [at](int i) { return static_cast<uint32_t>(static_cast<uint8_t>(at[i])); };
  switch (size) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
}

/// Writes a code point and returns its size.
inline uint64_t encode(uint32_t point, char* out) {
  if (point < 0x80) {
    out[0] = static_cast<char>(point);
    return 1;
  }
  if (point < 0x800) {
    out[0] = static_cast<char>(0xC0 | point >> 6);
    out[1] = static_cast<char>(0x80 | (point & 0x3F));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = static_cast<char>(0xE0 | point >> 12);
    out[1] = static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out[2] = static_cast<char>(0x80 | (point & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | point >> 18);
  out[1] = static_cast<char>(0x80 | (point >> 12 & 0x3F));
  out[2] = static_cast<char>(0x80 | (point >> 6 & 0x3F));
  out[3] = static_cast<char>(0x80 | (point & 0x3F));
  return 4;
}

/// Blank as `trim` and `normalize_space` see it: the white space of Unicode. Size of the one at the front, else 0.
inline uint64_t blank_at_front(std::string_view text) {
  if (text.empty()) return 0;
  const uint64_t size = front_size(text);
  const uint32_t point = decode(text.data(), size);
  if (point <= 0x20) return point == ' ' || (point >= '\t' && point <= '\r') ? 1 : 0;
  const bool blank = point == 0x85 || point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A) ||
                     point == 0x2028 || point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
  return blank ? size : 0;
}
inline uint64_t blank_at_back(std::string_view text) {
  if (text.empty()) return 0;
  const uint64_t size = back_size(text);
  return blank_at_front(text.substr(text.size() - size)) == size ? size : 0;
}

inline std::string_view trim_front(std::string_view text) {
  while (const uint64_t size = blank_at_front(text)) text.remove_prefix(size);
  return text;
}
inline std::string_view trim_back(std::string_view text) {
  while (const uint64_t size = blank_at_back(text)) text.remove_suffix(size);
  return text;
}

/// Whether the bytes are UTF-8: no surrogates, nothing overlong, nothing beyond U+10FFFF.
inline bool valid(std::string_view bytes) {
  for (uint64_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<uint8_t>(bytes[at]);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    const uint64_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || at + size > bytes.size()) return false;
    for (uint64_t i = 1; i < size; ++i)
      if (!continues(bytes[at + i])) return false;
    const uint32_t point = decode(bytes.data() + at, size);
    if ((size == 3 && point < 0x800) || (size == 4 && (point < 0x10000 || point > 0x10FFFF))) return false;
    if (point >= 0xD800 && point <= 0xDFFF) return false;
    at += size;
  }
  return true;
}

}  // namespace braid::utf8
