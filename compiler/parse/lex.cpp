#include "compiler/parse/lex.h"

#include <boost/spirit/home/x3.hpp>

#include "compiler/parse/lexer.h"

namespace braid::grammar {
namespace {

namespace x3 = boost::spirit::x3;

struct LexerTag {};

/// The text that matched goes to a method of the Lexer.
template <auto Method>
struct Emit {
  template <class Context>
  void operator()(Context& context) const {
    const auto& range = x3::_attr(context);
    const std::string_view text(range.begin(), static_cast<size_t>(range.end() - range.begin()));
    (x3::get<LexerTag>(context).*Method)(text);
  }
};
template <auto Method>
constexpr Emit<Method> emit{};

/// Braces nest in the expressions of formatted texts; this bounds how deep.
struct DeepEnough : x3::parser<DeepEnough> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;
  template <class It, class Context, class RContext, class Attribute>
  bool parse(It&, It const&, Context const& context, RContext&, Attribute&) const {
    return x3::get<LexerTag>(context).deeper();
  }
};
struct Shallower : x3::parser<Shallower> {
  using attribute_type = x3::unused_type;
  static bool const has_attribute = false;
  template <class It, class Context, class RContext, class Attribute>
  bool parse(It&, It const&, Context const& context, RContext&, Attribute&) const {
    x3::get<LexerTag>(context).shallower();
    return true;
  }
};

const auto letter = x3::char_("A-Za-z_");
const auto word_character = x3::char_("A-Za-z0-9_");
const auto digit = x3::char_("0-9");
const auto digits = digit >> *x3::char_("0-9_");
const auto rest_of_line = *~x3::char_('\n');

struct SignSymbols : x3::symbols<Sign> {
  SignSymbols() {
    for (const SignText& entry : kSigns) add(std::string(entry.text), entry.sign);
  }
};
const SignSymbols signs;

struct UnitSymbols : x3::symbols<int> {
  UnitSymbols() {
    for (const char* unit : {"us", "ms", "mo", "s", "m", "h", "d", "w", "y"}) add(unit, 0);
  }
};
const UnitSymbols units;

const auto blank = x3::omit[x3::char_(" \t\r")] | x3::raw[x3::lit('\n')][emit<&Lexer::line_break>];
const auto comment = x3::raw["//" >> rest_of_line][emit<&Lexer::comment>] |
                     x3::raw["/*" >> *(x3::char_ - "*/") >> -x3::lit("*/")][emit<&Lexer::block_comment>];

const auto word = x3::raw[letter >> *word_character][emit<&Lexer::word>] |
                  x3::raw['`' >> +(x3::char_ - (x3::lit('`') | '\n')) >> '`'][emit<&Lexer::quoted_word>];

const auto duration = x3::raw[+(digits >> x3::omit[units]) >> !word_character][emit<&Lexer::duration>];
const auto size = x3::raw[+digit >> x3::char_("KMGT") >> 'B' >> !word_character][emit<&Lexer::size>];
const auto hex = x3::raw["0x" >> +x3::char_("0-9A-Fa-f_") >> !word_character][emit<&Lexer::hex>];
const auto fraction = '.' >> digits;
const auto exponent = x3::char_("eE") >> -x3::char_("+-") >> +digit;
const auto number = x3::raw[digits >> exponent >> !word_character][emit<&Lexer::floating>] |
                    x3::raw[digits >> fraction >> exponent >> !word_character][emit<&Lexer::floating>] |
                    x3::raw[digits >> fraction >> !word_character][emit<&Lexer::decimal>] |
                    x3::raw[digits >> !word_character][emit<&Lexer::integer>];
const auto odd_number =
    x3::raw[digits >> -fraction >> +(word_character | x3::char_("\x80-\xff"))][emit<&Lexer::odd_number>];

const auto day = x3::repeat(4)[digit] >> '-' >> x3::repeat(2)[digit] >> '-' >> x3::repeat(2)[digit];
const auto clock = x3::repeat(2)[digit] >> ':' >> x3::repeat(2)[digit] >>
                   -(':' >> x3::repeat(2)[digit] >> -('.' >> +digit));
const auto zone = x3::lit('Z') | (x3::char_("+-") >> x3::repeat(2)[digit] >> ':' >> x3::repeat(2)[digit]);
const auto time_ends = !(word_character | ':');
const auto time = x3::raw['@' >> day >> 'T' >> clock >> zone >> time_ends][emit<&Lexer::instant>] |
                  x3::raw['@' >> day >> time_ends][emit<&Lexer::date>] |
                  x3::raw['@' >> clock >> time_ends][emit<&Lexer::clock>] |
                  x3::raw['@' >> +(word_character | x3::char_(":+-") | ('.' >> &digit))][emit<&Lexer::odd_time>];

const auto text = x3::raw['"' >> *(~x3::char_("\"\\\n") | ('\\' >> ~x3::char_('\n'))) >> '"'][emit<&Lexer::text>] |
                  x3::raw["r\"" >> *~x3::char_("\"\n") >> '"'][emit<&Lexer::raw_text>] |
                  x3::raw[-x3::lit('r') >> '"' >> rest_of_line][emit<&Lexer::unterminated_text>] |
                  x3::raw['\'' >> *~x3::char_("'\n") >> '\''][emit<&Lexer::single_quoted>];

struct token_id;
struct formatted_id;
struct braced_id;
const x3::rule<token_id> token("token");
const x3::rule<formatted_id> formatted("formatted text");
const x3::rule<braced_id> braced("braces");

const auto formatted_text = x3::raw[+("{{" | x3::lit("}}") | ~x3::char_("\"{}\\\n") | ('\\' >> ~x3::char_('\n')))]
                                   [emit<&Lexer::formatted_text>];
// Inside the braces of a formatted text: tokens, with braces of their own in pairs.
const auto inside = *(blank | comment | braced | (!x3::char_("{}") >> token));
const auto braced_def = x3::raw[x3::lit('{')][emit<&Lexer::sign>] >> DeepEnough() >> inside >> Shallower() >>
                        -x3::raw[x3::lit('}')][emit<&Lexer::sign>];
const auto hole = x3::raw[x3::lit('{')][emit<&Lexer::formatted_open>] >> DeepEnough() >> inside >> Shallower() >>
                  (x3::raw[x3::lit('}')][emit<&Lexer::formatted_close>] |
                   x3::raw[x3::eps][emit<&Lexer::unclosed_hole>]);
const auto formatted_def = x3::raw[x3::lit("f\"")][emit<&Lexer::formatted_begin>] >>
                           *(formatted_text | hole | x3::raw[x3::lit('}')][emit<&Lexer::loose_brace>]) >>
                           (x3::raw[x3::lit('"')][emit<&Lexer::formatted_end>] |
                            x3::raw[x3::eps][emit<&Lexer::unterminated_formatted>]);

const auto unknown = x3::raw[x3::omit[x3::char_] >> *x3::char_("\x80-\xbf")][emit<&Lexer::unknown>];

const auto token_def = &x3::lit("f\"") >> formatted | text | word | duration | size | hex | number | odd_number | time |
                       x3::raw['#' >> letter >> *word_character][emit<&Lexer::label>] |
                       x3::raw[x3::omit[signs]][emit<&Lexer::sign>] | unknown;

BOOST_SPIRIT_DEFINE(token, formatted, braced)

}  // namespace

TokenList lex(const SourceSet& sources, uint32_t file, Reporter& reporter) {
  const std::string_view script = sources.file(file).text;
  Lexer lexer(script, file, reporter);
  if (lexer.accepts_script()) {
    const char* first = script.data() + lexer.begin();
    const char* last = script.data() + script.size();
    const auto everything = x3::with<LexerTag>(lexer)[*(blank | comment | token)];
    x3::parse(first, last, everything);
  }
  return lexer.finish();
}

}  // namespace braid::grammar
