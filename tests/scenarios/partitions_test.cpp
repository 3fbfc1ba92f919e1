// Scenarios that need several partitions of one source, or partitions that come and go: on the engine itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/check.h"
#include "runtime/engine/decode_source.h"
#include "runtime/engine/in_memory.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kNow = 1'000'000'000'000;

/// The engine with partitions that the test moves by hand. Times are seconds since 1970.
class Live {
 public:
  Live(const std::string& text, const std::vector<uint32_t>& partitions)
      : script_("domain t\n" + text), compiled_(script_.compile(true)), store_(), partitions_(partitions) {
    EXPECT_EQ(script_.faults(), "");
    begin();
  }
  static std::string record(int64_t second, const std::string& rest = "") {
    std::string time;
    append_json(timestamp_type(), std::vector<Slot>{slot_i64(second * 1'000'000)}.data(), time);
    return "{\"at\":" + time + rest + "}\n";
  }
  void give(int source, uint32_t partition, const std::vector<int64_t>& seconds, const std::string& rest = "") {
    std::string bytes;
    for (const int64_t second : seconds) bytes += record(second, rest);
    TurnInput input;
    input.bytes = bytes;
    auto& [position, decoder] = places_[{source, partition}];
    if (!decoder) decoder = make_decoder(decode_plan(compiled_.program().sources[source]));
    input.position = position;
    position += static_cast<int64_t>(bytes.size());
    engine_->set_wall(wall_us_);
    engine_->run_turn(input, *decoder, source, partition, false);
    EXPECT_EQ(engine_->law_deviation(), 0);
  }
  /// From then on the clock shows that second.
  void wall(int64_t second) { wall_us_ = second * 1'000'000; }
  void idle(int source, uint32_t partition) {
    engine_->set_idle(source, partition);
    engine_->move_time();
  }
  void follow(int source, uint32_t partition, int64_t second) {
    engine_->follow_clock(source, partition, second * 1'000'000);
    engine_->move_time();
  }
  void end(int source, uint32_t partition) {
    engine_->end_partition(source, partition);
    engine_->move_time();
  }
  uint32_t find(int source) {
    ++partitions_[source];
    return engine_->add_partition(source, "later");
  }
  void restart() {
    StateBatch batch;
    engine_->collect(batch);
    BRAID_CHECK(store_.commit(batch).ok());
    begin();
    BRAID_CHECK(engine_->restore(store_).ok());
  }
  int product(const std::string& name) {
    const std::vector<ProductSpec>& products = compiled_.program().products;
    return static_cast<int>(std::ranges::find(products, name, &ProductSpec::name) - products.begin());
  }
  /// Rows since the last call, as JSON.
  std::vector<std::string> rows(const std::string& port = "", int product = 0) {
    std::vector<std::string> rows;
    for (const CapturedRow& row : output_.take(product, port)) rows.push_back(to_json(row.type, row.value));
    return rows;
  }
  size_t count(const std::string& port) { return rows(port).size(); }
  Ledger ledger() { return engine_->ledgers().products()[0].inputs[0].ledger; }

 private:
  void begin() {
    EngineOptions options;
    options.now = kNow;
    auto made = TurnEngine::make(compiled_.program(), output_, options);
    BRAID_CHECK(made.ok());
    engine_ = std::move(made).value();
    for (size_t source = 0; source < partitions_.size(); ++source)
      for (uint32_t i = 0; i < partitions_[source]; ++i) engine_->add_partition(static_cast<int>(source), "p");
  }
  Script script_;
  driver::Compiled compiled_;
  CaptureWriter output_;
  MemoryStore store_;
  std::vector<uint32_t> partitions_;
  std::map<std::pair<int, uint32_t>, std::pair<int64_t, std::unique_ptr<Decoder>>> places_;
  std::unique_ptr<TurnEngine> engine_;
  int64_t wall_us_ = 0;
};

const char* const kCounted = R"(
  stream e time at within 0s from file "e" { at: timestamp }
  product counted { from e window tumbling 10s group { n: count() } select { n, end: window.end } })";

std::string window(int count, const std::string& end) {
  return "{\"n\":" + std::to_string(count) + ",\"end\":\"1970-01-01T00:00:" + end + "Z\"}";
}

TEST(Partitions, TheSlowestHoldsTimeBack) {
  Live live(kCounted, {2});
  live.give(0, 0, {1, 2, 15});
  EXPECT_THAT(live.rows(), IsEmpty());
  live.give(0, 1, {3, 9});
  EXPECT_THAT(live.rows(), IsEmpty());
  live.give(0, 1, {12});
  EXPECT_THAT(live.rows(), ElementsAre(window(4, "10")));
}

TEST(Partitions, AnIdleOneHoldsNothingBackAndWakesAtTheTasksTime) {
  Live live(kCounted, {2});
  live.give(0, 1, {1, 2});
  live.give(0, 0, {1, 2, 25});
  EXPECT_THAT(live.rows(), IsEmpty());
  live.idle(0, 1);
  EXPECT_THAT(live.rows(), ElementsAre(window(4, "10")));
  // Its own W is 2 s; awake it is judged by 25 s.
  live.give(0, 1, {15});
  EXPECT_EQ(live.count("late"), 1u);
  live.give(0, 1, {26});
  live.give(0, 0, {31});
  EXPECT_THAT(live.rows(), IsEmpty());
  live.give(0, 1, {32});
  EXPECT_THAT(live.rows(), ElementsAre(window(2, "30")));
}

