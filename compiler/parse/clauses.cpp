// Clauses in the headers of streams, tables, views, products and policies; connectors, and who may read.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

BRAID_LOCAL_RULE(key, ast::Key)
BRAID_LOCAL_RULE(time_clause, ast::TimeClause)
BRAID_LOCAL_RULE(allow, ast::Allow)
BRAID_LOCAL_RULE(mask, ast::Mask)
BRAID_LOCAL_RULE(policy_mask, ast::Mask)
BRAID_LOCAL_RULE(deprecated, ast::Deprecated)
BRAID_LOCAL_RULE(draft, ast::Draft)
BRAID_LOCAL_RULE(migrate, ast::Migrate)
BRAID_LOCAL_RULE(from_connector, ast::FromConnector)
BRAID_LOCAL_RULE(to_connector, ast::ToConnector)
BRAID_LOCAL_RULE(idle, ast::Idle)
BRAID_LOCAL_RULE(ahead_limit, ast::Ahead)
BRAID_LOCAL_RULE(rate, ast::Rate)
BRAID_LOCAL_RULE(keys, ast::Keys)
BRAID_LOCAL_RULE(delete_when, ast::DeleteWhen)

const auto comma = quiet(Sign::comma);

const auto connector_def =
    spanned[set<&ast::Connector::name>(name) > set<&ast::Connector::address>(text) >
            -set<&ast::Connector::options>(arguments) >
            -(kw("format") > set<&ast::Connector::format>(name) > -set<&ast::Connector::format_options>(arguments))];

template <ast::PrincipalKind Kind>
const auto kind_is = is<&ast::Principal::kind>(Kind);
const auto principal_def = spanned[called(
    "`anyone`, `role`, `domain` or `user`",
    (kw("anyone") >> kind_is<ast::PrincipalKind::anyone>) |
        (((kw("role") >> kind_is<ast::PrincipalKind::role>) | (kw("domain") >> kind_is<ast::PrincipalKind::domain>) |
          (kw("user") >> kind_is<ast::PrincipalKind::user>)) >
         (set<&ast::Principal::who>(text) | set<&ast::Principal::who>(path))))];

const auto key_def = kw("key") > (set<&ast::Key::fields>(path) % comma);
const auto time_clause_def = kw("time") > set<&ast::TimeClause::field>(path) >
                             -(kw("within") > set<&ast::TimeClause::within>(duration));
const auto allow_def = kw("allow") > kw("read") > kw("to") > (set<&ast::Allow::readers>(principal) % comma) >
                       -purposes<&ast::Allow::purposes> > -(kw("where") > set<&ast::Allow::where>(tail(expr)));
const auto mask_end = kw("with") > set<&ast::Mask::with>(callable) >
                      -(kw("except") > (set<&ast::Mask::except>(principal) % comma));
const auto mask_def = kw("mask") > (set<&ast::Mask::fields>(path) % comma) > mask_end;
const auto policy_mask_def = kw("mask") > mask_end;
const auto deprecated_def = kw("deprecated") > kw("until") > set<&ast::Deprecated::until>(time_literal) >
                            -(kw("for") > set<&ast::Deprecated::successor>(version));
const auto draft_def = kw("draft");
const auto migrate_def = kw("migrate") >
                         kw("from") > set<&ast::Migrate::version>(version) > set<&ast::Migrate::flow>(steps);
const auto from_connector_def = kw("from") > set<&ast::FromConnector::connector>(connector);
const auto to_connector_def = kw("to") > set<&ast::ToConnector::connector>(connector) >
                              *((kw("changes") > kw("as") > set<&ast::ToConnector::changes>(name)) |
                                (kw("for") > set<&ast::ToConnector::reader>(principal)));
const auto idle_def = kw("idle") > (kw("never") | (set<&ast::Idle::after>(duration) >
                                                   -(kw("then") > kw("advance") > is<&ast::Idle::advance>())));
const auto ahead_limit_def = kw("ahead") > set<&ast::Ahead::limit>(duration);
const auto rate_def = kw("rate") > set<&ast::Rate::rows>(whole) > kw("per") > set<&ast::Rate::period>(duration);
const auto keys_def = kw("keys") > set<&ast::Keys::count>(whole) > kw("per") > set<&ast::Keys::field>(path);
const auto delete_when_def = kw("delete") > kw("when") > set<&ast::DeleteWhen::condition>(tail(expr));

const auto source_clause_def =
    spanned[one_of<&ast::Clause::node>(key, time_clause, contract, allow, mask, deprecated, draft, from_connector, idle,
                                       ahead_limit, rate, keys, delete_when)];
const auto view_clause_def = spanned[one_of<&ast::Clause::node>(key, time_clause)];
const auto product_clause_def = spanned[one_of<&ast::Clause::node>(key, time_clause, contract, allow, mask, deprecated,
                                                                   draft, migrate, to_connector)];
const auto policy_clause_def = spanned[one_of<&ast::Clause::node>(allow, policy_mask)];

}  // namespace

BOOST_SPIRIT_DEFINE(key, time_clause, allow, mask, policy_mask, deprecated, draft, migrate, from_connector,
                    to_connector, idle, ahead_limit, rate, keys, delete_when)
BOOST_SPIRIT_DEFINE(source_clause, view_clause, product_clause, policy_clause, connector, principal)
BOOST_SPIRIT_INSTANTIATE(source_clause_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(view_clause_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(product_clause_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(policy_clause_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(connector_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(principal_rule, Cursor, Context)

}  // namespace braid::grammar
