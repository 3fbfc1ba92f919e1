// Steps that bring data of elsewhere into the row: join, lookup, unnest.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

BRAID_LOCAL_RULE(join_clause, ast::JoinClause)
BRAID_LOCAL_RULE(within_window, ast::WithinWindow)
BRAID_LOCAL_RULE(within_any, ast::WithinAny)
BRAID_LOCAL_RULE(within_range, ast::WithinRange)
BRAID_LOCAL_RULE(max_age, ast::MaxAge)
BRAID_LOCAL_RULE(wait_at_most, ast::WaitAtMost)
BRAID_LOCAL_RULE(else_port, ast::ElsePort)

const auto within_window_def = kw("within") >> kw("window");
const auto within_any_def = kw("within") >> kw("any");
const auto within_range_def = kw("within") > set<&ast::WithinRange::first>(sum) > sign(Sign::range) >
                              (kw("any") | set<&ast::WithinRange::last>(sum));
const auto max_age_def = kw("max") > kw("age") > set<&ast::MaxAge::age>(duration);
const auto wait_at_most_def = kw("wait") > kw("at") > kw("most") > set<&ast::WaitAtMost::wait>(duration);
const auto else_port_def = kw("else") > set<&ast::ElsePort::port>(declared_name);
const auto join_clause_def = spanned[one_of<&ast::JoinClause::node>(within_window, within_any, within_range, max_age,
                                                                    wait_at_most, else_port, retain)];

template <ast::JoinKind Kind>
const auto kind_is = is<&ast::Join::kind>(Kind);
const auto join_kind = (kw("left") >> kind_is<ast::JoinKind::left>) | (kw("right") >> kind_is<ast::JoinKind::right>) |
                       (kw("full") >> kind_is<ast::JoinKind::full>) | (kw("semi") >> kind_is<ast::JoinKind::semi>) |
                       (kw("anti") >> kind_is<ast::JoinKind::anti>);
const auto join_pick = (kw("latest") >> is<&ast::Join::pick>(ast::JoinPick::latest)) |
                       (kw("nearest") >> is<&ast::Join::pick>(ast::JoinPick::nearest));

const auto join_step_def = -join_kind >> kw("join") > -join_pick > set<&ast::Join::relation>(relation) >
                           -set<&ast::Join::as>(alias) >
                           -((kw("on") > set<&ast::Join::on>(tail(expr))) |
                             (kw("using") > (set<&ast::Join::using_>(name) % quiet(Sign::comma)))) >
                           *set<&ast::Join::clauses>(join_clause);

const auto lookup_step_def = -(kw("left") >> is<&ast::Lookup::left>()) >>
                             kw("lookup") > set<&ast::Lookup::service>(name) > set<&ast::Lookup::arguments>(arguments) >
                             kw("as") > set<&ast::Lookup::as>(declared_name) >
                             -(kw("else") > set<&ast::Lookup::otherwise>(declared_name));

const auto unnest_step_def = -(kw("left") >> is<&ast::Unnest::left>()) >> kw("unnest") > set<&ast::Unnest::list>(expr) >
                             kw("as") > set<&ast::Unnest::as>(declared_name);

}  // namespace

BOOST_SPIRIT_DEFINE(join_clause, within_window, within_any, within_range, max_age, wait_at_most, else_port)
BOOST_SPIRIT_DEFINE(join_step, lookup_step, unnest_step)
BOOST_SPIRIT_INSTANTIATE(join_step_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(lookup_step_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(unnest_step_rule, Cursor, Context)

}  // namespace braid::grammar
