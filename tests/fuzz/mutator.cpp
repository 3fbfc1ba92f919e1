#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <cstddef>
#include <set>

namespace braid::fuzz {
namespace {

constexpr uint64_t kMostChanges = 4;
/// What readers of text trip over: signs, line ends, a NUL, bytes of broken UTF-8.
constexpr char kOddBytes[] = "\0\x01\n\r\t \"'`\\/{}[](),.;:=<>@#$-+*0\x7F\x80\xC3\xE2\xF0\xFF";

bool in_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || static_cast<uint8_t>(c) >= 0x80;
}

/// Words and single signs; blanks between them are parts of their own.
std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    if (in_word(text[at]))
      while (end < text.size() && in_word(text[end])) ++end;
    else if (text[at] == ' ')
      while (end < text.size() && text[end] == ' ') ++end;
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

/// One change to a list of parts; `other` is what another text might have there.
void change_parts(std::vector<std::string>& parts, const std::string& other, Rng& rng) {
  const size_t at = rng.below(parts.size() + 1);
  if (parts.empty() || rng.chance(5)) {
    parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at), other);
    return;
  }
  const size_t first = rng.below(parts.size());
  const size_t second = rng.below(parts.size());
  switch (rng.below(4)) {
    case 0:
      parts[first] = other;
      break;
    case 1:
      std::swap(parts[first], parts[second]);
      break;
    case 2:
      parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at), std::string(parts[first]));
      break;
    default: {
      const size_t count = std::min<size_t>(1 + rng.below(3), parts.size() - first);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(first),
                  parts.begin() + static_cast<std::ptrdiff_t>(first + count));
    }
  }
}

}  // namespace

Mutator::Mutator(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {
  if (seeds_.empty()) seeds_.emplace_back();
  std::set<std::string> words, lines;
  for (const std::string& seed : seeds_) {
    for (std::string& word : split_words(seed)) words.insert(std::move(word));
    for (std::string& line : split_lines(seed)) lines.insert(std::move(line));
  }
  words_.assign(words.begin(), words.end());
  lines_.assign(lines.begin(), lines.end());
  if (words_.empty()) words_.emplace_back("a");
  if (lines_.empty()) lines_.emplace_back("a\n");
}

std::string Mutator::change_words(const std::string& text, Rng& rng) const {
  std::vector<std::string> parts = split_words(text);
  change_parts(parts, words_[rng.below(words_.size())], rng);
  return join(parts);
}

std::string Mutator::change_lines(const std::string& text, Rng& rng) const {
  std::vector<std::string> parts = split_lines(text);
  change_parts(parts, lines_[rng.below(lines_.size())], rng);
  return join(parts);
}

std::string Mutator::change_bytes(std::string text, Rng& rng) {
  const size_t at = rng.below(text.size() + 1);
  const char odd = rng.chance(4) ? static_cast<char>(rng.below(256)) : kOddBytes[rng.below(sizeof kOddBytes - 1)];
  if (at == text.size() || rng.chance(3))
    text.insert(at, 1, odd);
  else if (rng.chance(2))
    text[at] = odd;
  else
    text.erase(at, rng.chance(4) ? rng.below(text.size()) + 1 : 1);
  return text;
}

std::string Mutator::mutate(std::string text, Rng& rng) const {
  for (uint64_t left = 1 + rng.below(kMostChanges); left > 0; --left) {
    switch (rng.below(8)) {
      case 0:
        text = change_bytes(std::move(text), rng);
        break;
      case 1:
      case 2:
        text = change_lines(text, rng);
        break;
      default:
        text = change_words(text, rng);
    }
  }
  return text;
}

}  // namespace braid::fuzz
