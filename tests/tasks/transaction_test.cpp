#include "runtime/tasks/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/broker/sim_broker.h"
#include "runtime/broker/sim_executor.h"

namespace braid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kSecond = 1'000'000;

/// A transaction of one member, in virtual time.
class Committing : public ::testing::Test, BrokerGroup::Owner {
 protected:
  void run(const std::function<void()>& body, std::optional<uint64_t> attempts = {}, bool at_commit = false) {
    cluster_.create({"work", 1, -1, {}});
    cluster_.create({"out", 1, -1, {}});
    cluster_.time().spawn([&] {
      SimBroker broker(cluster_, "member");
      SimExecutor executor(cluster_.time());
      group_ = std::move(*broker.make_group({.group = "job", .topic = "work"}));
      writer_ = std::move(
          *broker.make_writer({.transactional_id = attempts ? std::nullopt : std::optional<std::string>("member")}));
      if (!attempts) ASSERT_TRUE(writer_->begin_session(kSecond).ok());
      while (!assigned_) ASSERT_TRUE(group_->serve(kSecond, *this).ok());
      transaction_ = std::make_unique<Transaction>(*writer_, executor, 10 * kSecond, attempts, at_commit);
      body();
      transaction_.reset();
      writer_.reset();
      group_.reset();
    });
    cluster_.time().run();
  }
  void assigned(std::span<const int32_t>) override { assigned_ = true; }
  void revoked(std::span<const int32_t>, bool) override {}

  void write(std::string_view value, const std::string& topic = "out") {
    transaction_->write({.place = {topic, 0}, .key = std::nullopt, .value = value, .headers = {}});
  }
  void begin_commit(int64_t offset) { transaction_->begin_commit({{{"in", 0}, offset, "token"}}, *group_); }
  BrokerStatus commit(int64_t offset) {
    begin_commit(offset);
    return transaction_->finish_commit();
  }
  /// What readers of committed records see.
  std::vector<std::string> seen() {
    cluster_.time().sleep(kSecond);  // markers of a transaction come behind its answer
    std::vector<std::string> values;
    const SimLog& log = *cluster_.log_of({"out", 0});
    log.visit(0, log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
      values.emplace_back(entry.payload->records()[static_cast<size_t>(offset - entry.base)].value.value_or("nothing"));
      return true;
    });
    return values;
  }
  std::optional<int64_t> committed() {
    const TopicPartition places[] = {{"in", 0}};
    return group_->committed(places, kSecond)->front().offset;
  }

  ManualClock clock_{1'700'000'000 * kSecond};
  SimCluster cluster_{clock_, {}};
  bool assigned_ = false;
  std::unique_ptr<BrokerGroup> group_;
  std::unique_ptr<BrokerWriter> writer_;
  std::unique_ptr<Transaction> transaction_;
};

TEST_F(Committing, GoesOnBesideItsMember) {
  run([&] {
    write("1");
    begin_commit(1);
    EXPECT_TRUE(transaction_->is_committing());
    EXPECT_FALSE(transaction_->is_over());
    cluster_.time().sleep(kSecond);
    EXPECT_TRUE(transaction_->is_over());
    EXPECT_TRUE(transaction_->finish_commit().ok());
    EXPECT_FALSE(transaction_->is_committing());
    EXPECT_THAT(seen(), ElementsAre("1"));
    EXPECT_EQ(committed(), 1);
  });
}

TEST_F(Committing, WhatIsWrittenMeanwhileBelongsToTheNext) {
  run([&] {
    write("1");
    begin_commit(1);
    write("2");
    EXPECT_TRUE(transaction_->finish_commit().ok());
    EXPECT_THAT(seen(), ElementsAre("1"));
    write("3");
    EXPECT_TRUE(commit(3).ok());
    EXPECT_THAT(seen(), ElementsAre("1", "2", "3"));
    EXPECT_EQ(committed(), 3);
  });
}

TEST_F(Committing, OneThatSendsAtTheCommitHasNothingOpenBefore) {
  const auto body = [&] {
    const int64_t sent = cluster_.faults().sent(SimRequest::produce);
    write("1");
    cluster_.time().sleep(100 * kSecond);  // longer than a broker keeps a transaction open
    EXPECT_TRUE(transaction_->is_open());
    EXPECT_EQ(cluster_.faults().sent(SimRequest::produce), sent);
    begin_commit(1);
    write("2");
    EXPECT_TRUE(transaction_->finish_commit().ok());
    EXPECT_THAT(seen(), ElementsAre("1"));
    EXPECT_TRUE(commit(2).ok());
    EXPECT_THAT(seen(), ElementsAre("1", "2"));
    EXPECT_EQ(committed(), 2);
  };
  run(body, {}, true);
}

TEST_F(Committing, OneThatSendsAtTheCommitForgetsWhatItHolds) {
  const auto body = [&] {
    write("1");
    EXPECT_TRUE(transaction_->abort().ok());
    EXPECT_FALSE(transaction_->is_open());
    write("2");
    EXPECT_TRUE(commit(2).ok());
    EXPECT_THAT(seen(), ElementsAre("2"));
    while (!transaction_->is_full()) write(std::string(1000, 'x'));
    EXPECT_TRUE(transaction_->is_open());
  };
  run(body, {}, true);
}

