// The parts that continue after a mistake: elements between brackets, lines of clauses and steps, expressions at the
// end of their step. Each reports what it catches, once, and leaves a hole in the node.
#pragma once

#include <algorithm>

#include "compiler/parse/parts.h"

namespace braid::grammar {

/// The place of a caught mistake, which is now reported.
template <class Try>
Cursor attempt(State& state, Cursor& first, Try parse) {
  try {
    if (parse()) return nullptr;
    state.report_failure(first);
    return first;
  } catch (const Failure& failure) {
    state.report_failure(failure.where());
    return failure.where();
  } catch (const Reported& reported) {
    return reported.at;
  }
}

// What is left in a node where something could not be read. Nothing, unless one of these says so.
template <class Node>
void leave_hole(State&, Cursor, Node&) {}
inline void leave_hole(State& state, Cursor at, ast::Struct& node) {
  node.entries.push_back({ast::PlainEntry{state.hole(at)}, at->span});
}
inline void leave_hole(State& state, Cursor at, ast::List& node) {
  node.elements.push_back(state.hole(at));
}
inline void leave_hole(State& state, Cursor at, ast::Arguments& node) {
  node.list.push_back({std::nullopt, state.hole(at), at->span});
}
inline void leave_hole(State& state, Cursor at, ast::ExprPtr& node) {
  node = state.hole(at);
}
inline void leave_hole(State&, Cursor at, ast::Fields& node) {
  node.broken = true;
  if (at->kind != TokenKind::word || !at[1].is(Sign::colon)) return;
  ast::Field field;
  field.name = {at->text, at->span};
  field.type = std::make_unique<ast::Type>();
  field.type->node = ast::ErrorType{};
  field.type->span = field.span = at->span;
  node.list.push_back(std::move(field));
}
inline void leave_hole(State&, Cursor, ast::EnumType& node) {
  node.broken = true;
}
inline void leave_hole(State&, Cursor, ast::Function& node) {
  node.broken = true;
}
/// An unclosed flow may have had more steps.
inline void leave_hole(State&, Cursor at, ast::Flow& node) {
  node.steps.push_back({at->span, ast::ErrorStep{}});
}
inline void leave_hole(State& state, Cursor at, ast::Case& node) {
  ast::Arm arm;
  arm.otherwise = true;
  arm.result = state.hole(at);
  arm.span = at->span;
  node.arms.push_back(std::move(arm));
}

/// May this begin an element, where a comma has been forgotten?
inline bool begins_element(Cursor at) {
  switch (at->kind) {
    case TokenKind::word:
      return at->quoted || !is_reserved(at->text) || at[1].is(Sign::colon);
    case TokenKind::number:
    case TokenKind::duration:
    case TokenKind::time:
    case TokenKind::text:
    case TokenKind::formatted_begin:
      return true;
    case TokenKind::sign:
      return at->is(Sign::brace_open) || at->is(Sign::range);
    case TokenKind::size:
    case TokenKind::label:
    case TokenKind::formatted_text:
    case TokenKind::formatted_open:
    case TokenKind::formatted_close:
    case TokenKind::formatted_end:
    case TokenKind::bad:
    case TokenKind::end:
      return false;
  }
  return false;
}

/// A bracket that is still open here was never closed: a line begins a step or an item, another bracket closes, or
/// nothing is left. It is taken as closed.
inline bool is_unclosed(Cursor at, Cursor last) {
  return at == last || starts_any(at) || at->is(Sign::brace_close) || at->is(Sign::paren_close) ||
         at->is(Sign::bracket_close);
}

template <class Node>
bool is_unclosed(Cursor at, Cursor last, const Node&) {
  return is_unclosed(at, last);
}
/// No symbol is followed by a colon: that is a field.
inline bool is_unclosed(Cursor at, Cursor last, const ast::EnumType&) {
  return is_unclosed(at, last) || (at->kind == TokenKind::word && at[1].is(Sign::colon));
}

/// `( … )`, `[ … ]`, `{ … }` around elements with commas between them, one more allowed behind the last.
template <class Subject>
struct ListedPart : Around<Subject, ListedPart<Subject>> {
  Sign open;
  Sign close;
  constexpr ListedPart(Sign opening, Sign closing, const Subject& element)
      : Around<Subject, ListedPart>(element), open(opening), close(closing) {}

  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute&) const {
    State& state = state_of(context);
    if (!first->is(open)) {
      state.expected(first, sign_text(open), true);
      return false;
    }
    const Cursor opened = first++;
    Cursor no_comma = nullptr;  // the last element that lacks a comma before it
    bool broken = false;        // the element before could not be read: what looks like another may be the rest of it
    while (!first->is(close)) {
      const Cursor begin = first;
      if (is_unclosed(first, last, node) && !(starts_any(first) && first[1].is(Sign::brace_open))) {
        state.report_unclosed(opened, first);
        leave_hole(state, first, node);
        return true;
      }
      bool no_list = false;
      if (std::exchange(broken, false)) state.silence(first);
      const size_t unclosed = state.unclosed();
      const Cursor failed = attempt(state, first, [&] {
        if (!this->subject.parse(first, last, context, node, x3::unused)) return false;
        // Two commas missing on one line: this is something else than a list, and was said to be amiss.
        no_list = no_comma != nullptr && begins_element(first) &&
                  state.source(no_comma->span, first->span).find('\n') == std::string_view::npos;
        if (begins_element(first)) no_comma = first;
        return no_list || goes_on(state, opened, first, last, node);
      });
      if (failed == nullptr && !no_list) {
        if (state.unclosed() != unclosed) leave_hole(state, first - 1, node);
        if (first->is(Sign::comma)) ++first;
        continue;
      }
      leave_hole(state, begin, node);
      broken = true;
      Cursor next = state.skip_in_list(begin, no_list ? first : failed, close);
      while (no_list && next != nullptr && !next->is(close)) next = state.skip_in_list(next, next, close);
      if (next == nullptr) {
        const Cursor at = no_list ? first : failed;
        state.report_unclosed(opened, at);
        throw Reported{at};
      }
      first = next;
    }
    ++first;
    return true;
  }

