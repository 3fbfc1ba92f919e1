// A URL cut at its marks (RFC 3986, appendix B), and percent escapes. Nothing is judged: what is not there is null, and
// no text is rejected for not being a URL. Views of the argument.
#pragma once

#include <optional>

#include "runtime/declare/native.h"
#include "stdlib/functions/hexadecimal.h"
#include "stdlib/functions/utf8.h"

namespace braid::url {

using Text = std::string_view;

struct Parts {
  std::optional<Text> scheme, authority, query, fragment;
  Text path;
};

inline bool is_letter(char c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
/// Needs no percent escape anywhere.
inline bool is_plain(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

inline Parts cut(Text url) {
  Parts parts;
  if (const size_t at = url.find('#'); at != Text::npos) {
    parts.fragment = url.substr(at + 1);
    url = url.substr(0, at);
  }
  if (const size_t at = url.find('?'); at != Text::npos) {
    parts.query = url.substr(at + 1);
    url = url.substr(0, at);
  }
  const size_t colon = url.find_first_of(":/");
  if (colon != Text::npos && colon > 0 && url[colon] == ':') {
    const Text scheme = url.substr(0, colon);
    bool fits = is_letter(scheme.front());
    for (const char c : scheme) fits = fits && (is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.');
    if (fits) {
      parts.scheme = scheme;
      url = url.substr(colon + 1);
    }
  }
  if (url.starts_with("//")) {
    const size_t end = url.find('/', 2);
    parts.authority = url.substr(2, end == Text::npos ? Text::npos : end - 2);
    url = end == Text::npos ? Text() : url.substr(end);
  }
  parts.path = url;
  return parts;
}

inline Text in_lower_case(CallContext& context, Text text) {
  char* const made = allocate(context, text.size());
  for (size_t i = 0; i < text.size(); ++i)
    made[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
  return {made, text.size()};
}

/// Percent escapes (and, in queries, `+`) resolved; what is no escape stays as it is if `strict` is not asked for.
inline std::optional<Text> decoded(CallContext& context, Text text, bool plus_is_blank, bool strict) {
  if (text.find_first_of(plus_is_blank ? "%+" : "%") == Text::npos) return text;
  char* const made = allocate(context, text.size());
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hexadecimal::digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hexadecimal::digit(text[i + 2]) : -1;
      if (high >= 0 && low >= 0) {
        made[size++] = static_cast<char>(high << 4 | low);
        i += 2;
        continue;
      }
      if (strict) return std::nullopt;
    }
    made[size++] = plus_is_blank && text[i] == '+' ? ' ' : text[i];
  }
  const Text result(made, size);
  if (utf8::valid(result)) return result;
  return strict ? std::nullopt : std::optional<Text>(text);
}

/// The pairs `name=value` of a query, in order, as they stand; `visit(name, value, pair)` ends it by false.
template <class Visit>
void each_pair(Text query, Visit visit) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const Text pair = query.substr(0, end);
    query = end == Text::npos ? Text() : query.substr(end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (!visit(pair.substr(0, equals), equals == Text::npos ? Text() : pair.substr(equals + 1), pair)) return;
  }
}

}  // namespace braid::url
