// What operators stand between: literals, names, calls, lists, structs, cases, and what follows a dot.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

bool read_literal(State&, Cursor&, ast::Literal&);
bool read_name_expr(State&, Cursor&, ast::NameExpr&);
bool read_star_arguments(State&, Cursor&, ast::Arguments&);
bool read_formatted_text(State&, Cursor&, ast::Text&);
constexpr Terminal<ast::Literal> literal{"a value", read_literal};
constexpr Terminal<ast::NameExpr> name_expr{"a name", read_name_expr};
constexpr Terminal<ast::Arguments> star_arguments{"arguments", read_star_arguments};
constexpr Terminal<ast::Text> formatted_text{"text", read_formatted_text};

struct KindPart : Part<KindPart> {
  TokenKind kind;
  std::string_view what;
  constexpr KindPart(TokenKind wanted, std::string_view name) : kind(wanted), what(name) {}
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Attribute&) const {
    if (first->kind == kind) {
      ++first;
      return true;
    }
    if (!what.empty()) state_of(context).expected(first, what, false);
    return false;
  }
};

/// The subject's expression becomes the node.
template <class Subject>
struct TakenPart : Around<Subject, TakenPart<Subject>> {
  using Around<Subject, TakenPart>::Around;
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::ExprPtr& node, Attribute&) const {
    return this->subject.parse(first, last, context, x3::unused, node);
  }
};
template <class Subject>
TakenPart<Subject> value(const Subject& subject) {
  return TakenPart<Subject>(subject);
}

/// Makes an expression of the node that the subject reads.
template <class Subject>
struct WrappedPart : Around<Subject, WrappedPart<Subject>> {
  using Around<Subject, WrappedPart>::Around;
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::ExprPtr& node, Attribute&) const {
    const Cursor begin = first;
    typename Subject::attribute_type read{};
    if (!this->subject.parse(first, last, context, x3::unused, read)) return false;
    node = state_of(context).make(begin, first, std::move(read));
    return true;
  }
};
template <class Subject>
WrappedPart<Subject> wrapped(const Subject& subject) {
  return WrappedPart<Subject>(subject);
}

/// The parentheses belong to the span of what stands in them.
template <class Subject>
struct WidenedPart : Around<Subject, WidenedPart<Subject>> {
  using Around<Subject, WidenedPart>::Around;
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::ExprPtr& node, Attribute&) const {
    const Cursor begin = first;
    if (!this->subject.parse(first, last, context, node, x3::unused)) return false;
    node->span = cover(begin->span, first[-1].span);
    return true;
  }
};
template <class Subject>
WidenedPart<Subject> widened(const Subject& subject) {
  return WidenedPart<Subject>(subject);
}

/// `{ e }` inside a formatted text.
struct FormattedHole : ValuePart<FormattedHole, ast::ExprPtr> {
  template <class Context, class RContext>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext&, ast::ExprPtr& node) const {
    if (first->kind != TokenKind::formatted_open) return false;
    State& state = state_of(context);
    const Cursor open = first++;
    const Cursor failed = attempt(state, first, [&] {
      if (!expr.parse(first, last, context, x3::unused, node)) return false;
      if (first->kind == TokenKind::formatted_close) {
        ++first;
        return true;
      }
      state.expected(first, "}", true);
      return false;
    });
    if (failed == nullptr) return true;
    int depth = 0;
    for (first = failed; first != last; ++first) {
      if (first->kind == TokenKind::formatted_open) ++depth;
      if (first->kind == TokenKind::formatted_close && depth-- == 0) break;
    }
    if (first != last) ++first;
    node = state.hole(open);
    return true;
  }
};

/// What a dot adds: a field, or a method with its arguments.
struct Access {
  bool optional = false;
  ast::Name name;
  std::optional<ast::Arguments> arguments;
};

