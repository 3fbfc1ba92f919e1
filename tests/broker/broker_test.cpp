// What the engine relies on, of every broker behind the seam.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

#include "runtime/broker/broker.h"
#ifdef BRAID_WITH_KAFKA
#include "runtime/connect/kafka/kafka_broker.h"
#endif

namespace braid {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kLong = 30 * kSecond;

/// One of the brokers under test: nothing and why, where it cannot be had.
struct Candidate {
  const char* name;
  std::function<std::unique_ptr<Broker>(std::string* why_not)> make;
};

std::unique_ptr<Broker> real_kafka(std::string* why_not) {
#ifdef BRAID_WITH_KAFKA
  const char* given = std::getenv("BRAID_KAFKA_BROKERS");
  kafka::KafkaOptions options{given == nullptr ? "127.0.0.1:19092" : given, "braid-test", {}};
  auto made = kafka::make_kafka_broker(options);
  if (!made.ok()) {
    *why_not = made.error().message;
    return nullptr;
  }
  const std::vector<std::string> none{"no-such-topic"};
  if (auto answer = (*made)->describe(none, 5 * kSecond); !answer.ok()) {
    *why_not = "no broker answers at " + options.brokers + " (scripts/kafka up): " + answer.error().message;
    return nullptr;
  }
  return std::move(*made);
#else
  *why_not = "built without Kafka";
  return nullptr;
#endif
}

template <class R>
void expect_ok(const R& result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
}
template <class R>
void expect_fault(const R& result, BrokerFault fault) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(static_cast<int>(result.error().fault), static_cast<int>(fault)) << result.error().message;
}

struct Copy {
  int64_t offset;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t timestamp_ms;
};

class BrokerTest : public testing::TestWithParam<Candidate> {
 protected:
  void SetUp() override {
    std::string why_not;
    broker_ = GetParam().make(&why_not);
    if (broker_ == nullptr) GTEST_SKIP() << why_not;
    // Names of their own, so that tests can be run again against the same broker.
    static std::atomic<int> count = 0;
    stem_ = "t" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()) + "-" +
            std::to_string(count++);
  }

  std::string topic(int32_t partitions = 1, const std::string& name = "in") {
    const NewTopic made{stem_ + "." + name, partitions, -1, {}};
    expect_ok(broker_->create_topics({&made, 1}, kLong));
    return made.name;
  }

  std::unique_ptr<BrokerWriter> writer(std::optional<std::string> id = std::nullopt) {
    WriterOptions options;
    options.transactional_id = std::move(id);
    auto made = broker_->make_writer(options);
    expect_ok(made);
    if (options.transactional_id) expect_ok((*made)->begin_session(kLong));
    return std::move(*made);
  }
  std::unique_ptr<BrokerReader> reader() {
    auto made = broker_->make_reader({.group = stem_});
    expect_ok(made);
    return std::move(*made);
  }
  std::unique_ptr<BrokerGroup> group(const std::string& topic, int64_t session_us = 6 * kSecond) {
    auto made = broker_->make_group({.group = stem_, .topic = topic, .instance = {}, .session_timeout_us = session_us});
    expect_ok(made);
    return std::move(*made);
  }

  void put(BrokerWriter& writer, const TopicPartition& place, std::string_view value) {
    expect_ok(writer.write({.place = place, .key = "k", .value = value, .timestamp_ms = 1000}));
  }

  /// All there is, up to the end.
  std::vector<Copy> read(BrokerReader& reader, const TopicPartition& place) {
    std::vector<Copy> copies;
    for (const auto start = std::chrono::steady_clock::now();
         std::chrono::steady_clock::now() - start < std::chrono::seconds(30);) {
      auto fetched = reader.fetch(place, 7);
      expect_ok(fetched);
      if (!fetched.ok()) break;
      if (fetched->batch) {
        for (const BrokerRecord& record : fetched->batch->records()) {
          Copy copy{record.offset, {}, {}, {}, record.timestamp_ms};
          if (record.key) copy.key = std::string(*record.key);
          if (record.value) copy.value = std::string(*record.value);
          for (const RecordHeader& header : record.headers)
            copy.headers.emplace_back(header.name,
                                      header.value ? std::optional<std::string>(*header.value) : std::nullopt);
          copies.push_back(std::move(copy));
        }
        continue;
      }
      if (fetched->end) return copies;
      reader.wait(kSecond / 10);
    }
    ADD_FAILURE() << "the end is not reached";
    return copies;
  }
  std::vector<std::string> values(const TopicPartition& place, int64_t from = 0) {
    auto made = reader();
    expect_ok(made->start(place, from));
    std::vector<std::string> found;
    for (const Copy& copy : read(*made, place)) found.push_back(copy.value.value_or("tombstone"));
    return found;
  }

  struct Owned : BrokerGroup::Owner {
    std::vector<int32_t> owned;
    int losses = 0;
    void assigned(std::span<const int32_t> partitions) override {
      owned.insert(owned.end(), partitions.begin(), partitions.end());
    }
    void revoked(std::span<const int32_t> partitions, bool lost) override {
      losses += lost ? 1 : 0;
      for (int32_t each : partitions) std::erase(owned, each);
    }
  };
  /// Serves all of them until `done`.
  void serve(std::vector<std::pair<BrokerGroup*, Owned*>> members, const std::function<bool()>& done) {
    const auto start = std::chrono::steady_clock::now();
    while (!done() && std::chrono::steady_clock::now() - start < std::chrono::seconds(40))
      for (auto& [member, owner] : members) {
        auto served = member->serve(kSecond / 20, *owner);
        if (!served.ok()) EXPECT_EQ(served.error().fault, BrokerFault::retry) << served.error().message;
      }
    EXPECT_TRUE(done()) << "the group does not settle";
  }

  std::unique_ptr<Broker> broker_;
  std::string stem_;
};

