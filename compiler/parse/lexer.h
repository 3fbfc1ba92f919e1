// Receives what the character grammar (lex.cpp) has matched and makes tokens of it. One use: construct, feed in order
// of the text, finish.
#pragma once

#include <string_view>

#include "compiler/parse/token.h"
#include "runtime/report/diagnostic.h"

namespace braid::grammar {

class Lexer {
 public:
  /// `script` must outlive the lexer.
  Lexer(std::string_view script, uint32_t file, Reporter& reporter);

  /// False if the script is too large to be read at all; that is reported.
  bool accepts_script();
  size_t begin() const;  ///< after a byte order mark

  void line_break(std::string_view);
  void comment(std::string_view text);
  void block_comment(std::string_view text);
  void word(std::string_view text);
  void quoted_word(std::string_view text);
  void duration(std::string_view text);
  void size(std::string_view text);
  void hex(std::string_view text);
  void floating(std::string_view text);
  void decimal(std::string_view text);
  void integer(std::string_view text);
  void odd_number(std::string_view text);
  void instant(std::string_view text);
  void date(std::string_view text);
  void clock(std::string_view text);
  void odd_time(std::string_view text);
  void text(std::string_view text);
  void raw_text(std::string_view text);
  void unterminated_text(std::string_view text);
  void single_quoted(std::string_view text);
  void formatted_begin(std::string_view text);
  void formatted_text(std::string_view text);
  void formatted_open(std::string_view text);
  void formatted_close(std::string_view text);
  void formatted_end(std::string_view text);
  void unclosed_hole(std::string_view at);
  void loose_brace(std::string_view text);
  void unterminated_formatted(std::string_view at);
  void label(std::string_view text);
  void sign(std::string_view text);
  void unknown(std::string_view text);

  bool deeper();
  void shallower() { --depth_; }

  TokenList finish();

 private:
  Span span_of(std::string_view text) const;
  Token& add(TokenKind kind, std::string_view text);
  void add_number(ast::NumberKind kind, std::string_view text);
  void add_time(ast::TimeKind kind, std::string_view text);
  void report_escapes(std::string_view source, size_t begin);
  void check_utf8();

  std::string_view script_;
  uint32_t file_;
  Reporter& reporter_;
  TokenList list_;
  uint32_t next_doc_ = 0;  ///< documentation that no token has taken yet
  bool at_line_start_ = true;
  int depth_ = 0;
  bool too_deep_ = false;
  Span formatted_begin_;
  uint32_t unknown_end_ = 0;  ///< end of the last unknown character: a run is reported once
};

}  // namespace braid::grammar
