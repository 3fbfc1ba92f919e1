#include "tests/fuzz/strict_json.h"

#include <cstdint>

namespace braid::fuzz {
namespace {

/// Reads from the front of a text; each function leaves `at_` behind what it has read, and gives false if that is none.
class Reader {
 public:
  Reader(std::string_view text, int levels) : text_(text), levels_(levels) {}

  bool whole() {
    blanks();
    if (!value(0)) return false;
    blanks();
    return at_ == text_.size();
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void blanks() {
    while (take(' ') || take('\t') || take('\r') || take('\n')) continue;
  }
  bool digits() {
    const size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool value(int level) {
    switch (peek()) {
      case '{':
        return list('{', '}', level, true);
      case '[':
        return list('[', ']', level, false);
      case '"':
        return string();
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }
  bool list(char open, char close, int level, bool has_keys) {
    if (level >= levels_ || !take(open)) return false;
    blanks();
    if (take(close)) return true;
    do {
      blanks();
      if (has_keys) {
        if (!string()) return false;
        blanks();
        if (!take(':')) return false;
        blanks();
      }
      if (!value(level + 1)) return false;
      blanks();
    } while (take(','));
    return take(close);
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<uint8_t>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  bool escape() {
    const char c = peek();
    ++at_;
    if (c != 'u') return at_ <= text_.size() && std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    const int first = code_unit();
    if (first < 0 || (first >= 0xDC00 && first < 0xE000)) return false;
    if (first < 0xD800 || first >= 0xE000) return true;
    if (!take("\\u")) return false;
    const int second = code_unit();
    return second >= 0xDC00 && second < 0xE000;
  }
  int code_unit() {
    int unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      ++at_;
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9')
        unit = unit * 16 + (c - '0');
      else if (lower >= 'a' && lower <= 'f')
        unit = unit * 16 + (lower - 'a' + 10);
      else
        return -1;
    }
    return unit;
  }

  std::string_view text_;
  size_t at_ = 0;
  int levels_;
};

}  // namespace

bool is_strict_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const auto lead = static_cast<uint8_t>(text[at]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
    if (length == 0 || at + length > text.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (size_t i = 1; i < length; ++i) {
      const auto next = static_cast<uint8_t>(text[at + i]);
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3F);
    }
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
    at += length;
  }
  return true;
}

bool is_strict_json(std::string_view text, int levels) {
  return is_strict_utf8(text) && Reader(text, levels).whole();
}

}  // namespace braid::fuzz
