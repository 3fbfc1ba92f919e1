// The text of a system query option as tokens. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/odata/expression.h"

namespace braid::serve::odata {

struct Token {
  enum class Kind : uint8_t {
    end,
    name,     ///< also `$count`, `Braid.colour`
    alias,    ///< @p, without the @
    literal,  ///< `value`, whose text is `text`
    symbol,   ///< Braid.colour'red': `text` is red
    sign      ///< ( ) , / : = * - in `text`
  };
  Kind kind = Kind::end;
  std::string text = {};
  Datum value = {};
  size_t at = 0;  ///< byte in the option

  bool is(char sign) const { return kind == Kind::sign && text.front() == sign; }
  bool is(std::string_view word) const { return kind == Kind::name && text == word; }
};

inline constexpr size_t kMostText = 8 << 10;  ///< bytes of an option
inline constexpr size_t kMostTokens = 2'000;  ///< of an option

/// With `end` as the last one.
Parsed<std::vector<Token>> read_tokens(std::string_view text);

/// Goes through tokens. Past the end stands `end`.
class Cursor {
 public:
  explicit Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  const Token& now() const { return tokens_[at_]; }
  const Token& ahead(size_t count = 1) const { return tokens_[std::min(at_ + count, tokens_.size() - 1)]; }
  void step() { at_ = std::min(at_ + 1, tokens_.size() - 1); }
  bool at_end() const { return now().kind == Token::Kind::end; }
  bool take(char sign) {
    if (!now().is(sign)) return false;
    step();
    return true;
  }
  bool take(std::string_view word) {
    if (!now().is(word)) return false;
    step();
    return true;
  }
  /// That something else was expected here.
  Wrong expected(std::string_view what) const;

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace braid::serve::odata