TEST_P(BrokerTest, TopicsAreMadeDescribedAndDeleted) {
  const std::string made = topic(3);
  topic(5);  // is there already, and stays as it is
  const std::vector<std::string> asked{made, stem_ + ".none"};
  auto described = broker_->describe(asked, kLong);
  expect_ok(described);
  ASSERT_EQ(described->size(), 1u);
  EXPECT_EQ(described->front().name, made);
  EXPECT_EQ(described->front().partitions, 3);
  expect_ok(broker_->delete_topics({&made, 1}, kLong));
  for (int i = 0; i < 100; ++i) {
    described = broker_->describe(asked, kLong);
    expect_ok(described);
    if (described->empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_THAT(*described, IsEmpty());
}

TEST_P(BrokerTest, RecordsComeBackAsTheyWere) {
  const TopicPartition place{topic(2), 1};
  auto out = writer();
  const RecordHeader headers[] = {{"trace", "a-1"}, {"none", std::nullopt}, {"empty", ""}, {"trace", "again"}};
  expect_ok(out->write(
      {.place = place, .key = "key", .value = "value", .headers = headers, .timestamp_ms = 1'700'000'000'123}));
  expect_ok(out->write({.place = place, .key = std::nullopt, .value = "no key", .timestamp_ms = 5}));
  expect_ok(out->write({.place = place, .key = "gone", .value = std::nullopt, .timestamp_ms = 6}));
  expect_ok(out->write({.place = place, .key = "", .value = "", .timestamp_ms = 7}));
  expect_ok(out->flush(kLong));
  auto in = reader();
  expect_ok(in->start(place, 0));
  const std::vector<Copy> found = read(*in, place);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].key, "key");
  EXPECT_EQ(found[0].value, "value");
  EXPECT_EQ(found[0].timestamp_ms, 1'700'000'000'123);
  EXPECT_THAT(found[0].headers, ElementsAre(testing::Pair("trace", "a-1"), testing::Pair("none", std::nullopt),
                                            testing::Pair("empty", ""), testing::Pair("trace", "again")));
  EXPECT_EQ(found[1].key, std::nullopt);
  EXPECT_EQ(found[2].value, std::nullopt);
  EXPECT_EQ(found[3].key, "");
  EXPECT_EQ(found[3].value, "");
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].offset, static_cast<int64_t>(i));
}