TEST(Partitions, WhatAnIdleOneHeldBackIsStillThereAfterARestart) {
  Live live(kCounted, {2});
  live.give(0, 1, {1, 2});
  live.give(0, 0, {1, 2, 25});
  live.idle(0, 1);
  EXPECT_EQ(live.rows().size(), 1u);
  live.restart();
  live.give(0, 1, {15});
  EXPECT_EQ(live.count("late"), 1u);
  live.give(0, 0, {30});
  EXPECT_THAT(live.rows(), IsEmpty());
  live.idle(0, 1);
  EXPECT_THAT(live.rows(), ElementsAre(window(1, "30")));
}

TEST(Partitions, WhenAllAreIdleTimeStandsStill) {
  Live live(kCounted, {2});
  live.give(0, 0, {1, 2, 9});
  live.give(0, 1, {1, 2});
  live.idle(0, 0);
  live.idle(0, 1);
  EXPECT_THAT(live.rows(), IsEmpty());
  live.give(0, 0, {12});
  EXPECT_THAT(live.rows(), ElementsAre(window(5, "10")));
}

TEST(Partitions, ThoseThatFollowTheClockHaveTheSayWhenNoneIsActive) {
  Live live(kCounted, {3});
  live.give(0, 0, {1, 2, 9});
  live.give(0, 1, {1, 2});
  live.follow(0, 1, 40);
  live.idle(0, 2);
  EXPECT_THAT(live.rows(), IsEmpty());  // the first is active
  live.follow(0, 0, 15);
  EXPECT_THAT(live.rows(), ElementsAre(window(5, "10")));
  live.restart();
  // It wakes at the task's time, and then has the say.
  live.give(0, 0, {12, 41});
  EXPECT_EQ(live.count("late"), 1u);
  live.give(0, 0, {55, 56});
  EXPECT_THAT(live.rows(), ElementsAre(window(1, "50")));
}

TEST(Partitions, ByArrivalRowsHaveTheTimeOfThoseAheadOfThem) {
  Live live(R"(
    stream e from file "e" { at: timestamp }
    product counted { from e by arrival window tumbling 10s group { n: count() } select { n, end: window.end } })",
            {2});
  live.wall(1);
  live.give(0, 0, {1, 2});
  live.wall(9);
  live.give(0, 1, {3});
  EXPECT_THAT(live.rows(), IsEmpty());
  live.wall(12);
  live.give(0, 1, {4});
  EXPECT_THAT(live.rows(), IsEmpty());  // the first partition's time is 1 s
  live.restart();
  live.wall(13);
  live.give(0, 0, {5});
  EXPECT_THAT(live.rows(), ElementsAre(window(3, "10")));
  live.idle(0, 0);
  live.wall(25);
  live.give(0, 1, {6});
  EXPECT_THAT(live.rows(), ElementsAre(window(2, "20")));
  live.restart();
  // The clock of another owner of the partition is behind.
  live.wall(14);
  live.give(0, 0, {7});
  EXPECT_EQ(live.count("late"), 0u);
  live.end(0, 0);
  live.end(0, 1);
  EXPECT_THAT(live.rows(), ElementsAre(window(2, "30")));
}

TEST(Partitions, OneFoundLaterBeginsAtTheTasksTime) {
  Live live(kCounted, {1});
  live.give(0, 0, {1, 2, 25});
  EXPECT_EQ(live.rows().size(), 1u);
  const uint32_t later = live.find(0);
  live.give(0, later, {4, 24, 26});
  EXPECT_EQ(live.count("late"), 1u);
  live.end(0, 0);
  live.end(0, later);
  EXPECT_THAT(live.rows(), ElementsAre(window(3, "30")));
}

TEST(Partitions, AnEndedOneHoldsNothingBack) {
  Live live(kCounted, {2});
  live.give(0, 0, {1, 2});
  live.end(0, 0);
  live.give(0, 1, {3, 12, 13});
  EXPECT_THAT(live.rows(), ElementsAre(window(3, "10")));
}

TEST(Partitions, ASealedWindowIsClosedForGood) {
  Live live(kCounted, {1});
  live.give(0, 0, {1, 2, 12, 13});
  EXPECT_THAT(live.rows(), ElementsAre(window(2, "10")));
  live.end(0, 0);
  EXPECT_THAT(live.rows(), ElementsAre(window(2, "20")));
  live.restart();
  // The file has grown: its data W is 13 s, but the window to 20 s was sealed.
  live.give(0, 0, {14, 15, 21});
  EXPECT_EQ(live.count("late"), 2u);
  live.end(0, 0);
  EXPECT_THAT(live.rows(), ElementsAre(window(1, "30")));
}

