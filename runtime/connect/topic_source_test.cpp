#include "runtime/connect/topic_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "runtime/broker/sim_broker.h"
#include "runtime/codec/schema_framing.h"

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
  auto first = [this](const std::string& start) {
    SourceSpec source{.name = "shop.sale"};
    source.binding = {"topic", "t", "json", {{"start", start}}};
    source.has_time = true;
    return first_offset(access_, source, place_);
  };
  EXPECT_EQ(*first("earliest"), 0);
  EXPECT_EQ(*first("latest"), 4);
  EXPECT_EQ(*first("1970-01-01T00:00:03Z"), 2);
  EXPECT_EQ(*first("0=7,1=3"), 3);
  EXPECT_EQ(*first("1=4"), 4);
  EXPECT_EQ(*first("0=7"), 0);
  const auto behind = first("1=5");
  ASSERT_FALSE(behind.ok());
  EXPECT_EQ(behind.error().code, 7052);
  EXPECT_EQ(behind.error().message,
            "`shop.sale` cannot start at offset 5 of `t/1`: its next record will have offset 4");
  ASSERT_TRUE(broker_.delete_records_before(place_, 2, kSecond).ok());
  EXPECT_EQ(first("1=1").error().message,
            "`shop.sale` cannot start at offset 1 of `t/1`: its first record has offset 2, those before are deleted");
  EXPECT_EQ(*first("1=2"), 2);
  // Of the tail, wherever the binding starts.
  access_.tail = 1;
  EXPECT_EQ(*first("earliest"), 3);
  access_.tail = 100;
  EXPECT_EQ(*first("latest"), 2);
}

TEST_F(TopicSourceTest, ATopicThatIsMissingHasItsCode) {
  SourceSpec source{.name = "shop.sale"};
  source.binding = {"topic", "nowhere", "json", {}};
  const auto found = find_topic_partitions(access_, source, true);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, 7049);
}

/// Schemas that come when a test says so.
class LaterSchemas : public WriterSchemas {
 public:
  SchemaAnswer find(const SchemaId& id) override {
    ++asked;
    if (known.contains(id.number)) return {SchemaAnswer::State::found, std::make_shared<WriterSchema>()};
    return {.state = SchemaAnswer::State::unknown, .reason = "the registry does not know schema id 7"};
  }
  std::set<uint32_t> known{1};
  int asked = 0;
};

class AvroTopicTest : public TopicSourceTest {
 protected:
  void write_framed(uint32_t id, std::string_view value) {
    std::string framed;
    append_framing(framed, {.id = {.number = id}}, SchemaLanguage::avro);
    write(framed + std::string(value));
  }
  std::unique_ptr<SourcePartition> open_avro(bool live = true) {
    access_.live = live;
    return std::move(*open_topic_partition(access_, place_, {.messages = true, .schemas = &schemas_}));
  }
  LaterSchemas schemas_;
};

TEST_F(AvroTopicTest, RecordsAreBytesWithTheirFraming) {
  write_framed(1, "a\nb");
  const std::string guid = "\1" + std::string(16, 'g');
  const RecordHeader header{kValueSchemaHeader, guid};
  ASSERT_TRUE(writer_->write({.place = place_, .key = "k", .value = "bare", .headers = {&header, 1}}).ok());
  ASSERT_TRUE(writer_->flush(kSecond).ok());
  schemas_.known.insert(0);  // the number of a GUID
  auto source = open_avro();
  const auto turn = next(*source, 0);
  ASSERT_TRUE(turn.ok() && turn->has_value());
  EXPECT_THAT(values_of(**turn), ElementsAre(std::string("\0\0\0\0\1a\nb", 8), guid + "bare"));
  EXPECT_EQ((*turn)->given[0].framing, 0u);
  EXPECT_EQ((*turn)->given[1].framing, guid.size());
  EXPECT_EQ((*turn)->bytes.size(), 2 * 8 + 8 + guid.size() + 4);
  EXPECT_EQ(schemas_.asked, 2) << "once for each schema that is not that of the record before";
}

TEST_F(AvroTopicTest, ARecordWhoseSchemaIsNotThereWaitsAndNothingIsLost) {
  write_framed(1, "a");
  write_framed(7, "b");
  write_framed(1, "c");
  auto source = open_avro();
  EXPECT_EQ(next(*source, 0).value()->end.position, 1) << "what can be read is read";
  EXPECT_FALSE(source->next_turn({1, 1}, buffer_).value().has_value());
  EXPECT_FALSE(source->at_end());
  EXPECT_EQ(source->waits_for(), nullptr) << "since a moment only";
  EXPECT_FALSE(*source->has_more(1)) << "or it would be read again and again";
  clock_.sleep_us(3 * kSecond);
  ASSERT_NE(source->waits_for(), nullptr);
  EXPECT_EQ(*source->waits_for(), "schema 7: the registry does not know schema id 7");
  // Nothing is fetched meanwhile, or whoever waits for records would never rest.
  EXPECT_FALSE(*source->has_more(1));
  write_framed(1, "d");
  const int64_t before = clock_.steady_us();
  reader_->wait(2 * kSecond);
  EXPECT_GE(clock_.steady_us() - before, 2 * kSecond);
  schemas_.known.insert(7);
  EXPECT_TRUE(*source->has_more(1));
  EXPECT_EQ(source->waits_for(), nullptr);
  EXPECT_EQ(next(*source, 1).value()->given.size(), 2u);
  EXPECT_EQ(next(*source, 3).value()->end.position, 4);
}

