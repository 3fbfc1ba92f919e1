// What expressions become: their types, and the trees as typed::print shows them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/check/checked_test.h"

namespace braid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Type and expression of `let x = …` over a sale, or its codes.
std::string of_expression(const std::string& expression) {
  const Checked checked = check_items("view v { from sale\n let x = " + expression + " }");
  if (!checked.codes.empty()) return fmt::format("{}", fmt::join(checked.codes, " "));
  for (const typed::Relation& relation : checked.project.relations) {
    if (relation.name != "v") continue;
    const auto& step = std::get<typed::ProjectStep>(relation.steps.back().content);
    const std::vector<Field>& row = relation.steps[relation.steps.size() - 2].row;
    return to_string(step.columns.back()->type) + " " + typed::print(*step.columns.back(), row);
  }
  return "nothing";
}
std::string type_of(const std::string& expression) {
  const std::string found = of_expression(expression);
  return found.substr(0, found.find(" ("));
}

// ---- lambdas -------------------------------------------------------------------------------------------------------

TEST(Lambdas, BecomeLoops) {
  EXPECT_EQ(of_expression("lines.map(x => x.n * count)"),
            "list<int> (map 0 1 (column 10 lines) (multiply (field n (local 0)) (column 4 count)))");
  EXPECT_EQ(of_expression("tags.filter(t => t != store)"),
            "list<string> (filter 0 1 (column 9 tags) (not_equal (local 0) (column 1 store)))");
  EXPECT_EQ(of_expression("map(tags, (t, i) => i)"), "list<int> (map 0 1 (column 9 tags) (local 1))");
  EXPECT_EQ(of_expression("tags.none(t => t == \"a\")"),
            "bool (not (any 0 1 (column 9 tags) (equal (local 0) (constant \"a\"))))");
  EXPECT_EQ(type_of("lines.flat_map(x => [x.sku, store])"), "list<string>");
  EXPECT_EQ(type_of("lines.find(x => x.n > 1)"), "{ sku: string, n: int }?");
  EXPECT_EQ(type_of("lines.index_of(x => x.n > 1)"), "int?");
  EXPECT_EQ(type_of("lines.sort_by(x => x.n)"), "list<{ sku: string, n: int }>");
  EXPECT_EQ(type_of("lines.max_by(x => x.n)"), "{ sku: string, n: int }?");
  EXPECT_EQ(type_of("lines.map(x => { x.sku, half: x.n / 2 })"), "list<{ sku: string, half: decimal(25,6) }>");
  EXPECT_EQ(type_of("lines.count(x => x.n > 1) + lines.map(x => x.n).sum()"), "int");
  EXPECT_EQ(type_of("lines.map(x => lines.count(y => y.n < x.n))"), "list<int>");
}

TEST(Lambdas, ReduceTakesTheTypeThatHoldsBoth) {
  EXPECT_EQ(type_of("lines.reduce(0, (a, x) => a + x.n)"), "int");
  EXPECT_EQ(type_of("lines.reduce(0, (a, x) => a + x.n * amount)"), "decimal(38,2)");
  EXPECT_EQ(type_of("lines.reduce(0, (a, x) => a + rate)"), "float");
  EXPECT_EQ(type_of("tags.reduce(\"\", (a, t, i) => f\"{a}{i}{t}\")"), "string");
  EXPECT_EQ(type_of("lines.reduce({ n: 0, last: \"\" }, (a, x) => { n: a.n + x.n, last: x.sku })"),
            "{ n: int, last: string }");
  EXPECT_EQ(of_expression("lines.reduce(1, (a, x) => a * amount)"), "E2245");
  EXPECT_EQ(of_expression("tags.reduce(0, (a, t) => t)"), "E2245");
}

TEST(Lambdas, ParametersHideFieldsAndFactsAboutThem) {
  EXPECT_EQ(type_of("if note is not null then tags.map(note => note) else tags"), "list<string>");
  EXPECT_EQ(type_of("if note is not null then tags.map(t => note + t) else tags"), "list<string>");
  EXPECT_EQ(of_expression("tags.map(t => note + t)"), "E2204");
  EXPECT_EQ(of_expression("tags.map(t => t) + t"), "E2107");
}

