// What scripts become, and what is said of them. Scripts are small and complete; rows and expressions are compared as
// typed::print shows them.
#include "compiler/check/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/parse/parse.h"
#include "stdlib/registry.h"

namespace braid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Checked {
  typed::Project project;
  std::vector<std::string> codes;
  std::string text;  ///< of the project
  std::vector<std::string> messages;
};

Checked check_files(const std::vector<std::string>& texts, std::vector<uint32_t> run_files = {},
                    std::map<std::string, std::string> parameters = {}) {
  SourceSet sources;
  Reporter reporter;
  for (size_t i = 0; i < texts.size(); ++i) sources.add(fmt::format("{}.braid", i), texts[i]);
  std::vector<ast::Script> scripts;
  for (uint32_t file = 0; file < sources.size(); ++file) scripts.push_back(parse(sources, file, reporter));
  std::vector<const ast::Script*> pointers;
  for (const ast::Script& script : scripts) pointers.push_back(&script);
  Checked made;
  made.project = check({.scripts = pointers,
                        .sources = sources,
                        .functions = standard_library(),
                        .parameter_overrides = std::move(parameters),
                        .run_files = std::move(run_files)},
                       reporter);
  for (const Diagnostic& finding : reporter.take_sorted()) {
    if (finding.code == diag::NotYetWatched::kCode) continue;
    made.codes.push_back(code_text(finding));
    made.messages.push_back(finding.message);
  }
  made.text = typed::print(made.project);
  return made;
}

constexpr std::string_view kSources = R"(
domain shop

stream sale
  time at within 10s
  key id
  from file "sale.ndjson" format json
{
  id: int, store: string, amount: decimal(12,2), rate: float, count: int, note: string?, fee: decimal(5,4)?,
  status: enum { placed, paid, gone }, place: { city: string, zip: string? }, tags: list<string>,
  lines: list<{ sku: string, n: int }>, customer_id: int?, at: timestamp, until: timestamp,
}

stream click
  time at within 10s
  from file "click.ndjson" format json
{ id: int, customer: int, mood: string?, at: timestamp }

table customer
  key id
  time updated_at within 1m
  from file "customer.csv" format csv
{ id: int, name: string, email: string?, updated_at: timestamp }

table country
  key code
  from file "country.csv" format csv
{ code: string, name: string }
)";

Checked check_items(const std::string& items) {
  return check_files({std::string(kSources) + items});
}

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

const typed::Relation& relation(const Checked& checked, const std::string& name) {
  for (const typed::Relation& one : checked.project.relations)
    if (one.name == name) return one;
  static const typed::Relation none{};
  ADD_FAILURE() << "no relation " << name;
  return none;
}

std::string row_of(const Checked& checked, const std::string& name) {
  return to_string(struct_type(relation(checked, name).row));
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

// ---- names ---------------------------------------------------------------------------------------------------------

TEST(Names, ScriptIsNearerThanData) {
  const Checked checked = check_items(R"(
    param count: int = 7
    view v { from sale let x = count let count = 1 let y = count })");
  EXPECT_THAT(checked.codes, ElementsAre("W2114"));
  EXPECT_THAT(checked.text, HasSubstr("x: int = (constant 7)"));
}

TEST(Names, OfOtherDomainsComeByUse) {
  const std::string other = R"(domain other
public stream s time at within 1s { id: int, at: timestamp }
stream hidden time at within 1s { id: int, at: timestamp }
view v { from s }
product p version 1 { from s }
product p version 2 { from s select { id, at, two: 2 } }
)";
  EXPECT_THAT(
      check_files({other, "domain a\nuse other.s as t\nuse other.p\nview v { from t }\nview w { from p }"}).codes,
      IsEmpty());
  EXPECT_THAT(check_files({other, "domain a\nuse other.hidden\nuse other.v\nuse othr.s\nuse other.t"}).codes,
              ElementsAre("E2116", "E2117", "E2115", "E2102"));
  const Checked versions =
      check_files({other, "domain a\nuse other.p version 1\nview w { from p }\nview x { from other.p }"});
  EXPECT_EQ(row_of(versions, "w"), "{ id: int, at: timestamp }");
  EXPECT_EQ(row_of(versions, "x"), "{ id: int, at: timestamp, two: int }");
  EXPECT_THAT(check_files({other, "domain a\nuse other.p version 3\nview w { from p }"}).codes, ElementsAre("E2120"));
}

