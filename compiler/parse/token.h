// Words, signs and literals of one script, as the grammar reads them. Blanks and comments are gone; documentation
// hangs on the token that follows it.
//
// A token owns its decoded text. Tokens live in one TokenList for as long as the script is parsed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ast/nodes.h"
#include "runtime/report/span.h"

namespace braid::grammar {

inline constexpr size_t kMaxScriptBytes = 16 << 20;

enum class Sign : uint8_t {
  none,
  brace_open,
  brace_close,
  paren_open,
  paren_close,
  bracket_open,
  bracket_close,
  comma,
  colon,
  dot,
  range,
  range_below,
  optional_dot,
  fallback,
  question,
  bind,
  equal,
  lambda,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  arrow,
  plus,
  minus,
  star,
  slash,
  percent,
  bar,
  // Signs of other languages, which are read and reported.
  and_and,
  or_or,
  exclamation,
  less_greater,
  equal_equal_equal,
  semicolon,
};

struct SignText {
  std::string_view text;
  Sign sign;
};
inline constexpr SignText kSigns[] = {{"{", Sign::brace_open},
                                      {"}", Sign::brace_close},
                                      {"(", Sign::paren_open},
                                      {")", Sign::paren_close},
                                      {"[", Sign::bracket_open},
                                      {"]", Sign::bracket_close},
                                      {",", Sign::comma},
                                      {":", Sign::colon},
                                      {".", Sign::dot},
                                      {"..", Sign::range},
                                      {"..<", Sign::range_below},
                                      {"?.", Sign::optional_dot},
                                      {"??", Sign::fallback},
                                      {"?", Sign::question},
                                      {"=", Sign::bind},
                                      {"==", Sign::equal},
                                      {"=>", Sign::lambda},
                                      {"!=", Sign::not_equal},
                                      {"<", Sign::less},
                                      {"<=", Sign::less_equal},
                                      {">", Sign::greater},
                                      {">=", Sign::greater_equal},
                                      {"->", Sign::arrow},
                                      {"+", Sign::plus},
                                      {"-", Sign::minus},
                                      {"*", Sign::star},
                                      {"/", Sign::slash},
                                      {"%", Sign::percent},
                                      {"|", Sign::bar},
                                      {"&&", Sign::and_and},
                                      {"||", Sign::or_or},
                                      {"!", Sign::exclamation},
                                      {"<>", Sign::less_greater},
                                      {";", Sign::semicolon},
                                      {"===", Sign::equal_equal_equal}};
std::string_view sign_text(Sign sign);

enum class TokenKind : uint8_t {
  word,
  sign,
  number,
  size,
  duration,
  time,
  text,
  label,
  formatted_begin,  ///< f"
  formatted_text,
  formatted_open,  ///< the { of an expression in a formatted text
  formatted_close,
  formatted_end,
  bad,  ///< reported already; nothing accepts it
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  Sign sign = Sign::none;
  bool starts_line = false;
  bool quoted = false;        ///< a word in backticks: never a keyword
  bool unterminated = false;  ///< a text that ran into the end of its line, and may have swallowed brackets
  ast::NumberKind number = ast::NumberKind::integer;
  ast::TimeKind time = ast::TimeKind::date;
  Span span;
  std::string text;        ///< word or label bare, text decoded, number without `_`, time without `@`
  uint32_t doc_begin = 0;  ///< documentation before it: a range of TokenList::docs
  uint32_t doc_end = 0;

  bool is(Sign wanted) const { return kind == TokenKind::sign && sign == wanted; }
  bool is_word(std::string_view wanted) const { return kind == TokenKind::word && !quoted && text == wanted; }
};

/// A bracket of any kind.
inline bool opens(const Token& token) {
  return token.is(Sign::brace_open) || token.is(Sign::paren_open) || token.is(Sign::bracket_open);
}
inline bool closes(const Token& token) {
  return token.is(Sign::brace_close) || token.is(Sign::paren_close) || token.is(Sign::bracket_close);
}

/// How the grammar walks: a position in TokenList::tokens, which always ends with one token `end`.
using Cursor = const Token*;

struct Doc {
  std::string text;
  Span span;
};

struct TokenList {
  std::vector<Token> tokens;
  std::vector<Doc> docs;
  std::vector<ast::Comment> comments;
};

}  // namespace braid::grammar
