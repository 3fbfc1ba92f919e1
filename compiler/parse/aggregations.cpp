// Windows and the steps that keep state by key: group, running, top, last, distinct, match.
#include "compiler/parse/literals.h"
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

BRAID_LOCAL_RULE(tumbling, ast::Tumbling)
BRAID_LOCAL_RULE(hopping, ast::Hopping)
BRAID_LOCAL_RULE(cumulative, ast::Cumulative)
BRAID_LOCAL_RULE(session, ast::Session)
BRAID_LOCAL_RULE(span_window, ast::SpanWindow)
BRAID_LOCAL_RULE(window_option, ast::WindowOption)
BRAID_LOCAL_RULE(window_zone, ast::WindowZone)
BRAID_LOCAL_RULE(window_late, ast::WindowLate)
BRAID_LOCAL_RULE(window_name, ast::WindowName)
BRAID_LOCAL_RULE(stateful_option, ast::StatefulOption)
BRAID_LOCAL_RULE(emit, ast::Emit)
BRAID_LOCAL_RULE(state_name, ast::StateName)
BRAID_LOCAL_RULE(ordering, ast::Ordering)
BRAID_LOCAL_RULE(element, ast::Element)

/// `group by` of SQL. A key may be called `by`: then no operand follows.
struct NeedlessBy : Part<NeedlessBy> {
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, RContext&, Attribute&) const {
    if (!first->is_word("by") || first[1].kind != TokenKind::word) return true;
    const Span behind{first->span.file, first[-1].span.end, first->span.end};
    state_of(context)
        .reporter()
        .report(diag::ForeignSpelling{.found = "group by", .wanted = "group"})
        .at(cover(first[-1].span, first->span))
        .fix(Applicability::certain, "leave out `by`", {{behind, ""}});
    ++first;
    return true;
  }
};

/// The length of `distinct`, which is easily forgotten: an hour is read in its place.
struct DistinctLength : Part<DistinctLength> {
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context& context, ast::Distinct& node, Attribute&) const {
    State& state = state_of(context);
    const Span last = first[-1].span;
    const Span behind{last.file, last.end, last.end};
    if (first->is_word("within")) {
      ++first;
      if (read_duration(state, first, node.within)) return true;
      state.expected(first, "a duration like `5m`", false);
      throw Failure(first, "a duration");
    }
    state.expected(first, "within", true);
    if (!first->starts_line && !first->is(Sign::brace_close)) throw Failure(first, "within");
    state.reporter()
        .report(diag::UnexpectedText{.expected = "`within`", .found = state.found(first)})
        .at(last, "the first of these in how long a time?")
        .note("the length bounds what is kept: `distinct k within 1h` gives the first row of each `k` in an hour")
        .fix(Applicability::sketch, "say for how long", {{behind, " within 1h"}});
    node.within = {"1h", *duration_parts("1h"), behind};
    return true;
  }
};

/// `?`, `{3}`, `{3..}`, `{3..5}`.
bool read_quantity(State& state, Cursor& first, ast::Quantity& quantity) {
  const Cursor begin = first;
  if (first->is(Sign::question)) {
    quantity = {0, 1, first->span};
    ++first;
    return true;
  }
  if (!first->is(Sign::brace_open)) return false;
  ++first;
  auto fail = [&](std::string_view wanted, bool is_word) {
    state.expected(first, wanted, is_word);
    throw Failure(first, std::string(wanted));
  };
  ast::Int least, most;
  if (!read_int(state, first, least)) fail("a whole number", false);
  quantity.least = least.value;
  quantity.most = least.value;
  if (first->is(Sign::range)) {
    ++first;
    quantity.most.reset();
    if (read_int(state, first, most)) quantity.most = most.value;
  }
  if (!first->is(Sign::brace_close)) fail("}", true);
  quantity.span = cover(begin->span, first->span);
  ++first;
  return true;
}
constexpr Terminal<ast::Quantity> quantity{"a quantity like `{3..}`", read_quantity};

/// `check{3..}: …`: in a pattern a name may begin a line and have a brace behind it, as else only steps do.
bool read_element_name(State& state, Cursor& first, ast::Name& name) {
  if (!first[1].is(Sign::brace_open)) return read_name(state, first, name);
  if (first->kind != TokenKind::word || (is_reserved(first->text) && !first->quoted)) return false;
  name = {first->text, first->span};
  ++first;
  return true;
}
constexpr Terminal<ast::Name> element_name{"a name", read_element_name};

/// A word that is followed by another one: `no paid: …`, unlike `no: …`.
struct LeadingWord : Part<LeadingWord> {
  std::string_view word;
  constexpr explicit LeadingWord(std::string_view leading) : word(leading) {}
  template <class Context, class RContext, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context&, RContext&, Attribute&) const {
    if (!first->is_word(word) || first[1].kind != TokenKind::word) return false;
    ++first;
    return true;
  }
};