/// The node goes into what follows it.
template <class Subject>
struct FollowedPart : Around<Subject, FollowedPart<Subject>> {
  using Around<Subject, FollowedPart>::Around;
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::ExprPtr& node, Attribute&) const {
    typename Subject::attribute_type read{};
    if (!this->subject.parse(first, last, context, x3::unused, read)) return false;
    const Span span = cover(node->span, first[-1].span);
    node = follow(state_of(context), span, std::move(node), std::move(read));
    return true;
  }

 private:
  static ast::ExprPtr follow(State& state, Span span, ast::ExprPtr object, Access access) {
    if (access.arguments)
      return state.make_over(span, ast::MethodCall{std::move(object), access.optional, std::move(access.name),
                                                   std::move(*access.arguments)});
    return state.make_over(span, ast::FieldAccess{std::move(object), access.optional, std::move(access.name)});
  }
  static ast::ExprPtr follow(State& state, Span span, ast::ExprPtr object, ast::ExprPtr index) {
    return state.make_over(span, ast::Index{std::move(object), std::move(index)});
  }
};
template <class Subject>
FollowedPart<Subject> followed_by(const Subject& subject) {
  return FollowedPart<Subject>(subject);
}

BRAID_LOCAL_RULE(primary, ast::ExprPtr)
BRAID_LOCAL_RULE(access, Access)
BRAID_LOCAL_RULE(index_access, ast::ExprPtr)
BRAID_LOCAL_RULE(call, ast::Call)
BRAID_LOCAL_RULE(case_of, ast::Case)
BRAID_LOCAL_RULE(arm, ast::Arm)
BRAID_LOCAL_RULE(pattern, ast::Pattern)
BRAID_LOCAL_RULE(formatted, ast::Formatted)
BRAID_LOCAL_RULE(argument, ast::Argument)
BRAID_LOCAL_RULE(spread, ast::SpreadEntry)
BRAID_LOCAL_RULE(named_entry, ast::NamedEntry)
BRAID_LOCAL_RULE(plain_entry, ast::PlainEntry)

const auto argument_def = spanned[set<&ast::Argument::value>(label) |
                                  (ahead("", Sign::colon) >> set<&ast::Argument::name>(any_word) >> sign(Sign::colon) >
                                   (set<&ast::Argument::value>(label) | set<&ast::Argument::value>(expr))) |
                                  set<&ast::Argument::value>(expr)];
const auto arguments_def = spanned[parentheses(set<&ast::Arguments::list>(argument))];

const auto spread_def = sign(Sign::range) >> -set<&ast::SpreadEntry::value>(postfix);
const auto named_entry_def = ahead("", Sign::colon) >> set<&ast::NamedEntry::name>(any_word) >>
                             sign(Sign::colon) > set<&ast::NamedEntry::value>(expr);
const auto plain_entry_def = set<&ast::PlainEntry::value>(expr);
const auto entry_def = spanned[one_of<&ast::Entry::node>(spread, named_entry, plain_entry)];
const auto struct_literal_def = spanned[braces(set<&ast::Struct::entries>(entry))];

const auto list_literal_def = brackets(set<&ast::List::elements>(expr));

const auto pattern_def =
    spanned[set<&ast::Pattern::first>(expr) >> -(range_end<&ast::Pattern::end> > set<&ast::Pattern::last>(sum))];
const auto arm_def =
    spanned[((kw("else") >> is<&ast::Arm::otherwise>()) | (set<&ast::Arm::patterns>(pattern) % quiet(Sign::bar))) >
            sign(Sign::arrow) > set<&ast::Arm::result>(expr)];
const auto case_of_def = kw("case") > (&sign(Sign::brace_open) | set<&ast::Case::subject>(expr)) >
                         braces(set<&ast::Case::arms>(arm));

const auto formatted_def = KindPart(TokenKind::formatted_begin, "") >> *(set<&ast::Formatted::parts>(formatted_text) |
                                                                         set<&ast::Formatted::parts>(FormattedHole())) >
                           KindPart(TokenKind::formatted_end, "the end of the text");

