#include "tests/fuzz/token_mutator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>

namespace braid::fuzz {
namespace {

bool in_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || static_cast<uint8_t>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The end of the token at `at`, which is no blank and begins no comment.
size_t token_end(std::string_view text, size_t at) {
  static constexpr std::string_view kSigns[] = {"...", "==", "!=", "<=", ">=", "->", "=>", "??", "..", "?."};
  size_t end = at + 1;
  if (text[at] == '"') {
    while (end < text.size() && text[end] != '"' && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text.size());
  }
  if (in_word(text[at]) || text[at] == '@' || text[at] == '#') {
    const bool number = is_digit(text[at]), time = text[at] == '@';
    auto goes_on = [&](size_t i) {
      if (in_word(text[i])) return true;
      const bool digit_follows = i + 1 < text.size() && is_digit(text[i + 1]);
      return (number && text[i] == '.' && digit_follows) ||
             (time && (text[i] == ':' || text[i] == '-' || text[i] == '.') && digit_follows);
    };
    while (end < text.size() && goes_on(end)) ++end;
    return end;
  }
  for (const std::string_view sign : kSigns)
    if (text.substr(at).starts_with(sign)) return at + sign.size();
  return end;
}

struct Part {
  size_t begin, end;
};

/// Where the tokens of a script lie; blanks and comments lie between them.
std::vector<Part> tokens_of(std::string_view text) {
  std::vector<Part> tokens;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') {
      ++at;
    } else if (text.substr(at).starts_with("//")) {
      at = std::min(text.find('\n', at), text.size());
    } else {
      tokens.push_back({at, token_end(text, at)});
      at = tokens.back().end;
    }
  }
  return tokens;
}

constexpr std::string_view kWords[] = {
    "from",  "where",   "let",     "select",   "join",    "left",   "group", "window",   "tumbling", "hopping",
    "every", "on",      "as",      "by",       "within",  "union",  "drop",  "rename",   "stream",   "table",
    "view",  "product", "test",    "given",    "expect",  "domain", "use",   "public",   "function", "type",
    "param", "key",     "time",    "contract", "if",      "then",   "else",  "case",     "and",      "or",
    "not",   "in",      "is",      "null",     "true",    "false",  "try",   "version",  "unique",   "fresh",
    "keep",  "delete",  "when",    "idle",     "ahead",   "to",     "file",  "format",   "retain",   "any",
    "int",   "string",  "decimal", "float",    "bool",    "date",   "list",  "enum",     "duration", "timestamp",
    "count", "sum",     "avg",     "max",      "running", "top",    "last",  "distinct", "match",    "unnest",
    "{",     "}",       "(",       ")",        "[",       "]",      ",",     ":",        ".",        "..",
    "=",     "==",      "!=",      "<",        ">",       "+",      "-",     "*",        "/",        "%",
    "??",    "?",       "->",      ";",        "\"",      "'",      "`",     "|",        "&",        "#pii",
    "//",    "///",     "@",       "\\",       "SELECT",  "having", "order", "limit",    "==="};

std::string shortened(std::string_view token) {
  std::string text(token.substr(0, 40));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return token.size() > 40 ? text + "…" : text;
}

}  // namespace

