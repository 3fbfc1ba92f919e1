#include "runtime/data/text_forms.h"

#include <emmintrin.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace braid {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char kHex[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> base64_values() {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = -1;
  for (int i = 0; i < 64; ++i) values[static_cast<uint8_t>(kBase64[i])] = static_cast<int8_t>(i);
  return values;
}
constexpr std::array<int8_t, 256> kBase64Values = base64_values();

/// First quote, backslash or control character from `at` on; the size if there is none.
size_t find_escaped(std::string_view text, size_t at) {
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
  for (; at + 16 <= text.size(); at += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                                 _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    auto mask = static_cast<uint32_t>(_mm_movemask_epi8(found));
    if (mask != 0) return at + static_cast<size_t>(__builtin_ctz(mask));
  }
  for (; at < text.size(); ++at) {
    auto c = static_cast<uint8_t>(text[at]);
    if (c < 0x20 || c == '"' || c == '\\') return at;
  }
  return at;
}

}  // namespace

bool parse_uuid(std::string_view text, int128* value) {
  if (text.size() != 36) return false;
  uint128 number = 0;
  for (size_t i = 0; i < 36; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return false;
      continue;
    }
    int digit = hex_digit(text[i]);
    if (digit < 0) return false;
    number = (number << 4) | static_cast<uint32_t>(digit);
  }
  *value = static_cast<int128>(number);
  return true;
}

void append_uuid(std::string& out, int128 value) {
  auto number = static_cast<uint128>(value);
  char text[36];
  for (size_t i = 36; i-- > 0;) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      text[i] = '-';
      continue;
    }
    text[i] = kHex[static_cast<uint32_t>(number) & 15];
    number >>= 4;
  }
  out.append(text, 36);
}

void append_base64(std::string& out, std::string_view bytes) {
  size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    uint32_t word = static_cast<uint32_t>(static_cast<uint8_t>(bytes[at])) << 16 |
                    static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + 1])) << 8 |
                    static_cast<uint8_t>(bytes[at + 2]);
    char text[4] = {kBase64[word >> 18], kBase64[(word >> 12) & 63], kBase64[(word >> 6) & 63], kBase64[word & 63]};
    out.append(text, 4);
  }
  if (at == bytes.size()) return;
  bool two = at + 2 == bytes.size();
  uint32_t word = static_cast<uint32_t>(static_cast<uint8_t>(bytes[at])) << 16;
  if (two) word |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + 1])) << 8;
  char text[4] = {kBase64[word >> 18], kBase64[(word >> 12) & 63], two ? kBase64[(word >> 6) & 63] : '=', '='};
  out.append(text, 4);
}

bool parse_base64(std::string_view text, std::string& out) {
  if (text.size() % 4 != 0) return false;
  size_t before = out.size();
  for (size_t at = 0; at < text.size(); at += 4) {
    bool last = at + 4 == text.size();
    size_t padding = last && text[at + 3] == '=' ? (text[at + 2] == '=' ? 2 : 1) : 0;
    uint32_t word = 0;
    for (size_t i = 0; i < 4; ++i) {
      int value = i >= 4 - padding ? 0 : kBase64Values[static_cast<uint8_t>(text[at + i])];
      if (value < 0) {
        out.resize(before);
        return false;
      }
      word = word << 6 | static_cast<uint32_t>(value);
    }
    // Bits that padding cuts off must be zero, or two texts would stand for the same bytes.
    if ((padding == 1 && (word & 0xFF) != 0) || (padding == 2 && (word & 0xFFFF) != 0)) {
      out.resize(before);
      return false;
    }
    char bytes[3] = {static_cast<char>(word >> 16), static_cast<char>(word >> 8), static_cast<char>(word)};
    out.append(bytes, 3 - padding);
  }
  return true;
}

void append_float(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    i = find_escaped(text, i);
    if (i == text.size()) break;
    auto c = static_cast<uint8_t>(text[i]);
    out.append(text, begin, i - begin);
    begin = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default: {
        char escaped[6] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
        out.append(escaped, 6);
      }
    }
  }
  out.append(text, begin, text.size() - begin);
  out.push_back('"');
}

bool is_utf8(std::string_view text) {
  return first_broken_byte(text) == text.size();
}

size_t first_broken_byte(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    auto lead = static_cast<uint8_t>(text[at]);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - at < length) return at;
    auto second = static_cast<uint8_t>(text[at + 1]);
    // Overlong forms, surrogates and what lies above U+10FFFF show in the second byte.
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (second < low || second > high) return at;
    for (size_t i = 2; i < length; ++i)
      if ((static_cast<uint8_t>(text[at + i]) & 0xC0) != 0x80) return at;
    at += length;
  }
  return at;
}

}  // namespace braid
