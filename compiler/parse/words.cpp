#include "compiler/parse/words.h"

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/data/script_text.h"

namespace braid::grammar {
namespace {

constexpr std::string_view kItems[] = {"domain", "use",   "policy", "test",    "param",    "public",    "type",
                                       "stream", "table", "view",   "product", "function", "aggregate", "service"};
constexpr std::string_view kClauses[] = {"key",   "time", "contract", "allow",  "mask", "deprecated", "from",   "idle",
                                         "ahead", "rate", "keys",     "delete", "to",   "draft",      "migrate"};
constexpr std::string_view kPromises[] = {"compatible", "fresh", "latency", "unique", "complete", "volume",
                                          "state",      "keep",  "fields",  "check",  "unchecked"};
constexpr std::string_view kSteps[] = {"from",  "union",   "where", "let",  "select",   "drop",   "rename", "join",
                                       "left",  "right",   "full",  "semi", "anti",     "lookup", "unnest", "window",
                                       "group", "running", "top",   "last", "distinct", "match",  "having"};
constexpr std::string_view kTestSteps[] = {"param", "given", "delete", "advance", "idle", "wait", "restart", "expect"};
constexpr std::string_view kBodies[] = {"let", "return", "example", "init", "step", "undo", "merge", "finish"};
/// Reserved words that go on with an expression: a word before them is a name.
constexpr std::string_view kInfix[] = {"and", "or", "in", "is", "as", "then", "else"};

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Something that can stand after a leading word and never after a name.
bool begins_operand(const Token& token) {
  switch (token.kind) {
    case TokenKind::word:
      return token.quoted || !contains(kInfix, token.text);
    case TokenKind::number:
    case TokenKind::size:
    case TokenKind::duration:
    case TokenKind::time:
    case TokenKind::text:
    case TokenKind::formatted_begin:
    case TokenKind::bad:
      return true;
    case TokenKind::sign:
      return token.sign == Sign::brace_open;
    case TokenKind::label:
    case TokenKind::formatted_text:
    case TokenKind::formatted_open:
    case TokenKind::formatted_close:
    case TokenKind::formatted_end:
    case TokenKind::end:
      return false;
  }
  return false;
}

bool starts_item(Cursor at) {
  const Token& next = at[1];
  if (at->is_word("test")) return next.kind == TokenKind::text;
  if (at->is_word("param")) return next.kind == TokenKind::word && at[2].is(Sign::colon);  // `param p = e` in a test
  if (at->is_word("public")) return next.kind == TokenKind::word && contains(kItems, next.text);
  return next.kind == TokenKind::word && !(is_reserved(next.text) && !next.quoted);
}

/// Edits to get from one word to the other: letters changed, added, left out, or two neighbours swapped.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::span<const std::string_view> words_of(Group group) {
  switch (group) {
    case Group::item:
      return kItems;
    case Group::clause:
      return kClauses;
    case Group::promise:
      return kPromises;
    case Group::step:
      return kSteps;
    case Group::test_step:
      return kTestSteps;
    case Group::body:
      return kBodies;
  }
  return {};
}

bool is_reserved(std::string_view word) {
  return is_reserved_word(word);
}

bool starts(Group group, Cursor at) {
  if (!at->starts_line || at->kind != TokenKind::word || at->quoted || !contains(words_of(group), at->text))
    return false;
  if (group == Group::item) return starts_item(at);
  if (at->is_word("restart")) return true;
  const Token& next = at[1];
  if (begins_operand(next)) return true;
  // These lead an expression, which may begin with a sign; a call of a function of that name is rarer than they are.
  const bool leads_expression = at->is_word("where") || at->is_word("having") || at->is_word("return") ||
                                at->is_word("example") || at->is_word("finish") || at->is_word("distinct");
  return leads_expression && (next.is(Sign::paren_open) || next.is(Sign::minus) || next.is(Sign::exclamation) ||
                              next.is(Sign::bracket_open));
}

bool looks_like_line(Cursor at) {
  if (!at->starts_line || at->kind != TokenKind::word || at->quoted || is_reserved(at->text)) return false;
  return !at[1].starts_line && begins_operand(at[1]) && !starts_any(at);
}

bool starts_any(Cursor at) {
  constexpr std::array groups = {Group::item, Group::clause,    Group::promise,
                                 Group::step, Group::test_step, Group::body};
  return std::any_of(groups.begin(), groups.end(), [&](Group group) { return starts(group, at); });
}

std::optional<std::string_view> closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > 32) return std::nullopt;
  std::optional<std::string_view> best;
  size_t best_distance = word.size() <= 3 ? 2 : word.size() <= 6 ? 3 : 4;  // one more than is near enough
  for (const std::string_view candidate : candidates) {
    const size_t edits = distance(word, candidate);
    if (edits > 0 && edits < best_distance && edits < candidate.size()) {
      best = candidate;
      best_distance = edits;
    }
  }
  return best;
}

}  // namespace braid::grammar
