// The rules that the files of the grammar share. Each is defined in the file its section names.
#pragma once

#include "compiler/parse/recovery.h"

namespace braid::grammar {

#define BRAID_RULE(name, Node)                   \
  struct name##_id;                              \
  using name##_rule = x3::rule<name##_id, Node>; \
  inline const name##_rule name{#name};          \
  BOOST_SPIRIT_DECLARE(name##_rule)

// expressions.cpp
BRAID_RULE(expr, ast::ExprPtr)
BRAID_RULE(sum, ast::ExprPtr)
BRAID_RULE(callable, ast::ExprPtr)  // a lambda or the name of a function
// primaries.cpp
BRAID_RULE(operand, ast::ExprPtr)  // what the operators stand between
BRAID_RULE(postfix, ast::ExprPtr)
BRAID_RULE(arguments, ast::Arguments)
BRAID_RULE(struct_literal, ast::Struct)
BRAID_RULE(list_literal, ast::List)
BRAID_RULE(entry, ast::Entry)

// types.cpp
BRAID_RULE(type, ast::Type)
BRAID_RULE(fields, ast::Fields)
BRAID_RULE(parameter, ast::Parameter)
BRAID_RULE(path, ast::Path)
BRAID_RULE(relation, ast::Relation)

// flows.cpp
BRAID_RULE(flow, ast::Flow)
BRAID_RULE(steps, ast::Flow)  // a flow without its `from`
BRAID_RULE(let, ast::Let)
BRAID_RULE(retain, ast::Retain)
// joins.cpp
BRAID_RULE(join_step, ast::Join)
BRAID_RULE(lookup_step, ast::Lookup)
BRAID_RULE(unnest_step, ast::Unnest)
// aggregations.cpp
BRAID_RULE(window_step, ast::Window)
BRAID_RULE(group_step, ast::Group)
BRAID_RULE(running_step, ast::Running)
BRAID_RULE(top_step, ast::Top)
BRAID_RULE(last_step, ast::Last)
BRAID_RULE(distinct_step, ast::Distinct)
BRAID_RULE(match_step, ast::Match)

// clauses.cpp
BRAID_RULE(source_clause, ast::Clause)
BRAID_RULE(view_clause, ast::Clause)
BRAID_RULE(product_clause, ast::Clause)
BRAID_RULE(policy_clause, ast::Clause)
BRAID_RULE(connector, ast::Connector)
BRAID_RULE(principal, ast::Principal)
// contracts.cpp
BRAID_RULE(promise, ast::Promise)
BRAID_RULE(expectation, ast::Promise)  // of a reader: a check by its name alone
BRAID_RULE(contract, ast::Contract)

// functions.cpp
BRAID_RULE(function_item, ast::Function)
BRAID_RULE(aggregate_item, ast::Aggregate)
BRAID_RULE(service_item, ast::Service)
// tests.cpp
BRAID_RULE(test_item, ast::Test)
// script.cpp
BRAID_RULE(item, ast::Item)
BRAID_RULE(script, ast::Script)

#undef BRAID_RULE

/// A rule of one file.
#define BRAID_LOCAL_RULE(name, Node) \
  struct name##_id;                  \
  const x3::rule<name##_id, Node> name{#name};

/// `..` and `..<` into the member of type RangeEnd.
template <auto Member>
const auto range_end = (quiet(Sign::range_below) >> is<Member>(ast::RangeEnd::excluded)) |
                       (quiet(Sign::range) >> is<Member>(ast::RangeEnd::included));

/// A name after `as`; a name without it, as in SQL, is reported and accepted.
bool read_alias(State&, Cursor&, ast::Name&);
inline constexpr Terminal<ast::Name> alias{"", read_alias};

bool read_version(State&, Cursor&, ast::Int&);
inline constexpr Terminal<ast::Int> version{"", read_version};

/// Looks ahead for a word and a sign behind it, and takes neither: tells `list<` from a type named `list`.
struct AheadPart : Part<AheadPart> {
  std::string_view word;  ///< empty: any
  Sign sign;
  constexpr AheadPart(std::string_view leading, Sign behind) : word(leading), sign(behind) {}
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context&, RContext&, Attribute&) const {
    return (word.empty() ? first->kind == TokenKind::word : first->is_word(word)) && first[1].is(sign);
  }
};
constexpr AheadPart ahead(std::string_view word, Sign sign) {
  return {word, sign};
}

template <auto Member>
const auto purposes = kw("for") > kw("purpose") > (set<Member>(name) % quiet(Sign::comma));

}  // namespace braid::grammar