 private:
  /// After an element: its comma, the end of the list, or one of both that is missing and reported.
  template <class Node>
  bool goes_on(State& state, Cursor opened, Cursor at, Cursor last, const Node& node) const {
    if (at->is(close) || at->is(Sign::comma)) return true;
    if (is_unclosed(at, last, node)) {
      state.report_unclosed(opened, at);
      return true;
    }
    if (begins_element(at)) {
      report_comma(state, at);
      return true;
    }
    state.expected(at, ",", true);
    state.expected(at, sign_text(close), true);
    return false;
  }
  void report_comma(State& state, Cursor at) const {
    if (at[-1].unterminated || state.is_silent(at)) return;
    const Span behind{at->span.file, at[-1].span.end, at[-1].span.end};
    state.reporter()
        .report(diag::MissingComma{.found = state.found(at)})
        .at(at->span, "a comma belongs before this")
        .fix(Applicability::likely, "add a comma", {{behind, ","}});
  }
};
template <class Subject>
constexpr ListedPart<Subject> braces(const Subject& element) {
  return {Sign::brace_open, Sign::brace_close, element};
}
template <class Subject>
constexpr ListedPart<Subject> parentheses(const Subject& element) {
  return {Sign::paren_open, Sign::paren_close, element};
}
template <class Subject>
constexpr ListedPart<Subject> brackets(const Subject& element) {
  return {Sign::bracket_open, Sign::bracket_close, element};
}

/// Exactly one part between signs: `(e)`, `[i]`.
template <class Subject>
struct EnclosedPart : Around<Subject, EnclosedPart<Subject>> {
  Sign open;
  Sign close;
  constexpr EnclosedPart(Sign opening, Sign closing, const Subject& part)
      : Around<Subject, EnclosedPart>(part), open(opening), close(closing) {}

  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute&) const {
    State& state = state_of(context);
    if (!first->is(open)) {
      state.expected(first, sign_text(open), true);
      return false;
    }
    const Cursor opened = first++;
    const Cursor failed = attempt(state, first, [&] {
      if (!this->subject.parse(first, last, context, node, x3::unused)) return false;
      if (first->is(close)) {
        ++first;
        return true;
      }
      if (is_unclosed(first, last)) {
        state.report_unclosed(opened, first);
        return true;
      }
      state.expected(first, sign_text(close), true);
      return false;
    });
    if (failed == nullptr) return true;
    Cursor next = state.skip_in_list(opened + 1, failed, close);
    while (next != nullptr && !next->is(close)) next = state.skip_in_list(next, next, close);
    if (next == nullptr) {
      state.report_unclosed(opened, failed);
      throw Reported{failed};
    }
    leave_hole(state, opened, node);
    first = next + 1;
    return true;
  }
};

/// An item inside the braces of another: reported, read, and put beside the others.
void parse_stray_item(State& state, Cursor& first);

