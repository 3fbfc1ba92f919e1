#include "serve/http/query.h"

#include "runtime/data/text_forms.h"

namespace braid::serve {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string made;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      made += ' ';
      continue;
    }
    if (text[i] != '%') {
      made += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
    made += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  if (!is_utf8(made)) return std::nullopt;
  return made;
}

std::string percent_encoded(std::string_view bytes) {
  constexpr std::string_view kStays = "-._~", kHex = "0123456789ABCDEF";
  std::string made;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (plain || kStays.find(c) != std::string_view::npos)
      made += c;
    else
      (made += '%').append({kHex[byte >> 4], kHex[byte & 15]});
  }
  return made;
}

std::optional<std::vector<std::string>> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  if (path.empty() || path.front() != '/') return std::nullopt;
  for (size_t at = 1; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    std::optional<std::string> part = percent_decoded(path.substr(at, end - at));
    if (!part || end == at) return std::nullopt;
    parts.push_back(*std::move(part));
    at = end + 1;
  }
  return parts;
}

std::optional<std::vector<std::pair<std::string, std::string>>> query_parts(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (size_t at = 0; at < query.size();) {
    const size_t end = std::min(query.find('&', at), query.size());
    const std::string_view part = query.substr(at, end - at);
    const size_t equals = std::min(part.find('='), part.size());
    std::optional<std::string> name = percent_decoded(part.substr(0, equals), true);
    std::optional<std::string> value = percent_decoded(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return std::nullopt;
    if (!part.empty()) parts.emplace_back(*std::move(name), *std::move(value));
    at = end + 1;
  }
  return parts;
}

std::string base64_url(std::string_view bytes) {
  std::string made;
  append_base64(made, bytes);
  while (!made.empty() && made.back() == '=') made.pop_back();
  for (char& c : made) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return made;
}

std::optional<std::string> base64_url_decoded(std::string_view text) {
  std::string padded(text), made;
  for (char& c : padded) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  }
  padded.append((4 - padded.size() % 4) % 4, '=');
  if (!parse_base64(padded, made)) return std::nullopt;
  return made;
}

}  // namespace braid::serve
