// The parts that the grammar is built of, beside those of X3: tokens, and directives that fill the node a rule makes.
//
// A rule of type x3::rule<id, Node> fills its Node through these, never by X3's own propagation:
// `set<&Node::name>(name)` parses and puts the result into the member (appends to a vector), `is<&Node::flag>(value)`
// states a fact, `spanned[…]` notes the span. X3 hands the node to every part as `rcontext`. All parts say has_action,
// so that X3 leaves the attribute alone.
//
// After a word that decides, the grammar goes on with `>`: what does not fit then throws. Three parts catch: `listed`
// (elements between brackets), `lines` (clauses and steps) and `tail` (an expression that ends its step).
#pragma once

#include <boost/spirit/home/x3.hpp>
#include <memory>
#include <type_traits>

#include "compiler/parse/state.h"

namespace braid::grammar {

namespace x3 = boost::spirit::x3;
using Failure = x3::expectation_failure<Cursor>;

template <class Context>
State& state_of(const Context& context) {
  return x3::get<StateTag>(context);
}

/// Base of parts that fill the node or nothing; X3's own attributes are kept out of the way.
template <class Derived>
struct Part : x3::parser<Derived> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;
  static bool const has_action = true;
};
/// Base of parts that give a value.
template <class Derived, class Value>
struct ValuePart : x3::parser<Derived> {
  using attribute_type = Value;
  static bool const has_attribute = true;
  static bool const has_action = true;
};

// ---- tokens ------------------------------------------------------------------------------------------------

struct Keyword : Part<Keyword> {
  std::string_view text;
  constexpr explicit Keyword(std::string_view word) : text(word) {}
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Attribute&) const {
    if (first->is_word(text)) {
      ++first;
      return true;
    }
    state_of(context).expected(first, text, true);
    return false;
  }
};
constexpr Keyword kw(std::string_view word) {
  return Keyword(word);
}

struct SignPart : Part<SignPart> {
  Sign sign;
  std::string_view shown;
  constexpr SignPart(Sign wanted, std::string_view text) : sign(wanted), shown(text) {}
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Attribute&) const {
    if (first->is(sign)) {
      ++first;
      return true;
    }
    if (!shown.empty()) state_of(context).expected(first, shown, true);
    return false;
  }
};
constexpr SignPart sign(Sign wanted) {
  for (const SignText& entry : kSigns)
    if (entry.sign == wanted) return {wanted, entry.text};
  return {wanted, ""};
}

/// A sign that may go on with what stands before it: not worth saying where something else is missing.
constexpr SignPart quiet(Sign wanted) {
  return {wanted, ""};
}

/// A token, or a few, that make a value.
template <class Value>
struct Terminal : ValuePart<Terminal<Value>, Value> {
  using Read = bool (*)(State&, Cursor&, Value&);
  std::string_view what;
  Read read;
  constexpr Terminal(std::string_view name, Read function) : what(name), read(function) {}
  template <class Context, class RContext>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Value& value) const {
    State& state = state_of(context);
    if (read(state, first, value)) return true;
    state.expected(first, what, false);
    return false;
  }
  template <class Context, class RContext>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& rcontext, x3::unused_type) const {
    Value value;
    return parse(first, last, context, rcontext, value);
  }
};

// Defined in terminals.cpp.
bool read_name(State&, Cursor&, ast::Name&);
bool read_declared_name(State&, Cursor&, ast::Name&);
bool read_any_word(State&, Cursor&, ast::Name&);
bool read_text(State&, Cursor&, ast::Text&);
bool read_label(State&, Cursor&, ast::Label&);
bool read_int(State&, Cursor&, ast::Int&);
bool read_duration(State&, Cursor&, ast::Duration&);
bool read_time(State&, Cursor&, ast::Time&);
bool read_percent(State&, Cursor&, ast::Percent&);
bool read_size(State&, Cursor&, ast::Size&);

inline constexpr Terminal<ast::Name> name{"a name", read_name};
/// After a word that a name must follow: a reserved word is reported and taken for it.
inline constexpr Terminal<ast::Name> declared_name{"a name", read_declared_name};
inline constexpr Terminal<ast::Name> any_word{"a name", read_any_word};
inline constexpr Terminal<ast::Text> text{"a text in quotes", read_text};
inline constexpr Terminal<ast::Label> label{"a label like `#pii`", read_label};
inline constexpr Terminal<ast::Int> whole{"a whole number", read_int};
inline constexpr Terminal<ast::Duration> duration{"a duration like `5m`", read_duration};
inline constexpr Terminal<ast::Time> time_literal{"a date or an instant like `@2026-01-31`", read_time};
inline constexpr Terminal<ast::Percent> percent{"a share like `99.5%`", read_percent};
inline constexpr Terminal<ast::Size> size{"a size like `2GB`", read_size};

