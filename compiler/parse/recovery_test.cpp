// Going on after a mistake, places of nodes, and depth.
#include <gtest/gtest.h>

#include <chrono>

#include "compiler/parse/parsed_test.h"

namespace braid {
namespace {

std::string repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(Recovery, ReportsAllIndependentMistakesOfAFile) {
  const Parsed parsed = parse_text(R"(domain d
use payments.
stream s
  time at within
  key id
{
  id: int,
  amount: decimal(12,),
  at: timestamp,
}
product p version x {
  from s
}
product q {
  from s
  where amount >
  let b = (1 + ) * 2
  select { id, + , b }
}
function f(x: int) -> int = x +
test "t" {
  given s [{ id: }, { id: 1 }]
  wait soon
  expect q []
}
)");
  EXPECT_EQ(parsed.summary(),
            (std::vector<std::string>{"E1001 `.`", "E1001 `within`", "E1001 `)`", "E1001 `x`", "E1001 `>`", "E1001 `)`",
                                      "E1001 `+`", "E1001 `+`", "E1001 `}`", "E1001 `soon`"}));
  // Everything that has a name keeps it.
  EXPECT_EQ(ast::print(parsed.script), R"((script
  (domain d)
  (stream s error (key id) (fields (id: int) (amount: error) (at: timestamp)))
  (error p)
  (product q (flow (from s) (where error) (let b (* error 2)) (select (struct id error b))))
  (function f (parameter x int) (result int) (return error))
  (test "t" (given s (rows (struct error) (struct (id: 1)))) error (expect q (rows))))
)");
}

TEST(Recovery, LeavesOutNothingThatIsRight) {
  const Parsed parsed = parse_text(flow_of("  where a b c\n  let d = 1\n  ,\n  drop e"));
  EXPECT_EQ(parsed.summary(), (std::vector<std::string>{"E1001 `b`", "E1001 `,`"}));
  const auto& view = std::get<ast::View>(parsed.script.items[0].node);
  EXPECT_EQ(view.flow.steps.size(), 6u);
  EXPECT_TRUE(std::holds_alternative<ast::Select>(view.flow.steps.back().node));
  EXPECT_EQ(parsed.script.items.size(), 2u);
}

TEST(Recovery, ItemsInsideOthersAreKept) {
  const Parsed parsed =
      parse_text("domain d\nview v {\n  from x\n  function g() -> int = 1\n  select { a }\n}\nview w { from v }\n");
  EXPECT_EQ(parsed.script.items.size(), 3u);
  const auto& view = std::get<ast::View>(parsed.script.items[0].node);
  EXPECT_EQ(view.flow.steps.size(), 1u);
}

TEST(Recovery, ContextualWordsAreNames) {
  const Parsed parsed = parse_text(
      "domain d\nview v {\n  from from\n  where where == key and window.from > last\n  select {\n    from,\n"
      "    key: key,\n    last: group,\n    in: match,\n  }\n}\nstream stream { table: test, in: type }\n");
  EXPECT_EQ(parsed.summary(), std::vector<std::string>());
}

TEST(Places, SpansAreTheTextOfTheirNodes) {
  const Parsed parsed = parse_text(
      "/// Doc.\ndomain d.e // first\nview v { // second\n  from x\n  where (a + b) * `odd name` > 1 and f(c, d: "
      "2)\n}\n");
  const auto text = [&](Span span) { return std::string(parsed.sources.text(span)); };
  EXPECT_EQ(parsed.script.doc, "Doc.");
  EXPECT_EQ(text(parsed.script.domain.path.span), "d.e");
  const ast::Item& item = parsed.script.items.at(0);
  const auto& where = std::get<ast::Where>(std::get<ast::View>(item.node).flow.steps.at(0).node);
  EXPECT_EQ(text(where.condition->span), "(a + b) * `odd name` > 1 and f(c, d: 2)");
  const auto& both = std::get<ast::Binary>(where.condition->node);
  EXPECT_EQ(text(both.op_span), "and");
  const auto& product = std::get<ast::Binary>(std::get<ast::Binary>(both.left->node).left->node);
  EXPECT_EQ(text(product.left->span), "(a + b)");
  EXPECT_EQ(text(product.right->span), "`odd name`");
  EXPECT_EQ(std::get<ast::NameExpr>(product.right->node).text, "odd name");
  const auto& call = std::get<ast::Call>(both.right->node);
  EXPECT_EQ(text(call.function.span), "f");
  EXPECT_EQ(text(call.arguments.span), "(c, d: 2)");
  EXPECT_EQ(text(call.arguments.list.at(1).span), "d: 2");
  EXPECT_EQ(text(call.arguments.list.at(1).name->span), "d");
  ASSERT_EQ(parsed.script.comments.size(), 3u);
  EXPECT_TRUE(parsed.script.comments[0].is_doc);
  EXPECT_EQ(parsed.script.comments[2].text, "// second");
  EXPECT_EQ(text(parsed.script.comments[2].span), "// second");
}

TEST(Places, LiteralsKeepWhatWasWritten) {
  const Parsed parsed = parse_text(expression_of("[1_000, 0xFf_0, 1h30m, @2026-01-31, \"\\u{e9}\", 007]"));
  const auto& function = std::get<ast::Function>(parsed.script.items[0].node);
  const auto& list = std::get<ast::List>(function.body->node).elements;
  const auto literal = [&](size_t i) -> const auto& { return std::get<ast::Literal>(list.at(i)->node).value; };
  EXPECT_EQ(std::get<ast::NumberLiteral>(literal(0)).text, "1000");
  EXPECT_EQ(std::get<ast::NumberLiteral>(literal(1)).text, "0xFf0");
  EXPECT_EQ(std::get<ast::NumberLiteral>(literal(1)).kind, ast::NumberKind::hex);
  const auto& duration = std::get<ast::Duration>(literal(2));
  ASSERT_EQ(duration.parts.size(), 2u);
  EXPECT_EQ(duration.parts[1].count, 30);
  EXPECT_EQ(duration.parts[1].unit, ast::DurationUnit::m);
  EXPECT_EQ(std::get<ast::Time>(literal(3)).text, "2026-01-31");
  EXPECT_EQ(std::get<ast::TextLiteral>(literal(4)).value, "é");
}

struct Nest {
  const char* name;
  const char* open;
  const char* close;
};

TEST(Depth, TwoHundredLevelsParseAndManyMoreAreRefused) {
  const Nest nests[] = {{"parentheses", "(", ")"},
                        {"lists", "[", "]"},
                        {"structs", "{ a: ", " }"},
                        {"calls", "f(", ")"},
                        {"lambdas", "y => ", ""},
                        {"several", "(y, z) => (", ")"},
                        {"cases", "case { else -> ", " }"},
                        {"ifs", "if a then b else ", ""},
                        {"minus", "- ", ""},
                        {"not", "not ", ""},
                        {"formatted", "f\"{", "}\""},
                        {"in", "x in (", ")"},
                        {"index", "x[", "]"},
                        {"method", "x.f(", ")"}};
  for (const Nest& nest : nests) {
    const size_t levels = std::string_view(nest.name) == "several" ? 100 : 200;
    const Parsed fine = parse_text(expression_of(repeated(nest.open, levels) + "x" + repeated(nest.close, levels)));
    EXPECT_EQ(fine.summary(), std::vector<std::string>()) << nest.name;
    const Parsed deep = parse_text(expression_of(repeated(nest.open, 20'000) + "x" + repeated(nest.close, 20'000)));
    ASSERT_FALSE(deep.findings.empty()) << nest.name;
    EXPECT_LE(deep.findings.size(), 3u) << nest.name;
    EXPECT_EQ(deep.findings[0].code, diag::TooDeep::kCode) << nest.name;
    // Of what stands behind braces that deep in a text, nobody can tell where it ends.
    if (std::string_view(nest.name) != "formatted") EXPECT_EQ(deep.script.items.size(), 2u) << nest.name;
  }
  const Parsed types = parse_text("domain d\ntype t = " + repeated("list<", 5'000) + "int" + repeated(" >", 5'000));
  ASSERT_EQ(types.findings.size(), 1u);
  EXPECT_EQ(types.findings[0].code, diag::TooDeep::kCode);
}

TEST(Depth, LongChainsAreBounded) {
  EXPECT_EQ(parse_text(expression_of("x" + repeated(" + x", 900))).summary(), std::vector<std::string>());
  const Parsed chain = parse_text(expression_of("x" + repeated(" + x", 100'000)));
  ASSERT_EQ(chain.findings.size(), 1u);
  EXPECT_EQ(chain.findings[0].code, diag::TooDeep::kCode);
  const Parsed dots = parse_text(expression_of("x" + repeated(".x", 100'000)));
  ASSERT_EQ(dots.findings.size(), 1u);
}

// Twice the text must not take much more than twice the time; a backtracking grammar would take its square or worse.
TEST(Depth, TimeIsLinear) {
  const auto milliseconds = [](const std::string& text) {
    const auto begin = std::chrono::steady_clock::now();
    parse_text(text);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  };
  for (const Nest& nest : {Nest{"mixed", "(y) => ({ a: [f(", ")] })"}, Nest{"in", "x in (f(", "))"}}) {
    const std::string line =
        "function f(a: int) -> int = " + repeated(nest.open, 40) + "x" + repeated(nest.close, 40) + "\n";
    const double once =
        std::min(milliseconds("domain d\n" + repeated(line, 100)), milliseconds("domain d\n" + repeated(line, 100)));
    const double eight = milliseconds("domain d\n" + repeated(line, 800));
    EXPECT_LT(eight, 30 * once + 20) << nest.name;
  }
}

TEST(Depth, TypesOfOtherLanguagesTakeLinearTime) {
  const auto milliseconds = [](const std::string& text) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(parse_text("domain d\nstream s { " + text).findings.empty());
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  };
  for (const Nest& nest :
       {Nest{"lists", "x: int", "[]"}, Nest{"structs", "", "a: array<int>, b: { "}, Nest{"containers", "x: ", "array<"},
        Nest{"rows", "x: ", "row(a "}, Nest{"columns", "", "x int[], "}}) {
    const auto text = [&](size_t count) { return nest.open + repeated(nest.close, count); };
    // The best of three: the machine may do other things meanwhile.
    const auto best = [&](size_t count) {
      return std::min({milliseconds(text(count)), milliseconds(text(count)), milliseconds(text(count))});
    };
    EXPECT_LT(best(8000), 30 * best(1000) + 20) << nest.name;
  }
}

TEST(Scripts, EmptyAndOddOnesGiveATree) {
  EXPECT_EQ(parse_text("").summary(), std::vector<std::string>{"E1031 ``"});
  EXPECT_EQ(parse_text("\xEF\xBB\xBF"
                       "domain d\r\nview v { from x }\r\n")
                .summary(),
            std::vector<std::string>());
  EXPECT_FALSE(parse_text(std::string(5000, '{')).findings.empty());
  EXPECT_FALSE(parse_text(std::string(5000, '"')).findings.empty());
  EXPECT_FALSE(parse_text(std::string("domain d\0view", 13)).findings.empty());
  EXPECT_EQ(parse_text(std::string((16 << 20) + 1, ' ')).summary(), std::vector<std::string>{"E1042 ``"});
}

}  // namespace
}  // namespace braid
