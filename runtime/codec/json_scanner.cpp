#include "runtime/codec/json_scanner.h"

#include <cstring>

#include "runtime/codec/decoder.h"

namespace braid {
namespace {

const char* fail(ScanError& error, const char* at, std::string_view reason) {
  error.at = at;
  error.reason = reason;
  return nullptr;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Four digits behind \u, -1 if they are none.
int32_t code_unit(const char* at) {
  int32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    int digit = hex_value(at[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool is_high_surrogate(int32_t unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(int32_t unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

const char* scan_literal(const char* at, const char* word, size_t length, ScanError& error) {
  if (std::memcmp(at, word, length) != 0) return fail(error, at, "no value that JSON knows");
  return at + length;
}

char* put_utf8(uint32_t code, char* to) {
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *to++ = static_cast<char>(0xC0 | code >> 6);
    *to++ = static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *to++ = static_cast<char>(0xE0 | code >> 12);
    *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (code & 0x3F));
  } else {
    *to++ = static_cast<char>(0xF0 | code >> 18);
    *to++ = static_cast<char>(0x80 | (code >> 12 & 0x3F));
    *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (code & 0x3F));
  }
  return to;
}

/// Scalars and strings; null with `reason` empty if the value is a list or an object.
const char* skip_flat(const char* at, ScanError& error) {
  bool escaped = false;
  switch (*at) {
    case '"':
      return scan_json_string(at + 1, &escaped, error);
    case 't':
      return scan_literal(at, "true", 4, error);
    case 'f':
      return scan_literal(at, "false", 5, error);
    case 'n':
      return scan_literal(at, "null", 4, error);
    default: {
      const char* end = scan_json_number(at);
      return end != nullptr ? end : fail(error, at, "no value that JSON knows");
    }
  }
}

}  // namespace

const char* scan_long_json_number(const char* at) {
  auto digit = [](char c) { return static_cast<uint8_t>(c - '0') <= 9; };
  if (*at == '-') ++at;
  if (*at == '0') {
    ++at;
  } else {
    if (!digit(*at)) return nullptr;
    while (digit(*at)) ++at;
  }
  if (*at == '.') {
    ++at;
    if (!digit(*at)) return nullptr;
    while (digit(*at)) ++at;
  }
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!digit(*at)) return nullptr;
    while (digit(*at)) ++at;
  }
  return at;
}

const char* scan_json_string(const char* at, bool* escaped, ScanError& error) {
  while (true) {
    at = find_string_special(at);
    if (*at == '"') return at + 1;
    if (*at != '\\') {
      return fail(error, at, *at == '\n' ? "a string without end" : "a control character in a string");
    }
    *escaped = true;
    ++at;
    switch (*at) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        ++at;
        break;
      case 'u': {
        int32_t unit = code_unit(at + 1);
        if (unit < 0 || is_low_surrogate(unit)) return fail(error, at, "a broken escape in a string");
        at += 5;
        if (!is_high_surrogate(unit)) break;
        if (at[0] != '\\' || at[1] != 'u' || !is_low_surrogate(code_unit(at + 2)))
          return fail(error, at, "half a surrogate pair in a string");
        at += 6;
        break;
      }
      default:
        return fail(error, at, "a broken escape in a string");
    }
  }
}

const char* skip_json_value(const char* at, int depth, ScanError& error) {
  if (*at != '{' && *at != '[') return skip_flat(at, error);
  bool is_object[kMaxNesting + 1];  // what is open, by level
  int level = depth;
  bool escaped = false;
  while (true) {
    // At the first byte of a value.
    if (*at == '{' || *at == '[') {
      if (level == kMaxNesting) {
        error.too_deep = true;
        return fail(error, at, "nested too deep");
      }
      is_object[++level] = *at == '{';
      char close = *at == '{' ? '}' : ']';
      at = skip_blanks(at + 1);
      if (*at != close) {
        if (is_object[level]) goto key;
        continue;
      }
      ++at;
      --level;
    } else {
      at = skip_flat(at, error);
      if (at == nullptr) return nullptr;
    }
    // Behind a value: on to the next one, closing what ends here.
    while (true) {
      if (level == depth) return at;
      at = skip_blanks(at);
      if (*at == ',') {
        at = skip_blanks(at + 1);
        if (is_object[level]) goto key;
        break;
      }
      if (*at != (is_object[level] ? '}' : ']'))
        return fail(error, at,
                    is_object[level] ? "neither `,` nor `}` behind a value" : "neither `,` nor `]` behind a value");
      ++at;
      --level;
    }
    continue;
  key:
    if (*at != '"') return fail(error, at, "no key where one must stand");
    at = scan_json_string(at + 1, &escaped, error);
    if (at == nullptr) return nullptr;
    at = skip_blanks(at);
    if (*at != ':') return fail(error, at, "no `:` behind a key");
    at = skip_blanks(at + 1);
  }
}

size_t unescape_json(std::string_view text, char* to) {
  char* begin = to;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    const void* found = std::memchr(at, '\\', static_cast<size_t>(end - at));
    auto plain = static_cast<size_t>((found != nullptr ? static_cast<const char*>(found) : end) - at);
    std::memmove(to, at, plain);  // in place: the text only gets shorter
    to += plain;
    at += plain;
    if (at == end) break;
    ++at;
    char kind = *at++;
    switch (kind) {
      case 'b':
        *to++ = '\b';
        break;
      case 'f':
        *to++ = '\f';
        break;
      case 'n':
        *to++ = '\n';
        break;
      case 'r':
        *to++ = '\r';
        break;
      case 't':
        *to++ = '\t';
        break;
      case 'u': {
        auto code = static_cast<uint32_t>(code_unit(at));
        at += 4;
        if (is_high_surrogate(static_cast<int32_t>(code))) {
          auto low = static_cast<uint32_t>(code_unit(at + 2));
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          at += 6;
        }
        to = put_utf8(code, to);
        break;
      }
      default:
        *to++ = kind;
    }
  }
  return static_cast<size_t>(to - begin);
}

}  // namespace braid
