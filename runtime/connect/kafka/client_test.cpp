// Paths of errors that a real broker seldom takes: the client of Kafka against the library's mock cluster, which gives
// the answers that it is told, and lists the requests that it got. Its transactions and groups are too simple to show
// exactly once; the simulation (tests/broker) does that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rdkafka.h>
#include <rdkafka_mock.h>

#include <chrono>
#include <thread>

#include "runtime/connect/kafka/load/load.h"

namespace braid {
namespace {

constexpr int64_t kSecond = 1'000'000;
/// Numbers of requests in the protocol.
constexpr int16_t kProduce = 0, kFetch = 1, kListOffsets = 2, kInitProducerId = 22, kAddPartitions = 24, kEndTxn = 26;

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    char reason[256];
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), reason, sizeof(reason));
    cluster_ = rd_kafka_mock_cluster_new(owner_, 1);
    rd_kafka_mock_topic_create(cluster_, "t", 2, 1);
    rd_kafka_mock_start_request_tracking(cluster_);
    auto make = kafka::load_kafka();
    EXPECT_TRUE(make.ok());
    broker_ = std::move(*(*make)({.brokers = rd_kafka_mock_cluster_bootstraps(cluster_), .client_id = "test"}));
  }
  ~ClientTest() override {
    writer_.reset();
    broker_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }

  void begin() {
    writer_ = std::move(*broker_->make_writer({.transactional_id = "id"}));
    ASSERT_TRUE(writer_->begin_session(30 * kSecond).ok());
  }
  /// A whole transaction of one record.
  BrokerStatus transact() {
    BRAID_TRY(writer_->begin_transaction(30 * kSecond));
    BRAID_TRY(writer_->write({.place = {"t", 0}, .key = "k", .value = "v"}));
    BRAID_TRY(writer_->flush(30 * kSecond));
    return writer_->commit_transaction(30 * kSecond);
  }
  /// The beginning of one, with a record in each partition.
  BrokerStatus write_both() {
    BRAID_TRY(writer_->begin_transaction(30 * kSecond));
    BRAID_TRY(writer_->write({.place = {"t", 0}, .key = "k", .value = "v"}));
    BRAID_TRY(writer_->write({.place = {"t", 1}, .key = "k", .value = "v"}));
    return writer_->flush(30 * kSecond);
  }
  void answer(int16_t request, std::vector<rd_kafka_resp_err_t> errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, request, errors.size(), errors.data());
  }
  size_t requests(int16_t kind) {
    size_t count = 0;
    rd_kafka_mock_request_t** all = rd_kafka_mock_get_requests(cluster_, &count);
    const auto found =
        std::count_if(all, all + count, [&](auto* each) { return rd_kafka_mock_request_api_key(each) == kind; });
    rd_kafka_mock_request_destroy_array(all, count);
    return static_cast<size_t>(found);
  }
  static BrokerFault fault_of(const BrokerStatus& status) {
    EXPECT_FALSE(status.ok());
    return status.ok() ? BrokerFault::retry : status.error().fault;
  }

  template <class T>
  static std::string error_of(const BrokerResult<T>& result) {
    return result.ok() ? "" : result.error().message;
  }

  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<BrokerWriter> writer_;
};

TEST_F(ClientTest, TransactionsWithoutDoubtShareASession) {
  begin();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(transact().ok());
  EXPECT_EQ(requests(kInitProducerId), 1U);
  EXPECT_EQ(requests(kEndTxn), 10U);
}

TEST_F(ClientTest, AnEndThatTheBrokerPutsOffIsAskedForAgain) {
  begin();
  answer(kEndTxn, {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS});
  EXPECT_TRUE(transact().ok());
  answer(kEndTxn, {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR});
  EXPECT_TRUE(transact().ok());
  EXPECT_TRUE(transact().ok());
  EXPECT_EQ(requests(kEndTxn), 6U);
}

