// Functions, aggregates and services.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

BRAID_LOCAL_RULE(type_parameter, ast::TypeParameter)
BRAID_LOCAL_RULE(service_option, ast::ServiceOption)
BRAID_LOCAL_RULE(cache_for, ast::CacheFor)
BRAID_LOCAL_RULE(timeout_after, ast::TimeoutAfter)
BRAID_LOCAL_RULE(retry, ast::Retry)
BRAID_LOCAL_RULE(parallel, ast::Parallel)
BRAID_LOCAL_RULE(else_outcome, ast::ElseOutcome)

const auto comma = quiet(Sign::comma);

const auto type_parameter_def = set<&ast::TypeParameter::name>(name) >>
                                -(sign(Sign::colon) > set<&ast::TypeParameter::bound>(name));
template <auto Member>
const auto generics = sign(Sign::less) > (set<Member>(type_parameter) % comma) > sign(Sign::greater);

const auto function_block = sign(Sign::brace_open) >> is<&ast::Function::block>() > *set<&ast::Function::lets>(let) >
                            kw("return") > set<&ast::Function::body>(expr) > sign(Sign::brace_close);
const auto function_item_def = kw("function") > set<&ast::Function::name>(declared_name) >
                               -generics<&ast::Function::generics> >
                               parentheses(set<&ast::Function::parameters>(parameter)) >
                               sign(Sign::arrow) > set<&ast::Function::result>(type) >
                               -(kw("fails") >> is<&ast::Function::fails>()) >
                               ((sign(Sign::bind) > set<&ast::Function::body>(tail(expr))) | function_block) >
                               *(kw("example") > set<&ast::Function::examples>(tail(expr)));

const auto aggregate_item_def = kw("aggregate") > set<&ast::Aggregate::name>(declared_name) >
                                -generics<&ast::Aggregate::generics> >
                                parentheses(set<&ast::Aggregate::parameters>(parameter)) >
                                sign(Sign::arrow) > set<&ast::Aggregate::result>(type) > sign(Sign::brace_open) >
                                kw("init") > set<&ast::Aggregate::init>(fields) >
                                kw("step") > set<&ast::Aggregate::step>(struct_literal) >
                                -(kw("undo") > set<&ast::Aggregate::undo>(struct_literal)) >
                                -(kw("merge") > set<&ast::Aggregate::merge>(struct_literal)) >
                                kw("finish") > set<&ast::Aggregate::finish>(tail(expr)) > sign(Sign::brace_close);

const auto cache_for_def = kw("cache") > set<&ast::CacheFor::duration>(duration) >>
                           -(kw("max") > set<&ast::CacheFor::most>(whole));
const auto timeout_after_def = kw("timeout") > set<&ast::TimeoutAfter::duration>(duration);
const auto retry_def = kw("retry") > set<&ast::Retry::count>(whole);
const auto parallel_def = kw("parallel") > set<&ast::Parallel::count>(whole);
const auto else_outcome_def = kw("else") > set<&ast::ElseOutcome::outcome>(name);
const auto service_option_def =
    spanned[one_of<&ast::ServiceOption::node>(cache_for, timeout_after, retry, parallel, else_outcome)];
const auto service_item_def = kw("service") > set<&ast::Service::name>(declared_name) >
                              parentheses(set<&ast::Service::parameters>(parameter)) >
                              sign(Sign::arrow) > set<&ast::Service::result>(type) >
                              kw("from") > set<&ast::Service::connector>(connector) >
                              *set<&ast::Service::options>(service_option);

}  // namespace

BOOST_SPIRIT_DEFINE(type_parameter, service_option, cache_for, timeout_after, retry, parallel, else_outcome)
BOOST_SPIRIT_DEFINE(function_item, aggregate_item, service_item)
BOOST_SPIRIT_INSTANTIATE(function_item_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(aggregate_item_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(service_item_rule, Cursor, Context)

}  // namespace braid::grammar