TEST_P(BrokerTest, ReadingGoesOnBehindTheEndAndBeginsWhereItIsTold) {
  const TopicPartition place{topic(), 0};
  auto out = writer();
  for (int i = 0; i < 100; ++i) put(*out, place, std::to_string(i));
  expect_ok(out->flush(kLong));
  auto in = reader();
  expect_ok(in->start(place, 40));
  EXPECT_EQ(read(*in, place).size(), 60u);
  put(*out, place, "later");
  expect_ok(out->flush(kLong));
  std::vector<Copy> later;
  for (int i = 0; i < 100 && later.empty(); ++i) {
    in->wait(kSecond / 10);
    later = read(*in, place);
  }
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].offset, 100);
  expect_ok(in->start(place, 99));
  EXPECT_EQ(read(*in, place).size(), 2u);
  expect_ok(in->stop(place));
}

TEST_P(BrokerTest, PartitionsAreReadIndependently) {
  const std::string name = topic(4);
  auto out = writer();
  for (int i = 0; i < 2000; ++i) put(*out, {name, i % 4}, std::to_string(i));
  expect_ok(out->flush(kLong));
  auto in = reader();
  for (int32_t i = 0; i < 4; ++i) expect_ok(in->start({name, i}, 0));
  // The last one first, which must not wait for the others to be fetched from.
  for (int32_t i = 3; i >= 0; --i) {
    const std::vector<Copy> found = read(*in, {name, i});
    ASSERT_EQ(found.size(), 500u);
    for (size_t k = 0; k < found.size(); ++k) EXPECT_EQ(found[k].value, std::to_string(4 * k + i));
  }
}

TEST_P(BrokerTest, ATransactionIsSeenAsAWholeOrNotAtAll) {
  const TopicPartition place{topic(), 0};
  auto out = writer(stem_);
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "a");
  put(*out, place, "b");
  expect_ok(out->flush(kLong));
  EXPECT_THAT(values(place), IsEmpty());
  auto range = broker_->offsets(place, kLong);
  expect_ok(range);
  EXPECT_EQ(range->end, 0);
  expect_ok(out->commit_transaction(kLong));
  EXPECT_THAT(values(place), ElementsAre("a", "b"));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "never");
  expect_ok(out->flush(kLong));
  expect_ok(out->abort_transaction(kLong));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "c");
  expect_ok(out->commit_transaction(kLong));
  EXPECT_THAT(values(place), ElementsAre("a", "b", "c"));
}

TEST_P(BrokerTest, ANewSessionFencesTheOldWriterAndEndsItsTransaction) {
  const TopicPartition place{topic(), 0};
  auto zombie = writer(stem_);
  expect_ok(zombie->begin_transaction(kLong));
  put(*zombie, place, "of the zombie");
  expect_ok(zombie->flush(kLong));
  auto successor = writer(stem_);
  expect_ok(successor->begin_transaction(kLong));
  put(*successor, place, "of the successor");
  expect_ok(successor->commit_transaction(kLong));
  put(*zombie, place, "too late");
  auto flushed = zombie->flush(kLong);
  auto committed = zombie->commit_transaction(kLong);
  expect_fault(committed, BrokerFault::fenced);
  EXPECT_THAT(values(place), ElementsAre("of the successor"));
}