// Its end may still reach the broker, within a later transaction.
TEST_F(ClientTest, AfterAnEndWithoutAnswerASessionBegins) {
  begin();
  rd_kafka_mock_broker_push_request_error_rtts(cluster_, 1, kEndTxn, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 5'000);
  ASSERT_TRUE(writer_->begin_transaction(30 * kSecond).ok());
  ASSERT_TRUE(writer_->write({.place = {"t", 0}, .key = "k", .value = "v"}).ok());
  ASSERT_TRUE(writer_->flush(30 * kSecond).ok());
  EXPECT_EQ(fault_of(writer_->commit_transaction(kSecond)), BrokerFault::uncertain);
  EXPECT_TRUE(transact().ok());
  EXPECT_EQ(requests(kInitProducerId), 2U);
}

TEST_F(ClientTest, AfterABrokenConnectionASessionBegins) {
  begin();
  answer(kEndTxn, {RD_KAFKA_RESP_ERR__TRANSPORT});
  EXPECT_TRUE(transact().ok());  // the library asks again
  EXPECT_TRUE(transact().ok());
  EXPECT_EQ(requests(kInitProducerId), 2U);
}

// A broker may have lost the end that a session gives to the last transaction: each partition of it is told once more.
TEST_F(ClientTest, AfterADoubtWhatWasWrittenIsEndedOnceMore) {
  begin();
  EXPECT_TRUE(transact().ok());
  ASSERT_TRUE(write_both().ok());
  answer(kEndTxn, {RD_KAFKA_RESP_ERR__TRANSPORT});
  ASSERT_TRUE(writer_->abort_transaction(30 * kSecond).ok());
  rd_kafka_mock_clear_requests(cluster_);
  EXPECT_TRUE(transact().ok());
  EXPECT_EQ(requests(kInitProducerId), 1U);
  EXPECT_EQ(requests(kProduce), 2U + 1U);
  EXPECT_EQ(requests(kEndTxn), 1U + 1U);
  // Once is enough.
  answer(kEndTxn, {RD_KAFKA_RESP_ERR__TRANSPORT});
  EXPECT_TRUE(transact().ok());
  rd_kafka_mock_clear_requests(cluster_);
  EXPECT_TRUE(transact().ok());
  EXPECT_EQ(requests(kInitProducerId), 1U);
  EXPECT_EQ(requests(kProduce), 1U);
  EXPECT_EQ(requests(kEndTxn), 1U);
}

TEST_F(ClientTest, AnotherWriterEndsWhatOneOfItsIdHasLeft) {
  begin();
  ASSERT_TRUE(write_both().ok());
  writer_.reset();
  rd_kafka_mock_clear_requests(cluster_);
  begin();
  EXPECT_EQ(requests(kProduce), 2U);
  EXPECT_EQ(requests(kEndTxn), 1U);
  rd_kafka_mock_clear_requests(cluster_);
  begin();
  EXPECT_EQ(requests(kProduce), 0U);
}

TEST_F(ClientTest, ATransactionThatMayBeCommittedIsNotEndedByAnAbort) {
  begin();
  ASSERT_TRUE(write_both().ok());
  rd_kafka_mock_broker_push_request_error_rtts(cluster_, 1, kEndTxn, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 5'000);
  EXPECT_EQ(fault_of(writer_->commit_transaction(kSecond)), BrokerFault::uncertain);
  rd_kafka_mock_clear_requests(cluster_);
  EXPECT_TRUE(transact().ok());
  EXPECT_EQ(requests(kInitProducerId), 1U);
  EXPECT_EQ(requests(kProduce), 1U);
  EXPECT_EQ(requests(kEndTxn), 1U);
}

TEST_F(ClientTest, OneThatWasReplacedIsFenced) {
  begin();
  answer(kEndTxn, {RD_KAFKA_RESP_ERR_PRODUCER_FENCED});
  EXPECT_EQ(fault_of(transact()), BrokerFault::fenced);
  begin();
  answer(kEndTxn, {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH});
  EXPECT_EQ(fault_of(transact()), BrokerFault::fenced);
}

TEST_F(ClientTest, RecordsThatAPartitionRefusesEndTheTransaction) {
  begin();
  answer(kProduce, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  const BrokerStatus refused = transact();
  EXPECT_EQ(fault_of(refused), BrokerFault::refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("`Write` on the topic `t`"));
  begin();
  answer(kProduce, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const BrokerStatus large = transact();
  EXPECT_EQ(fault_of(large), BrokerFault::refused);
  EXPECT_THAT(large.error().message, testing::HasSubstr("max.message.bytes"));
}

// The library drops the records, and says the cause elsewhere.
TEST_F(ClientTest, ATopicThatATransactionMayNotWriteIsNamed) {
  begin();
  answer(kAddPartitions, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  const BrokerStatus refused = transact();
  EXPECT_EQ(fault_of(refused), BrokerFault::refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("`Write` on the topic `t`"));
  EXPECT_TRUE(writer_->abort_transaction(30 * kSecond).ok());
  EXPECT_TRUE(transact().ok());
}

TEST_F(ClientTest, ATransactionThatHasFailedSaysSoToEveryRecord) {
  begin();
  answer(kAddPartitions, {RD_KAFKA_RESP_ERR_POLICY_VIOLATION});
  EXPECT_EQ(fault_of(transact()), BrokerFault::abort);
  const BrokerStatus written = writer_->write({.place = {"t", 1}, .key = "k", .value = "v"});
  EXPECT_EQ(fault_of(written), BrokerFault::abort) << written.error().message;
  EXPECT_TRUE(writer_->abort_transaction(30 * kSecond).ok());
  EXPECT_TRUE(transact().ok());
}

TEST_F(ClientTest, RecordsFollowALeader) {
  begin();
  answer(kProduce, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  EXPECT_TRUE(transact().ok());
  EXPECT_EQ(requests(kInitProducerId), 1U);
}

TEST_F(ClientTest, ASessionThatIsRefusedSaysWhatIsNeeded) {
  writer_ = std::move(*broker_->make_writer({.transactional_id = "id"}));
  answer(kInitProducerId, {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED});
  const BrokerStatus unknown = writer_->begin_session(30 * kSecond);
  EXPECT_EQ(fault_of(unknown), BrokerFault::refused);
  EXPECT_THAT(unknown.error().message, testing::HasSubstr("`Write` on the transactional id `id`"));
  writer_ = std::move(*broker_->make_writer({.transactional_id = "id"}));
  answer(kInitProducerId, {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT});
  const BrokerStatus longer = writer_->begin_session(30 * kSecond);
  EXPECT_EQ(fault_of(longer), BrokerFault::refused);
  EXPECT_THAT(longer.error().message, testing::HasSubstr("transaction.max.timeout.ms"));
}

class ReadingTest : public ClientTest {
 protected:
  ReadingTest() {
    begin();
    EXPECT_TRUE(transact().ok());
    reader_ = std::move(*broker_->make_reader({.group = "g"}));
  }
  ~ReadingTest() override { reader_.reset(); }
  /// The first record, or the first error that does not pass by itself.
  BrokerResult<std::string> read() {
    BRAID_TRY(reader_->start({"t", 0}, 0));
    for (int i = 0; i < 300; ++i) {
      auto fetched = reader_->fetch({"t", 0}, 1);
      if (!fetched.ok() && fetched.error().fault != BrokerFault::retry) return fetched.error();
      if (fetched.ok() && fetched->batch != nullptr)
        return std::string(fetched->batch->records().front().value.value_or(""));
      reader_->wait(kSecond / 10);
    }
    return BrokerError{BrokerFault::retry, "nothing came"};
  }
  std::unique_ptr<BrokerReader> reader_;
};

TEST_F(ReadingTest, ComesBackAfterWhatPasses) {
  answer(kFetch, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT,
                  RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR});
  const auto value = read();
  ASSERT_TRUE(value.ok()) << value.error().message;
  EXPECT_EQ(*value, "v");
}

TEST_F(ReadingTest, SaysThatRecordsAreGone) {
  answer(kFetch, {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE});
  const auto value = read();
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().fault, BrokerFault::lost);
}

TEST_F(ReadingTest, SaysWhichRightIsNeeded) {
  answer(kFetch, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  const auto value = read();
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().fault, BrokerFault::refused);
  EXPECT_THAT(value.error().message, testing::HasSubstr("`Read` on the topic `t`"));
}

TEST_F(ClientTest, ALeaderThatChangesIsAskedAgain) {
  for (const rd_kafka_resp_err_t passes :
       {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE}) {
    // More often than the library tries by itself.
    answer(kListOffsets, std::vector(100, passes));
    const auto range = broker_->offsets({"t", 0}, kSecond);
    ASSERT_FALSE(range.ok()) << rd_kafka_err2name(passes);
    EXPECT_EQ(range.error().fault, BrokerFault::retry) << range.error().message;
    rd_kafka_mock_clear_request_errors(cluster_, kListOffsets);
  }
  EXPECT_TRUE(broker_->offsets({"t", 0}, 30 * kSecond).ok());
}

// For a while after its end a broker is still named as controller and leader, and the library waits for it.
TEST_F(ClientTest, WhoHasTakenOverIsFound) {
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(owner_, 3);
  rd_kafka_mock_topic_create(cluster, "t", 1, 3);
  auto name = [&](int32_t broker) {
    rd_kafka_mock_partition_set_leader(cluster, "t", 0, broker);
    rd_kafka_mock_set_controller_id(cluster, broker);
  };
  auto make = kafka::load_kafka();
  for (const bool leads : {false, true}) {
    const auto broker =
        std::move(*(*make)({.brokers = rd_kafka_mock_cluster_bootstraps(cluster), .client_id = "test"}));
    name(1);
    rd_kafka_mock_broker_set_down(cluster, 1);
    std::thread later([&] {
      std::this_thread::sleep_for(std::chrono::seconds(2));
      name(2);
    });
    const std::string names[] = {"t"};
    const auto error =
        leads ? error_of(broker->offsets({"t", 0}, 15 * kSecond)) : error_of(broker->describe(names, 15 * kSecond));
    later.join();
    EXPECT_EQ(error, "") << leads;
  }
  rd_kafka_mock_cluster_destroy(cluster);
}

TEST_F(ClientTest, ABrokerThatIsAwayIsAskedAgain) {
  ASSERT_TRUE(broker_->offsets({"t", 0}, 30 * kSecond).ok());
  rd_kafka_mock_broker_set_down(cluster_, 1);
  const auto away = broker_->offsets({"t", 0}, kSecond);
  ASSERT_FALSE(away.ok()) << away->begin << ".." << away->end;
  EXPECT_EQ(away.error().fault, BrokerFault::retry);
  rd_kafka_mock_broker_set_up(cluster_, 1);
  const auto back = broker_->offsets({"t", 0}, 30 * kSecond);
  EXPECT_TRUE(back.ok()) << back.error().message;
}

}  // namespace
}  // namespace braid