TEST(Lambdas, StandOnlyWhereAListIsGoneThrough) {
  EXPECT_EQ(of_expression("x => x + 1"), "E2241");
  EXPECT_EQ(of_expression("tags.map()"), "E2240");
  EXPECT_EQ(of_expression("tags.filter(1)"), "E2240");
  EXPECT_EQ(of_expression("tags.map(t => t, t => t)"), "E2240");
  EXPECT_EQ(of_expression("tags.map((a, b, c) => a)"), "E2242");
  EXPECT_EQ(of_expression("tags.reduce(0, a => a)"), "E2242");
  EXPECT_EQ(of_expression("store.map(c => c)"), "E2243");
  EXPECT_EQ(of_expression("tags.length(t => t)"), "E2244");
  EXPECT_EQ(of_expression("tags.mop(t => t)"), "E2103");
  EXPECT_EQ(of_expression("tags.filter(t => 1)"), "E2202");
  EXPECT_EQ(of_expression("tags.map(t => null)"), "E2218");
  EXPECT_EQ(of_expression("[].map(t => 1)"), "E2218");
  EXPECT_EQ(of_expression("lines.min_by(x => x)"), "E2212");
}

// ---- functions of any type -----------------------------------------------------------------------------------------

/// Type of `call` in a flow over sales, with these functions, or the codes.
std::string type_with(const std::string& functions, const std::string& call) {
  const Checked checked = check_items(functions + "\nview v { from sale\n select { x: " + call + " } }");
  if (!checked.codes.empty()) return fmt::format("{}", fmt::join(checked.codes, " "));
  return to_string(relation(checked, "v").row[0].type);
}

TEST(Generics, TypeParametersFollowFromTheArguments) {
  const std::string pick = "function pick<T>(c: bool, a: T, b: T) -> T = if c then a else b\n";
  EXPECT_EQ(type_with(pick, "pick(true, store, \"a\")"), "string");
  EXPECT_EQ(type_with(pick, "pick(true, amount, 0)"), "decimal(12,2)");
  EXPECT_EQ(type_with(pick, "pick(true, 0, amount)"), "decimal(12,2)");
  EXPECT_EQ(type_with(pick, "pick(true, note, store)"), "string?");
  EXPECT_EQ(type_with(pick, "pick(true, place, place)"), "{ city: string, zip: string? }");
  EXPECT_EQ(type_with(pick, "pick(true, 1, store)"), "E2248");
  EXPECT_EQ(type_with(pick, "pick(b: count, a: 1, c: false)"), "int");
  const std::string first = "function head<T>(xs: list<T>, other: T) -> T = xs.first() ?? other\n";
  EXPECT_EQ(type_with(first, "tags.head(\"-\")"), "string");
  EXPECT_EQ(type_with(first, "lines.map(x => x.n).head(0)"), "int");
  EXPECT_EQ(type_with(first, "[].head(0)"), "int");
  EXPECT_EQ(type_with("function amount_of<T>(xs: list<T>) -> int = xs.length()\n", "[].amount_of()"), "E2246");
  EXPECT_EQ(type_with("function of<T>(r: { a: T, b: int }) -> T = r.a\n", "of({ a: rate, b: 1 })"), "float");
  EXPECT_EQ(type_with("function both<A, B>(a: A, b: B) -> { a: A, b: B } = { a, b }\n", "both(1, store)"),
            "{ a: int, b: string }");
}

TEST(Generics, BoundsSayWhatTheBodyMayDo) {
  EXPECT_EQ(type_with("function twice<T: number>(x: T) -> T = x + x\n", "twice(amount)"), "decimal(12,2)");
  EXPECT_EQ(type_with("function twice<T: number>(x: T) -> T = x + x\n", "twice(rate)"), "float");
  EXPECT_EQ(type_with("function twice<T: number>(x: T) -> T = x + x\n", "twice(store)"), "E2247");
  EXPECT_EQ(type_with("function lesser<T: ordered>(a: T, b: T) -> T = if a < b then a else b\n", "lesser(at, until)"),
            "timestamp");
  EXPECT_EQ(type_with("function same<T: key>(a: T, b: T) -> bool = a == b\n", "same(tags, tags)"), "bool");
  EXPECT_EQ(type_with("function lesser<T>(a: T, b: T) -> T = if a < b then a else b\n", "1"), "E2212");
  EXPECT_EQ(type_with("function twice<T>(x: T) -> T = x + x\n", "1"), "E2205");
  EXPECT_EQ(type_with("function rest<T: number>(x: T) -> T = x % 2\n", "rest(rate)"), "E2249");
  EXPECT_EQ(type_with("function f<T: numbers>(x: T) -> T = x\n", "1"), "E2250");
  EXPECT_EQ(type_with("function f<T, T>(x: T) -> T = x\n", "1"), "E2113");
}