TEST(Names, AFileWithoutDomainIsMain) {
  SourceSet sources;
  Reporter reporter;
  ast::Script script;
  EXPECT_TRUE(
      check({.scripts = {&script}, .sources = sources, .functions = standard_library()}, reporter).relations.empty());
}

// ---- key and time --------------------------------------------------------------------------------------------------

TEST(Time, FollowsItsField) {
  const Checked checked = check_items(R"(
    view kept { from sale rename at to moment }
    view lost { from sale select { id } }
    view later time until within 5m { from sale }
    view joined { from sale join click as k on k.customer == customer_id within -1h..0s }
    view after { from sale join click as k on k.customer == customer_id within 0s..1h })");
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_EQ(relation(checked, "kept").row[static_cast<size_t>(relation(checked, "kept").time_field)].name, "moment");
  EXPECT_EQ(relation(checked, "lost").time_field, -1);
  EXPECT_TRUE(relation(checked, "lost").has_time);
  EXPECT_TRUE(relation(checked, "later").retimed);
  EXPECT_EQ(relation(checked, "later").within_us, 300'000'000);
  EXPECT_EQ(relation(checked, "joined").time_field, 12);
  EXPECT_EQ(relation(checked, "after").time_field, -1);
}

TEST(Key, MustFollowFromTheFlow) {
  EXPECT_THAT(check_items("product p key number { from sale rename id to number }").codes, IsEmpty());
  EXPECT_THAT(check_items("product p key id, store { from sale }").codes, IsEmpty());
  EXPECT_THAT(check_items("product p key store { from sale }").codes, ElementsAre("E3207"));
  EXPECT_THAT(check_items("product p key nothing { from sale }").codes, ElementsAre("E3206"));
  EXPECT_THAT(check_items("product p key customer { from click }").codes, IsEmpty());
  const std::string group = " from sale window tumbling 1d in \"UTC\" group store { n: count() } ";
  EXPECT_THAT(check_items("product p key store, window.start {" + group + "}").codes, IsEmpty());
  EXPECT_THAT(check_items("product p key store, window {" + group + "}").codes, IsEmpty());
  EXPECT_THAT(check_items("product p key store, day {" + group + "select { store, day: window.end, n } }").codes,
              IsEmpty());
  EXPECT_THAT(
      check_items("product p key store, day {" + group + "select { store, day: window.start.date(\"UTC\"), n } }")
          .codes,
      IsEmpty());
  EXPECT_THAT(check_items("product p key store {" + group + "}").codes, ElementsAre("E3207"));
}

// ---- joins ---------------------------------------------------------------------------------------------------------