TEST_F(AvroTopicTest, ATurnThatWasRunAndATableWaitForTheirSchemas) {
  write_framed(7, "b");
  access_.schema_patience_us = 5 * kSecond;
  for (const bool whole : {false, true}) {
    auto source = open_avro(!whole);
    const int64_t before = clock_.steady_us();
    const auto turn = next(*source, 0, whole ? std::nullopt : std::optional<int64_t>(1));
    ASSERT_FALSE(turn.ok()) << whole;
    EXPECT_EQ(turn.error().code, 7064);
    EXPECT_GE(clock_.steady_us() - before, 5 * kSecond);
  }
}

TEST_F(AvroTopicTest, MessagesOfProtobufMayHaveNoBytes) {
  // With the GUID in a header and all fields as they are where nothing says otherwise; and the indexes of its type.
  const std::string guid = "\1" + std::string(16, 'g') + std::string("\2\4", 2);
  const RecordHeader header{kValueSchemaHeader, guid};
  ASSERT_TRUE(writer_->write({.place = place_, .key = "k", .value = "", .headers = {&header, 1}}).ok());
  ASSERT_TRUE(writer_->flush(kSecond).ok());
  schemas_.known.insert(0);
  auto source = std::move(*open_topic_partition(
      access_, place_,
      {.messages = true, .empty_values = true, .schemas = &schemas_, .language = SchemaLanguage::protobuf}));
  const auto turn = next(*source, 0);
  ASSERT_TRUE(turn.ok() && turn->has_value());
  EXPECT_EQ((*turn)->given[0].kind, GivenRecord::Kind::value);
  EXPECT_EQ((*turn)->given[0].framing, guid.size());
  EXPECT_THAT(values_of(**turn), ElementsAre(guid));
  EXPECT_EQ(schemas_.asked, 1);
}

TEST_F(AvroTopicTest, RawValuesAreKeptAsTheyAre) {
  for (const char* value : {"a\nb", "", " "}) write(value);
  auto source = std::move(*open_topic_partition(access_, place_, {.messages = true, .empty_values = true}));
  const auto turn = next(*source, 0);
  ASSERT_TRUE(turn.ok() && turn->has_value());
  EXPECT_THAT(values_of(**turn), ElementsAre("a\nb", "", " "));
  for (const GivenRecord& each : (*turn)->given) EXPECT_EQ(each.kind, GivenRecord::Kind::value);
}

TEST_F(AvroTopicTest, KeysOfTombstonesAreKeptWhereTheyDelete) {
  ASSERT_TRUE(writer_->write({.place = place_, .key = "k\n1", .value = std::nullopt, .timestamp_ms = 1234}).ok());
  ASSERT_TRUE(writer_->flush(kSecond).ok());
  auto source = std::move(*open_topic_partition(access_, place_, {.deletes = true}));
  const auto turn = next(*source, 0);
  ASSERT_TRUE(turn.ok() && turn->has_value());
  EXPECT_EQ((*turn)->bytes, "null 1234000 k\r1\n");
  EXPECT_EQ((*turn)->given[0].key, "k\n1");
  EXPECT_EQ((*turn)->given[0].time_us, 1'234'000);
}

TEST_F(AvroTopicTest, NothingWaitsForTheKeyBehindAChange) {
  std::string key;
  append_framing(key, {.id = {.number = 7}}, SchemaLanguage::avro);
  key += "k";
  ASSERT_TRUE(writer_->write({.place = place_, .key = key, .value = std::nullopt, .timestamp_ms = 1}).ok());
  write_framed(1, "a");
  const TopicForm form{.messages = true, .schemas = &schemas_, .deletes = true};
  TopicForm changes = form;
  changes.changes = true;
  access_.live = true;
  auto source = std::move(*open_topic_partition(access_, place_, form));
  EXPECT_FALSE(source->next_turn({0, 1}, buffer_).value().has_value()) << "it deletes the key, which is to be read";
  source = std::move(*open_topic_partition(access_, place_, changes));
  const auto turn = next(*source, 0);
  ASSERT_TRUE(turn.ok() && turn->has_value());
  EXPECT_EQ((*turn)->end.position, 2);
}

TEST_F(TopicSourceTest, NamesOfPartitions) {
  EXPECT_EQ(name_of(place_), "t/1");
  EXPECT_EQ(place_of("a/b.c/17"), (TopicPartition{"a/b.c", 17}));
}

}  // namespace
}  // namespace braid
