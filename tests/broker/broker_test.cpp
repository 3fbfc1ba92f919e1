// What the engine relies on, of every broker behind the seam: topics, records and transactions.
#include "tests/broker/broker_under_test.h"

namespace braid {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(BrokerTest, TopicsAreMadeDescribedAndDeleted) {
  const std::string made = topic(3);
  topic(5);  // is there already, and stays as it is
  const std::vector<std::string> asked{made, stem_ + ".none"};
  auto described = broker_->describe(asked, kLong);
  expect_ok(described);
  ASSERT_EQ(described->size(), 1u);
  EXPECT_EQ(described->front().name, made);
  EXPECT_EQ(described->front().partitions, 3);
  auto names = broker_->topics(kLong);
  expect_ok(names);
  EXPECT_THAT(*names, testing::Contains(made));
  EXPECT_TRUE(std::ranges::is_sorted(*names));
  expect_ok(broker_->delete_topics({&made, 1}, kLong));
  for (int i = 0; i < 100; ++i) {
    described = broker_->describe(asked, kLong);
    expect_ok(described);
    if (described->empty()) break;
    bench_->sleep_us(kSecond / 20);
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
  EXPECT_THAT(committed_values(place, 2), ElementsAre("a", "b"));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "never");
  expect_ok(out->flush(kLong));
  expect_ok(out->abort_transaction(kLong));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "c");
  expect_ok(out->commit_transaction(kLong));
  EXPECT_THAT(committed_values(place, 3), ElementsAre("a", "b", "c"));
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
  EXPECT_THAT(committed_values(place, 1), ElementsAre("of the successor"));
}

TEST_P(BrokerTest, ATransactionThatTakesTooLongIsAbortedAndItsWriterFenced) {
  const TopicPartition place{topic(), 0};
  auto made = broker_->make_writer({.transactional_id = stem_, .transaction_timeout_us = kSecond});
  expect_ok(made);
  auto out = std::move(*made);
  expect_ok(out->begin_session(kLong));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "too slow");
  expect_ok(out->flush(kLong));
  for (const int64_t start = bench_->now_us(); bench_->now_us() - start < 20 * kSecond;) {
    bench_->sleep_us(kSecond / 2);
    auto range = broker_->offsets(place, kLong);
    expect_ok(range);
    if (range->end > 0) break;
  }
  expect_fault(out->commit_transaction(kLong), BrokerFault::fenced);
  // Nobody else has the id: a new session goes on.
  expect_ok(out->begin_session(kLong));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "in time");
  expect_ok(out->commit_transaction(kLong));
  EXPECT_THAT(committed_values(place, 1), ElementsAre("in time"));
}

TEST_P(BrokerTest, AnEmptyTransactionIsCommitted) {
  const TopicPartition place{topic(), 0};
  auto out = writer(stem_);
  expect_ok(out->begin_transaction(kLong));
  expect_ok(out->commit_transaction(kLong));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "a");
  expect_ok(out->abort_transaction(kLong));
  expect_ok(out->begin_transaction(kLong));
  expect_ok(out->commit_transaction(kLong));
  expect_ok(out->begin_transaction(kLong));
  put(*out, place, "b");
  expect_ok(out->commit_transaction(kLong));
  EXPECT_THAT(committed_values(place, 1), ElementsAre("b"));
}

TEST_P(BrokerTest, MarkersTakeOffsets) {
  const TopicPartition place{topic(), 0};
  auto out = writer(stem_);
  for (const char* value : {"a", "b"}) {
    expect_ok(out->begin_transaction(kLong));
    put(*out, place, value);
    expect_ok(out->commit_transaction(kLong));
  }
  auto in = reader();
  expect_ok(in->start(place, 0));
  const std::vector<Copy> found = read(*in, place);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].offset, 0);
  EXPECT_EQ(found[1].offset, 2);
  auto fetched = in->fetch(place, 1);
  expect_ok(fetched);
  EXPECT_EQ(fetched->end, 4);
  auto range = broker_->offsets(place, kLong);
  expect_ok(range);
  EXPECT_EQ(range->end, 4);
}

TEST_P(BrokerTest, TheBrokersTimeIsKept) {
  const NewTopic made{stem_ + ".stamped", 1, -1, {{"message.timestamp.type", "LogAppendTime"}}};
  expect_ok(broker_->create_topics({&made, 1}, kLong));
  const TopicPartition place{made.name, 0};
  auto out = writer();
  put(*out, place, "a");
  expect_ok(out->flush(kLong));
  auto in = reader();
  expect_ok(in->start(place, 0));
  const std::vector<Copy> found = read(*in, place);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_GT(found[0].timestamp_ms, 1000);
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

TEST_P(BrokerTest, AWaitIsNotEndedByPartitionsThatNobodyFetchesFrom) {
  const std::string name = topic(2);
  const TopicPartition full{name, 0}, empty{name, 1};
  auto out = writer();
  for (int i = 0; i < 20; ++i) put(*out, full, std::to_string(i));
  expect_ok(out->flush(kLong));
  auto in = reader();
  expect_ok(in->start(full, 0));
  expect_ok(in->start(empty, 0));
  std::vector<Copy> found;
  for (int i = 0; i < 100 && found.empty(); ++i) {
    in->wait(kSecond / 10);
    auto fetched = in->fetch(full, 5);
    expect_ok(fetched);
    if (fetched.ok() && fetched->batch != nullptr) found.resize(fetched->batch->records().size());
  }
  ASSERT_EQ(found.size(), 5u);
  in->wait(kLong);  // the others are at hand, and were asked for
  for (int i = 0; i < 20; ++i) {
    expect_ok(in->fetch(empty, 5));
    in->wait(kSecond / 100);
  }
  const int64_t began = bench_->now_us();
  for (int i = 0; i < 5; ++i) {
    expect_ok(in->fetch(empty, 5));
    in->wait(kSecond / 10);
  }
  EXPECT_GE(bench_->now_us() - began, kSecond / 5);
  EXPECT_EQ(read(*in, full).size(), 15u);
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
  EXPECT_THAT(committed_values(place, 1), ElementsAre("b"));
}

}  // namespace
}  // namespace braid
