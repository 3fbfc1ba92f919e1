#include "mesh/standards/script_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "runtime/data/script_text.h"

namespace braid::mesh {
namespace {

bool is_word_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/// Reads a type from left to right.
class TypeText {
 public:
  explicit TypeText(std::string_view text) : rest_(text) {}

  bool whole() {
    if (!type(0)) return false;
    blanks();
    return rest_.empty();
  }

 private:
  void blanks() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }
  bool sign(char c) {
    blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view word() {
    blanks();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word_byte);
    const std::string_view found = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
    rest_.remove_prefix(found.size());
    return found;
  }
  bool name() {
    blanks();
    const char quote = rest_.empty() ? 0 : rest_.front();
    if (quote != '`' && quote != '"') return !word().empty();
    const size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos || rest_.substr(0, end).find('\\') != std::string_view::npos) return false;
    rest_.remove_prefix(end + 1);
    return true;
  }
  template <class Each>
  bool list(char end, Each each) {
    do {
      blanks();
      if (rest_.starts_with(end)) break;
      if (!each()) return false;
    } while (sign(','));
    return sign(end);
  }
  bool type(int depth) {
    constexpr int kDeepest = 64;
    if (depth > kDeepest || !plain(depth)) return false;
    sign('?');
    return true;
  }
  bool decimal() {
    constexpr int kMostDigits = 38;
    int precision = 0, scale = -1;
    if (!sign('(')) return false;
    const std::string_view first = word();
    if (!sign(',')) return false;
    const std::string_view second = word();
    std::from_chars(first.data(), first.data() + first.size(), precision);
    std::from_chars(second.data(), second.data() + second.size(), scale);
    return precision >= 1 && precision <= kMostDigits && scale >= 0 && scale <= precision && sign(')');
  }
  bool plain(int depth) {
    const auto inner = [&] { return type(depth + 1); };
    if (sign('{')) return list('}', [&] { return name() && sign(':') && inner(); });
    const std::string_view kind = word();
    static const std::set<std::string_view> kPlain{"bool", "int",  "float", "string",    "bytes",   "uuid",
                                                   "date", "time", "json",  "timestamp", "duration"};
    if (kPlain.contains(kind)) return true;
    if (kind == "decimal") return decimal();
    if (kind == "enum") return sign('{') && list('}', [&] { return name(); });
    if (kind == "list") return sign('<') && inner() && sign('>');
    if (kind == "map") return sign('<') && inner() && sign(',') && inner() && sign('>');
    return false;
  }

  std::string_view rest_;
};

}  // namespace

std::string one_line(std::string_view text) {
  std::string made;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
    if (!blank)
      made += c;
    else if (!made.empty() && made.back() != ' ')
      made += ' ';
  }
  if (made.ends_with(' ')) made.pop_back();
  return made;
}

bool is_type_text(std::string_view text) {
  return TypeText(text).whole();
}

SizedWord sized_word(std::string_view text) {
  SizedWord made;
  const size_t open = text.find('(');
  for (const char c : text.substr(0, open)) made.word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  while (made.word.ends_with(' ')) made.word.pop_back();
  if (open == std::string_view::npos) return made;
  std::optional<int>* next = &made.first;
  for (const char* at = text.data() + open; at < text.data() + text.size() && next != nullptr;) {
    int value = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), value);
    if (error != std::errc()) {
      ++at;
      continue;
    }
    *next = value;
    next = next == &made.first ? &made.second : nullptr;
    at = end;
  }
  return made;
}

}  // namespace braid::mesh