TEST_P(BrokerTest, OffsetsAreCommittedWithTheTransaction) {
  const std::string tasks = topic(1, "tasks");
  const TopicPartition in{topic(1, "in"), 0}, out_place{topic(1, "out"), 0};
  auto member = group(tasks);
  Owned owned;
  serve({{member.get(), &owned}}, [&] { return owned.owned.size() == 1; });
  auto read_committed = [&](int64_t timeout) { return member->committed({&in, 1}, timeout); };
  auto before = read_committed(kLong);
  expect_ok(before);
  EXPECT_EQ(before->front().offset, std::nullopt);

  auto out = writer(stem_);
  expect_ok(out->begin_transaction(kLong));
  put(*out, out_place, "a");
  const OffsetToCommit offset{in, 17, "epoch 3"};
  expect_ok(out->send_offsets({&offset, 1}, *member->membership(), kLong));
  expect_fault(read_committed(kSecond), BrokerFault::retry);
  expect_ok(out->commit_transaction(kLong));
  auto after = read_committed(kLong);
  expect_ok(after);
  EXPECT_EQ(after->front().offset, 17);
  EXPECT_EQ(after->front().metadata, "epoch 3");

  expect_ok(out->begin_transaction(kLong));
  const OffsetToCommit next{in, 29, "epoch 4"};
  expect_ok(out->send_offsets({&next, 1}, *member->membership(), kLong));
  expect_ok(out->abort_transaction(kLong));
  after = read_committed(kLong);
  expect_ok(after);
  EXPECT_EQ(after->front().offset, 17);
}

TEST_P(BrokerTest, MembersShareTheWorkAndTakeItOver) {
  const std::string tasks = topic(4, "tasks");
  auto one = group(tasks);
  Owned of_one, of_two;
  serve({{one.get(), &of_one}}, [&] { return of_one.owned.size() == 4; });
  auto two = group(tasks);
  serve({{one.get(), &of_one}, {two.get(), &of_two}},
        [&] { return of_one.owned.size() == 2 && of_two.owned.size() == 2; });
  std::vector<int32_t> all = of_one.owned;
  all.insert(all.end(), of_two.owned.begin(), of_two.owned.end());
  EXPECT_THAT(all, UnorderedElementsAre(0, 1, 2, 3));
  expect_ok(one->leave(kLong, of_one));
  EXPECT_THAT(of_one.owned, IsEmpty());
  serve({{two.get(), &of_two}}, [&] { return of_two.owned.size() == 4; });
  EXPECT_EQ(of_two.losses, 0);
}

TEST_P(BrokerTest, OffsetsOfAnEarlierMembershipAreRefused) {
  const std::string tasks = topic(1, "tasks");
  const TopicPartition in{topic(1, "in"), 0};
  auto member = group(tasks);
  Owned owned;
  serve({{member.get(), &owned}}, [&] { return owned.owned.size() == 1; });
  auto stale = member->membership();
  expect_ok(member->leave(kLong, owned));
  auto next = group(tasks);
  Owned of_next;
  serve({{next.get(), &of_next}}, [&] { return of_next.owned.size() == 1; });
  auto out = writer(stem_);
  expect_ok(out->begin_transaction(kLong));
  const OffsetToCommit offset{in, 17, ""};
  expect_fault(out->send_offsets({&offset, 1}, *stale, kLong), BrokerFault::fenced);
  expect_ok(out->abort_transaction(kLong));
  // The writer itself is as good as before.
  expect_ok(out->begin_transaction(kLong));
  expect_ok(out->send_offsets({&offset, 1}, *next->membership(), kLong));
  expect_ok(out->commit_transaction(kLong));
}

