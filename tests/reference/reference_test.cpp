// The oracle itself, held against expectations written by hand.
#include "tests/reference/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/driver/compile.h"
#include "runtime/data/time_zone.h"
#include "runtime/report/render_terminal.h"
#include "stdlib/registry.h"

namespace braid::reference {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int64_t kSecond = 1'000'000;

class Script {
 public:
  explicit Script(const std::string& text) {
    sources_.add("t.braid", "domain t\n" + text);
    Reporter reporter;
    scripts_ = driver::parse_scripts(sources_, reporter);
    const driver::Language language{
        .functions = standard_library(),
        .knows_zone = [](std::string_view name) { return load_time_zone(name) != nullptr; },
        .zone_names = time_zone_names,
    };
    project_ = driver::check_scripts(scripts_, sources_, language, {}, {}, reporter);
    EXPECT_FALSE(reporter.has_errors()) << [&] {
      std::string all;
      for (const Diagnostic& finding : reporter.take_sorted()) all += code_text(finding) + " " + finding.message + "\n";
      return all;
    }();
    plan_ = plan::build(project_, driver::products_of(project_, {}));
  }

  /// A record of `relation`: values in the order of its fields.
  Script& give(const std::string& relation, std::vector<InputField> fields, uint32_t partition = 0) {
    auto& partitions = input_.sources["t." + relation];
    if (partitions.size() <= partition) partitions.resize(partition + 1);
    auto& records = partitions[partition].records;
    const auto position = static_cast<int64_t>(records.size());
    records.push_back({.fields = std::move(fields), .position = position, .line = position + 1});
    return *this;
  }
  Script& clock(int64_t now) {
    input_.clock_us = now;
    return *this;
  }
  void run() { outcomes_ = evaluate(plan_, project_, input_); }
  const ProductOutcome& product(size_t index = 0) { return outcomes_.at(index); }
  std::vector<std::string> rows(const std::string& port = "", size_t index = 0) {
    std::vector<std::string> rows;
    const auto& ports = product(index).rows;
    if (const auto found = ports.find(port); found != ports.end())
      for (const OutputRow& row : found->second) rows.push_back(row.json());
    return rows;
  }
  std::vector<uint32_t> codes(const std::string& port) {
    std::vector<uint32_t> codes;
    for (const OutputRow& row : outcomes_.at(0).rows[port]) codes.push_back(row.code);
    return codes;
  }

 private:
  SourceSet sources_;
  std::vector<std::unique_ptr<ast::Script>> scripts_;
  typed::Project project_;
  plan::Plan plan_;
  Input input_{.sources = {}, .clock_us = int64_t{1} << 60};
  std::vector<ProductOutcome> outcomes_;
};

InputField number(int64_t value) {
  return {.value = {value}};
}
InputField seconds(int64_t value) {
  return number(value * kSecond);
}
InputField text(std::string value) {
  return {.value = {std::move(value)}};
}
InputField bad(ConversionFault fault) {
  return {.value = {Null{}}, .fault = fault};
}

TEST(Reference, AFilterBeforeABadFieldFilters) {
  Script script(R"(
    stream reading time at within 0s from file "r" { at: timestamp, kind: string, level: int }
    product high { from reading where kind == "a" where level > 1 select { at, level } })");
  script.give("reading", {seconds(1), text("b"), bad(ConversionFault::not_a_number)});
  script.give("reading", {seconds(2), text("a"), bad(ConversionFault::not_a_number)});
  script.give("reading", {seconds(3), text("a"), number(2)});
  script.run();
  EXPECT_THAT(script.rows(), ElementsAre(R"({"at":"1970-01-01T00:00:03Z","level":2})"));
  EXPECT_THAT(script.codes("rejected"), ElementsAre(6004));
  EXPECT_EQ(script.product().inputs.at("t.reading"), (Counts{.in = 3, .used = 1, .filtered = 1, .rejected = 1}));
}

TEST(Reference, ALeapIsBelievedOnceTheNextRecordConfirmsIt) {
  const char* text_of = R"(
    stream tick time at within 1s ahead 10s from file "t" { at: timestamp, n: int }
    product counted { from tick window tumbling 10s group { n: count() } })";
  // 100 s is a leap; 5 s denies it, so 6 s is not late.
  Script denied(text_of);
  for (const int64_t at : {1, 2, 100, 5, 6}) denied.give("tick", {seconds(at), number(0)});
  denied.run();
  EXPECT_EQ(denied.product().inputs.at("t.tick").late, 0);
  // 101 s confirms it: max = 100 s.
  Script confirmed(text_of);
  for (const int64_t at : {1, 2, 100, 101, 6}) confirmed.give("tick", {seconds(at), number(0)});
  confirmed.run();
  EXPECT_EQ(confirmed.product().inputs.at("t.tick").late, 1);
  EXPECT_EQ(confirmed.product().derived, (Counts{.in = 2, .used = 2}));
}