TEST(Generics, TypeParametersAreNoTypesElsewhere) {
  const std::string nested =
      "function inner<T>(x: T) -> T = x\nfunction outer<T>(x: list<T>) -> list<T> = x.map(y => inner(y))\n";
  EXPECT_EQ(type_with(nested, "outer(tags)"), "list<string>");
  EXPECT_EQ(type_with("function a<T>(x: T) -> T = b(x)\nfunction b(x: T) -> int = 1\n", "1"), "E2104");
}

TEST(Functions, TakeLambdas) {
  const std::string twice = "function twice<T>(x: T, f: (T) => T) -> T = f(f(x))\n";
  EXPECT_EQ(type_with(twice, "twice(count, n => n * count)"), "int");
  EXPECT_EQ(type_with(twice, "store.twice(s => s + f\"{count}\")"), "string");
  EXPECT_EQ(type_with(twice, "twice(f: n => n + 1, x: 1)"), "int");
  EXPECT_EQ(type_with(twice, "twice(count, n => store)"), "E2248");
  EXPECT_EQ(type_with(twice, "twice(count, 1)"), "E2240");
  EXPECT_EQ(type_with(twice, "twice(count, (a, b) => a)"), "E2242");
  EXPECT_EQ(type_with(twice, "twice(n => n, n => n)"), "E2246");
  EXPECT_EQ(type_with(twice, "twice(count, n => twice(n, m => m + 1))"), "int");
  const std::string made = "function made<T, U>(xs: list<T>, f: (T) => U) -> list<U> = xs.map(x => f(x))\n";
  EXPECT_EQ(type_with(made, "lines.made(x => x.n > count)"), "list<bool>");
  EXPECT_EQ(type_with(made, "lines.made(x => [x.sku]).made(y => y.length())"), "list<int>");
  EXPECT_EQ(type_with("function f(g: (int) => int) -> int = g\n", "1"), "E2241");
  EXPECT_EQ(type_with("function f(g: (int) => int) -> int = g(1, 2)\n", "1"), "E2208");
  EXPECT_EQ(type_with("function f(g: (int) => int) -> int = g(\"a\")\n", "1"), "E2201");
  EXPECT_EQ(type_with("function f(g: (int) => int) -> int = g(1)\n", "f(n => f(m => m + n))"), "int");
  EXPECT_EQ(type_with("function f(x: int) -> int = x\n", "f(n => n)"), "E2241");
}

// ---- numbers -------------------------------------------------------------------------------------------------------

TEST(Numbers, DecimalsKeepTheirDigits) {
  EXPECT_EQ(type_of("amount + amount"), "decimal(13,2)");
  EXPECT_EQ(type_of("amount - 0.001"), "decimal(14,3)");
  EXPECT_EQ(type_of("amount * amount"), "decimal(24,4)");
  EXPECT_EQ(type_of("amount / 3"), "decimal(18,8)");
  EXPECT_EQ(type_of("count / 2"), "decimal(25,6)");
  // The digits before the point stay: what is divided by 1 fits.
  EXPECT_EQ(type_of("9_999_999_999_999_999_999_999_999_999_999.9999999 / 1"), "decimal(38,7)");
  EXPECT_EQ(type_of("999_999_999_999_999_999_999_999_999_999_999.99 / 1"), "decimal(38,5)");
  EXPECT_EQ(type_of("0.00000000000000000000000000000000000001 / 1"), "decimal(38,38)");
  EXPECT_EQ(type_of("count % 2"), "int");
  EXPECT_EQ(type_of("amount * count"), "decimal(31,2)");
  EXPECT_EQ(type_of("count + 1"), "int");
}

TEST(Numbers, LiteralsFitWhatHoldsThem) {
  EXPECT_EQ(of_expression("rate * 2"), "float (multiply (column 3 rate) (constant 2.0))");
  EXPECT_EQ(of_expression("amount > 3"), "bool (greater (column 2 amount) (constant 3.00))");
  EXPECT_EQ(of_expression("amount > 0.001"),
            "bool (greater (widen_decimal decimal(13,3) (column 2 amount)) (constant 0.001))");
  EXPECT_EQ(of_expression("if count > 3 then 1 else 2.5"),
            "decimal(2,1) (if (greater (column 4 count) (constant 3)) (constant 1.0) (constant 2.5))");
}

