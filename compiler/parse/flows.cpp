// A flow: where its rows come from, and its steps. The larger steps are in joins.cpp and aggregations.cpp.
#include <array>

#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

BRAID_LOCAL_RULE(from, ast::From)
BRAID_LOCAL_RULE(from_every, ast::FromEvery)
BRAID_LOCAL_RULE(from_relation, ast::FromRelation)
BRAID_LOCAL_RULE(step, ast::Step)
BRAID_LOCAL_RULE(union_step, ast::Union)
BRAID_LOCAL_RULE(where_step, ast::Where)
BRAID_LOCAL_RULE(let_step, ast::Let)
BRAID_LOCAL_RULE(select_step, ast::Select)
BRAID_LOCAL_RULE(drop_step, ast::Drop)
BRAID_LOCAL_RULE(rename_step, ast::Rename)
BRAID_LOCAL_RULE(renaming, ast::Renaming)

/// `having` of SQL, read as `where`.
struct Having : Part<Having> {
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Attribute&) const {
    if (!first->is_word("having")) return false;
    state_of(context)
        .reporter()
        .report(diag::HavingStep{})
        .at(first->span)
        .fix(Applicability::certain, "use `where`", {{first->span, "where"}});
    ++first;
    return true;
  }
};

/// `select *` of SQL.
bool read_star_row(State& state, Cursor& first, ast::Struct& row) {
  if (!first->is(Sign::star)) return false;
  state.reporter()
      .report(diag::SelectStar{})
      .at(first->span)
      .fix(Applicability::certain, "select the rest", {{first->span, "{ .. }"}});
  row.span = first->span;
  row.entries.push_back({ast::SpreadEntry{}, first->span});
  ++first;
  return true;
}
constexpr Terminal<ast::Struct> star_row{"", read_star_row};

/// The `from` that a flow begins with. Without one the steps are read nevertheless, and a `from` among them is taken.
struct LeadingFrom : Part<LeadingFrom> {
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::Flow& flow, Attribute&) const {
    State& state = state_of(context);
    static constexpr std::array<std::string_view, 1> kFrom = {"from"};
    if (!first->is_word("from") && !state.correct_word(first, kFrom, "flow")) {
      state.reporter().report(diag::FlowWithoutFrom{.found = state.found(first)}).at(first->span);
      state.awaits_from = true;
      return true;
    }
    state.awaits_from = false;
    const Cursor begin = first;
    ast::From read;
    const Cursor failed = attempt(state, first, [&] { return from.parse(first, last, context, x3::unused, read); });
    if (failed == nullptr) {
      flow.from = std::move(read);
      return true;
    }
    first = state.skip_to_line(failed > begin ? failed : begin + 1, Group::step);
    state.silence(first);
    return true;
  }
};

/// A `from` in the middle of a flow.
struct LaterFrom : ValuePart<LaterFrom, ast::ErrorStep> {
  template <class Context, class RContext>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext&, ast::ErrorStep&) const {
    if (!first->is_word("from")) return false;
    State& state = state_of(context);
    const Cursor begin = first;
    ast::From read;
    if (!from.parse(first, last, context, x3::unused, read)) return false;
    if (std::exchange(state.awaits_from, false)) {
      state.found_from = std::move(read);
      return true;
    }
    state.reporter()
        .report(diag::UnexpectedText{.expected = "another step", .found = "a second `from`"})
        .at(begin->span)
        .note("a flow has one `from`; other relations come in by `join` or `union`");
    return true;
  }
};

struct TakeLaterFrom : Part<TakeLaterFrom> {
  template <class Context, class Attribute>
  bool parse(Cursor&, const Cursor&, const Context& context, ast::Flow& flow, Attribute&) const {
    State& state = state_of(context);
    if (!flow.from) flow.from = std::exchange(state.found_from, std::nullopt);
    state.awaits_from = false;
    return true;
  }
};