/// The words between two tokens, sorted, each once.
inline std::vector<std::string> words_between(Cursor begin, Cursor end) {
  std::vector<std::string> words;
  for (Cursor each = begin; each != end; ++each)
    if (each->kind == TokenKind::word) words.push_back(each->text);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

inline void make_hole(ast::Clause& hole, Cursor begin, Cursor end) {
  hole.node = ast::ErrorClause{words_between(begin, end)};
}
inline void make_hole(ast::Promise& hole, Cursor, Cursor) {
  hole.node = ast::ErrorClause{};
}
inline void make_hole(ast::Step& hole, Cursor, Cursor) {
  hole.node = ast::ErrorStep{};
}
inline void make_hole(ast::TestStep& hole, Cursor, Cursor) {
  hole.node = ast::ErrorTestStep{};
}
inline void make_hole(ast::Item& hole, Cursor begin, Cursor end) {
  ast::ErrorItem item;
  const Cursor at = begin->is_word("public") ? begin + 1 : begin;
  if (at->kind == TokenKind::word && at[1].kind == TokenKind::word) item.name = {at[1].text, at[1].span};
  item.words = words_between(begin, end);
  hole.node = std::move(item);
}

/// Lines of one group: clauses up to the body, steps up to the brace. Ends before what belongs to someone else.
template <auto Member, class Subject>
struct LinesPart : Part<LinesPart<Member, Subject>> {
  Group group;
  std::string_view what;
  Subject subject;
  constexpr LinesPart(Group lines, std::string_view name, const Subject& line)
      : group(lines), what(name), subject(line) {}

  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute&) const {
    State& state = state_of(context);
    while (!ends(state, first)) {
      typename Subject::attribute_type line{};
      const Cursor begin = first;
      const size_t reported = state.reporter().size();
      const Cursor failed = attempt(state, first, [&] {
        if (subject.parse(first, last, context, x3::unused, line)) return true;
        const bool corrected = starts(group, first) ? group == Group::step && state.correct_second_word(first)
                                                    : (first->starts_line || !state.is_misspelt_there(first)) &&
                                                          state.correct_word(first, group);
        if (corrected && subject.parse(first, last, context, x3::unused, line)) return true;
        if (group != Group::item && state.report_unknown_line(first, group)) throw Reported{first};
        if (group != Group::item) state.expected(first, group == Group::clause ? "{" : "}", true);
        return false;
      });
      if (failed == nullptr) {
        (node.*Member).push_back(std::move(line));
        // What stands behind an item with a mistake in it, and begins none, may be the rest of it.
        if (group == Group::item && state.reporter().size() > reported) state.silence(first);
        continue;
      }
      first = state.skip_to_line(failed > begin ? failed : begin + 1, group);
      // What is skipped to may be no line of this group after all: not worth a second word.
      state.silence(first);
      typename Subject::attribute_type hole{};
      make_hole(hole, begin, first);
      hole.span = cover(begin->span, first == begin ? begin->span : first[-1].span);
      (node.*Member).push_back(std::move(hole));
    }
    return true;
  }

 private:
  bool ends(State& state, Cursor& first) const {
    if (first == state.end()) return true;
    if (group == Group::item) return false;
    if (first->is(Sign::brace_close) || (group == Group::clause && first->is(Sign::brace_open))) return true;
    if (!starts(Group::item, first)) return false;
    if (group == Group::clause || !state.stands_deeper(first)) return true;
    parse_stray_item(state, first);
    return ends(state, first);
  }
};

template <auto Member, class Subject>
constexpr LinesPart<Member, NamedPart<Subject>> lines(Group group, std::string_view what, const Subject& line) {
  return {group, what, called(what, line)};
}

/// `{ … }` around lines, which end at its closing brace or where it is missing.
template <class Subject>
struct BlockPart : Around<Subject, BlockPart<Subject>> {
  using Around<Subject, BlockPart>::Around;
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute&) const {
    State& state = state_of(context);
    if (!first->is(Sign::brace_open)) {
      state.expected(first, "{", true);
      return false;
    }
    const Cursor opened = first++;
    this->subject.parse(first, last, context, node, x3::unused);
    if (first->is(Sign::brace_close)) {
      ++first;
      return true;
    }
    state.report_unclosed(opened, first);
    leave_hole(state, first, node);
    return true;
  }
};
template <class Subject>
constexpr BlockPart<Subject> block(const Subject& subject) {
  return BlockPart<Subject>(subject);
}

/// Something after which its step, clause or item ends, or nearly: what cannot be read becomes a hole, and the words
/// before it are kept.
template <class Subject>
struct TailPart : x3::unary_parser<Subject, TailPart<Subject>> {
  using attribute_type = typename Subject::attribute_type;
  static bool const has_attribute = true;
  static bool const has_action = true;
  using x3::unary_parser<Subject, TailPart>::unary_parser;
  constexpr explicit TailPart(const Subject& part) : x3::unary_parser<Subject, TailPart<Subject>>(part) {}
  template <class Context, class RContext>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, attribute_type& value) const {
    State& state = state_of(context);
    const Cursor begin = first;
    const Cursor failed = attempt(state, first, [&] { return this->subject.parse(first, last, context, node, value); });
    // Of what stands before a character that begins nothing, nobody knows whether it was all.
    if (failed == nullptr && first->kind != TokenKind::bad) return true;
    first = state.skip_to_any_line(failed == nullptr ? first : failed);
    state.silence(first);
    leave_hole(state, begin, value);
    return true;
  }
};
template <class Subject>
constexpr TailPart<Subject> tail(const Subject& subject) {
  return TailPart<Subject>(subject);
}

/// A line of its own kind, like `use`: what cannot be read of it is left out.
template <class Subject>
struct GuardedPart : Around<Subject, GuardedPart<Subject>> {
  using Around<Subject, GuardedPart>::Around;
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute&) const {
    State& state = state_of(context);
    const Cursor begin = first;
    const Cursor failed =
        attempt(state, first, [&] { return this->subject.parse(first, last, context, node, x3::unused); });
    if (failed == nullptr) return true;
    first = state.skip_to_line(failed > begin ? failed : begin + 1, Group::item);
    return true;
  }
};
template <class Subject>
constexpr GuardedPart<Subject> guarded(const Subject& subject) {
  return GuardedPart<Subject>(subject);
}

}  // namespace braid::grammar