TEST(Numbers, LiteralsMayBeTooLargeWhereverTheyStand) {
  const std::string digits(44, '9'), zeros(44, '0');
  EXPECT_EQ(of_expression("amount > " + digits + ".5"), "E2224");
  EXPECT_EQ(of_expression("0." + zeros + "1"), "E2224");
  EXPECT_EQ(of_expression("count + " + digits), "E2224");
  EXPECT_EQ(of_expression("0x" + digits), "E2224");
  EXPECT_EQ(type_of("amount / 0x7FFFFFFFFFFFFFFF"), "decimal(18,8)");
  EXPECT_EQ(type_of("amount + 0x7FFFFFFFFFFFFFFF"), "decimal(22,2)");
  EXPECT_EQ(type_of("amount + -0x7FFFFFFFFFFFFFFF"), "decimal(22,2)");
  EXPECT_EQ(type_of("amount + -(5)"), "decimal(22,2)");
  const std::string with_param =
      "domain a\nparam least: int = 3\nstream s { x: decimal(12,2) }\n"
      "view v { from s let y = x + -least where y > -least }";
  EXPECT_THAT(check_files({with_param}).codes, IsEmpty());
  EXPECT_THAT(check_files({with_param}).text, testing::Not(HasSubstr("error")));
  EXPECT_EQ(type_of("amount + - 0005"), "decimal(13,2)");
  EXPECT_EQ(of_expression("rate * 1e999"), "E2224");
  EXPECT_EQ(of_expression("until + 9223372036854775807d"), "E2224");
  EXPECT_EQ(of_expression("round(amount, " + digits + ")"), "E2224");
  EXPECT_EQ(check_items("function f(x: decimal) -> decimal = x\nview v { from sale let x = f(" + digits + ") }").codes,
            std::vector<std::string>{"E2224"});
  EXPECT_THAT(check_items("type t = decimal(99999999999999999999, 2)").codes, ElementsAre("E1041"));
  EXPECT_THAT(check_items("stream s time at within 9223372036854775807d { at: timestamp }").codes,
              ElementsAre("E2224"));
  EXPECT_THAT(check_items("stream s time at idle 999999999h { at: timestamp }").codes, ElementsAre("E2224"));
  auto step = [](const std::string& text) { return check_items("view v { from sale as s " + text + " }").codes; };
  EXPECT_THAT(step("window tumbling 9223372036854775807us group { n: count() }"), ElementsAre("E2224"));
  EXPECT_THAT(step("window tumbling 9223372036854775807mo in \"Europe/Paris\" group { n: count() }"),
              ElementsAre("E2224"));
  EXPECT_THAT(step("window tumbling 1h late 9223372036854775807us group { n: count() }"), ElementsAre("E2224"));
  EXPECT_THAT(step("join click as c on c.id == id within 0s..99999999h"), ElementsAre("E2224"));
  EXPECT_THAT(step("join click as c on c.id == id within -99999999h..0s"), ElementsAre("E2224"));
  EXPECT_THAT(step("join click as c on c.id == id within any retain 99999999h"), ElementsAre("E2224"));
  EXPECT_THAT(step("join customer as c on c.id == id max age 99999999h"), ElementsAre("E2224"));
  EXPECT_THAT(check_items("test \"t\" { given click [] wait 99999999h expect p [] }\nproduct p { from click }").codes,
              ElementsAre("E2224"));
  const std::string script = "domain a\nparam least: decimal = 1.5";
  for (const std::string& value : {digits, digits + ".5", "0." + zeros + "1", "1" + zeros + "e9", "0x" + digits})
    EXPECT_THAT(check_files({script}, {}, {{"least", value}}).codes, ElementsAre("E7015")) << value;
}

TEST(Numbers, NothingElseConvertsByItself) {
  EXPECT_EQ(of_expression("amount * rate"), "E2206");
  EXPECT_EQ(of_expression("count * rate"), "E2205");
  EXPECT_EQ(of_expression("amount == rate"), "E2206");
  EXPECT_EQ(of_expression("store + count"), "E2205");
  EXPECT_EQ(of_expression("count == store"), "E2211");
}

TEST(Numbers, TooManyDecimalsAreRefused) {
  EXPECT_EQ(
      type_of("amount * amount * amount * amount * amount * amount * amount * amount * amount * amount * amount * "
              "amount * amount * amount * amount * amount * amount * amount * amount * amount"),
      "E2205");
}

