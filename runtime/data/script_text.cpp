#include "runtime/data/script_text.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace braid {
namespace {

constexpr std::string_view kReserved[] = {"and",  "or",   "not",  "in",  "is",   "as",    "if",
                                          "then", "else", "case", "try", "true", "false", "null"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

bool is_reserved_word(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}

bool is_plain_word(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
  });
}

std::string script_name(std::string_view name) {
  if (is_plain_word(name) && !is_reserved_word(name)) return std::string(name);
  const bool writable = !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
    return c == '`' || static_cast<unsigned char>(c) < ' ' || c == 0x7F;
  });
  return writable ? "`" + std::string(name) + "`" : std::string();
}

std::string plain_name(std::string_view name) {
  if (is_reserved_word(name)) return std::string(name) + "_";
  if (is_plain_word(name)) return std::string(name);
  std::string words;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte))
      words += static_cast<char>(std::tolower(byte));
    else if (!words.empty() && words.back() != '_')
      words += '_';
  }
  while (words.ends_with('_')) words.pop_back();
  if (words.empty() || std::isdigit(static_cast<unsigned char>(words.front()))) words = "_" + words;
  return is_reserved_word(words) ? words + "_" : words;
}

void append_string_literal(std::string& out, std::string_view text) {
  out.push_back('"');
  for (char c : text) {
    auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7F) {
      constexpr char kHex[] = "0123456789ABCDEF";
      out += "\\u{";
      if (byte >= 16) out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
      out.push_back('}');
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

std::string string_literal(std::string_view text) {
  std::string made;
  append_string_literal(made, text);
  return made;
}

}  // namespace braid
