// Where an expression may stand in a script: the reason names the part that failed, the field that it makes and, in a
// function of the script, the calls that led there. `«` and `»` mark the part that fails.
#include <gtest/gtest.h>

#include "tests/reasons/failing_script.h"

namespace braid::reasons {
namespace {

struct Case {
  std::string name;
  std::string script;  ///< behind kRowDeclaration; what fails stands between `«` and `»`
  std::string output;
  std::string reason = "the result of `i * two` does not fit `int`: 9223372036854775807 * 2";
};

const std::vector<Case>& cases() {
  static const std::vector<Case> made{
      {"where", "product p version 1 {\n  from row\n  where id > 0 and «i * two» > 0\n  select { id }\n}\n", ""},
      {"else port", "product p version 1 {\n  from row\n  where «i * two» > 0 else small\n  select { id }\n}\n", ""},
      {"let", "product p version 1 {\n  from row\n  let large = «i * two»\n  select { id, large }\n}\n", "large"},
      {"one entry of many",
       "product p version 1 {\n  from row\n  select { id, a: two * two, b: two * id, c: «i * two», d: id * id }\n}\n",
       "c"},
      {"nested struct", "product p version 1 {\n  from row\n  select { id, a: { b: { c: «i * two» } } }\n}\n", "a.b.c"},
      {"group key", "product p version 1 {\n  from row\n  window tumbling 1h\n  group k: «i * two» { n: count() }\n}\n",
       "k"},
      {"argument of an aggregate",
       "product p version 1 {\n  from row\n  window tumbling 1h\n  group id { total: sum(«i * two») }\n}\n", "total"},
      {"filter of an aggregate",
       "product p version 1 {\n  from row\n  window tumbling 1h\n  group id { total: sum(two, where: «i * two» > 0) "
       "}\n}\n",
       "total"},
      {"aggregate", "product p version 1 {\n  from row\n  window tumbling 1h\n  group id { total: «sum(i)» }\n}\n",
       "total", "the result of `sum(i)` does not fit `int`: 18446744073709551614"},
      {"after a group",
       "product p version 1 {\n  from row\n  window tumbling 1h\n  group id { total: «sum(two) * "
       "9_000_000_000_000_000_000» }\n}\n",
       "total", "the result of `sum(two) * 9_000_000_000_000_000_000` does not fit `int`: 4 * 9000000000000000000"},
      {"check of a contract",
       "product p version 1\n  contract { check large: «i * two» > 0 else reject }\n{\n  from row\n  select { id, i, "
       "two }\n}\n",
       ""},
      {"view",
       "view v {\n  from row\n  let large = «i * two»\n}\n\nproduct p version 1 {\n  from v\n  select { id, large "
       "}\n}\n",
       "large"},
      {"key of a join",
       "product p version 1 {\n  from row\n  join row as r on r.id == «i * two» within 0s..1s\n  select { id, other: "
       "r.id "
       "}\n}\n",
       ""},
      {"condition of a join",
       "product p version 1 {\n  from row\n  join row as r on r.id == id and r.two < «i * two» within 0s..1s\n"
       "  select { id, other: r.id }\n}\n",
       ""},
      {"case",
       "product p version 1 {\n  from row\n  select { id, a: case { two > 5 -> 1, two > 1 -> «i * two», else -> 3 } "
       "}\n}\n",
       "a"},
      {"interpolation", "product p version 1 {\n  from row\n  select { id, a: f\"from {«i * two»} on\" }\n}\n", "a"},
  };
  return made;
}

/// The script without its marks, and where the marked part stands.
struct Marked {
  std::string text;
  size_t begin, end;
};

Marked read_marks(std::string text) {
  const std::string open = "«", close = "»";
  const size_t begin = text.find(open);
  text.erase(begin, open.size());
  const size_t end = text.find(close);
  text.erase(end, close.size());
  return {std::move(text), begin, end};
}

/// Twice, so that sums of it do not fit.
std::string two_rows() {
  return std::string(kRowText) + std::string(kRowText);
}

TEST(Places, AreThoseOfTheExpression) {
  for (const Case& each : cases()) {
    SCOPED_TRACE(each.name);
    const Marked marked = read_marks(std::string(kRowDeclaration) + "\n" + each.script);
    const FailingScript script(marked.text);
    const std::vector<ErrorRow> rows = script.run({{"shop.row", two_rows()}});
    ASSERT_FALSE(rows.empty());
    for (const ErrorRow& row : rows) {
      check_row(script, row);
      EXPECT_EQ(row.code, "E6101");
      EXPECT_EQ(row.reason, each.reason);
      EXPECT_EQ(row.expression, marked.text.substr(marked.begin, marked.end - marked.begin));
      EXPECT_EQ(row.output, each.output);
      EXPECT_EQ(row.span, place_of(marked.text, marked.begin));
      EXPECT_TRUE(row.calls.empty());
    }
  }
}

TEST(Places, OfAFallbackAndOfAFieldThatIsRead) {
  const FailingScript script(R"(domain shop

stream sale
  time at within 1s
{
  n: int,
  m: int = n * 9_000_000_000_000_000_000,
  at: timestamp
}

product p version 1 {
  from sale
  select { n, m }
}
)");
  const std::vector<ErrorRow> rows = script.run({{"shop.sale", R"({"n":2,"at":"2026-01-01T00:00:01Z"}
{"n":"x","m":1,"at":"2026-01-01T00:00:01Z"}
)"}});
  ASSERT_EQ(rows.size(), 2u);
  check_row(script, rows[0]);
  EXPECT_EQ(rows[0].expression, "n * 9_000_000_000_000_000_000");
  EXPECT_EQ(rows[0].span, "script.braid:7:12");
  check_row(script, rows[1]);
  EXPECT_EQ(rows[1].code, "E6003");
  EXPECT_NE(rows[1].span, "script.braid:13:3") << "the step, not what reads the field";
}

TEST(Places, InAFunctionOfTheScriptNameTheCalls) {
  const std::string text = std::string(kRowDeclaration) + R"(
function twice(x: int) -> int = x * 2
function gross(x: int, rate: int) -> int {
  let more = twice(x + rate)
  return more + 1
}

product p version 1 {
  from row
  select { id, a: twice(id), b: gross(i - 1, id), c: twice(i * two) }
}

product q version 1 {
  from row
  select { id, c: twice(i * two), b: 1 }
}
)";
  const FailingScript script(text);
  const std::vector<ErrorRow> rows = script.run({{"shop.row", std::string(kRowText)}});
  ASSERT_EQ(rows.size(), 2u);
  check_row(script, rows[0]);
  EXPECT_EQ(rows[0].expression, "x * 2");
  EXPECT_EQ(rows[0].reason, "the result of `x * 2` does not fit `int`: 9223372036854775807 * 2");
  EXPECT_EQ(rows[0].output, "b");
  EXPECT_EQ(rows[0].span, place_of(text, text.find("x * 2")));
  EXPECT_EQ(rows[0].calls, (std::vector<std::string>{place_of(text, text.find("twice(x + rate)")) + " twice(x + rate)",
                                                     place_of(text, text.find("gross(i - 1")) + " gross(i - 1, id)"}));
  // The argument of a call is the caller's.
  check_row(script, rows[1]);
  EXPECT_EQ(rows[1].expression, "i * two");
  EXPECT_TRUE(rows[1].calls.empty());
}

TEST(Places, ValuesAndTextsAreBounded) {
  std::string sum = "\"" + std::string(200, 'y') + "\".length()";
  for (int i = 0; i < 60; ++i) sum += " +\n    two";
  const std::string text =
      std::string(kRowDeclaration) + "\nproduct p version 1 {\n  from row\n  select { id, a: i + (" + sum +
      ") }\n}\n\nproduct q version 1 {\n  from row\n  select { id, a: url_decode(t.repeat(1_000) + "
      "f\"\\n\\t\"), b: 1 }\n}\n\nproduct r version 1 {\n  from row\n  select { id, a: if flag then "
      "fail(x.repeat(9_000)) else 1 }\n}\n";
  const FailingScript script(text);
  const std::vector<ErrorRow> rows = script.run({{"shop.row", std::string(kRowText)}});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_LE(rows[0].expression.size(), kShownExpression + 3);
  EXPECT_EQ(rows[0].expression.find('\n'), std::string::npos);
  EXPECT_EQ(rows[0].reason.substr(rows[0].reason.rfind(':')), ": 9223372036854775807 + 320");
  EXPECT_NE(rows[1].reason.find("%zz%\"… (3002 bytes)"), std::string::npos) << rows[1].reason;
  EXPECT_EQ(rows[2].reason, "the script says: " + std::string(kShownValues, 'x') + "…");
  for (const ErrorRow& row : rows) EXPECT_LE(row.reason.size(), 512u);
}

}  // namespace
}  // namespace braid::reasons