// ---- filling a node ----------------------------------------------------------------------------------------

template <class Member, class Value>
void put(Member& member, Value&& value) {
  using Plain = std::remove_cvref_t<Value>;
  if constexpr (requires { member.push_back(std::move(value)); } && !std::is_same_v<Member, Plain>)
    member.push_back(std::move(value));
  else if constexpr (std::is_same_v<Member, std::unique_ptr<Plain>>)
    member = std::make_unique<Plain>(std::move(value));
  else
    member = std::move(value);
}

template <auto Member, class Subject>
struct SetPart : Part<SetPart<Member, Subject>> {
  Subject subject;
  constexpr explicit SetPart(const Subject& part) : subject(part) {}
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute&) const {
    typename Subject::attribute_type value{};
    if (!subject.parse(first, last, context, x3::unused, value)) return false;
    put(node.*Member, std::move(value));
    return true;
  }
};
template <auto Member, class Subject>
constexpr SetPart<Member, Subject> set(const Subject& subject) {
  return SetPart<Member, Subject>(subject);
}
/// The first of several that fits becomes the member.
template <auto Member, class... Subjects>
constexpr auto one_of(const Subjects&... subjects) {
  return (SetPart<Member, Subjects>(subjects) | ...);
}

template <auto Member, class Value>
struct IsPart : Part<IsPart<Member, Value>> {
  Value value;
  constexpr explicit IsPart(Value fact) : value(fact) {}
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor&, const Cursor&, const Context&, RContext& node, Attribute&) const {
    node.*Member = value;
    return true;
  }
};
template <auto Member, class Value = bool>
constexpr IsPart<Member, Value> is(Value value = true) {
  return IsPart<Member, Value>(value);
}

/// The documentation that hangs on the next token.
template <auto Member>
struct DocPart : Part<DocPart<Member>> {
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext& node, Attribute&) const {
    node.*Member = state_of(context).take_doc(first);
    return true;
  }
};
template <auto Member>
inline constexpr DocPart<Member> doc{};

/// Base of directives: one part inside, the same node.
template <class Subject, class Derived>
struct Around : x3::unary_parser<Subject, Derived> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;
  static bool const has_action = true;
  constexpr explicit Around(const Subject& part) : x3::unary_parser<Subject, Derived>(part) {}
};

template <class Subject>
struct SpannedPart : Around<Subject, SpannedPart<Subject>> {
  using Around<Subject, SpannedPart>::Around;
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute&) const {
    const Cursor begin = first;
    if (!this->subject.parse(first, last, context, node, x3::unused)) return false;
    node.span = cover(begin->span, first == begin ? begin->span : first[-1].span);
    return true;
  }
};
struct SpannedGenerator {
  template <class Subject>
  constexpr auto operator[](const Subject& subject) const {
    return SpannedPart<typename x3::extension::as_parser<Subject>::value_type>(x3::as_parser(subject));
  }
};
inline constexpr SpannedGenerator spanned{};

template <class Subject, class = void>
struct ValueOf {
  using type = x3::unused_type;
};
template <class Subject>
struct ValueOf<Subject, std::void_t<typename Subject::attribute_type>> {
  using type = typename Subject::attribute_type;
};

/// What a person calls it: said instead of the words it may begin with.
template <class Subject>
struct NamedPart : x3::unary_parser<Subject, NamedPart<Subject>> {
  using attribute_type = typename ValueOf<Subject>::type;
  static bool const has_attribute = !std::is_same_v<attribute_type, x3::unused_type>;
  static bool const has_action = true;
  std::string_view what;
  constexpr NamedPart(std::string_view called, const Subject& part)
      : x3::unary_parser<Subject, NamedPart<Subject>>(part), what(called) {}
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute& attribute) const {
    State& state = state_of(context);
    struct Muted {
      State& state;
      Cursor before;
      ~Muted() { state.unmute(before); }
    };
    const Cursor begin = first;
    {
      const Muted muted{state, state.mute(begin)};
      if (this->subject.parse(first, last, context, node, attribute)) return true;
    }
    state.expected(begin, what, false);
    return false;
  }
};
template <class Subject>
constexpr NamedPart<Subject> called(std::string_view what, const Subject& subject) {
  return {what, subject};
}