TEST_P(BrokerTest, RecordsThatWereDeletedAreLost) {
  const TopicPartition place{topic(), 0};
  auto out = writer();
  for (int i = 0; i < 20; ++i) put(*out, place, std::to_string(i));
  expect_ok(out->flush(kLong));
  expect_ok(broker_->delete_records_before(place, 12, kLong));
  auto range = broker_->offsets(place, kLong);
  expect_ok(range);
  EXPECT_EQ(range->begin, 12);
  EXPECT_EQ(range->end, 20);
  auto in = reader();
  expect_ok(in->start(place, 5));
  for (int i = 0; i < 100; ++i) {
    auto fetched = in->fetch(place, 10);
    if (!fetched.ok()) {
      EXPECT_EQ(fetched.error().fault, BrokerFault::lost) << fetched.error().message;
      return;
    }
    EXPECT_EQ(fetched->batch, nullptr) << "records that are not the next ones";
    in->wait(kSecond / 10);
  }
  FAIL() << "a position that is gone is not reported";
}

TEST_P(BrokerTest, OffsetsAreFoundByTime) {
  const TopicPartition place{topic(), 0};
  auto out = writer();
  for (int i = 0; i < 10; ++i)
    expect_ok(out->write({.place = place, .value = "x", .timestamp_ms = 1'700'000'000'000 + i * 1000}));
  expect_ok(out->flush(kLong));
  auto at = [&](int64_t time) {
    auto found = broker_->offset_at(place, time, kLong);
    expect_ok(found);
    return found.ok() ? *found : -1;
  };
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(1'700'000'003'000), 3);
  EXPECT_EQ(at(1'700'000'003'001), 4);
  EXPECT_EQ(at(1'800'000'000'000), 10);
}

TEST_P(BrokerTest, ATopicThatIsNotThereIsReported) {
  const TopicPartition place{stem_ + ".none", 0};
  auto in = reader();
  expect_ok(in->start(place, 0));
  for (int i = 0; i < 200; ++i) {
    auto fetched = in->fetch(place, 1);
    if (!fetched.ok()) {
      EXPECT_EQ(fetched.error().fault, BrokerFault::lost) << fetched.error().message;
      return;
    }
    in->wait(kSecond / 10);
  }
  FAIL() << "nothing is reported";
}

TEST_P(BrokerTest, ARecordThatIsTooLargeIsRefusedAndTheTransactionCanBeAborted) {
  const TopicPartition place{topic(), 0};
  auto out = writer(stem_);
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "a");
  const std::string large(3 << 20, 'x');
  auto written = out->write({.place = place, .value = large, .timestamp_ms = 1});
  auto flushed = out->flush(kLong);
  const BrokerFault fault = !written.ok()  ? written.error().fault
                            : flushed.ok() ? BrokerFault::retry
                                           : flushed.error().fault;
  EXPECT_EQ(fault, BrokerFault::refused);
  expect_ok(out->abort_transaction(kLong));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "b");
  expect_ok(out->commit_transaction(kLong));
  EXPECT_THAT(values(place), ElementsAre("b"));
}

INSTANTIATE_TEST_SUITE_P(Brokers, BrokerTest, testing::Values(Candidate{"kafka", real_kafka}),
                         [](const auto& info) { return info.param.name; });

#ifdef BRAID_WITH_KAFKA
TEST(KafkaSettings, OnlySomeAreAllowed) {
  for (const char* name : {"sasl.kerberos.kinit.cmd", "plugin.library.paths", "ssl.engine.location", "ssl.ca.location",
                           "sasl.oauthbearer.token.endpoint.url", "acks", "isolation.level", "debug"}) {
    EXPECT_FALSE(kafka::is_allowed(name)) << name;
    auto made = kafka::make_kafka_broker({"127.0.0.1:1", "test", {{name, "x"}}});
    expect_fault(made, BrokerFault::refused);
  }
  EXPECT_TRUE(std::ranges::is_sorted(kafka::allowed_settings()));
  for (std::string_view name : kafka::allowed_settings()) EXPECT_TRUE(kafka::is_allowed(name)) << name;
  auto made = kafka::make_kafka_broker({"127.0.0.1:1", "test", {{"fetch.min.bytes", "secret"}}});
  expect_fault(made, BrokerFault::refused);
  EXPECT_EQ(made.error().message.find("secret"), std::string::npos);
}
#endif

}  // namespace
}  // namespace braid
