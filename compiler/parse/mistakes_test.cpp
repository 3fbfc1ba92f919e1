// Each mistake that the parser knows: its code, its place, and that the offered fix parses.
#include <gtest/gtest.h>

#include "compiler/parse/parsed_test.h"

namespace braid {
namespace {

struct Mistake {
  const char* name;
  std::string script;
  std::vector<std::string> expected;  ///< "E1010 `=`" for each finding
  bool is_fixed = true;               ///< after the fixes nothing is left
};
void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreNamedPlacedAndFixed) {
  const Parsed parsed = parse_text(GetParam().script);
  EXPECT_EQ(parsed.summary(), GetParam().expected) << GetParam().script;
  EXPECT_FALSE(parsed.script.items.empty());
  if (!GetParam().is_fixed) return;
  const std::string text = fixed_text(parsed);
  EXPECT_EQ(parse_text(text).summary(), std::vector<std::string>()) << text;
}

const Mistake kMistakes[] = {
    {"assign", flow_of("  where a = 1"), {"E1010 `=`"}},
    {"strict_equal", flow_of("  where a === 1"), {"E1011 `===`"}},
    {"less_greater", flow_of("  where a <> 1"), {"E1011 `<>`"}},
    {"and_and", flow_of("  where a && b"), {"E1011 `&&`"}},
    {"elif", flow_of("  let d = if a then 1 elif b then 2 elseif c then 3 else 4"), {"E1011 `elif`", "E1011 `elseif`"}},
    {"question_mark", flow_of("  let d = a > 1 ? b : c\n  where d"), {"E1011 `?`"}},
    {"exclamation", flow_of("  where !a and b"), {"E1011 `!`"}},
    {"equal_null", flow_of("  where a == null and b"), {"E1012 `a == null`"}},
    {"not_equal_null", flow_of("  where f(a) != null"), {"E1012 `f(a) != null`"}},
    {"null_equal", flow_of("  where null == a"), {"E1012 `null == a`"}},
    {"single_quotes", flow_of("  where a == 'x \"y\"'"), {"E1013 `'x \"y\"'`"}},
    {"having", flow_of("  having a > 1"), {"E1014 `having`"}},
    {"in_parentheses", flow_of("  where a in (1, 2)"), {"E1015 `(1, 2)`"}},
    {"in_parentheses_one", flow_of("  where a in (\"x\")"), {"E1015 `(\"x\")`"}},
    {"between", flow_of("  where a between 1 and 2 + b and c"), {"E1016 `between`"}},
    {"not_between", flow_of("  where a not between 1 and 2"), {"E1016 `between`"}},
    {"count_star", flow_of("  group k { n: count(*) }"), {"E1017 `*`"}},
    {"method_star", flow_of("  group k { n: xs.count(*) }"), {"E1017 `*`"}},
    {"alias_from", "domain d\nview v { from x y }\n", {"E1018 `y`"}},
    {"alias_join", flow_of("  join x y on y.a == a"), {"E1018 `y`"}},
    {"alias_join_within", flow_of("  join nearest x y using a within 0s..1h"), {"E1018 `y`"}},
    {"chained", flow_of("  where 0 < a <= 9"), {"E1019 `<=`"}},
    {"reserved_let", flow_of("  let in = 1"), {"E1020 `in`"}},
    {"reserved_as", flow_of("  join x as case on true"), {"E1020 `case`"}},
    {"reserved_item", "domain d\nview is { from x }\n", {"E1020 `is`"}},
    {"reserved_parameter", "domain d\nfunction f(in: int) -> int = 1\n", {"E1020 `in`"}},
    {"no_from", "domain d\nview v {\n  where a\n  from x\n}\n", {"E1021 `where`"}, false},
    {"form", "domain d\nview v {\n  form payments\n}\n", {"E1025 `form`"}},
    {"unterminated", flow_of("  where a == \"x"), {"E1022 `\"x`"}, false},
    {"unterminated_in_list", flow_of("  let b = f([{ a: \"x }])"), {"E1022 `\"x }])`"}, false},
    {"unterminated_formatted", flow_of("  let b = f\"x {a} y"), {"E1022 `f\"`"}, false},
    {"unclosed_parenthesis", flow_of("  let b = f(a, (b + 1)"), {"E1023 `(`"}, false},
    {"unclosed_brace", flow_of("  select { a, b"), {"E1023 `{`"}, false},
    {"unclosed_bracket", flow_of("  let b = [a, b"), {"E1023 `[`"}, false},
    {"unclosed_flow", "domain d\nview v {\n  from x\n\nview after { from v }\n", {"E1023 `{`"}, false},
    {"wrong_bracket", flow_of("  let b = f(a]"), {"E1023 `(`"}, false},
    {"unclosed_inside", flow_of("  group a { n: count( }"), {"E1023 `(`"}, false},
    {"unclosed_empty", flow_of("  let b = ("), {"E1001 `(`"}, false},
    {"missing_comma", flow_of("  let b = { a, c d: 1 }"), {"E1024 `d`"}},
    {"missing_comma_lines", flow_of("  let b = {\n    a: 1\n    d: 1\n  }"), {"E1024 `d`"}},
    {"misspelt_step", flow_of("  wehre a\n  lst b = 1"), {"E1025 `wehre`", "E1025 `lst`"}},
    {"misspelt_clause",
     "domain d\nproduct p\n  kye a\n  contarct { frsh within 1h }\n{ from x }\n",
     {"E1025 `kye`", "E1025 `contarct`", "E1025 `frsh`"}},
    {"misspelt_item", "domain d\nprodct p { from x }\n", {"E1025 `prodct`"}},
    {"misspelt_domain", "doman d\nview v { from x }\n", {"E1025 `doman`"}},
    {"misspelt_statement", "domain d\ntest \"t\" {\n  givn x []\n  expct y []\n}\n", {"E1025 `givn`", "E1025 `expct`"}},
    {"misspelt_option", flow_of("  join x as y onn true"), {"E1001 `onn`"}},
    {"unit", flow_of("  join x using a max age 5min"), {"E1026 `5min`"}},
    {"no_unit", flow_of("  join x using a max age 5q"), {"E1026 `5q`"}, false},
    {"unit_too_large",
     flow_of("  join x using a max age 9999999999999999999999999999999999999999hours"),
     {"E1026 `9999999999999999999999999999999999999999hours`"},
     false},
    {"duration_too_large",
     flow_of("  join x using a max age 99999999999999999999d"),
     {"E1041 `99999999999999999999d`"},
     false},
    {"before_the_first_year",
     flow_of("  where at > @0001-01-01T00:00+00:01"),
     {"E1027 `@0001-01-01T00:00+00:01`"},
     false},
    {"after_the_last_year",
     flow_of("  where at > @9999-12-31T12:00-12:00"),
     {"E1027 `@9999-12-31T12:00-12:00`"},
     false},
    {"no_month", flow_of("  where at > @2026-13-40"), {"E1027 `@2026-13-40`"}, false},
    {"no_day", flow_of("  where at > @2025-02-29"), {"E1027 `@2025-02-29`"}, false},
    {"no_hour", flow_of("  where at > @25:00"), {"E1027 `@25:00`"}, false},
    {"no_zone", flow_of("  where at > @2026-01-01T00:00"), {"E1027 `@2026-01-01T00:00`"}},
    {"select_star", flow_of("  select *"), {"E1028 `*`"}},
    {"semicolon", flow_of("  where a;\n  let b = 1;"), {"E1029 `;`", "E1029 `;`"}},
    {"no_domain", "view v { from x }\n", {"E1031 `view`"}, false},
    {"escape", flow_of("  where a == \"C:\\dir\""), {"E1032 `\\d`"}},
    {"no_else", expression_of("if a > 1 then 2"), {"E1033 `if`"}, false},
    {"no_then", expression_of("if a > 1 2 else 3"), {"E1038 `2`"}},
    {"no_in", flow_of("  where a not [1, 2]"), {"E1038 `[`"}},
    {"unknown_character", flow_of("  where a \\ b"), {"E1034 `\\`"}, false},
    {"unknown_letters", flow_of("  where größe > 1"), {"E1034 `ö`", "E1034 `ß`"}, false},
    {"broken_utf8", "domain d // \xC3\x28\nview v { from x }\n", {"E1035 `\xC3`"}, false},
    {"broken_utf8_in_text", flow_of("  where a == \"\xFF\""), {"E1035 `\xFF`"}, false},
    {"block_comment", flow_of("  /* no\n  comment */ where a"), {"E1039 `/*`"}, false},
    {"item_in_block",
     "domain d\nview v {\n  from x\n  function g() -> int = 1\n  select { a }\n}\n",
     {"E1037 `function`"},
     false},
    {"loose_documentation", flow_of("  /// why\n  where a"), {"W1040 `///`"}},
    {"large_number", "domain d\nview v version 99999999999999999999 { from x }\n", {"E1001 `version`"}, false},
    {"large_version",
     "domain d\nproduct p version 99999999999999999999 { from x }\n",
     {"E1041 `99999999999999999999`"},
     false},
    {"large_duration",
     flow_of("  join x using a max age 99999999999999999999h"),
     {"E1041 `99999999999999999999h`"},
     false},
    {"group_by", flow_of("  group by k { n: count() }"), {"E1011 `group by`"}},
    {"second_from", flow_of("  from y"), {"E1001 `from`"}, false},
    {"empty_condition", flow_of("  where"), {"E1001 `where`"}, false},
    {"text_brace", flow_of("  let b = f\"a } b\""), {"E1001 `}`"}},
    {"is_something", flow_of("  where a is 3"), {"E1011 `is`"}},
    {"member_missing", flow_of("  where a. == 3"), {"E1001 `==`"}, false},
};

INSTANTIATE_TEST_SUITE_P(Parse, Mistakes, testing::ValuesIn(kMistakes),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Mistakes, FixesAreWhatWasMeant) {
  EXPECT_EQ(fixed_text(parse_text(flow_of("  where 0 < weight < 30"))), flow_of("  where 0 < weight and weight < 30"));
  EXPECT_EQ(fixed_text(parse_text(flow_of("  where a between -20 and 60"))), flow_of("  where a in -20..60"));
  EXPECT_EQ(fixed_text(parse_text(flow_of("  where a in (1, 2)"))), flow_of("  where a in [1, 2]"));
  EXPECT_EQ(fixed_text(parse_text(flow_of("  join x y on true"))), flow_of("  join x as y on true"));
  EXPECT_EQ(fixed_text(parse_text(expression_of("if a 2 else 3"))), expression_of("if a then 2 else 3"));
}

TEST(Mistakes, UnclosedBracketsLabelBothPlaces) {
  const Parsed parsed = parse_text(flow_of("  let b = f(a, 1"));
  ASSERT_EQ(parsed.findings.size(), 1u);
  ASSERT_EQ(parsed.findings[0].labels.size(), 2u);
  EXPECT_EQ(parsed.sources.text(parsed.findings[0].labels[1].span), "select");
}

TEST(Mistakes, ATextWithoutItsEndHasNoPrefix) {
  EXPECT_FALSE(parse_text("domain shop\n\n/\" a \"b\"\n").findings.empty());
}

TEST(Mistakes, NotNullOfAnExpressionIsNoClause) {
  const char* script =
      "domain d\n\nproduct p version 1\n  contract { check given: a is not null else reject }\n{\n  from s\n}\n";
  EXPECT_TRUE(parse_text(script).findings.empty());
}

TEST(Mistakes, MessagesSpeakOfTheLanguageOnly) {
  for (const Mistake& mistake : kMistakes) {
    for (const Diagnostic& finding : parse_text(mistake.script).findings) {
      EXPECT_EQ(finding.message.find('_'), std::string::npos) << finding.message;
      EXPECT_EQ(finding.message.find("rule"), std::string::npos) << finding.message;
      EXPECT_EQ(finding.message.find("something else"), std::string::npos) << finding.message;
      EXPECT_EQ(std::count(finding.message.begin(), finding.message.end(), '`') % 2, 0) << finding.message;
    }
  }
}

}  // namespace
}  // namespace braid