TEST(Numbers, TimesAndDurations) {
  EXPECT_EQ(type_of("at + 1h"), "timestamp");
  EXPECT_EQ(of_expression("1h + at"), "timestamp (add (column 12 at) (constant 1h))");
  EXPECT_EQ(type_of("until - at"), "duration");
  EXPECT_EQ(type_of("count * 1m"), "duration");
  EXPECT_EQ(type_of("until - at - 1h30m"), "duration");
  EXPECT_EQ(type_of("at in @2026-01-01T00:00Z..<@2026-02-01T00:00Z"), "bool");
  EXPECT_EQ(of_expression("at + at"), "E2205");
  EXPECT_EQ(of_expression("at + 1mo"), "E3305");
}

// ---- null ----------------------------------------------------------------------------------------------------------

TEST(Null, NeedsAnAnswer) {
  EXPECT_EQ(of_expression("fee + 1"), "E2204");
  EXPECT_EQ(of_expression("fee < 1"), "E2204");
  EXPECT_EQ(of_expression("note.length()"), "E2204");
  EXPECT_EQ(of_expression("note ?? 1"), "E2214");
  EXPECT_EQ(of_expression("null"), "E2218");
  EXPECT_EQ(of_expression("[]"), "E2218");
  EXPECT_EQ(type_of("fee == 1"), "bool");
  EXPECT_EQ(type_of("fee ?? 0"), "decimal(5,4)");
  EXPECT_EQ(type_of("note?.length()"), "int?");
  EXPECT_EQ(type_of("place.zip?.length() ?? 0"), "int");
  EXPECT_EQ(type_of("[null, 1]"), "list<int?>");
}

TEST(Null, NarrowsWhereItIsShown) {
  EXPECT_EQ(type_of("note is not null and note.length() > 2"), "bool");
  EXPECT_EQ(type_of("note is null or note.length() > 2"), "bool");
  EXPECT_EQ(type_of("not (note is null) and note.length() > 2"), "bool");
  EXPECT_EQ(type_of("note is not null or note.length() > 2"), "E2204");
  EXPECT_EQ(type_of("if note is null then 0 else note.length()"), "int");
  EXPECT_EQ(type_of("case { note is null -> 0, count > 2 -> note.length(), else -> 1 }"), "int");
  EXPECT_EQ(type_of("case note { null -> 0, else -> note.length() }"), "int");
  EXPECT_EQ(type_of("place.zip is not null and place.zip.length() > 2"), "bool");
}

TEST(Null, WhereNarrowsTheRow) {
  const Checked checked =
      check_items("view v { from sale\n where note is not null and fee is not null\n select { note, fee } }");
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_EQ(row_of(checked, "v"), "{ note: string, fee: decimal(5,4) }");
}

TEST(Null, LeftJoinsNarrowToo) {
  const Checked checked = check_items(R"(view v {
    from sale
    left join customer as c on c.id == customer_id
    where c is not null and c.email is not null
    select { id, c.email, n: c.name.length() }
  })");
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_EQ(row_of(checked, "v"), "{ id: int, email: string, n: int }");
}

TEST(Null, AReplacedNameIsNotNarrowed) {
  const Checked checked = check_items(R"(view v {
    from sale
    left join customer as c on c.id == customer_id
    where c?.email is not null
    let c = if count > 1 then c else null
    let x = c.email
  })");
  EXPECT_THAT(checked.codes, ElementsAre("E2223"));
}

// ---- failure -------------------------------------------------------------------------------------------------------

TEST(Failure, TryGivesNull) {
  EXPECT_EQ(type_of("try int(store)"), "int?");
  EXPECT_EQ(type_of("try int(store) ?? 0"), "int");
  EXPECT_EQ(of_expression("int(store) ?? 0"), "W2220");
  EXPECT_EQ(type_of("note ?? fail(\"no note\")"), "string");
  EXPECT_EQ(type_of("if count > 0 then amount / count else fail(\"none\")"), "decimal(18,8)");
}

// ---- choices -------------------------------------------------------------------------------------------------------

TEST(Choices, CaseEvaluatesItsSubjectOnce) {
  EXPECT_EQ(of_expression("case count + 1 { 1..9 -> \"few\", else -> \"many\" }"),
            "string (bind 0 (add (column 4 count) (constant 1)) (if (and (greater_equal (local 0) (constant 1)) "
            "(less_equal (local 0) (constant 9))) (constant \"few\") (constant \"many\")))");
  EXPECT_EQ(of_expression("store.lower() in [\"a\", \"b\"]"),
            "bool (bind 0 (call lower (column 1 store)) (or (equal (local 0) (constant \"a\")) (equal (local 0) "
            "(constant \"b\"))))");
}