TEST_F(Committing, NothingOfTheNextIsSentBeforeTheOutcome) {
  run([&] {
    write("1");
    // The answer is lost, so that the client asks again.
    cluster_.faults().force(SimRequest::end_transaction, 1, SimFault::lost_answer);
    begin_commit(1);
    write("2");
    const int64_t sent = cluster_.faults().sent(SimRequest::produce);
    while (!transaction_->is_over()) {
      EXPECT_LE(cluster_.faults().sent(SimRequest::produce), sent + 1);
      EXPECT_LE(cluster_.log_of({"out", 0})->end(), 2);  // the record and its marker
      cluster_.time().sleep(100);
    }
    EXPECT_TRUE(transaction_->finish_commit().ok());
    EXPECT_THAT(seen(), ElementsAre("1"));
  });
}

TEST_F(Committing, WhatIsWrittenBehindOneThatFailsIsThrownAway) {
  run([&] {
    write("1");
    write("1", "no such topic");
    begin_commit(1);
    write("2");
    EXPECT_FALSE(transaction_->finish_commit().ok());
    if (!transaction_->abort().ok()) {
      EXPECT_TRUE(writer_->begin_session(kSecond).ok());
      transaction_->forget();
    }
    EXPECT_THAT(seen(), IsEmpty());
    write("3");
    EXPECT_TRUE(commit(3).ok());
    EXPECT_THAT(seen(), ElementsAre("3"));
    EXPECT_EQ(committed(), 3);
  });
}

TEST_F(Committing, AbortWaitsForTheOneOnItsWayAndKeepsIt) {
  run([&] {
    write("1");
    begin_commit(1);
    write("2");
    EXPECT_TRUE(transaction_->abort().ok());
    EXPECT_FALSE(transaction_->is_open());
    EXPECT_THAT(seen(), ElementsAre("1"));
    write("3");
    EXPECT_TRUE(commit(3).ok());
    EXPECT_THAT(seen(), ElementsAre("1", "3"));
  });
}

TEST_F(Committing, AFailureOfTheNextDoesNotTouchTheOneOnItsWay) {
  run([&] {
    write("1");
    begin_commit(1);
    transaction_->fail({.fault = BrokerFault::retry, .message = "no answer"});
    write("2");
    EXPECT_TRUE(transaction_->finish_commit().ok());
    EXPECT_TRUE(transaction_->failure());
    EXPECT_FALSE(commit(2).ok());
    EXPECT_THAT(seen(), ElementsAre("1"));
    EXPECT_EQ(committed(), 1);
  });
}

TEST_F(Committing, RecordsAreHeldAsTheyWereWritten) {
  run([&] {
    write("1");
    begin_commit(1);
    for (const char* topic : {"out", "work", "out"}) {
      std::string key = "key", value = "value", name = "name", text = "text";
      const RecordHeader headers[] = {{name, text}, {name, std::nullopt}};
      transaction_->write(
          {.place = {topic, 0}, .key = key, .value = std::nullopt, .headers = headers, .timestamp_ms = 7});
      transaction_->write({.place = {topic, 0}, .key = std::nullopt, .value = "", .headers = {}, .timestamp_ms = 8});
      for (std::string* each : {&key, &value, &name, &text}) *each = "gone";
    }
    EXPECT_TRUE(transaction_->finish_commit().ok());
    EXPECT_TRUE(commit(2).ok());
    EXPECT_THAT(seen(), ElementsAre("1", "nothing", "", "nothing", ""));
    const SimLog& log = *cluster_.log_of({"work", 0});
    std::vector<std::string> found;
    log.visit(0, log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
      const BrokerRecord& record = entry.payload->records()[static_cast<size_t>(offset - entry.base)];
      std::string& text = found.emplace_back(std::to_string(record.timestamp_ms));
      text += record.key ? " " + std::string(*record.key) : " -";
      for (const RecordHeader& header : record.headers)
        text += " " + std::string(header.name) + "=" + std::string(header.value.value_or("-"));
      return true;
    });
    EXPECT_THAT(found, ElementsAre("7 key name=text name=-", "8 -"));
  });
}

TEST_F(Committing, IsFullWhenMuchIsHeld) {
  run([&] {
    write("1");
    begin_commit(1);
    const std::string large(1 << 20, 'x');
    for (int i = 0; i < 7; ++i) write(large, "none");
    EXPECT_FALSE(transaction_->is_full());
    write(large, "none");
    EXPECT_TRUE(transaction_->is_full());
    EXPECT_TRUE(transaction_->abort().ok());
    EXPECT_FALSE(transaction_->is_full());
  });
}

TEST_F(Committing, AtLeastOnceOffsetsComeBehindTheRecords) {
  run(
      [&] {
        write("1");
        begin_commit(1);
        write("2");
        while (!transaction_->is_over()) cluster_.time().sleep(100);
        EXPECT_THAT(seen(), ElementsAre("1"));
        EXPECT_EQ(committed(), std::nullopt);
        EXPECT_TRUE(transaction_->finish_commit().ok());
        EXPECT_EQ(committed(), 1);
        EXPECT_TRUE(commit(2).ok());
        EXPECT_THAT(seen(), ElementsAre("1", "2"));
        EXPECT_EQ(committed(), 2);
      },
      7);
}

}  // namespace
}  // namespace braid