TEST(Reference, TheFutureIsRejectedAndMovesNoTime) {
  Script script(R"(
    stream tick time at within 0s ahead 10s from file "t" { at: timestamp, n: int }
    product counted { from tick window tumbling 10s group { n: count() } })");
  for (const int64_t at : {1, 2, 111, 112, 3}) script.give("tick", {seconds(at), number(0)});
  script.clock(100 * kSecond).run();
  EXPECT_THAT(script.codes("rejected"), ElementsAre(6302, 6302));
  EXPECT_EQ(script.product().inputs.at("t.tick"), (Counts{.in = 5, .used = 3, .rejected = 2}));
}

TEST(Reference, APartlyLateHoppingRowIsUsed) {
  Script script(R"(
    stream tick time at within 2s from file "t" { at: timestamp, n: int }
    product counted { from tick window hopping 10s every 5s group { n: count() } })");
  // W = 10 s after two records of 12 s: 9 s is late for [0, 10) and not for [5, 15).
  for (const int64_t at : {12, 12, 9}) script.give("tick", {seconds(at), number(0)});
  script.run();
  EXPECT_EQ(script.product().inputs.at("t.tick"), (Counts{.in = 3, .used = 3, .partly_late = 1}));
  EXPECT_EQ(script.rows().size(), 2u);
}

TEST(Reference, ALateVersionHoldsFromTheWatermarkOn) {
  Script script(R"(
    stream trade time at within 0s from file "t" { at: timestamp, sym: string }
    table price time at within 2s key sym from file "p" { sym: string, at: timestamp, p: int }
    product priced { from trade left join price as q on q.sym == sym select { at, p: q?.p } })");
  script.give("price", {text("a"), seconds(10), number(1)});
  script.give("price", {text("b"), seconds(20), number(7)});
  script.give("price", {text("b"), seconds(20), number(7)});
  script.give("price", {text("a"), seconds(5), number(2)});  // W = 18 s: holds from there
  for (const int64_t at : {9, 12, 17, 18}) script.give("trade", {seconds(at), text("a")});
  script.run();
  EXPECT_THAT(script.rows(), UnorderedElementsAre(
                                 R"({"at":"1970-01-01T00:00:09Z","p":null})", R"({"at":"1970-01-01T00:00:12Z","p":1})",
                                 R"({"at":"1970-01-01T00:00:17Z","p":1})", R"({"at":"1970-01-01T00:00:18Z","p":2})"));
}

TEST(Reference, AStaticTableKeepsTheLastOfAKey) {
  Script script(R"(
    stream trade time at within 0s from file "t" { at: timestamp, sym: string }
    table name key sym from file "n" { sym: string, full: string }
    product named { from trade join name as n on n.sym == sym select { at, n.full } })");
  script.give("name", {text("a"), text("old")}).give("name", {text("a"), text("new")});
  script.give("trade", {seconds(1), text("a")}).give("trade", {seconds(2), text("b")});
  script.run();
  EXPECT_THAT(script.rows(), ElementsAre(R"({"at":"1970-01-01T00:00:01Z","full":"new"})"));
  EXPECT_EQ(script.product().inputs.at("t.name"), (Counts{.in = 2, .used = 1, .duplicate = 1}));
  EXPECT_EQ(script.product().inputs.at("t.trade"), (Counts{.in = 2, .used = 1, .unmatched = 1}));
}

