// What scripts become: names, rows, keys and event time, joins, groups, contracts, tests; and what a run reads of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/check/checked_test.h"

namespace braid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
product p version 2 allow read to domain a { from s select { id, at, two: 2 } }
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
    view b { from sale left join customer as c on c.id == customer_id and c.name != store max age 2h wait at most 5m }
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
  EXPECT_EQ(join("b").wait_us, 300'000'000);
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
    EXPECT_THAT(check_items(std::string("view e { from sale join country as k on ") + on + " }").codes, IsEmpty())
        << on;
}

TEST(Joins, ByOtherColumnsThanTheKey) {
  const Checked checked = check_items(R"(
    view a { from sale join customer as c on c.name == store }
    view b { from sale join customer as c on c.id == customer_id and c.name == store }
    view c { from sale semi join country as k on true }
    view d { from sale join country as k on k.code != store })");
  EXPECT_THAT(checked.codes, IsEmpty());
  const auto join = [&](const std::string& name) {
    return std::get<typed::JoinStep>(relation(checked, name).steps[1].content);
  };
  EXPECT_TRUE(typed::makes_pairs(join("a")));
  // At most one row has the key: what else is equal is a condition.
  EXPECT_TRUE(join("b").on_table_key);
  EXPECT_EQ(join("b").right_keys.size(), 1u);
  EXPECT_NE(join("b").residual, nullptr);
  EXPECT_TRUE(typed::by_index(join("c")));
  EXPECT_FALSE(typed::makes_pairs(join("c")));
  EXPECT_TRUE(typed::by_index(join("d")));
}

TEST(Joins, UsingMeansEqualFields) {
  const Checked checked = check_items("view a { from click join sale as s using id within 0s..1h }");
  EXPECT_THAT(checked.codes, IsEmpty());
  EXPECT_THAT(check_items("view a { from click join sale as s using customer within 0s..1h }").codes,
              ElementsAre("E2107"));
}

