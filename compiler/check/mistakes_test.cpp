// What the checker reports about scripts that are already wrong: one finding for each cause, and nothing that follows
// from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/check/checked_test.h"

namespace braid {
namespace {

using testing::ElementsAre;

TEST(Mistakes, AreReportedOnce) {
  EXPECT_THAT(check_items("view v { from sale let x = amonut * 2 where x > 3 let y = x + x select { y } }").codes,
              ElementsAre("E2107"));
  EXPECT_THAT(check_items("view v { from nothing let x = a select { x } }\nview w { from v let y = x }").codes,
              ElementsAre("E2102"));
  EXPECT_THAT(check_items("view v { from sale join nothing as n on n.id == id let y = n.x }").codes,
              ElementsAre("E2102"));
  EXPECT_THAT(check_items("view v { from w } view w { from v }").codes, ElementsAre("E2118"));
  EXPECT_THAT(check_items("view v { from v }").codes, ElementsAre("E2118"));
}

TEST(Mistakes, AreTakenAsTheirAuthorMeantThem) {
  // A key in error is the key.
  EXPECT_THAT(check_items("table t key k from file \"t.csv\" format csv { k: string?, n: int }\n"
                          "view v { from sale join t on t.k == store let x = t.n }\n"
                          "view w { from sale join t on t.k == note let x = t.n }")
                  .codes,
              ElementsAre("E3210"));
  EXPECT_THAT(check_items("table t from file \"t.csv\" format csv { k: string, n: int }\n"
                          "view v { from sale join t on t.k == store let x = t.n }")
                  .codes,
              ElementsAre("E3211"));
  EXPECT_THAT(check_items("table t key k: from file \"t.csv\" format csv { k: string, n: int }\n"
                          "view v { from sale join t on t.k == store let x = t.n }")
                  .codes,
              ElementsAre("E1001"));
  // A clause that cannot be read may be the time.
  EXPECT_THAT(check_items("stream s\n  time = at\n  within 5s\n{ at: timestamp, n: int }\n"
                          "view v { from s window tumbling 1h group { n: count() } }")
                  .codes,
              ElementsAre("E1001"));
  // A field that cannot be read may have any name, and so may an entry.
  EXPECT_THAT(check_items("stream s { 7 a: int, b: int }\nview v { from s let x = a + b }\n"
                          "product p { from s }\ntest \"t\" { given s [{ a: 1, b: 2 }] expect p [] }")
                  .codes,
              ElementsAre("E1001"));
  EXPECT_THAT(check_items("view v { from sale select { id, % amount } }\nview w { from v let x = amount }").codes,
              ElementsAre("E1001"));
  EXPECT_THAT(check_items("view v {\n  from sale\n  select { id, at, total: amount + }\n}\n"
                          "view w { from v let x = total }")
                  .codes,
              ElementsAre("E1001"));
  EXPECT_THAT(check_items("view v {\n  from sale\n  select { id,\n}\nview w { from v let x = amount }").codes,
              ElementsAre("E1023"));
  // A declaration that cannot be read declares what it names.
  EXPECT_THAT(check_items("function twice(x int) -> int = x * 2\nview v { from sale let x = twice(count) }").codes,
              ElementsAre("E1001"));
  EXPECT_THAT(check_items("view = w { from sale }\nview v { from w let x = count }").codes, ElementsAre("E1001"));
  EXPECT_THAT(
      check_files({"domain = a\npublic stream s { n: int }", "domain b\nuse a.s\nview v { from s let x = n }"}).codes,
      ElementsAre("E1001"));
}

TEST(Mistakes, OfOneBracketAreNotOneForEachElement) {
  const std::string items = "product p { from click select { id, mood, at } }\n";
  EXPECT_THAT(check_items(items + "test \"t\" {\n  given click [\n    id: 1, customer: 2, at: @2026-01-01 },\n"
                                  "    { id: 2, customer: 3, at: @2026-01-01T00:00Z },\n  ]\n  expect p []\n}")
                  .codes,
              ElementsAre("E1001"));
  // The elements behind are still read.
  EXPECT_THAT(check_items(items + "test \"t\" {\n  given click [\n    id: 1, customer: 2 },\n"
                                  "    { idd: 2, customer: 3, at: @2026-01-01T00:00Z },\n  ]\n  expect p []\n}")
                  .codes,
              ElementsAre("E1001", "E4202", "E2107"));
  EXPECT_THAT(check_items("view v {\n  from sale\n  window tumbling 1h\n  group store {\n    n: count(,\n"
                          "    total: sum(amount),\n    most: max(amount),\n  }\n}")
                  .codes,
              testing::Each(testing::StartsWith("E10")));
  EXPECT_THAT(check_items("stream s { id: int, kind: enum {\n  at: timestamp, n: int }\n"
                          "view v { from s where kind == \"a\" or kind == \"b\" }")
                  .codes,
              testing::Each(testing::StartsWith("E10")));
}

TEST(Mistakes, InAHeaderMayHaveTakenTheName) {
  EXPECT_THAT(check_items("product spent total { from click }\n"
                          "test \"t\" { given click [] expect total [] expect total.rejected [] }")
                  .codes,
              ElementsAre("E1001"));
  EXPECT_THAT(
      check_items("test \"t\" { given click [] expect total [] expect total.rejected [] expect total.late [] }").codes,
      ElementsAre("E2102"));
}

TEST(Mistakes, OfOneCauseAreOneFinding) {
  const Checked checked = check_items(
      "view v { from sale where amonut > 1 let x = amonut let y = amonut }\nview w { from sale where amonut > 2 }");
  EXPECT_THAT(checked.codes, ElementsAre("E2107"));
  const Checked two = check_items("view v { from sale where amonut > 1 where stroe == \"a\" }");
  EXPECT_THAT(two.codes, ElementsAre("E2107", "E2107"));
  const Checked other = check_items("view v { from sale where amonut > 1 }\nview w { from click where amonut > 1 }");
  EXPECT_THAT(other.codes, ElementsAre("E2107", "E2107"));
}

TEST(Mistakes, ExpressionsHaveABound) {
  std::string functions = "function f0(x: int) -> int = x + 1\n";
  for (int i = 1; i < 30; ++i)
    functions += fmt::format("function f{}(x: int) -> int = f{}(x) + f{}(x * 2)\n", i, i - 1, i - 1);
  EXPECT_THAT(check_items(functions).codes, testing::Contains("E5003"));
}

}  // namespace
}  // namespace braid