TEST(Reference, NearestTakesTheEarlierOnATie) {
  Script script(R"(
    stream call time at within 0s from file "c" { at: timestamp, k: string }
    stream reply time at within 0s from file "r" { at: timestamp, k: string, n: int }
    product answered { from call join nearest reply as r on r.k == k within -5s..5s select { at, r.n } })");
  script.give("call", {seconds(10), text("a")}).give("call", {seconds(20), text("b")});
  script.give("reply", {seconds(8), text("a"), number(1)}).give("reply", {seconds(12), text("a"), number(2)});
  script.run();
  EXPECT_EQ(script.rows().size(), 1u);
  EXPECT_NE(script.rows().front().find(R"("n":1)"), std::string::npos);
  EXPECT_EQ(script.product().inputs.at("t.call"), (Counts{.in = 2, .used = 1, .unmatched = 1}));
  EXPECT_EQ(script.product().derived, Counts{});
}

TEST(Reference, ARecordMeetsItselfWithin0s) {
  for (const auto& [range, pairs] : {std::pair{"0s..5s", 3}, std::pair{"1us..5s", 1}}) {
    Script script(std::string(R"(
    stream e time at within 0s from file "e" { at: timestamp, k: string }
    product pairs { from e join e as f on f.k == k within )") +
                  range + " select { at, f_at: f.at } }");
    script.give("e", {seconds(1), text("a")}).give("e", {seconds(2), text("a")});
    script.run();
    EXPECT_EQ(script.rows().size(), static_cast<size_t>(pairs)) << range;
    // What becomes of it on the left side: the later one has no other behind it.
    const bool all_meet = pairs == 3;
    EXPECT_EQ(script.product().inputs.at("t.e"),
              (Counts{.in = 2, .used = all_meet ? 2 : 1, .unmatched = all_meet ? 0 : 1}))
        << range;
  }
}

TEST(Reference, UniqueKeepsTheFirstByTimeAndPartition) {
  Script script(R"(
    stream e time at within 5s from file "e" { at: timestamp, k: string, n: int }
    product once contract { unique k within 10s } { from e select { at, k, n } })");
  script.give("e", {seconds(5), text("a"), number(1)}, 1);
  script.give("e", {seconds(5), text("a"), number(2)}, 0);
  script.give("e", {seconds(3), text("b"), number(3)}, 0);
  script.give("e", {seconds(15), text("a"), number(4)}, 1);
  script.run();
  EXPECT_THAT(script.rows(), UnorderedElementsAre(R"({"at":"1970-01-01T00:00:05Z","k":"a","n":2})",
                                                  R"({"at":"1970-01-01T00:00:03Z","k":"b","n":3})",
                                                  R"({"at":"1970-01-01T00:00:15Z","k":"a","n":4})"));
  EXPECT_EQ(script.product().inputs.at("t.e"), (Counts{.in = 4, .used = 3, .duplicate = 1}));
  EXPECT_THAT(script.codes("rejected"), ElementsAre(6202));
}

TEST(Reference, SumsAreJudgedWhenTheyGoOut) {
  Script script(R"(
    stream e time at within 0s from file "e" { at: timestamp, n: int }
    product total { from e window tumbling 10s group { s: sum(n), m: avg(n) } })");
  for (const int64_t n : {INT64_MAX, int64_t{1}, int64_t{-1}}) script.give("e", {seconds(1), number(n)});
  for (const int64_t n : {INT64_MAX, int64_t{1}}) script.give("e", {seconds(11), number(n)});
  script.run();
  EXPECT_EQ(script.rows().size(), 1u);
  EXPECT_THAT(script.codes("rejected"), ElementsAre(6101));
  EXPECT_EQ(script.product().derived, (Counts{.in = 2, .used = 1, .rejected = 1}));
}

TEST(Reference, AReaderOfAProductHasALedgerOfItsOwn) {
  Script script(R"(
    stream e time at within 0s from file "e" { at: timestamp, n: int }
    product one { from e where n > 0 select { at, n } }
    product two { from one where n > 1 })");
  for (const int64_t n : {0, 1, 2}) script.give("e", {seconds(1), number(n)});
  script.run();
  EXPECT_EQ(script.product(0).inputs.at("t.e"), (Counts{.in = 3, .used = 2, .filtered = 1}));
  EXPECT_EQ(script.product(1).inputs.at("t.one"), (Counts{.in = 2, .used = 1, .filtered = 1}));
  EXPECT_EQ(script.product(1).inputs.count("t.e"), 0u);
}

TEST(Reference, AReTimedFlowJudgesByItsOwnTime) {
  Script script(R"(
    stream e time at within 100s from file "e" { at: timestamp, done: timestamp }
    view finished time done within 2s { from e }
    product counted { from finished window tumbling 10s group { n: count() } })");
  script.give("e", {seconds(1), seconds(20)}).give("e", {seconds(2), seconds(21)});
  script.give("e", {seconds(3), seconds(5)});  // W = 18 s of the new time: late for [0, 10)
  script.run();
  EXPECT_EQ(script.product().inputs.at("t.e"), (Counts{.in = 3, .used = 2, .late = 1}));
  EXPECT_THAT(script.rows(), testing::SizeIs(1));
  EXPECT_THAT(script.rows("unmatched"), IsEmpty());
}

TEST(Reference, TopSortsAndCuts) {
  Script script(R"(
    stream bid time at within 1s from file "b" { at: timestamp, who: string, price: int }
    product best { from bid window tumbling 10s top 2 by price desc numbered n select { who, n, price } }
    product tied { from bid window tumbling 10s top 1 with ties by price desc select { who } }
    product all { from bid top 1 by price, who desc retain forever select { who, price } })");
  script.give("bid", {seconds(1), text("a"), number(3)});
  script.give("bid", {seconds(3), text("b"), number(5)});
  script.give("bid", {seconds(2), text("c"), number(5)});
  script.give("bid", {seconds(12), text("d"), number(3)});
  script.run();
  EXPECT_THAT(script.rows(), UnorderedElementsAre(R"({"who":"c","n":1,"price":5})", R"({"who":"b","n":2,"price":5})",
                                                  R"({"who":"d","n":1,"price":3})"));
  EXPECT_THAT(script.rows("", 1), UnorderedElementsAre(R"({"who":"b"})", R"({"who":"c"})", R"({"who":"d"})"));
  EXPECT_THAT(script.rows("", 2), ElementsAre(R"({"who":"d","price":3})"));
}

TEST(Reference, RunningGoesByTime) {
  Script script(R"(
    stream move time at within 5s from file "m" { at: timestamp, n: int }
    product sums { from move running { n, sum: sum(n), before: previous(n) } retain forever select { n, sum, before } }
    product lately { from move running over 3s { sum: sum(n), least: min(n), first: first(n) } select { sum, least, first } }
    product pairs { from move running over 2 rows { sum: sum(n), count: count() } retain 4s select { sum, count } })");
  script.give("move", {seconds(1), number(4)});
  script.give("move", {seconds(4), number(1)});
  script.give("move", {seconds(2), number(2)});
  script.give("move", {seconds(8), number(7)});
  script.run();
  EXPECT_THAT(script.rows(), ElementsAre(R"({"n":4,"sum":4,"before":null})", R"({"n":2,"sum":6,"before":4})",
                                         R"({"n":1,"sum":7,"before":2})", R"({"n":7,"sum":14,"before":1})"));
  EXPECT_THAT(script.rows("", 1), ElementsAre(R"({"sum":4,"least":4,"first":4})", R"({"sum":6,"least":2,"first":4})",
                                              R"({"sum":3,"least":1,"first":2})", R"({"sum":7,"least":7,"first":7})"));
  EXPECT_THAT(script.rows("", 2), ElementsAre(R"({"sum":4,"count":1})", R"({"sum":6,"count":2})",
                                              R"({"sum":3,"count":2})", R"({"sum":7,"count":1})"));
}

}  // namespace
}  // namespace braid::reference
