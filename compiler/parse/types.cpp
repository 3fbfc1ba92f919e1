// Types, fields, parameters, paths.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

/// `..` among fields.
struct OtherFields : Part<OtherFields> {
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor&, const Context&, ast::Fields& node, Attribute&) const {
    if (!first->is(Sign::range)) return false;
    node.others = first->span;
    ++first;
    return true;
  }
};

/// A symbol of an enum is a name or, if it is spelled like none, a text.
bool read_symbol(State& state, Cursor& first, ast::Name& symbol) {
  if (first->kind != TokenKind::text) return read_name(state, first, symbol);
  symbol = {first->text, first->span};
  ++first;
  return true;
}
constexpr Terminal<ast::Name> symbol{"a symbol", read_symbol};

BRAID_LOCAL_RULE(named_type, ast::NamedType)
BRAID_LOCAL_RULE(decimal_type, ast::DecimalType)
BRAID_LOCAL_RULE(enum_type, ast::EnumType)
BRAID_LOCAL_RULE(list_type, ast::ListType)
BRAID_LOCAL_RULE(map_type, ast::MapType)
BRAID_LOCAL_RULE(function_type, ast::FunctionType)
BRAID_LOCAL_RULE(struct_type, ast::StructType)
BRAID_LOCAL_RULE(field, ast::Field)

const auto comma = sign(Sign::comma);

const auto path_def = spanned[set<&ast::Path::parts>(name) >> *(quiet(Sign::dot) > set<&ast::Path::parts>(any_word))];
const auto relation_def = spanned[set<&ast::Relation::path>(path) >> -set<&ast::Relation::version>(version)];

const auto named_type_def = set<&ast::NamedType::path>(path);
const auto decimal_type_def = ahead("decimal", Sign::paren_open) >> kw("decimal") >
                              sign(Sign::paren_open) > set<&ast::DecimalType::precision>(whole) > comma
                              > set<&ast::DecimalType::scale>(whole) > sign(Sign::paren_close);
const auto enum_type_def = ahead("enum", Sign::brace_open) >> kw("enum") > braces(set<&ast::EnumType::symbols>(symbol));
const auto list_type_def = ahead("list", Sign::less) >> kw("list") >
                           sign(Sign::less) > set<&ast::ListType::element>(type) > sign(Sign::greater);
const auto map_type_def = ahead("map", Sign::less) >> kw("map") >
                          sign(Sign::less) > set<&ast::MapType::key>(type) > comma > set<&ast::MapType::value>(type) >
                          sign(Sign::greater);
const auto function_type_def = parentheses(set<&ast::FunctionType::parameters>(type)) >
                               sign(Sign::lambda) > set<&ast::FunctionType::result>(type);
const auto struct_type_def = set<&ast::StructType::fields>(fields);

const auto type_def =
    called("a type", nested(spanned[one_of<&ast::Type::node>(decimal_type, enum_type, list_type, map_type,
                                                             function_type, struct_type, named_type) >>
                                    -(quiet(Sign::question) >> is<&ast::Type::optional>())]));

const auto field_def = doc<&ast::Field::doc> >>
                       spanned[set<&ast::Field::name>(any_word) > sign(Sign::colon) > set<&ast::Field::type>(type) >
                               *set<&ast::Field::labels>(label) > -(kw("from") > set<&ast::Field::from>(text)) >
                               -(quiet(Sign::bind) > set<&ast::Field::initial>(expr))];
const auto fields_def = spanned[braces(OtherFields() | set<&ast::Fields::list>(field))];

const auto parameter_def =
    spanned[set<&ast::Parameter::name>(name) > sign(Sign::colon) > set<&ast::Parameter::type>(type) >
            -(quiet(Sign::bind) > set<&ast::Parameter::initial>(expr))];

}  // namespace

bool read_version(State& state, Cursor& first, ast::Int& version) {
  if (!first->is_word("version")) {
    state.expected(first, "version", true);
    return false;
  }
  ++first;
  if (read_int(state, first, version)) return true;
  state.expected(first, "a whole number", false);
  throw Failure(first, "a whole number");
}

BOOST_SPIRIT_DEFINE(named_type, decimal_type, enum_type, list_type, map_type, function_type, struct_type, field)
BOOST_SPIRIT_DEFINE(type, fields, parameter, path, relation)
BOOST_SPIRIT_INSTANTIATE(type_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(fields_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(parameter_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(path_rule, Cursor, Context)
BOOST_SPIRIT_INSTANTIATE(relation_rule, Cursor, Context)

}  // namespace braid::grammar
