// A whole script: its domain, what it uses, its items.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

BRAID_LOCAL_RULE(domain, ast::Domain)
BRAID_LOCAL_RULE(use, ast::Use)
BRAID_LOCAL_RULE(policy, ast::Policy)
BRAID_LOCAL_RULE(param, ast::Param)
BRAID_LOCAL_RULE(type_alias, ast::TypeAlias)
BRAID_LOCAL_RULE(source, ast::Source)
BRAID_LOCAL_RULE(view, ast::View)
BRAID_LOCAL_RULE(product, ast::Product)

/// Notes where the item begins: what stands deeper is inside it.
struct ItemBegins : Part<ItemBegins> {
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Attribute&) const {
    state_of(context).item_begin = first;
    return true;
  }
};

/// Nothing, where a script does not begin with its domain; that is reported.
struct MissingDomain : Part<MissingDomain> {
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, RContext&, Attribute&) const {
    State& state = state_of(context);
    if (first->kind != TokenKind::bad)
      state.reporter()
          .report(diag::MissingDomain{.found = state.found(first)})
          .at(first->span)
          .note("a domain is the namespace of its files: `domain payments`");
    if (first != last) first = state.skip_to_line(first, Group::item);
    return true;
  }
};
struct CorrectedDomain : Part<CorrectedDomain> {
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Attribute&) const {
    static constexpr std::string_view kDomain[] = {"domain"};
    return first->is_word("domain") || state_of(context).correct_word(first, kDomain, "script");
  }
};

const auto domain_def =
    spanned[kw("domain") > set<&ast::Domain::path>(path) > -(kw("owner") > set<&ast::Domain::owner>(text)) >
            -(kw("description") > set<&ast::Domain::description>(text))];

const auto use_def =
    spanned[kw("use") > set<&ast::Use::path>(path) > -set<&ast::Use::version>(version) >
            -(kw("as") > set<&ast::Use::as>(declared_name)) >
            -(kw("for") > kw("purpose") > set<&ast::Use::purpose>(name)) >
            -(kw("expect") > block(lines<&ast::Use::expects>(Group::promise, "a promise", expectation)))];

const auto policy_def = kw("policy") > set<&ast::Policy::name>(declared_name) >
                        kw("on") > set<&ast::Policy::label>(label) >
                        block(lines<&ast::Policy::clauses>(Group::clause, "`allow` or `mask`", policy_clause));
const auto param_def = kw("param") > set<&ast::Param::name>(declared_name) >
                       sign(Sign::colon) > set<&ast::Param::type>(type) >
                       sign(Sign::bind) > set<&ast::Param::value>(tail(expr));
const auto type_alias_def = kw("type") > set<&ast::TypeAlias::name>(declared_name) >
                            sign(Sign::bind) > set<&ast::TypeAlias::type>(type);
const auto source_def = ((kw("stream") >> is<&ast::Source::kind>(ast::SourceKind::stream)) |
                         (kw("table") >> is<&ast::Source::kind>(ast::SourceKind::table))) >
                        set<&ast::Source::name>(declared_name) >
                        -set<&ast::Source::version>(version) > lines<&ast::Source::clauses>(
                                                                   Group::clause, "a clause of a source",
                                                                   source_clause) > set<&ast::Source::fields>(fields);
const auto view_def =
    kw("view") >
    set<&ast::View::name>(declared_name) > lines<&ast::View::clauses>(Group::clause, "a clause of a view",
                                                                      view_clause) > set<&ast::View::flow>(flow);
const auto product_def = kw("product") > set<&ast::Product::name>(declared_name) >
                         -set<&ast::Product::version>(version) > lines<&ast::Product::clauses>(
                                                                     Group::clause, "a clause of a product",
                                                                     product_clause) > set<&ast::Product::flow>(flow);

const auto may_be_public =
    one_of<&ast::Item::node>(product, source, view, function_item, type_alias, aggregate_item, service_item);
const auto item_def = doc<&ast::Item::doc> >>
                      ItemBegins() >> spanned[(kw("public") >> is<&ast::Item::is_public>() >
                                               called("an item that can be public", may_be_public)) |
                                              may_be_public | one_of<&ast::Item::node>(policy, test_item, param)];

const auto script_def =
    doc<&ast::Script::doc> >> ((CorrectedDomain() >> guarded(set<&ast::Script::domain>(domain))) | MissingDomain()) >>
    *(&kw("use") >> guarded(set<&ast::Script::uses>(use))) >> lines<&ast::Script::items>(Group::item, "an item", item);

}  // namespace

void parse_stray_item(State& state, Cursor& first) {
  state.reporter()
      .report(diag::ItemInBlock{.word = first->text})
      .at(first->span, "this is inside another item")
      .also(state.item_begin->span, "which begins here");
  const Cursor outer = state.item_begin;
  const Cursor begin = first;
  const Cursor last = state.end();
  const Context context(state);
  ast::Item stray;
  const auto awaits_from = state.awaits_from;
  const Cursor failed = attempt(state, first, [&] { return item.parse(first, last, context, x3::unused, stray); });
  if (failed == nullptr)
    state.stray_items.push_back(std::move(stray));
  else
    first = state.skip_to_any_line(failed > begin ? failed : begin + 1);
  state.awaits_from = awaits_from;
  state.item_begin = outer;
}

BOOST_SPIRIT_DEFINE(domain, use, policy, param, type_alias, source, view, product)
BOOST_SPIRIT_DEFINE(item, script)
BOOST_SPIRIT_INSTANTIATE(item_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(script_rule, Cursor, Context)

}  // namespace braid::grammar