TEST(Joins, WithTablesThatStepsMake) {
  auto join = [&](const std::string& text) {
    return check_items(
               "view spent { from sale group customer_id { amount: sum(amount) } retain forever }\n"
               "view pair { from spent join customer as c on c.id == customer_id }\n"
               "view a { from sale\n" +
               text + " }")
        .codes;
  };
  for (const char* kind : {"", "left ", "semi ", "anti "})
    EXPECT_THAT(join(std::string(kind) + "join spent as s on s.customer_id == customer_id"), IsEmpty()) << kind;
  EXPECT_THAT(join("full join spent as s on s.customer_id == customer_id"), ElementsAre("E5143"));
  EXPECT_THAT(join("join spent as s on s.amount == amount"), IsEmpty());
  EXPECT_THAT(join("join spent as s on s.customer_id == customer_id max age 1h"), ElementsAre("E5145"));
  EXPECT_THAT(join("join spent as s on s.customer_id == customer_id wait at most 1h"), IsEmpty());
  EXPECT_THAT(join("join latest spent as s on s.customer_id == customer_id"), IsEmpty());
  EXPECT_THAT(join("join latest pair as p on p.customer_id == customer_id"), IsEmpty());
  EXPECT_THAT(join("join pair as p on p.customer_id == customer_id"), IsEmpty());
  EXPECT_THAT(join("join spent as s on s.customer_id == customer_id within 0s..1h"), ElementsAre("E3103"));
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
  EXPECT_THAT(join("join click as k on k.customer == customer_id within 0s..until - at"), IsEmpty());
  EXPECT_THAT(join("join nearest click as k on k.customer == customer_id within 0s..until - at"), IsEmpty());
  EXPECT_THAT(join("full join click as k on k.customer == customer_id within 0s..until - at"), IsEmpty());
  EXPECT_THAT(join("semi join click as k on k.customer == customer_id within 0s..1h"), IsEmpty());
  EXPECT_THAT(join("semi join nearest click as k on k.customer == customer_id within 0s..1h"), ElementsAre("E5142"));
  EXPECT_THAT(join("right join customer as c on c.id == customer_id"), ElementsAre("E5143"));
  EXPECT_THAT(join("full join click as k on k.customer == customer_id within 0s..1h else lost"), ElementsAre("E5144"));
  EXPECT_THAT(join("full join click as k on k.customer == customer_id within any retain 1d"), IsEmpty());
  EXPECT_THAT(join("full join click as k on k.customer == customer_id within any retain forever"), IsEmpty());
  EXPECT_THAT(join("join click as k on k.customer == customer_id within window"), ElementsAre("E5475"));
  EXPECT_THAT(join("window hopping 1h every 10m\njoin click as k on k.customer == customer_id within window"),
              IsEmpty());
  EXPECT_THAT(join("join latest customer as c on c.id == customer_id"), IsEmpty());
  EXPECT_THAT(join("join latest country as c on c.code == store"), IsEmpty());
  EXPECT_THAT(join("join latest click as k on k.customer == customer_id"), ElementsAre("E5148"));
  EXPECT_THAT(join("join latest customer as c on c.id == customer_id max age 1h"), ElementsAre("E5149"));
  EXPECT_THAT(join("join customer as c on c.id == customer_id wait at most 1m"), IsEmpty());
  EXPECT_THAT(join("join country as c on c.code == store wait at most 1m"), ElementsAre("E5140"));
  EXPECT_THAT(join("join click as k on k.customer == customer_id within 0s..1h wait at most 1m"), ElementsAre("E5140"));
  EXPECT_THAT(join("join customer as c on c.id == customer_id wait at most 0s"), ElementsAre("E5141"));
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

TEST(Groups, SessionsHaveAGap) {
  const Checked checked =
      check_items("view v { from sale window session gap 10m max 4h late 1m group { n: count() } }");
  EXPECT_THAT(checked.codes, IsEmpty());
  const typed::Window& window = std::get<typed::GroupStep>(relation(checked, "v").steps[1].content).window;
  EXPECT_EQ(window.kind, typed::WindowKind::session);
  EXPECT_EQ(window.gap_us, 600'000'000);
  EXPECT_EQ(window.max_us, 14'400'000'000);
}

TEST(Groups, CumulativeWindowsHaveStepsOfTheirOwn) {
  const Checked checked = check_items(R"(
    view days { from sale window cumulative 1d every 1h in "Europe/Paris" group { n: count() } }
    view months { from sale window cumulative 1mo every 1w in "Europe/Paris" group { n: count() } }
    view fixed { from sale window cumulative 1h every 10m group { n: count() } })");
  EXPECT_THAT(checked.codes, IsEmpty());
  auto window = [&](const char* view) {
    return std::get<typed::GroupStep>(relation(checked, view).steps[1].content).window;
  };
  EXPECT_EQ(window("days").slide_unit, typed::CalendarUnit::none);
  EXPECT_EQ(window("days").slide_us, 3'600'000'000);
  EXPECT_EQ(window("months").slide_unit, typed::CalendarUnit::week);
  EXPECT_EQ(window("fixed").size_us, 3'600'000'000);
}

TEST(Groups, RowsThatKnowTheirWindowReadIt) {
  const Checked checked = check_items(R"(view v {
    from sale
    window tumbling 1h
    let offset = at - window.start
    where offset < 50m
    group store, quarter: (at - window.start).div(15m), hour: window.start { n: count(), last: max(window.end - at) }
  })");
  EXPECT_THAT(checked.codes, IsEmpty());
  const auto& group = std::get<typed::GroupStep>(relation(checked, "v").steps[3].content);
  EXPECT_EQ(group.keys.size(), 2u);
  EXPECT_EQ(group.finish.size(), 6u);
}

TEST(Groups, SpansAreKeys) {
  const Checked checked = check_items(R"(view v {
    from sale
    window span at..<at + 5m
    let twice = id * 2
    group store { n: count(), most: max(twice, where: at < window.end - 1m), length: window.end - window.start }
  })");
  EXPECT_THAT(checked.codes, IsEmpty());
  const auto& group = std::get<typed::GroupStep>(relation(checked, "v").steps[2].content);
  EXPECT_EQ(group.keys.size(), 3u);
  EXPECT_EQ(row_of(checked, "v"),
            "{ store: string, n: int, most: int?, length: duration, window: { start: timestamp, end: timestamp } }");
}

TEST(Groups, SayWhatIsMissing) {
  auto group = [&](const std::string& text) { return check_items("view a { from sale\n" + text + " }").codes; };
  EXPECT_THAT(group("window tumbling 1h group store { x: amount }"), ElementsAre("E2111"));
  EXPECT_THAT(group("window tumbling 1h group store { x: sum(store) }"), ElementsAre("E2207"));
  EXPECT_THAT(group("window tumbling 1h group store { x: sum(fee) }"), ElementsAre("E2204"));
  EXPECT_THAT(group("window tumbling 1h group store { x: median(amount) }"), IsEmpty());
  EXPECT_THAT(group("window tumbling 1h group store { store: count() }"), ElementsAre("E2113"));
  EXPECT_THAT(group("window tumbling 1h group store { n: count(id) }"), ElementsAre("E2208"));
  EXPECT_THAT(group("group store { n: count() } retain 30d"), IsEmpty());
  EXPECT_THAT(group("group store { n: count() } retain 0d"), ElementsAre("E5124"));
  EXPECT_THAT(group("window tumbling 1h group store { n: count() } emit changes"), IsEmpty());
  EXPECT_THAT(group("window tumbling 1h group store { n: count() } emit every 1m wall"), IsEmpty());
  EXPECT_THAT(group("window session gap 1h group store { n: count() } emit changes"), IsEmpty());
  EXPECT_THAT(group("window session gap 1h top 1 by amount emit changes"), IsEmpty());
  EXPECT_THAT(group("window session gap 1h top 2 by amount emit changes"), ElementsAre("E5164"));
  EXPECT_THAT(group("group store { n: count() } emit final"), ElementsAre("E3306"));
  EXPECT_THAT(group("group store { n: count() } retain forever let changed = event_time()"), IsEmpty());
  EXPECT_THAT(group("last per store retain forever where random() < 0.5e0"), ElementsAre("E2280"));
  EXPECT_THAT(group("let since = event_time() last per store retain forever"), IsEmpty());
  EXPECT_THAT(group("window tumbling 1h"), ElementsAre("E5169"));
  EXPECT_THAT(group("window tumbling 1h let w = window.start"), ElementsAre("E5169"));
  EXPECT_THAT(group("window tumbling 1h window tumbling 1d group { n: count() }"), ElementsAre("E5168"));
  EXPECT_THAT(group("window tumbling 1h group { n: count() } window tumbling 1d group { m: max(n) }"), IsEmpty());
  EXPECT_THAT(group("window tumbling 1h group { n: count() } retain 1d"), ElementsAre("E5170"));
  EXPECT_THAT(group("window hopping 2h every 1h let w = window.start group { n: count() }"), IsEmpty());
  EXPECT_THAT(group("window hopping 2h every 1h let w = window.start group w { n: count() } emit changes"), IsEmpty());
  EXPECT_THAT(group("window session gap 2h let w = window.start group { n: count() }"), ElementsAre("E5172"));
  EXPECT_THAT(group("window tumbling 1h running per store { n: count() }"), IsEmpty());
  EXPECT_THAT(group("window hopping 2h every 1h running per store { n: count() }"), IsEmpty());
  EXPECT_THAT(group("window tumbling 1h late 5m running per store { n: count() }"), ElementsAre("E5169"));
  EXPECT_THAT(group("window tumbling 1h late 5m running per store { n: count() } group { m: max(n) }"), IsEmpty());
  EXPECT_THAT(group("window span at..at running per store { n: count() }"), ElementsAre("E5165"));
  EXPECT_THAT(group("window session gap 1h running per store { n: count() }"), ElementsAre("E5172"));
  EXPECT_THAT(group("window tumbling 1h distinct store within 1d group { n: count() }"), IsEmpty());
  EXPECT_THAT(group("window session gap 1h distinct store within 1d group { n: count() }"), ElementsAre("E5172"));
  EXPECT_THAT(group("running per store over 1h { n: count() } emit changes"), ElementsAre("E5171"));
  EXPECT_THAT(group("window hopping 2h every 1h group { n: max(at - window.start) }"), IsEmpty());
  EXPECT_THAT(group("window session gap 2h group { n: max(at - window.start) }"), IsEmpty());
  EXPECT_THAT(group("window session gap 2h group since: at - window.start { n: count() }"), IsEmpty());
  EXPECT_THAT(group("window session gap 2h group { n: max(at - window.start) } emit changes"), IsEmpty());
  EXPECT_THAT(group("window session gap 2h group { n: arg_max(store, at - window.start) } emit changes"), IsEmpty());
  EXPECT_THAT(group("window session gap 2h last per store"), IsEmpty());
  EXPECT_THAT(group("window tumbling 1h last per store retain 1d"), ElementsAre("E5170"));
  EXPECT_THAT(group("window session gap 2h match within 1h { one: true }"), ElementsAre("E5172"));
  EXPECT_THAT(group("window hopping 2h every 1h match within 1h { one: true }"), IsEmpty());
  EXPECT_THAT(group("window span at..at select { id } group id { n: count() }"), IsEmpty());
  EXPECT_THAT(group("window span at..amount group { n: count() }"), testing::Not(IsEmpty()));
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
    table seller key id from file "seller.csv" format csv delete when gone { id: int, gone: bool }
    product p key id { from click join customer as c on c.id == customer else nobody select { id, at, c.name, mood } }
    test "all statements" in order {
      param least = 2.50
      given click [{ id: 1, customer: 7, at: @2026-01-01T00:00Z }, { id: 2, customer: 8, mood: "x", at: @2026-01-01T00:00Z + 90s }]
      given customer raw ["1,a,b"]
      given customer from "c.csv"
      delete seller [{ id: 7 }]
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
// ----------------------------------------------------------------------------------------

TEST(RunFiles, ErrorsThatARunDoesNotReachAreOneWarning) {
  const std::string plain = "domain shop\nproduct plain key id { from sale }\n";
  const std::string other =
      "domain shop\nview newest { from sale window tumbling 1h group store { n: count() } retain 30d }\nproduct "
      "newest_sale { from newest }\n"
      "product wrong { from plain where nothing > 3 }\ntest \"newest\" { given click [] expect newest_sale [] }";
  const std::vector<std::string> files{std::string(kSources), plain, other};
  EXPECT_THAT(check_files(files).codes, ElementsAre("E5170", "E2107"));
  const Checked run = check_files(files, {1});
  EXPECT_THAT(run.codes, ElementsAre("W5004"));
  EXPECT_THAT(run.messages, ElementsAre("2 errors in declarations that this run does not read"));
  EXPECT_THAT(run.text, HasSubstr("plain"));
  EXPECT_THAT(run.text, testing::Not(HasSubstr("newest")));
  EXPECT_THAT(run.project.tests, IsEmpty());
  EXPECT_THAT(check_files(files, {2}).codes, ElementsAre("E5170", "E2107"));
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

TEST(Check, ALengthToRetainNeedsEventTime) {
  const std::string timeless = "stream s from file \"s.csv\" format csv { k: string, n: int }\n";
  EXPECT_THAT(check_items(timeless + "view v { from s group k { n: sum(n) } retain 1d }").codes, ElementsAre("E3201"));
  EXPECT_THAT(check_items(timeless + "view v { from s group k { n: sum(n) } retain forever }").codes, ElementsAre());
}

TEST(Check, AFullJoinNeedsAKeyThatIsThere) {
  const std::string tables =
      "table t key a time at within 1s from file \"t.csv\" format csv { a: int, g: int?, at: timestamp }\n"
      "view v { from t group g { n: sum(a) } }\nview w { from v where g is not null }\n";
  EXPECT_THAT(check_items(tables + "view x { from v full join v as o on o.g == n }").codes, ElementsAre("E5481"));
  EXPECT_THAT(check_items(tables + "view x { from v full join w as o on o.g == n }").codes, ElementsAre());
  EXPECT_THAT(check_items(tables + "view x { from v left join v as o on o.g == n }").codes, ElementsAre());
}

}  // namespace
}  // namespace braid
