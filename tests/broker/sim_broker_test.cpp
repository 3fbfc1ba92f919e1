// Single faults of the simulated broker, each at a call that the test names, and its figures at size.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/broker/sim_broker.h"
#include "tests/broker/broker_under_test.h"

namespace braid {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Owned : BrokerGroup::Owner {
  std::vector<int32_t> owned;
  int losses = 0;
  std::function<void()> when_revoked;
  void assigned(std::span<const int32_t> partitions) override {
    owned.insert(owned.end(), partitions.begin(), partitions.end());
  }
  void revoked(std::span<const int32_t> partitions, bool lost) override {
    losses += lost ? 1 : 0;
    if (when_revoked) when_revoked();
    for (int32_t each : partitions) std::erase(owned, each);
  }
};

struct Simulation {
  explicit Simulation(const SimOptions& options = {}) : cluster(clock, options), broker(cluster, "one") {
    cluster.create({"t", 4, -1, {}});
    cluster.create({"tasks", 4, -1, {}});
  }
  std::unique_ptr<BrokerWriter> writer(SimBroker& of, const std::string& id, int64_t timeout_us = 60 * kSecond) {
    auto made = of.make_writer({.transactional_id = id, .transaction_timeout_us = timeout_us});
    expect_ok(made);
    expect_ok((*made)->begin_session(kSecond));
    return std::move(*made);
  }
  std::unique_ptr<BrokerWriter> writer(const std::string& id = "id") { return writer(broker, id); }
  std::unique_ptr<BrokerGroup> group(SimBroker& of, int64_t session_us = 6 * kSecond) {
    auto made = of.make_group({.group = "g", .topic = "tasks", .instance = {}, .session_timeout_us = session_us});
    expect_ok(made);
    return std::move(*made);
  }
  void serve(std::vector<std::pair<BrokerGroup*, Owned*>> members, const std::function<bool()>& done) {
    const int64_t start = clock.now_us();
    while (!done() && clock.now_us() - start < 100 * kSecond)
      for (auto& [member, owner] : members) expect_ok(member->serve(kSecond / 20, *owner));
    EXPECT_TRUE(done());
  }
  /// Committed values of t/0.
  std::vector<std::string> values() {
    std::vector<std::string> found;
    const SimLog& log = *cluster.log_of({"t", 0});
    log.visit(0, log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
      found.emplace_back(*entry.payload->records()[static_cast<size_t>(offset - entry.base)].value);
      return true;
    });
    return found;
  }
  static void put(BrokerWriter& writer, std::string_view value) {
    expect_ok(writer.write({.place = {"t", 0}, .value = value}));
  }