TEST(Joins, TheRightSideDecidesTheKind) {
  const Checked checked = check_items(R"(
    view a { from sale join country as k on k.code == store }
    view b { from sale left join customer as c on c.id == customer_id and c.name != store max age 2h }
    view c { from sale join nearest click as k on customer_id == k.customer within -1d..1h }
    view d { from sale join click as k on k.customer == customer_id within any retain 30d })");
  EXPECT_THAT(checked.codes, IsEmpty());
  const auto join = [&](const std::string& name) {
    return std::get<typed::JoinStep>(relation(checked, name).steps[1].content);
  };
  EXPECT_EQ(join("a").kind, typed::JoinKind::reference);
  EXPECT_TRUE(join("a").on_table_key);
  EXPECT_EQ(join("b").kind, typed::JoinKind::as_of);
  EXPECT_TRUE(join("b").left);
  EXPECT_TRUE(join("b").on_table_key);
  EXPECT_EQ(join("b").max_age_us, 7'200'000'000);
  EXPECT_NE(join("b").residual, nullptr);
  EXPECT_EQ(join("c").kind, typed::JoinKind::interval);
  EXPECT_TRUE(join("c").nearest);
  EXPECT_EQ(join("c").lower_us, -86'400'000'000);
  EXPECT_EQ(join("c").upper_us, 3'600'000'000);
  EXPECT_EQ(join("d").lower_us, std::nullopt);
  EXPECT_EQ(join("d").retain_us, 2'592'000'000'000);
  EXPECT_EQ(to_string(relation(checked, "b").row.back().type),
            "{ id: int, name: string, email: string?, updated_at: timestamp }?");
  for (const char* on : {"true", "k.name == store", "k.code == store and k.name == store"})
    EXPECT_THAT(check_items(std::string("view e { from sale join country as k on ") + on + " }").codes,
                ElementsAre("E5001"))
        << on;
}

TEST(Joins, UsingMeansEqualFields) {
  const Checked checked = check_items("view a { from click join sale as s using id within 0s..1h }");
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_THAT(check_items("view a { from click join sale as s using customer within 0s..1h }").codes,
              ElementsAre("E2107"));
}

TEST(Joins, SayWhatIsMissing) {
  auto join = [&](const std::string& text) { return check_items("view a { from sale\n" + text + " }").codes; };
  EXPECT_THAT(join("join click as k on k.customer == customer_id"), ElementsAre("E3101"));
  EXPECT_THAT(join("join click as k on k.customer == customer_id within any"), ElementsAre("E3102"));
  EXPECT_THAT(join("join customer as c on c.id == customer_id within 0s..1h"), ElementsAre("E3103"));
  EXPECT_THAT(join("join country as c on c.code == store max age 1h"), ElementsAre("E3104"));
  EXPECT_THAT(join("join nearest customer as c on c.id == customer_id"), ElementsAre("E3105"));
  EXPECT_THAT(join("join click as k on k.customer == customer_id within 1h..0s"), ElementsAre("E3106"));
  EXPECT_THAT(join("join customer as c on id == customer_id"), ElementsAre("E3107"));
  EXPECT_THAT(join("join click as k on k.customer == customer_id within 0s..until - at"), ElementsAre("E5001"));
  EXPECT_THAT(join("semi join click as k on k.customer == customer_id within 0s..1h"), ElementsAre("E5001"));
  EXPECT_THAT(join("join latest customer as c on c.id == customer_id"), ElementsAre("E5001"));
  EXPECT_THAT(join("join customer as c on c.id == customer_id wait at most 1m"), ElementsAre("E5001"));
  EXPECT_THAT(join("join customer as store on store.id == customer_id"), ElementsAre("W2114"));
  EXPECT_THAT(join("join customer as at on at.id == customer_id"), ElementsAre("W2114", "E3204"));
}

// ---- windows -------------------------------------------------------------------------------------------------------

TEST(Groups, KeysThenEntriesThenWindow) {
  const Checked checked = check_items(R"(view v {
    from sale
    window hopping 1h every 10m late 5m as hours
    let big = amount > 100
    group store, noted: note is not null, hour: window.start.hour("UTC") {
      n: count(),
      share: count(where: big) / count(),
      best: arg_max(id, by: amount),
      worst: min(amount, where: fee is not null),
      fees: sum(fee, where: fee is not null),
      label: f"{store} {window.start}",
    }
    where n > 3
  })");
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_EQ(row_of(checked, "v"),
            "{ store: string, noted: bool, hour: int, n: int, share: decimal(25,6), best: int, worst: decimal(12,2)?, "
            "fees: decimal(38,4), label: string, window: { start: timestamp, end: timestamp } }");
  const auto& group = std::get<typed::GroupStep>(relation(checked, "v").steps[2].content);
  EXPECT_EQ(group.keys.size(), 2u);
  EXPECT_EQ(group.aggregates.size(), 6u);
  EXPECT_EQ(group.finish.size(), 10u);
  EXPECT_EQ(group.window.slide_us, 600'000'000);
  EXPECT_EQ(group.window.late_us, 300'000'000);
  EXPECT_EQ(group.window.name, "hours");
}

TEST(Groups, NothingWithoutATypeIsKept) {
  auto group = [](const std::string& text) {
    return check_items("view v { from sale window tumbling 1h group " + text + " }").codes;
  };
  EXPECT_THAT(group("{ x: last([[]]) }"), ElementsAre("E2218"));
  EXPECT_THAT(group("{ x: last([]).length() }"), ElementsAre("E2218"));
  EXPECT_THAT(group("{ x: [null] }"), ElementsAre("E2218"));
  EXPECT_THAT(group("k = [] { n: count() }"), testing::Not(IsEmpty()));
}

TEST(Groups, CalendarWindowsCountUnits) {
  const Checked checked = check_items(R"(
    param zone: string = "Europe/Paris"
    view v { from sale window hopping 2w every 1d in zone group { n: count() } })");
  EXPECT_THAT(checked.codes, IsEmpty());
  const auto& group = std::get<typed::GroupStep>(relation(checked, "v").steps[1].content);
  EXPECT_EQ(group.window.unit, typed::CalendarUnit::day);
  EXPECT_EQ(group.window.size_units, 14);
  EXPECT_EQ(group.window.zone, "Europe/Paris");
}

TEST(Groups, SayWhatIsMissing) {
  auto group = [&](const std::string& text) { return check_items("view a { from sale\n" + text + " }").codes; };
  EXPECT_THAT(group("window tumbling 1h group store { x: amount }"), ElementsAre("E2111"));
  EXPECT_THAT(group("window tumbling 1h group store { x: sum(store) }"), ElementsAre("E2207"));
  EXPECT_THAT(group("window tumbling 1h group store { x: sum(fee) }"), ElementsAre("E2204"));
  EXPECT_THAT(group("window tumbling 1h group store { x: median(amount) }"), ElementsAre("E5001"));
  EXPECT_THAT(group("window tumbling 1h group store { store: count() }"), ElementsAre("E2113"));
  EXPECT_THAT(group("window tumbling 1h group store { n: count(id) }"), ElementsAre("E2208"));
  EXPECT_THAT(group("group store { n: count() }"), ElementsAre("E5001"));
  EXPECT_THAT(group("group store { n: count() } emit final"), ElementsAre("E3306"));
  EXPECT_THAT(group("window tumbling 1h"), ElementsAre("E5001"));
  EXPECT_THAT(group("window tumbling 1h let w = window.start group { n: count() }"), ElementsAre("E5001"));
  EXPECT_THAT(group("window tumbling 0s group { n: count() }"), ElementsAre("E3304"));
  EXPECT_THAT(group("let n = sum(amount)"), ElementsAre("E2110"));
}

// ---- contracts and tests -------------------------------------------------------------------------------------------

TEST(Contracts, EnforcedPromisesAreTyped) {
  const Checked checked = check_items(R"(product p key id
    contract {
      check positive: amount > 0 else reject
      check noted: note is not null else alert
      unique id within 1d
      fields { id: int, amount: decimal(9,2), .. }
      fresh within 1h
    }
  { from sale select { id, amount, note, at } })");
  EXPECT_THAT(checked.codes, IsEmpty());
  const typed::Relation& p = relation(checked, "p");
  EXPECT_EQ(p.checks.size(), 2u);
  EXPECT_EQ(p.uniques.size(), 1u);
  EXPECT_EQ(row_of(checked, "p"), "{ id: int, amount: decimal(9,2), note: string?, at: timestamp }");
  EXPECT_THAT(
      check_items("product p contract { check a: id > 0 else reject check a: id > 1 else alert } { from sale }").codes,
      ElementsAre("E4106"));
}

TEST(Tests, ValuesAreKnown) {
  const Checked checked = check_items(R"(
    param least: decimal = 1.00
    product p key id { from click join customer as c on c.id == customer else nobody select { id, at, c.name, mood } }
    test "all statements" in order {
      param least = 2.50
      given click [{ id: 1, customer: 7, at: @2026-01-01T00:00Z }, { id: 2, customer: 8, mood: "x", at: @2026-01-01T00:00Z + 90s }]
      given customer raw ["1,a,b"]
      given customer from "c.csv"
      delete customer [{ id: 7, updated_at: @2026-01-01T00:00Z }]
      advance click to @2026-01-02T00:00Z
      idle click
      wait 5m
      restart
      expect p [{ id: 1, mood: null, .. }, ..]
      expect p.nobody [{ customer: 8, .. }]
      expect p.rejected [{ code: "E6101", row: { id: 2, .. }, .. }]
    })");
  EXPECT_THAT(checked.codes, IsEmpty());
  ASSERT_EQ(checked.project.tests.size(), 1u);
  EXPECT_EQ(checked.project.tests[0].statements.size(), 11u);
  EXPECT_EQ(checked.project.tests[0].parameters.size(), 1u);
  EXPECT_TRUE(checked.project.tests[0].in_order);
}

TEST(Params, AreSetFromOutside) {
  const std::string script = "domain a\nparam least: decimal = 1.00\nparam zone: string = \"UTC\"";
  const Checked checked = check_files({script}, {}, {{"least", "2.5"}, {"a.zone", "Europe/Paris"}});
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_THAT(checked.text, HasSubstr("2.5"));
  EXPECT_THAT(checked.text, HasSubstr("Europe/Paris"));
  EXPECT_THAT(check_files({script}, {}, {{"least", "lots"}}).codes, ElementsAre("E7015"));
}

// ---- what a run does not read
// --------------------------------------------------------------------------------------------

TEST(RunFiles, ErrorsThatARunDoesNotReachAreOneWarning) {
  const std::string plain = "domain shop\nproduct plain key id { from sale }\n";
  const std::string other =
      "domain shop\nview newest { from sale last per store retain forever }\nproduct newest_sale { from newest }\n"
      "product wrong { from plain where nothing > 3 }\ntest \"newest\" { given click [] expect newest_sale [] }";
  const std::vector<std::string> files{std::string(kSources), plain, other};
  EXPECT_THAT(check_files(files).codes, ElementsAre("E5001", "E2107"));
  const Checked run = check_files(files, {1});
  EXPECT_THAT(run.codes, ElementsAre("W5004"));
  EXPECT_THAT(run.messages, ElementsAre("2 errors in declarations that this run does not read"));
  EXPECT_THAT(run.text, HasSubstr("plain"));
  EXPECT_THAT(run.text, testing::Not(HasSubstr("newest")));
  EXPECT_THAT(run.project.tests, IsEmpty());
  EXPECT_THAT(check_files(files, {2}).codes, ElementsAre("E5001", "E2107"));
}

TEST(RunFiles, ErrorsInWhatARunReadsStay) {
  const std::string run = "domain a\nproduct p { from s where n > least and twice(n) > 2 }";
  auto codes = [&](const std::string& source, const std::string& more) {
    return check_files({run, "domain a\nstream s { n: int" + source + " }\n" + more}, {0}).codes;
  };
  const std::string sound = "param least: int = 3\nfunction twice(x: int) -> int = x * 2\n";
  EXPECT_THAT(codes("", sound), IsEmpty());
  EXPECT_THAT(codes("", sound + "type t = nothing"), ElementsAre("W5004"));
  EXPECT_THAT(codes(", t: t", sound + "type t = nothing"), ElementsAre("E2104"));
  EXPECT_THAT(codes("", sound + "stream s { n: int }"), ElementsAre("E2112"));
  EXPECT_THAT(codes("", sound + "stream r { n: int }\nstream r { n: int }"), ElementsAre("W5004"));
  EXPECT_THAT(codes("", sound + "param most: int = \"a\""), ElementsAre("W5004"));
  EXPECT_THAT(codes("", "param least: int = \"a\"\nfunction twice(x: int) -> int = x * 2"), ElementsAre("E2231"));
  EXPECT_THAT(codes("", "param least: t = 3\ntype t = nothing\nfunction twice(x: int) -> int = x * 2"),
              ElementsAre("E2104"));
  EXPECT_THAT(codes("", "param least: int = 3\nfunction twice(x: int) -> int = y * 2"), ElementsAre("E2101"));
  EXPECT_THAT(codes("", sound + "product q { from s where }"), ElementsAre("E1001"));
  // What cannot be read may be what is missing.
  EXPECT_THAT(codes("", "param least: int = 3\nfunction twice(x: int -> int = x * 2"), ElementsAre("E1001"));
}

TEST(RunFiles, OtherScriptsMayNotBeReadable) {
  const std::vector<std::string> files{"domain a\nstream s { n: int }\nproduct p { from s }",
                                       "domain a\nproduct q { frm", "nothing at all", "domain a\nview d { from s }",
                                       "domain a\nview d { from s }"};
  EXPECT_THAT(check_files(files, {0}).codes, ElementsAre("W5004"));
  EXPECT_THAT(check_files(files).codes, testing::Contains("E2112"));
}

// ---- after mistakes ------------------------------------------------------------------------------------------------

TEST(Mistakes, AreToldOnce) {
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
