// Words in the text of a step, by which a step before it knows that something is read further down. Comments and texts
// count, too: too much is harmless.
#pragma once

#include <string_view>

namespace braid::checking {

inline bool is_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '`';
}

/// The word stands there by itself, or in backticks.
inline bool has_word(std::string_view text, std::string_view word) {
  const auto joins = [](char c) { return is_of_word(c) && c != '`'; };
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !joins(text[at - 1])) && (end == text.size() || !joins(text[end]))) return true;
  }
  return false;
}

/// A call without arguments.
inline bool has_call(std::string_view text, std::string_view function) {
  for (size_t at = text.find(function); at != std::string_view::npos; at = text.find(function, at + 1)) {
    const size_t open = text.find_first_not_of(" \n\t\r", at + function.size());
    if ((at == 0 || !is_of_word(text[at - 1])) && open != std::string_view::npos && text[open] == '(') return true;
  }
  return false;
}

}  // namespace braid::checking