const auto comma = quiet(Sign::comma);

const auto from_every_def = kw("every") >> set<&ast::FromEvery::period>(duration);
const auto from_relation_def = set<&ast::FromRelation::relation>(relation) >>
                               -(kw("by") > kw("arrival") > is<&ast::FromRelation::by_arrival>());
const auto from_def =
    spanned[kw("from") > one_of<&ast::From::node>(from_every, from_relation) > -set<&ast::From::as>(alias)];

const auto union_step_def = kw("union") > set<&ast::Union::relation>(relation);
const auto where_step_def = (kw("where") | Having()) > set<&ast::Where::condition>(tail(expr)) >
                            -(kw("else") > set<&ast::Where::otherwise>(declared_name));
const auto let_def =
    spanned[kw("let") > set<&ast::Let::name>(declared_name) > sign(Sign::bind) > set<&ast::Let::value>(tail(expr))];
const auto let_step_def = let_def;
const auto select_step_def = kw("select") > (set<&ast::Select::row>(star_row) | set<&ast::Select::row>(struct_literal));
const auto drop_step_def = kw("drop") > (set<&ast::Drop::fields>(path) % comma);
const auto renaming_def = spanned[set<&ast::Renaming::from>(path) > kw("to") > set<&ast::Renaming::to>(declared_name)];
const auto rename_step_def = kw("rename") > (set<&ast::Rename::list>(renaming) % comma);
const auto retain_def = kw("retain") > (kw("forever") | set<&ast::Retain::duration>(duration));

const auto step_def = spanned[one_of<&ast::Step::node>(
    where_step, let_step, select_step, join_step, group_step, window_step, union_step, drop_step, rename_step,
    lookup_step, unnest_step, running_step, top_step, last_step, distinct_step, match_step, LaterFrom())];

const auto flow_def =
    spanned[block(LeadingFrom() >> lines<&ast::Flow::steps>(Group::step, "a step", step) >> TakeLaterFrom())];
const auto steps_def = spanned[block(lines<&ast::Flow::steps>(Group::step, "a step", step))];

/// Words that may follow the name of a relation.
bool follows_relation(Cursor at) {
  static constexpr std::array<std::string_view, 10> kWords = {"on",   "using",  "within", "max", "wait",
                                                              "else", "retain", "by",     "as",  "version"};
  if (at->kind != TokenKind::word || at->quoted) return false;
  const auto steps = words_of(Group::step);
  return std::find(kWords.begin(), kWords.end(), at->text) != kWords.end() ||
         std::find(steps.begin(), steps.end(), at->text) != steps.end();
}

}  // namespace

bool read_alias(State& state, Cursor& first, ast::Name& name) {
  if (first->is_word("as")) {
    ++first;
    if (read_declared_name(state, first, name)) return true;
    state.expected(first, "a name", false);
    throw Failure(first, "a name");
  }
  // `join customer c on …`: a name on the same line, and behind it what follows a relation.
  const Token& next = first[1];
  const bool alone = next.starts_line || next.is(Sign::brace_close) || follows_relation(first + 1);
  if (first->kind != TokenKind::word || first->starts_line || follows_relation(first) || !alone) {
    state.expected(first, "as", true);
    return false;
  }
  if (!read_name(state, first, name)) return false;
  state.reporter()
      .report(diag::AliasWithoutAs{.name = name.text})
      .at(name.span)
      .fix(Applicability::certain, "add `as`", {{{name.span.file, name.span.begin, name.span.begin}, "as "}});
  return true;
}

BOOST_SPIRIT_DEFINE(from, from_every, from_relation, step, union_step, where_step, let_step, select_step, drop_step,
                    rename_step, renaming)
BOOST_SPIRIT_DEFINE(flow, steps, let, retain)
BOOST_SPIRIT_INSTANTIATE(flow_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(steps_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(let_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(retain_rule, Cursor, Context)

}  // namespace braid::grammar
