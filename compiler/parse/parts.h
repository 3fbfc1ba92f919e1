// The parts of the grammar besides those of X3: tokens, and directives that fill the node a rule makes.
//
// A rule of type x3::rule<id, Node> fills its Node through these, never by X3's own propagation:
// `set<&Node::name>(name)` parses and puts the result into the member (appends to a vector), `is<&Node::flag>(value)`
// states a fact, `spanned[…]` notes the span. X3 hands the node to every part as `rcontext`. All parts say has_action,
// so that X3 leaves the attribute alone.
//
// After the word that decides, the grammar continues with `>`: a mismatch then throws. The parts of recovery.h catch
// it.
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

/// A sign that may continue what precedes it: messages about missing text do not name it.
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
    if (!what.empty()) state.expected(first, what, false);
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

/// What X3 carries along: the state alone.
using Context = x3::context<StateTag, State, x3::unused_type>;

}  // namespace braid::grammar