const std::vector<std::string_view>& odd_literals() {
  static const std::vector<std::string_view> literals{
      "0",
      "007",
      "9223372036854775807",
      "9223372036854775808",
      "99999999999999999999999999999999999999",
      "999999999999999999999999999999999999999",
      "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
      "99999999999999999999999999999999999999999999.5",
      "0.00000000000000000000000000000000000000000000001",
      "9.99999999999999999999999999999999999999",
      "1.7976931348623157e308",
      "1e309",
      "1.5e999999999999999999999",
      "1e-99999",
      "0x7FFFFFFFFFFFFFFF",
      "0xFFFFFFFFFFFFFFFF",
      "0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
      "0x",
      "0x_",
      "1_000_",
      "9999999999999999999999999999999999999999hours",
      "9223372036854775807us",
      "9223372036854775807d",
      "9223372036854775807w",
      "9223372036854775807mo",
      "99999999999y",
      "99999999999999999999d",
      "9223372036854775807us1us",
      "106751991d",
      "106751992d",
      "0s",
      "0d",
      "0mo",
      "1us",
      "1d1mo",
      "1y99999999999999999999minutes",
      "5 minutes",
      "9223372036854775807KB",
      "9223372036854775807TB",
      "99999999999999999999GB",
      "99999999999999999999999999999999%",
      "100.00000000000000000000000000000000000000000000001%",
      "@0000-01-01",
      "@0001-01-01T00:00+18:00",
      "@9999-12-31T23:59:59.999999-18:00",
      "@9999-12-31",
      "@2026-02-30",
      "@2026-01-01T00:00:00.0000000001Z",
      "@99999-01-01",
      "@24:00",
      "@2026-01-01T",
      "\"\"",
      "\"\\u{110000}\"",
      "\"\\u{10FFFF}\"",
      "\"a",
      "f\"{\"",
      "f\"{1}{99999999999999999999999999999999999999999999.5}\"",
      "r\"[\"",
      "[]",
      "{ }",
      "[[[[]]]]",
      "null",
      "-9223372036854775808",
      "- 9223372036854775809",
  };
  return literals;
}

TokenMutator::TokenMutator(const std::vector<std::string>& seeds) {
  std::set<std::string> words(std::begin(kWords), std::end(kWords));
  for (const std::string& seed : seeds)
    for (const Part& token : tokens_of(seed)) words.insert(seed.substr(token.begin, token.end - token.begin));
  words_.assign(words.begin(), words.end());
}

Mutant TokenMutator::mutate(const std::string& text, Rng& rng) const {
  const std::vector<Part> tokens = tokens_of(text);
  if (tokens.empty()) return {text + words_[rng.below(words_.size())], "adds a word to an empty script"};
  const size_t chosen = rng.below(tokens.size());
  const Part token = tokens[chosen];
  const std::string word = text.substr(token.begin, token.end - token.begin);
  const std::string before = text.substr(0, token.begin), behind = text.substr(token.end);
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(token.begin), '\n');
  auto made = [&](std::string mutated, std::string_view what, const std::string& other = {}) {
    std::string change = fmt::format("{} `{}` in line {}", what, shortened(word), line);
    if (!other.empty()) change += fmt::format(": `{}`", shortened(other));
    return Mutant{std::move(mutated), std::move(change)};
  };
  switch (rng.below(10)) {
    case 0:
    case 1:
      return made(before + behind, "deletes");
    case 2:
      return made(before + word + " " + word + behind, "doubles");
    case 3: {
      // With its neighbour mostly, else with any other.
      const size_t second = rng.chance(4) ? rng.below(tokens.size()) : std::min(chosen + 1, tokens.size() - 1);
      const Part first = tokens[std::min(chosen, second)], last = tokens[std::max(chosen, second)];
      if (first.begin == last.begin) return made(before + behind, "deletes");
      const std::string left = text.substr(first.begin, first.end - first.begin);
      const std::string right = text.substr(last.begin, last.end - last.begin);
      return made(text.substr(0, first.begin) + right + text.substr(first.end, last.begin - first.end) + left +
                      text.substr(last.end),
                  "swaps", second == chosen ? "" : (second > chosen ? right : left));
    }
    case 4: {
      // The rest of the line, or of the script.
      const size_t end = text.find('\n', token.begin);
      if (rng.chance(2) || end == std::string::npos) return made(before, "ends the script before");
      return made(before + text.substr(end), "cuts the line before");
    }
    case 5:
    case 6: {
      const std::string& other = words_[rng.below(words_.size())];
      return made(before + other + " " + word + behind, "inserts before", other);
    }
    case 7: {
      const std::string other(odd_literals()[rng.below(odd_literals().size())]);
      return made(before + other + " " + word + behind, "inserts before", other);
    }
    case 8: {
      const std::string& other = words_[rng.below(words_.size())];
      return made(before + other + behind, "replaces", other);
    }
    default: {
      const std::string other(odd_literals()[rng.below(odd_literals().size())]);
      return made(before + other + behind, "replaces", other);
    }
  }
}

}  // namespace braid::fuzz