/// Bounds the nesting of what it surrounds.
template <class Subject>
struct NestedPart : Around<Subject, NestedPart<Subject>> {
  using Around<Subject, NestedPart>::Around;
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext& node, Attribute&) const {
    State& state = state_of(context);
    if (!state.enter(first)) throw Reported{first};
    struct Leave {
      State& state;
      ~Leave() { state.leave(); }
    };
    const Leave leave{state};
    return this->subject.parse(first, last, context, node, x3::unused);
  }
};
template <class Subject>
constexpr NestedPart<Subject> nested(const Subject& subject) {
  return NestedPart<Subject>(subject);
}

// ---- going on after a mistake ------------------------------------------------------------------------------

/// Where a mistake stands that was caught, now reported.
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
  if (at->kind != TokenKind::word || !at[1].is(Sign::colon)) return;
  ast::Field field;
  field.name = {at->text, at->span};
  field.type = std::make_unique<ast::Type>();
  field.type->node = ast::ErrorType{};
  field.type->span = field.span = at->span;
  node.list.push_back(std::move(field));
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
    while (!first->is(close)) {
      const Cursor begin = first;
      // A line that begins a step or an item, or the end: the bracket was never closed. It is taken as closed there.
      if (first == last || (starts_any(first) && !first[1].is(Sign::brace_open))) {
        state.report_unclosed(opened, first);
        return true;
      }
      const Cursor failed = attempt(state, first, [&] {
        return this->subject.parse(first, last, context, node, x3::unused) && goes_on(state, opened, first, last);
      });
      if (failed == nullptr) {
        if (first->is(Sign::comma)) ++first;
        if (first == last || (starts_any(first) && state.is_silent(first))) return true;
        continue;
      }
      leave_hole(state, begin, node);
      const Cursor next = state.skip_in_list(begin, failed, close);
      if (next == nullptr) {
        state.report_unclosed(opened, failed);
        throw Reported{failed};
      }
      first = next;
    }
    ++first;
    return true;
  }

 private:
  /// After an element: its comma, the end of the list, or one of both that is missing and reported.
  bool goes_on(State& state, Cursor opened, Cursor at, Cursor last) const {
    if (at->is(close) || at->is(Sign::comma)) return true;
    if (at == last || starts_any(at)) {
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
    if (at[-1].unterminated) return;
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
      if (first == last || starts_any(first)) {
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

inline void make_hole(ast::Clause& hole, Cursor) {
  hole.node = ast::ErrorClause{};
}
inline void make_hole(ast::Promise& hole, Cursor) {
  hole.node = ast::ErrorClause{};
}
inline void make_hole(ast::Step& hole, Cursor) {
  hole.node = ast::ErrorStep{};
}
inline void make_hole(ast::TestStep& hole, Cursor) {
  hole.node = ast::ErrorTestStep{};
}
inline void make_hole(ast::Item& hole, Cursor begin) {
  ast::ErrorItem item;
  const Cursor at = begin->is_word("public") ? begin + 1 : begin;
  if (at->kind == TokenKind::word && at[1].kind == TokenKind::word) item.name = {at[1].text, at[1].span};
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
      const Cursor failed = attempt(state, first, [&] {
        if (subject.parse(first, last, context, x3::unused, line)) return true;
        if (state.correct_word(first, group) && subject.parse(first, last, context, x3::unused, line)) return true;
        if (group != Group::item) state.expected(first, group == Group::clause ? "{" : "}", true);
        return false;
      });
      if (failed == nullptr) {
        (node.*Member).push_back(std::move(line));
        continue;
      }
      first = state.skip_to_line(failed > begin ? failed : begin + 1, group);
      // What is skipped to may be no line of this group after all: not worth a second word.
      state.silence(first);
      typename Subject::attribute_type hole{};
      make_hole(hole, begin);
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
    if (first->is(Sign::brace_close))
      ++first;
    else
      state.report_unclosed(opened, first);
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
    if (failed == nullptr) return true;
    first = state.skip_to_any_line(failed);
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

// ---- how the rules of one folder share themselves among files ----------------------------------------------

using Context = x3::context<StateTag, State, x3::unused_type>;

}  // namespace braid::grammar
