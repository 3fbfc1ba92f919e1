// Contracts and the promises in them, which `use … expect` shares.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

BRAID_LOCAL_RULE(compatible, ast::Compatible)
BRAID_LOCAL_RULE(fresh, ast::Fresh)
BRAID_LOCAL_RULE(latency, ast::Latency)
BRAID_LOCAL_RULE(unique, ast::Unique)
BRAID_LOCAL_RULE(complete, ast::Complete)
BRAID_LOCAL_RULE(volume, ast::Volume)
BRAID_LOCAL_RULE(state_limit, ast::StateLimit)
BRAID_LOCAL_RULE(keep, ast::Keep)
BRAID_LOCAL_RULE(pinned_fields, ast::PinnedFields)
BRAID_LOCAL_RULE(check, ast::Check)
BRAID_LOCAL_RULE(named_check, ast::Check)
BRAID_LOCAL_RULE(unchecked, ast::Unchecked)

const auto comma = quiet(Sign::comma);

const auto compatible_def = kw("compatible") > set<&ast::Compatible::how>(name);
const auto fresh_def = kw("fresh") > kw("within") > set<&ast::Fresh::within>(duration);
const auto latency_def = kw("latency") > set<&ast::Latency::quantile>(name) >
                         sign(Sign::less) > set<&ast::Latency::below>(duration);
const auto unique_def = kw("unique") > (set<&ast::Unique::fields>(path) % comma) >
                        -(kw("within") > set<&ast::Unique::within>(duration));
const auto complete_def = kw("complete") > (set<&ast::Complete::fields>(path) % comma) >
                          sign(Sign::greater_equal) > set<&ast::Complete::share>(percent);
const auto volume_def = kw("volume") > set<&ast::Volume::least>(whole) >
                        sign(Sign::range) > set<&ast::Volume::most>(whole) >
                        kw("per") > set<&ast::Volume::period>(duration);
const auto state_limit_def = kw("state") > sign(Sign::less_equal) > set<&ast::StateLimit::limit>(size);
const auto keep_def = kw("keep") > set<&ast::Keep::duration>(duration);
const auto pinned_fields_def = kw("fields") > set<&ast::PinnedFields::fields>(fields);
const auto check_def = kw("check") > set<&ast::Check::name>(declared_name) >
                       sign(Sign::colon) > set<&ast::Check::condition>(tail(expr)) > kw("else") >
                       ((kw("reject") >> is<&ast::Check::action>(ast::CheckAction::reject)) |
                        (kw("alert") >> is<&ast::Check::action>(ast::CheckAction::alert)) |
                        (kw("stop") >> is<&ast::Check::action>(ast::CheckAction::stop)));
const auto unchecked_def = kw("unchecked") > set<&ast::Unchecked::rule>(text) >
                           kw("because") > set<&ast::Unchecked::reason>(text);
const auto promise_def = spanned[one_of<&ast::Promise::node>(compatible, fresh, latency, unique, complete, volume,
                                                             state_limit, keep, pinned_fields, check, unchecked)];

const auto named_check_def = kw("check") > set<&ast::Check::name>(declared_name);
const auto expectation_def = spanned[one_of<&ast::Promise::node>(compatible, fresh, latency, unique, complete, volume,
                                                                 state_limit, keep, pinned_fields, named_check)];

const auto contract_def = kw("contract") > block(lines<&ast::Contract::promises>(Group::promise, "a promise", promise));

}  // namespace

BOOST_SPIRIT_DEFINE(compatible, fresh, latency, unique, complete, volume, state_limit, keep, pinned_fields, check)
BOOST_SPIRIT_DEFINE(named_check, unchecked, promise, expectation, contract)
BOOST_SPIRIT_INSTANTIATE(promise_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(expectation_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(contract_rule, Cursor, Context)

}  // namespace braid::grammar