TEST(Partitions, AMatchThatTheEndDecidesIsDecidedForGood) {
  Live live(R"(
    stream e time at within 0s from file "e" { at: timestamp, n: int }
    product silent {
      from e
      match within 10s { one: n == 1, no other: n == 2 }
      select { n: one.n, end: event_time() }
    })",
            {1});
  live.give(0, 0, {1}, ",\"n\":1");
  live.give(0, 0, {2}, ",\"n\":0");
  EXPECT_THAT(live.rows(), IsEmpty());
  live.end(0, 0);
  EXPECT_THAT(live.rows(), ElementsAre(R"({"n":1,"end":"1970-01-01T00:00:11Z"})"));
  live.restart();
  // The file has grown, too late to forbid what has gone out.
  live.give(0, 0, {8, 9}, ",\"n\":2");
  EXPECT_EQ(live.count("late"), 2u);
  live.give(0, 0, {12}, ",\"n\":1");
  live.end(0, 0);
  EXPECT_THAT(live.rows(), ElementsAre(R"({"n":1,"end":"1970-01-01T00:00:22Z"})"));
}

TEST(Partitions, LateIsJudgedByTheRowsOwnPartition) {
  Live live(kCounted, {2});
  live.give(0, 0, {1, 40, 41});
  // The other one is behind: its rows are judged by its own time.
  live.give(0, 1, {5, 6, 7});
  live.give(0, 0, {8});
  EXPECT_EQ(live.count("late"), 1u);
  EXPECT_EQ(live.ledger().used, 6);
  live.end(0, 0);
  live.end(0, 1);
  EXPECT_THAT(live.rows(), ElementsAre(window(4, "10"), window(2, "50")));
}

TEST(Partitions, TiesOfOneInstantGoByPartition) {
  Live live(R"(
    stream e time at within 5s from file "e" { at: timestamp, n: int }
    product once contract { unique at within 1s } { from e select { at, n } })",
            {2});
  live.give(0, 1, {10}, ",\"n\":1");
  live.give(0, 0, {10}, ",\"n\":0");
  live.end(0, 0);
  live.end(0, 1);
  EXPECT_THAT(live.rows(), ElementsAre(R"({"at":"1970-01-01T00:00:10Z","n":0})"));
}

TEST(Partitions, AReTimedFlowHasATimeForEach) {
  Live live(R"(
    stream e time at within 0s from file "e" { at: timestamp, air: int }
    view landed time down within 0s { from e let down = at + air * 1s }
    product counted { from landed window tumbling 10s group { n: count() } select { n, end: window.end } })",
            {2});
  live.give(0, 0, {1, 2, 3}, ",\"air\":20");  // down at 21 to 23 s
  live.give(0, 1, {1, 2, 3}, ",\"air\":1");   // not late: a time of its own
  EXPECT_EQ(live.count("late"), 0u);
  EXPECT_THAT(live.rows(), IsEmpty());
  live.end(0, 1);
  EXPECT_THAT(live.rows(), ElementsAre(window(3, "10")));
  live.end(0, 0);
  EXPECT_THAT(live.rows(), ElementsAre(window(3, "30")));
}

TEST(Partitions, AReTimedFlowBehindAProductWaitsForThoseWithoutARow) {
  for (const std::string flow : {"from p", "from q"}) {
    Live live(R"(
      stream e time at within 0s from file "e" { at: timestamp, air: int }
      product p { from e where air > 0 else grounded }
      product q { from p let air = air }
      view landed time down within 0s { )" +
                  flow + R"( let down = at + air * 1s }
      view counts { from landed window tumbling 10s group { n: count() } select { n, end: window.end } }
      product counted { from counts })",
              {2});
    const int counted = live.product("counted");
    live.give(0, 0, {1, 2, 13}, ",\"air\":1");
    EXPECT_THAT(live.rows("", counted), IsEmpty()) << flow;
    live.restart();
    live.give(0, 0, {14}, ",\"air\":1");
    EXPECT_THAT(live.rows("", counted), IsEmpty()) << flow;
    live.give(0, 1, {3, 4, 12}, ",\"air\":1");
    EXPECT_EQ(live.rows("late", counted).size(), 0u) << flow;
    EXPECT_THAT(live.rows("", counted), ElementsAre(window(4, "10"))) << flow;
  }
}

TEST(Partitions, AFlowReTimedTwiceWaitsForThoseWithoutARow) {
  Live live(R"(
    stream e time at within 0s from file "e" { at: timestamp, air: int }
    view landed time down within 0s { from e let down = at + air * 1s }
    view parked time rest within 0s { from landed let rest = down + 1s }
    product counted { from parked window tumbling 10s group { n: count() } select { n, end: window.end } })",
            {2});
  live.give(0, 0, {1, 2, 13}, ",\"air\":1");
  EXPECT_THAT(live.rows(), IsEmpty());
  live.give(0, 1, {3, 4, 12}, ",\"air\":1");
  EXPECT_EQ(live.count("late"), 0u);
  EXPECT_THAT(live.rows(), ElementsAre(window(4, "10")));
}

}  // namespace
}  // namespace braid::scenarios
