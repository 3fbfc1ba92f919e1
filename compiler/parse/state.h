// The state of one parse besides its position: what was expected at the furthest place, the depth, and where it may
// continue after a mistake. X3 carries it as context (StateTag).
//
// A syntax error travels as one of two exceptions, both caught inside this folder by the nearest part that can go on
// (parts.h): x3::expectation_failure, still to be reported, and Reported.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/ast/nodes.h"
#include "compiler/parse/token.h"
#include "compiler/parse/words.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::grammar {

struct StateTag;

/// A mistake that has been reported; parsing goes on from some place after `at`.
struct Reported {
  Cursor at;
};

class State {
 public:
  /// All three must outlive it.
  State(TokenList& tokens, const SourceSet& sources, Reporter& reporter);

  Cursor begin() const { return begin_; }
  Cursor end() const { return end_; }  ///< the token `end`
  Reporter& reporter() { return reporter_; }
  std::string_view source(Span span) const { return sources_.text(span); }
  std::string_view source(Span first, Span last) const { return sources_.text(cover(first, last)); }

  // -- expectations: the furthest place that was reached, and what would have fitted there
  void expected(Cursor at, std::string_view what, bool is_word);
  /// While something that has a name of its own is tried at `at`, its parts keep silent there.
  Cursor mute(Cursor at) { return std::exchange(muted_, at); }
  void unmute(Cursor before) { muted_ = before; }
  Cursor muted() const { return muted_; }

  // -- mistakes
  /// Reports that what stands at `where`, or furthest behind it, does not fit. Reports nothing at a place that has a
  /// report.
  void report_failure(Cursor where);
  void report_unclosed(Cursor open, Cursor at);
  /// How many brackets have been found unclosed: what holds such a bracket may have lost elements to it.
  size_t unclosed() const { return unclosed_; }
  /// A word that begins nothing of the group, and is close to one that does: reported and corrected in place.
  bool correct_word(Cursor at, Group group);
  bool correct_word(Cursor at, std::span<const std::string_view> words, std::string_view kind);
  /// `left jion`: the word behind one that leads several kinds of steps, likewise.
  bool correct_second_word(Cursor at);
  /// At `at` one of the words that would have fitted is probably meant.
  bool is_misspelt_there(Cursor at) const;
  /// A line that begins like a step or clause, with a word that is close to none: reported.
  bool report_unknown_line(Cursor at, Group group);
  /// `elif` and its like, which are read as `else if`: what follows is read as `if`.
  bool correct_elif(Cursor at);
  /// Follow-up findings at this token are not reported.
  void silence(Cursor at) { silent_ = at; }
  bool is_silent(Cursor at) const { return at == silent_; }
  std::string found(Cursor at) const;

  // -- where to go on
  Cursor skip_to_line(Cursor from, Group group) const;
  Cursor skip_to_any_line(Cursor from) const;
  /// From a mistake at `failed` in the element that begins at `begin`: to where the next element begins, or to the
  /// closing sign of the list. Null if the list seems unclosed.
  Cursor skip_in_list(Cursor begin, Cursor failed, Sign close) const;

  // -- nesting
  bool enter(Cursor at);  ///< false when too deep, which is reported
  void leave() { --depth_; }

  // -- items
  Cursor item_begin = nullptr;         ///< of the item being read
  std::vector<ast::Item> stray_items;  ///< found inside other items
  bool stands_deeper(Cursor at) const;
  bool awaits_from = false;             ///< the flow being read has begun without `from`
  std::optional<ast::From> found_from;  ///< the one that stood further down

  std::string take_doc(Cursor at);
  void report_loose_docs();

  template <class Node>
  ast::ExprPtr make(Cursor first, Cursor after, Node node) {
    return make_over(cover(first->span, after == first ? first->span : after[-1].span), std::move(node));
  }
  template <class Node>
  ast::ExprPtr make_over(Span span, Node node) {
    auto expr = std::make_unique<ast::Expr>();
    expr->span = span;
    expr->node = std::move(node);
    measure(*expr);
    return expr;
  }
  ast::ExprPtr hole(Cursor at);

 private:
  void measure(ast::Expr& expr);  ///< throws Reported if it is too high
  uint32_t column(Cursor at) const;

  TokenList& tokens_;
  const SourceSet& sources_;
  Reporter& reporter_;
  Cursor begin_;
  Cursor end_;
  struct Expectation {
    std::string_view what;
    bool is_word;
  };
  Cursor furthest_;
  std::vector<Expectation> expected_;
  Cursor muted_ = nullptr;
  Cursor silent_ = nullptr;
  size_t unclosed_ = 0;
  int depth_ = 0;
  std::vector<bool> doc_taken_;
};

}  // namespace braid::grammar
