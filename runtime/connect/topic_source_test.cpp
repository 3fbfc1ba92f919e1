#include "runtime/connect/topic_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/broker/sim_broker.h"

namespace braid {
namespace {

using testing::ElementsAre;

constexpr int64_t kSecond = 1'000'000;

class TopicSourceTest : public testing::Test {
 protected:
  TopicSourceTest() {
    cluster_.create({"t", 2, -1, {}});
    writer_ = std::move(*broker_.make_writer({}));
    reader_ = std::move(*broker_.make_reader({.group = "g"}));
    access_ = {.broker = &broker_, .reader = reader_.get(), .clock = &clock_};
  }
  void write(std::optional<std::string_view> value) {
    ASSERT_TRUE(writer_->write({.place = place_, .key = "k", .value = value}).ok());
    ASSERT_TRUE(writer_->flush(kSecond).ok());
  }
  std::unique_ptr<SourcePartition> open() { return std::move(*open_topic_partition(access_, place_)); }
  /// What is at hand after a moment.
  Result<std::optional<SourceTurn>> next(SourcePartition& source, int64_t from, std::optional<int64_t> end = {}) {
    for (int i = 0; i < 20; ++i) {
      auto turn = source.next_turn({from, 1}, buffer_, end);
      if (!turn.ok() || turn->has_value()) return turn;
      reader_->wait(kSecond / 10);
    }
    return std::optional<SourceTurn>();
  }

  ManualClock time_{1'700'000'000 * kSecond};
  SimCluster cluster_{time_, {}};
  SimClock clock_{cluster_.time()};
  SimBroker broker_{cluster_, "test"};
  std::unique_ptr<BrokerWriter> writer_;
  std::unique_ptr<BrokerReader> reader_;
  TopicAccess access_;
  TopicPartition place_{"t", 1};
  TurnBuffer buffer_;
};

std::vector<std::string> values_of(const SourceTurn& turn) {
  std::vector<std::string> values;
  for (const GivenRecord& each : turn.given) values.emplace_back(each.bytes);
  return values;
}

TEST_F(TopicSourceTest, ATurnIsWhatIsAtHandALineEach) {
  for (const char* value : {"{\"a\":1}", "{\"a\":\n 2}\n", "{\"a\":3}"}) write(value);
  auto source = open();
  const auto turn = next(*source, 0);
  ASSERT_TRUE(turn.ok() && turn->has_value());
  EXPECT_EQ((*turn)->bytes, "{\"a\":1}\n{\"a\":\r 2}\r\n{\"a\":3}\n");
  EXPECT_THAT(values_of(**turn), ElementsAre("{\"a\":1}", "{\"a\":\n 2}\n", "{\"a\":3}"));
  EXPECT_EQ((*turn)->given[1].position, 1);
  EXPECT_EQ((*turn)->end.position, 3);
  EXPECT_FALSE(next(*source, 3).value().has_value());
  EXPECT_TRUE(source->at_end());
}

TEST_F(TopicSourceTest, WhatIsAbsentOrEmptyIsALineThatIsNoRecord) {
  for (const std::optional<std::string_view> value :
       {std::optional<std::string_view>(), std::optional<std::string_view>(""), std::optional<std::string_view>(" \n")})
    write(value);
  auto source = open();
  const auto turn = next(*source, 0);
  ASSERT_TRUE(turn.ok() && turn->has_value());
  EXPECT_EQ((*turn)->bytes, "null\n\"\"\n\"\"\n");
  EXPECT_EQ((*turn)->given[0].kind, GivenRecord::Kind::absent);
  EXPECT_EQ((*turn)->given[1].kind, GivenRecord::Kind::empty);
  EXPECT_EQ((*turn)->given[2].bytes, " \n");
}

TEST_F(TopicSourceTest, TurnsAreBoundedAndALongRecordIsOneByItself) {
  const std::string half(kTurnBytes * 2 / 3, 'x');
  for (const std::string& value : {half, half}) write(value);
  auto source = open();
  EXPECT_EQ(next(*source, 0).value()->given.size(), 1u);
  EXPECT_EQ(next(*source, 1).value()->given.size(), 1u);
  EXPECT_EQ(next(*source, 0).value()->end.position, 1) << "reading goes on where it is asked to";
}

TEST_F(TopicSourceTest, ATurnThatWasRunIsFoundAgainWithItsEnd) {
  for (int i = 0; i < 10; ++i) write("{}");
  auto source = open();
  EXPECT_EQ(next(*source, 2, 5).value()->given.size(), 3u);
  EXPECT_EQ(next(*source, 5).value()->end.position, 10);
  // Of what is not there, it is said.
  const auto beyond = next(*source, 8, 12);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code, 8020);
}

TEST_F(TopicSourceTest, ABoundIsWhereTheTopicEndedAtTheBeginning) {
  for (int i = 0; i < 4; ++i) write("{}");
  access_.bounded = true;
  auto source = open();
  write("{}");
  EXPECT_EQ(next(*source, 0).value()->end.position, 4);
  EXPECT_FALSE(next(*source, 4).value().has_value());
}

TEST_F(TopicSourceTest, RecordsThatWereDeletedAreNamed) {
  for (int i = 0; i < 4; ++i) write("{}");
  ASSERT_TRUE(broker_.delete_records_before(place_, 3, kSecond).ok());
  auto source = open();
  const auto turn = next(*source, 1);
  ASSERT_FALSE(turn.ok());
  EXPECT_EQ(turn.error().code, 7090);
  EXPECT_EQ(turn.error().message, "`t/1` begins at offset 3, and the job has read it up to 1");
}

TEST_F(TopicSourceTest, WhereReadingBegins) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(writer_->write({.place = place_, .key = {}, .value = "{}", .timestamp_ms = 1000 * (i + 1)}).ok());
    ASSERT_TRUE(writer_->flush(kSecond).ok());
  }
  EXPECT_EQ(*first_offset(access_, place_, *parse_start("earliest")), 0);
  EXPECT_EQ(*first_offset(access_, place_, *parse_start("latest")), 4);
  EXPECT_EQ(*first_offset(access_, place_, *parse_start("1970-01-01T00:00:03Z")), 2);
  EXPECT_EQ(*first_offset(access_, place_, *parse_start("0=7,1=3")), 3);
  EXPECT_EQ(*first_offset(access_, place_, *parse_start("0=7")), 0);
}

TEST_F(TopicSourceTest, NamesOfPartitions) {
  EXPECT_EQ(name_of(place_), "t/1");
  EXPECT_EQ(place_of("a/b.c/17"), (TopicPartition{"a/b.c", 17}));
}

}  // namespace
}  // namespace braid