  ManualClock clock{1'700'000'000 * kSecond};
  SimCluster cluster;
  SimBroker broker;
};

/// The first end of a transaction is held up on its way, and the client sends another one, which is answered. In how
/// many of 50 runs is the next transaction, of which half is written, ended by the first?
int torn_by_a_held_end(SimOptions options) {
  int torn = 0;
  for (options.seed = 1; options.seed <= 50; ++options.seed) {
    Simulation s(options);
    auto out = s.writer();
    expect_ok(out->begin_transaction(kSecond));
    s.put(*out, "first");
    s.cluster.faults().force(SimRequest::end_transaction, 1, SimFault::held);
    expect_ok(out->commit_transaction(10 * kSecond));
    expect_ok(out->begin_transaction(kSecond));
    s.put(*out, "half");
    expect_ok(out->flush(kSecond));
    s.cluster.time().sleep(40 * kSecond);
    EXPECT_EQ(s.values().front(), "first");
    torn += s.values().size() == 2 ? 1 : 0;
  }
  return torn;
}

TEST(SimBroker, AHeldEndEndsALaterTransactionOfTheSameSession) {
  EXPECT_GT(torn_by_a_held_end({.keeps_epoch_after_doubt = true}), 10);
}
TEST(SimBroker, AHeldEndEndsNothingWhereTransactionsAreToldApart) {
  EXPECT_EQ(torn_by_a_held_end({.level = TransactionLevel::by_transaction, .keeps_epoch_after_doubt = true}), 0);
}
TEST(SimBroker, AHeldEndEndsNothingWhenTheWriterBeginsASession) {
  EXPECT_EQ(torn_by_a_held_end({}), 0);
}

TEST(SimBroker, ALostAnswerToACommitIsUncertainAndTheCommitDone) {
  Simulation s;
  auto out = s.writer();
  expect_ok(out->begin_transaction(kSecond));
  s.put(*out, "a");
  expect_ok(out->flush(kSecond));
  for (int64_t i = 1; i <= 100; ++i) s.cluster.faults().force(SimRequest::end_transaction, i, SimFault::lost_answer);
  expect_fault(out->commit_transaction(kSecond), BrokerFault::uncertain);
  EXPECT_THAT(s.values(), ElementsAre("a"));
}

TEST(SimBroker, ALostCommitIsUncertainAndTheNextSessionAbortsIt) {
  Simulation s;
  auto out = s.writer();
  expect_ok(out->begin_transaction(kSecond));
  s.put(*out, "a");
  expect_ok(out->flush(kSecond));
  for (int64_t i = 1; i <= 100; ++i) s.cluster.faults().force(SimRequest::end_transaction, i, SimFault::lost_request);
  expect_fault(out->commit_transaction(kSecond), BrokerFault::uncertain);
  expect_ok(out->begin_session(kSecond));
  EXPECT_THAT(s.values(), IsEmpty());
  EXPECT_EQ(s.cluster.log_of({"t", 0})->last_stable(), s.cluster.log_of({"t", 0})->end());
}

TEST(SimBroker, RecordsWhoseAnswerWasLostAreThereOnceAndInOrder) {
  for (const SimFault fault : {SimFault::lost_answer, SimFault::lost_request, SimFault::held, SimFault::error}) {
    Simulation s({.batch_records = 1});
    auto out = s.writer();
    expect_ok(out->begin_transaction(kSecond));
    s.cluster.faults().force(SimRequest::produce, 2, fault);
    s.cluster.faults().force(SimRequest::produce, 3, fault);
    for (const char* value : {"a", "b", "c", "d", "e", "f", "g"}) s.put(*out, value);
    expect_ok(out->commit_transaction(20 * kSecond));
    s.cluster.time().sleep(60 * kSecond);
    EXPECT_THAT(s.values(), ElementsAre("a", "b", "c", "d", "e", "f", "g"));
  }
}

TEST(SimBroker, OffsetsAreUnstableUntilTheMarkersAreThere) {
  Simulation s;
  auto member = s.group(s.broker);
  Owned owned;
  s.serve({{member.get(), &owned}}, [&] { return owned.owned.size() == 4; });
  auto out = s.writer();
  expect_ok(out->begin_transaction(kSecond));
  const TopicPartition in{"t", 1};
  const OffsetToCommit offset{in, 7, "token"};
  expect_ok(out->send_offsets({&offset, 1}, *member->membership(), kSecond));
  s.cluster.faults().plan.late_markers = 1;
  expect_ok(out->commit_transaction(kSecond));
  expect_fault(member->committed({&in, 1}, 500), BrokerFault::retry);
  auto found = member->committed({&in, 1}, 10 * kSecond);
  expect_ok(found);
  EXPECT_EQ(found->front().offset, 7);
  EXPECT_EQ(found->front().metadata, "token");
}

TEST(SimBroker, ACrashLeavesATransactionThatTimesOut) {
  Simulation s;
  auto out = s.writer(s.broker, "id", 5 * kSecond);
  expect_ok(out->begin_transaction(kSecond));
  s.put(*out, "a");
  expect_ok(out->flush(kSecond));
  s.broker.crash();
  expect_fault(out->commit_transaction(kSecond), BrokerFault::refused);
  out.reset();
  const SimLog& log = *s.cluster.log_of({"t", 0});
  EXPECT_EQ(log.last_stable(), 0);
  s.cluster.time().sleep(6 * kSecond);
  EXPECT_EQ(log.last_stable(), log.end());
  EXPECT_THAT(s.values(), IsEmpty());
}

TEST(SimBroker, WhatACrashedInstanceHasSentStillArrives) {
  Simulation s({.batch_records = 1});
  auto out = std::move(*s.broker.make_writer({}));
  s.put(*out, "a");
  s.broker.crash();
  out.reset();
  s.cluster.time().sleep(kSecond);
  EXPECT_THAT(s.values(), ElementsAre("a"));
}

TEST(SimBroker, APartitionIsHandedOverWhenItsOwnerHasGivenItUp) {
  Simulation s;
  SimBroker other(s.cluster, "two");
  auto one = s.group(s.broker);
  Owned of_one, of_two;
  s.serve({{one.get(), &of_one}}, [&] { return of_one.owned.size() == 4; });
  bool given_up = false;
  of_one.when_revoked = [&] {
    s.cluster.time().sleep(3 * kSecond);
    EXPECT_THAT(of_two.owned, IsEmpty());
    given_up = true;
  };
  auto two = s.group(other);
  s.cluster.time().spawn([&] {
    s.serve({{two.get(), &of_two}}, [&] { return of_two.owned.size() == 2; });
    EXPECT_TRUE(given_up);
  });
  s.cluster.time().spawn([&] { s.serve({{one.get(), &of_one}}, [&] { return of_two.owned.size() == 2; }); });
  s.cluster.time().run();
  EXPECT_EQ(of_one.owned.size(), 2u);
}

TEST(SimBroker, APausedMemberIsReplacedAndItsCommitRefused) {
  Simulation s;
  SimBroker other(s.cluster, "two");
  auto one = s.group(s.broker);
  Owned of_one, of_two;
  s.serve({{one.get(), &of_one}}, [&] { return of_one.owned.size() == 4; });
  auto out = s.writer(s.broker, "one");
  expect_ok(out->begin_transaction(kSecond));
  s.put(*out, "of the zombie");
  const auto membership = one->membership();
  s.broker.pause(30 * kSecond);
  auto two = s.group(other);
  s.serve({{two.get(), &of_two}}, [&] { return of_two.owned.size() == 4; });
  EXPECT_EQ(of_one.owned.size(), 4u);
  const OffsetToCommit offset{{"t", 1}, 7, ""};
  expect_fault(out->send_offsets({&offset, 1}, *membership, 60 * kSecond), BrokerFault::fenced);
  expect_fault(out->commit_transaction(kSecond), BrokerFault::abort);
  expect_ok(out->abort_transaction(kSecond));
  s.serve({{one.get(), &of_one}, {two.get(), &of_two}},
          [&] { return of_one.losses == 1 && of_one.owned.size() == 2 && of_two.owned.size() == 2; });
  EXPECT_THAT(s.values(), IsEmpty());
}

TEST(SimBroker, WhileNoBrokerAnswersCallsAreToBeTriedAgain) {
  Simulation s;
  auto out = s.writer();
  auto member = s.group(s.broker);
  Owned owned;
  s.serve({{member.get(), &owned}}, [&] { return owned.owned.size() == 4; });
  s.cluster.go_away(300 * kSecond);
  const TopicPartition in{"t", 1};
  expect_fault(member->committed({&in, 1}, kSecond), BrokerFault::retry);
  expect_fault(s.broker.offsets(in, kSecond), BrokerFault::retry);
  expect_fault(out->begin_session(kSecond), BrokerFault::retry);
  for (int i = 0; i < 280; ++i) expect_ok(member->serve(kSecond, owned));
  s.serve({{member.get(), &owned}}, [&] { return !s.cluster.away(); });
  s.serve({{member.get(), &owned}}, [&] { return owned.owned.size() == 4; });
  expect_ok(out->begin_session(kSecond));
}

TEST(SimBroker, WritersAreToldOfATopicThatIsGone) {
  Simulation s;
  auto out = std::move(*s.broker.make_writer({}));
  s.put(*out, "a");
  expect_ok(out->flush(kSecond));
  const std::string name = "t";
  expect_ok(s.broker.delete_topics({&name, 1}, kSecond));
  s.put(*out, "b");
  expect_fault(out->flush(kSecond), BrokerFault::lost);
}

TEST(SimBroker, TasksEndWithWhatTheyThrow) {
  ManualClock clock;
  SimTime time(clock, 1);
  time.spawn([&] {
    time.sleep(kSecond);
    throw std::runtime_error("thrown in a task");
  });
  EXPECT_THROW(time.run(), std::runtime_error);
  EXPECT_EQ(clock.now_us(), kSecond);
}

TEST(Shares, AreEvenAndKept) {
  for (int32_t members = 1; members < 20; ++members) {
    std::map<std::string, std::vector<int32_t>> owned;
    for (int32_t i = 0; i < members; ++i) owned["m" + std::to_string(i)];
    auto shares = share_partitions(64, owned);
    EXPECT_EQ(share_partitions(64, shares), shares);
    // One more: only what it needs moves, and it waits for that.
    auto more = shares;
    more["new"];
    const auto first = share_partitions(64, more);
    EXPECT_THAT(first.at("new"), IsEmpty());
    size_t kept = 0;
    for (const auto& [name, share] : first) kept += share.size();
    EXPECT_EQ(kept, 64u - 64u / static_cast<size_t>(members + 1));
    const auto second = share_partitions(64, first);
    for (const auto& [name, share] : second) {
      EXPECT_GE(share.size(), 64u / static_cast<size_t>(members + 1));
      EXPECT_LE(share.size(), 64u / static_cast<size_t>(members + 1) + 1);
    }
  }
}

TEST(Scale, AHundredInstancesShareTenThousandPartitions) {
  ManualClock clock;
  SimCluster cluster(clock, {});
  constexpr int32_t kPartitions = 10'000;
  cluster.create({"tasks", kPartitions, -1, {}});
  struct Instance {
    std::unique_ptr<SimBroker> broker;
    std::unique_ptr<BrokerGroup> group;
    Owned owned;
  };
  std::vector<Instance> instances(100);
  for (size_t i = 0; i < instances.size(); ++i) {
    instances[i].broker = std::make_unique<SimBroker>(cluster, std::to_string(i));
    instances[i].group =
        std::move(*instances[i].broker->make_group({.group = "g", .topic = "tasks", .instance = std::to_string(i)}));
  }
  auto settle = [&](size_t from) {
    auto settled = [&] {
      size_t sum = 0, most = 0;
      for (size_t i = from; i < instances.size(); ++i) {
        sum += instances[i].owned.owned.size();
        most = std::max(most, instances[i].owned.owned.size());
      }
      return sum == kPartitions && most <= kPartitions / (instances.size() - from) + 1;
    };
    const int64_t began = clock.now_us();
    while (!settled() && clock.now_us() - began < 100 * kSecond)
      for (size_t i = from; i < instances.size(); ++i)
        expect_ok(instances[i].group->serve(kSecond / 1000, instances[i].owned));
    EXPECT_TRUE(settled());
  };
  settle(0);
  const int64_t before = cluster.groups().rebalances();
  // A third dies.
  for (size_t i = 0; i < 33; ++i) instances[i].broker->crash();
  settle(33);
  EXPECT_LE(cluster.groups().rebalances() - before, 40);
}

}  // namespace
}  // namespace braid