const auto call_def = ahead("", Sign::paren_open) >> set<&ast::Call::function>(name) >
                      (set<&ast::Call::arguments>(star_arguments) | set<&ast::Call::arguments>(arguments));

const auto primary_def =
    wrapped(literal) | wrapped(formatted) | wrapped(case_of) | wrapped(struct_literal) | wrapped(list_literal) |
    widened(EnclosedPart(Sign::paren_open, Sign::paren_close, value(expr))) | wrapped(call) | wrapped(name_expr);

const auto access_def = ((quiet(Sign::optional_dot) >> is<&Access::optional>()) | quiet(Sign::dot)) >
                        set<&Access::name>(any_word) >>
                        -(&quiet(Sign::paren_open) >
                          (set<&Access::arguments>(star_arguments) | set<&Access::arguments>(arguments)));
const auto index_access_def = EnclosedPart(Sign::bracket_open, Sign::bracket_close, value(expr));
const auto postfix_def = value(primary) >>
                         *(followed_by(access) | (&quiet(Sign::bracket_open) >> followed_by(index_access)));

const auto operand_def = called("an expression", value(postfix));

bool read_literal(State& state, Cursor& first, ast::Literal& literal) {
  switch (first->kind) {
    case TokenKind::number:
      literal.value = ast::NumberLiteral{first->number, first->text};
      break;
    case TokenKind::text:
      literal.value = ast::TextLiteral{first->text};
      break;
    case TokenKind::time:
      literal.value = ast::Time{first->time, first->text, first->span};
      break;
    case TokenKind::duration: {
      ast::Duration read;
      if (!read_duration(state, first, read)) return false;
      literal.value = std::move(read);
      return true;
    }
    case TokenKind::word:
      if (first->is_word("true") || first->is_word("false"))
        literal.value = ast::BoolLiteral{first->text == "true"};
      else if (first->is_word("null"))
        literal.value = ast::NullLiteral{};
      else
        return false;
      break;
    case TokenKind::sign:
    case TokenKind::size:
    case TokenKind::label:
    case TokenKind::formatted_begin:
    case TokenKind::formatted_text:
    case TokenKind::formatted_open:
    case TokenKind::formatted_close:
    case TokenKind::formatted_end:
    case TokenKind::bad:
    case TokenKind::end:
      return false;
  }
  ++first;
  return true;
}

bool read_name_expr(State& state, Cursor& first, ast::NameExpr& expr) {
  ast::Name read;
  if (starts_any(first) || !read_name(state, first, read)) return false;
  expr.text = std::move(read.text);
  return true;
}

/// `count(*)`.
bool read_star_arguments(State& state, Cursor& first, ast::Arguments& arguments) {
  if (!first->is(Sign::paren_open) || !first[1].is(Sign::star) || !first[2].is(Sign::paren_close)) return false;
  state.reporter()
      .report(diag::StarArgument{.function = first[-1].text})
      .at(first[1].span)
      .fix(Applicability::certain, "leave it out", {{first[1].span, ""}});
  arguments.span = cover(first->span, first[2].span);
  first += 3;
  return true;
}

bool read_formatted_text(State&, Cursor& first, ast::Text& text) {
  if (first->kind != TokenKind::formatted_text) return false;
  text = {first->text, first->span};
  ++first;
  return true;
}

}  // namespace

BOOST_SPIRIT_DEFINE(primary, access, index_access, call, case_of, arm, pattern, formatted, argument, spread,
                    named_entry, plain_entry)
BOOST_SPIRIT_DEFINE(operand, postfix, arguments, struct_literal, list_literal, entry)
BOOST_SPIRIT_INSTANTIATE(operand_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(postfix_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(arguments_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(struct_literal_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(list_literal_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(entry_rule, Cursor, Context)

}  // namespace braid::grammar
