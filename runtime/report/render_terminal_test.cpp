#include "runtime/report/render_terminal.h"

#include <gtest/gtest.h>

namespace braid {
namespace {

/// Sources of one file, and spans found by their text.
class RenderTerminal : public testing::Test {
 protected:
  uint32_t add(std::string path, std::string text) { return sources_.add(std::move(path), std::move(text)); }
  Span find(std::string_view text, uint32_t file = 0) const {
    const size_t at = sources_.file(file).text.find(text);
    EXPECT_NE(at, std::string::npos) << text;
    return {file, static_cast<uint32_t>(at), static_cast<uint32_t>(at + text.size())};
  }
  std::string render(const Diagnostic& diagnostic, int width = 100) const {
    return "\n" + render_terminal(diagnostic, sources_, {.color = false, .width = width});
  }

  SourceSet sources_;
};

Diagnostic unknown_field() {
  return diag::UnknownField{.relation = "payment", .field = "amonut"}.make();
}

TEST_F(RenderTerminal, ShowsBothPlacesTheNoteAndTheLineAfterTheFix) {
  add("payments.braid",
      "stream payment\n  time at within 10s\n{\n  id: int,\n  amount: int,\n}\n\nview large {\n  from payment\n"
      "  where amonut > 5\n}\n");
  Diagnostic diagnostic = unknown_field();
  DiagnosticBuilder(diagnostic)
      .at(find("amonut"), "no such field")
      .also(find("amount: int"), "declared here")
      .note("a field stands under the name that the stream gives it")
      .fix(Applicability::likely, "use `amount`", {{find("amonut"), "amount"}});
  EXPECT_EQ(render(diagnostic), R"(
error[E2107]: `payment` has no field `amonut`
  --> payments.braid:10:9
   |
 5 |   amount: int,
   |   ----------- declared here
...
10 |   where amonut > 5
   |         ^^^^^^ no such field
   |
   = note: a field stands under the name that the stream gives it
   = help: use `amount`
   |
10 |   where amount > 5
   |         ~~~~~~
)");
}

TEST_F(RenderTerminal, PutsLabelsOfOneLineBelowEachOther) {
  add("a.braid", "let x = amount * rate\n");
  Diagnostic diagnostic = diag::DecimalWithFloat{.operation = "*", .left = "decimal(12,2)", .right = "float"}.make();
  DiagnosticBuilder(diagnostic)
      .at(find("*"), "mixed here")
      .also(find("amount"), "decimal(12,2)")
      .also(find("rate"), "float");
  EXPECT_EQ(render(diagnostic), R"(
error[E2206]: `*` mixes exact and approximate numbers: `decimal(12,2)` and `float`
 --> a.braid:1:16
  |
1 | let x = amount * rate
  |         ------ ^ ---- float
  |         |      |
  |         |      mixed here
  |         decimal(12,2)
)");
}

TEST_F(RenderTerminal, ShowsAnotherFileAndTheLineBetweenTwoNearOnes) {
  add("a.braid", "domain shop\n\nuse x.y\nuse x.quote\n");
  add("x.braid", "domain x\n\nstream quote\n");
  Diagnostic diagnostic = diag::NotPublic{.name = "quote", .domain_name = "x"}.make();
  DiagnosticBuilder(diagnostic)
      .at(find("x.quote"), "")
      .also(find("domain shop"), "read by this domain")
      .also(find("quote", 1), "declared without `public`");
  EXPECT_EQ(render(diagnostic), R"(
error[E2116]: `quote` is not public in the domain `x`
 --> a.braid:4:5
  |
1 | domain shop
  | ----------- read by this domain
...
4 | use x.quote
  |     ^^^^^^^
  |
 ::: x.braid:3:8
  |
3 | stream quote
  |        ----- declared without `public`
)");
  diagnostic.labels.erase(diagnostic.labels.begin() + 1);
  diagnostic.labels.push_back({find("use x.y"), "as this line does"});
  EXPECT_NE(render(diagnostic).find("3 | use x.y\n  | ------- as this line does\n4 | use x.quote\n"),
            std::string::npos);
}

TEST_F(RenderTerminal, MarksTheFirstAndTheLastLineOfALongSpan) {
  add("a.braid", "let x = case {\n  a -> 1,\n  b -> 2,\n  c -> 3,\n}\nlet y = 1\n");
  Diagnostic diagnostic = diag::CaseNeedsElse{}.make();
  DiagnosticBuilder(diagnostic).at(find("case {\n  a -> 1,\n  b -> 2,\n  c -> 3,\n}"), "no `else`");
  EXPECT_EQ(render(diagnostic), R"(
error[E2216]: this `case` has no `else`, and its arms do not cover every value
 --> a.braid:1:9
  |
1 | let x = case {
  |         ^^^^^^
...
5 | }
  | ^ no `else`
)");
}

TEST_F(RenderTerminal, KeepsCaretsUnderWideTextAndTabs) {
  add("a.braid", "\twhere \xE5\x90\x8D\xE5\x89\x8D == caf\xC3\xA9\n");
  Diagnostic diagnostic = diag::UnknownName{.name = "caf\xC3\xA9"}.make();
  DiagnosticBuilder(diagnostic).at(find("caf\xC3\xA9"), "here");
  EXPECT_EQ(render(diagnostic),
            "\nerror[E2101]: there is no `caf\xC3\xA9` here\n --> a.braid:1:14\n  |\n"
            "1 |     where \xE5\x90\x8D\xE5\x89\x8D == caf\xC3\xA9\n"
            "  |                   ^^^^ here\n");
}

TEST_F(RenderTerminal, ShowsAnEmptySpanAndTheEndOfTheFile) {
  add("a.braid", "view v {\n  from x\n\n");
  Diagnostic diagnostic = diag::UnexpectedText{.expected = "a step or `}`", .found = "the end"}.make();
  const auto end = static_cast<uint32_t>(sources_.file(0).text.size());
  DiagnosticBuilder(diagnostic).at({0, end, end}, "the flow is open here");
  EXPECT_EQ(render(diagnostic), R"(
error[E1001]: expected a step or `}`, found the end
 --> a.braid:2:9
  |
2 |   from x
  |         ^ the flow is open here
)");
  diagnostic.labels[0].span = {0, 0, 0};
  EXPECT_NE(render(diagnostic).find("1 | view v {\n  | ^ the flow"), std::string::npos);
}

TEST_F(RenderTerminal, ShowsAnEmptyFile) {
  add("a.braid", "");
  Diagnostic diagnostic = diag::MissingDomain{.found = "the end"}.make();
  DiagnosticBuilder(diagnostic).at({0, 0, 0});
  EXPECT_EQ(render(diagnostic),
            "\nerror[E1031]: a script begins with `domain`, found the end\n --> a.braid:1:1\n  |\n"
            "1 |\n  | ^\n");
}

TEST_F(RenderTerminal, CutsALongLineAroundTheSpan) {
  add("a.braid", std::string(300, 'a') + " wrong " + std::string(300, 'b') + "\n");
  Diagnostic diagnostic = diag::UnknownName{.name = "wrong"}.make();
  DiagnosticBuilder(diagnostic).at(find("wrong"), "here");
  EXPECT_EQ(render(diagnostic, 40), R"(
error[E2101]: there is no `wrong` here
 --> a.braid:1:302
  |
1 | …aaaaaaaaaaaaa wrong bbbbbbbbbbbbbb…
  |                ^^^^^ here
)");
}

TEST_F(RenderTerminal, NeedsNoPlace) {
  Diagnostic diagnostic = diag::UnknownCode{.code = "E9999"}.make();
  EXPECT_EQ(render(diagnostic), "\nerror[E7019]: there is no diagnostic `E9999`\n");
  DiagnosticBuilder(diagnostic).note("codes have an `E` and four digits").fix(Applicability::sketch, "try another", {});
  EXPECT_EQ(render(diagnostic), R"(
error[E7019]: there is no diagnostic `E9999`
  = note: codes have an `E` and four digits
  = help: try another
)");
}

TEST_F(RenderTerminal, LeavesOutAPlaceItDoesNotHave) {
  Diagnostic diagnostic = unknown_field();
  DiagnosticBuilder(diagnostic).at({3, 10, 20}, "nowhere");
  EXPECT_EQ(render(diagnostic), "\nerror[E2107]: `payment` has no field `amonut`\n");
}

TEST_F(RenderTerminal, ShowsAFixOfSeveralEditsAndLines) {
  add("a.braid", "where 0 < weight < 9\nlet a = 1\nlet b = 2\nlet c = 3\n");
  Diagnostic diagnostic = diag::ChainedComparison{}.make();
  const Span second{0, 17, 18};
  DiagnosticBuilder(diagnostic)
      .at(second)
      .fix(Applicability::likely, "compare twice", {{{0, 17, 17}, "and weight "}, {find("c = 3"), "c = 4"}})
      .fix(Applicability::sketch, "drop it", {{{0, 16, 20}, ""}});
  EXPECT_EQ(render(diagnostic), R"(
error[E1019]: comparisons do not chain: each comparison gives a `bool`
 --> a.braid:1:18
  |
1 | where 0 < weight < 9
  |                  ^
  |
  = help: compare twice
  |
1 | where 0 < weight and weight < 9
  |                  +++++++++++
...
4 | let c = 4
  |     ~~~~~
  = help: drop it
  |
1 | where 0 < weight
)");
}

TEST_F(RenderTerminal, ShowsTheRecordUnderTheScriptLine) {
  add("payments.braid", "  amount: decimal(12,2),\n");
  Diagnostic diagnostic = diag::NotANumber{.field = "amount", .text = "abc"}.make();
  DiagnosticBuilder(diagnostic).at(find("amount: decimal(12,2)"), "needed as a number");
  RecordPlace place{.source = "payments.payment",
                    .partition = "samples/payment-1.ndjson",
                    .position = 4711,
                    .line = 17,
                    .bytes = "{\"id\":7,\"amount\":\"abc\"}\n"};
  place.mark_begin = 17;
  place.mark_end = 22;
  EXPECT_EQ("\n" + render_terminal(diagnostic, place, sources_), R"(
error[E6004]: `abc` in `amount` is no number
  --> payments.braid:1:3
   |
 1 |   amount: decimal(12,2),
   |   ^^^^^^^^^^^^^^^^^^^^^ needed as a number
   |
  --> samples/payment-1.ndjson:17 (byte 4711), a record of payments.payment
   |
17 | {"id":7,"amount":"abc"}
   |                  ^^^^^
)");
}

TEST_F(RenderTerminal, ShowsBrokenBytesOfARecordAsSuch) {
  const Diagnostic diagnostic = diag::BrokenUtf8{.offset = 1}.make();
  const RecordPlace place{.partition = "in.csv", .position = 0, .bytes = "a\xFF\x01z", .mark_begin = 1, .mark_end = 2};
  EXPECT_EQ("\n" + render_terminal(diagnostic, place, sources_), R"(
error[E6020]: the bytes at 1 of the record are not UTF-8
 --> in.csv (byte 0)
  |
  | a��z
  |  ^
)");
}

TEST_F(RenderTerminal, ShowsEverySpanOfAwkwardText) {
  add("a.braid", "a\tb\r\n\r\n\xE5\x90\x8D \xFF\xC3 e\xCC\x81\n" + std::string(60, 'x') + "\n\n\tend");
  const auto size = static_cast<uint32_t>(sources_.file(0).text.size());
  for (uint32_t begin = 0; begin <= size; ++begin) {
    for (uint32_t end = begin; end <= size; ++end) {
      Diagnostic diagnostic = unknown_field();
      DiagnosticBuilder(diagnostic)
          .at({0, begin, end}, "here")
          .also({0, end, size}, "there")
          .fix(Applicability::likely, "change it", {{{0, begin, end}, "new\nlines"}});
      const std::string shown = render_terminal(diagnostic, sources_, {.color = false, .width = 30});
      ASSERT_NE(shown.find('^'), std::string::npos) << begin << ".." << end << "\n" << shown;
      ASSERT_NE(shown.find("here"), std::string::npos) << begin << ".." << end << "\n" << shown;
      ASSERT_NE(shown.find("there"), std::string::npos) << begin << ".." << end << "\n" << shown;
      ASSERT_NE(shown.find("new\n"), std::string::npos) << begin << ".." << end << "\n" << shown;
    }
  }
}

TEST_F(RenderTerminal, ColoursOnlyWhenAsked) {
  add("a.braid", "where x\n");
  Diagnostic diagnostic = diag::FallbackHidesNoFailure{.expression = "x"}.make();
  DiagnosticBuilder(diagnostic).at(find("x"), "here");
  const std::string plain = render_terminal(diagnostic, sources_, {.color = false});
  std::string coloured = render_terminal(diagnostic, sources_, {.color = true});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_NE(coloured.find("\x1b[1;33mwarning[W2220]\x1b[0m"), std::string::npos);
  for (size_t at; (at = coloured.find('\x1b')) != std::string::npos;)
    coloured.erase(at, coloured.find('m', at) - at + 1);
  EXPECT_EQ(coloured, plain);
}

}  // namespace
}  // namespace braid