const auto comma = quiet(Sign::comma);
template <auto Member>
const auto length = called("a length like `10m`", set<Member>(duration) | set<Member>(name));
template <auto Member>
const auto per = kw("per") > (set<Member>(expr) % comma);

const auto tumbling_def = kw("tumbling") > length<&ast::Tumbling::length>;
const auto hopping_def = kw("hopping") > length<&ast::Hopping::length> > kw("every") > length<&ast::Hopping::every>;
const auto cumulative_def = kw("cumulative") > length<&ast::Cumulative::length> >
                            kw("every") > length<&ast::Cumulative::every>;
const auto session_def = kw("session") > kw("gap") > length<&ast::Session::gap> >
                         -(kw("max") > length<&ast::Session::max>);
const auto span_window_def = kw("span") > set<&ast::SpanWindow::first>(sum) >
                             called("`..` or `..<`",
                                    range_end<&ast::SpanWindow::end>) > set<&ast::SpanWindow::last>(sum);
const auto window_zone_def = kw("in") > (set<&ast::WindowZone::zone>(text) | set<&ast::WindowZone::zone>(name));
const auto window_late_def = kw("late") > set<&ast::WindowLate::late>(duration);
const auto window_name_def = kw("as") > set<&ast::WindowName::name>(declared_name);
const auto window_option_def = spanned[one_of<&ast::WindowOption::node>(window_zone, window_late, window_name)];
const auto window_step_def = kw("window") >
                             one_of<&ast::Window::kind>(tumbling, hopping, cumulative, session, span_window) >
                             *set<&ast::Window::options>(window_option);

const auto emit_def = kw("emit") > ((kw("final") >> is<&ast::Emit::kind>(ast::EmitKind::final)) |
                                    (kw("changes") >> is<&ast::Emit::kind>(ast::EmitKind::changes)) |
                                    (kw("every") >> is<&ast::Emit::kind>(ast::EmitKind::every) >
                                     set<&ast::Emit::period>(duration) > -(kw("wall") >> is<&ast::Emit::wall>())));
const auto state_name_def = kw("as") > set<&ast::StateName::name>(declared_name);
const auto stateful_option_def = spanned[one_of<&ast::StatefulOption::node>(emit, retain, state_name)];

const auto group_step_def = kw("group") > NeedlessBy() >
                            -(!quiet(Sign::brace_open) >>
                              (set<&ast::Group::keys>(entry) % comma)) > set<&ast::Group::aggregates>(struct_literal) >
                            *set<&ast::Group::options>(stateful_option);

const auto running_step_def = kw("running") > -per<&ast::Running::per> >
                              -(kw("over") >
                                ((set<&ast::Running::over>(whole) > kw("rows")) |
                                 set<&ast::Running::over>(duration))) > set<&ast::Running::aggregates>(struct_literal) >
                              *set<&ast::Running::options>(stateful_option);

const auto ordering_def = spanned[set<&ast::Ordering::value>(expr) >>
                                  -((kw("asc") >> is<&ast::Ordering::direction>(ast::Direction::ascending)) |
                                    (kw("desc") >> is<&ast::Ordering::direction>(ast::Direction::descending)))];
const auto top_step_def = kw("top") > set<&ast::Top::count>(whole) >
                          -(kw("with") > kw("ties") > is<&ast::Top::with_ties>()) > kw("by") >
                          (set<&ast::Top::by>(ordering) % comma) > -per<&ast::Top::per> >
                          -(kw("numbered") > set<&ast::Top::numbered>(declared_name)) >
                          *set<&ast::Top::options>(stateful_option);

const auto last_step_def = kw("last") > per<&ast::Last::per> > *set<&ast::Last::options>(stateful_option);

const auto distinct_step_def = kw("distinct") > (set<&ast::Distinct::keys>(expr) % comma) > DistinctLength() >
                               *set<&ast::Distinct::options>(stateful_option);

const auto element_def = spanned[-((LeadingWord("no") >> is<&ast::Element::kind>(ast::ElementKind::absent)) |
                                   (LeadingWord("next") >> is<&ast::Element::kind>(ast::ElementKind::next))) >>
                                 set<&ast::Element::name>(element_name) > -set<&ast::Element::quantity>(quantity) >
                                 sign(Sign::colon) > set<&ast::Element::condition>(expr)];
const auto match_step_def = kw("match") > -per<&ast::Match::per> > kw("within") > set<&ast::Match::within>(duration) >
                            braces(set<&ast::Match::elements>(element)) > *set<&ast::Match::options>(stateful_option);

}  // namespace

BOOST_SPIRIT_DEFINE(tumbling, hopping, cumulative, session, span_window, window_option, window_zone, window_late,
                    window_name, stateful_option, emit, state_name, ordering, element)
BOOST_SPIRIT_DEFINE(window_step, group_step, running_step, top_step, last_step, distinct_step, match_step)
BOOST_SPIRIT_INSTANTIATE(window_step_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(group_step_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(running_step_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(top_step_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(last_step_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(distinct_step_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(match_step_rule, Cursor, Context)

}  // namespace braid::grammar