TEST(Choices, EnumsAreExhaustive) {
  EXPECT_EQ(type_of("case status { \"placed\" -> 1, \"paid\" | \"gone\" -> 2 }"), "int");
  EXPECT_EQ(type_of("case status { \"placed\" -> 1, \"paid\" -> 2 }"), "E2215");
  EXPECT_EQ(type_of("case count { 1 -> 1 }"), "E2216");
  EXPECT_EQ(type_of("case status { \"placed\" -> 1, \"payd\" -> 2, else -> 3 }"), "E2105");
  EXPECT_EQ(type_of("case count { 1..9 -> 1, 3..4 -> 2, else -> 3 }"), "W2217");
  EXPECT_EQ(type_of("count in 9..1"), "E3106");
}

TEST(Choices, InListsOfAnyKind) {
  EXPECT_EQ(type_of("store in tags"), "bool");
  EXPECT_EQ(type_of("count in tags"), "E2211");
  EXPECT_EQ(type_of("amount not in [1, 2.5]"), "bool");
  EXPECT_EQ(type_of("note in [\"a\"]"), "bool");
  EXPECT_EQ(type_of("fee in 0..1"), "E2204");
}

// ---- structs and lists ---------------------------------------------------------------------------------------------

TEST(Structs, LaterEntriesWin) {
  EXPECT_EQ(type_of("{ ..place, city: 1, id }"), "{ city: int, zip: string?, id: int }");
  EXPECT_EQ(of_expression("{ id, id }"), "E2113");
  EXPECT_EQ(of_expression("{ count + 1 }"), "E2233");
  EXPECT_EQ(type_of("lines.sku"), "list<string>");
  EXPECT_EQ(type_of("lines[0].n"), "int");
  EXPECT_EQ(of_expression("lines.ski"), "E2107");
  EXPECT_EQ(of_expression("count[0]"), "E2221");
  EXPECT_EQ(of_expression("[1, \"a\"]"), "E2213");
}

TEST(Structs, SelectSpreadsRowsAndSides) {
  const Checked checked = check_items(R"(view v {
    from click as k
    join customer as c on c.id == customer
    select { ..k, ..c, at, id: k.id }
    drop email
    rename name to who
  })");
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_EQ(row_of(checked, "v"),
            "{ id: int, customer: int, mood: string?, at: timestamp, who: string, updated_at: timestamp }");
}

// ---- functions -----------------------------------------------------------------------------------------------------

TEST(Functions, AreInlinedWithTheirArgumentsBoundOnce) {
  const Checked checked = check_items(R"(
    function twice(x: decimal, by: decimal = 2) -> decimal { let y = x * by return y + y } example twice(1) == 4
    view v { from sale let x = twice(amount + 1) let y = count.twice(by: 3) })");
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_THAT(checked.text,
              HasSubstr("x: decimal(15,2) = (bind 0 (add (column 2 amount) (constant 1)) (bind 1 (multiply "
                        "(local 0) (constant 2)) (add (local 1) (local 1))))"));
  EXPECT_EQ(checked.project.examples.size(), 1u);
}

TEST(Functions, SeeNothingOfTheRow) {
  const Checked checked = check_items("function f(x: int) -> int = x + count\n view v { from sale let y = f(count) }");
  EXPECT_THAT(checked.codes, ElementsAre("E2101"));
}

TEST(Functions, DoNotRecurse) {
  const Checked checked = check_items("function f(x: int) -> int = g(x)\nfunction g(x: int) -> int = f(x)");
  EXPECT_THAT(checked.codes, ElementsAre("E2119"));
}

TEST(Functions, ConstantsReachParametersThatNeedThem) {
  const Checked checked = check_items(R"(
    param zone: string = "Europe/Paris"
    function local_hour(x: timestamp, z: string) -> int = x.hour(z)
    view v { from sale let h = local_hour(at, zone) }
    view w { from sale let h = at.hour(store) }
    view x { from sale let h = at.hour("Europe/Pari") })");
  EXPECT_THAT(checked.codes, ElementsAre("E2229", "E2127"));
}

}  // namespace
}  // namespace braid
