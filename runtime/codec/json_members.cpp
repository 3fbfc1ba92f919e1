#include "runtime/codec/json_members.h"

#include <string>

#include "runtime/codec/json_scanner.h"

namespace braid {

std::optional<std::string_view> json_member(std::string_view object, std::string_view name) {
  // The scanner reads beyond the end.
  std::string padded(object);
  padded.append(kScanPadding + 1, '\n');
  const char* const begin = padded.data();
  const char* at = skip_blanks(begin);
  if (*at != '{') return std::nullopt;
  at = skip_blanks(at + 1);
  ScanError error;
  while (*at == '"') {
    bool escaped = false;
    const char* key = at + 1;
    at = scan_json_string(key, &escaped, error);
    if (at == nullptr) return std::nullopt;
    const std::string_view found(key, static_cast<size_t>(at - 1 - key));
    at = skip_blanks(at);
    if (*at != ':') return std::nullopt;
    const char* value = skip_blanks(at + 1);
    at = skip_json_value(value, 1, error);
    if (at == nullptr) return std::nullopt;
    if (!escaped && found == name)
      return object.substr(static_cast<size_t>(value - begin), static_cast<size_t>(at - value));
    at = skip_blanks(at);
    if (*at != ',') return std::nullopt;
    at = skip_blanks(at + 1);
  }
  return std::nullopt;
}

std::string_view payload_of(std::string_view text) {
  if (!json_member(text, "schema")) return text;
  return json_member(text, "payload").value_or(text);
}

}  // namespace braid
