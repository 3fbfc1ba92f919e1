// What the engine relies on, of every broker behind the seam: groups, and the offsets that are committed for them.
#include "tests/broker/broker_under_test.h"

namespace braid {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

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

TEST_P(BrokerTest, OffsetsOfNoMemberAreRefused) {
  const std::string tasks = topic(1, "tasks");
  const TopicPartition in{topic(1, "in"), 0};
  auto member = group(tasks);
  auto before = member->membership();
  Owned owned;
  serve({{member.get(), &owned}}, [&] { return owned.owned.size() == 1; });
  expect_ok(member->leave(kLong, owned));
  auto after = member->membership();
  auto out = writer(stem_);
  for (const auto* each : {before.get(), after.get()}) {
    expect_ok(out->begin_transaction(kLong));
    const OffsetToCommit offset{in, 17, ""};
    expect_fault(out->send_offsets({&offset, 1}, *each, kLong), BrokerFault::fenced);
    expect_ok(out->abort_transaction(kLong));
  }
}

TEST_P(BrokerTest, OffsetsAreCommittedWithoutATransaction) {
  const std::string tasks = topic(1, "tasks");
  const TopicPartition places[] = {{topic(2, "in"), 0}, {topic(2, "in"), 1}};
  auto member = group(tasks);
  Owned owned;
  const OffsetToCommit offsets[] = {{places[0], 17, "epoch 3"}, {places[1], 4, "epoch 3"}};
  expect_fault(member->commit(offsets, kSecond), BrokerFault::fenced);
  serve({{member.get(), &owned}}, [&] { return owned.owned.size() == 1; });
  expect_ok(member->commit(offsets, kLong));
  auto found = member->committed(places, kLong);
  expect_ok(found);
  EXPECT_EQ(found->at(0).offset, 17);
  EXPECT_EQ(found->at(1).offset, 4);
  EXPECT_EQ(found->at(1).metadata, "epoch 3");
  // The last one counts, and not that of one who has left.
  const OffsetToCommit next{places[0], 18, "epoch 4"};
  expect_ok(member->commit({&next, 1}, kLong));
  expect_ok(member->leave(kLong, owned));
  auto other = group(tasks);
  Owned of_other;
  serve({{other.get(), &of_other}}, [&] { return of_other.owned.size() == 1; });
  EXPECT_FALSE(member->commit(offsets, kSecond).ok());
  found = other->committed(places, kLong);
  expect_ok(found);
  EXPECT_EQ(found->at(0).offset, 18);
  EXPECT_EQ(found->at(0).metadata, "epoch 4");
}

TEST_P(BrokerTest, AGroupIsDeletedWhenItHasNoMembers) {
  const std::string tasks = topic(1, "tasks");
  const TopicPartition in{topic(1, "in"), 0};
  expect_ok(broker_->delete_group(stem_, kLong));  // there is none
  auto member = group(tasks);
  Owned owned;
  serve({{member.get(), &owned}}, [&] { return owned.owned.size() == 1; });
  const OffsetToCommit offset{in, 17, ""};
  expect_ok(member->commit({&offset, 1}, kLong));
  const auto refused = broker_->delete_group(stem_, kLong);
  expect_fault(refused, BrokerFault::refused);
  EXPECT_EQ(refused.error().code, kGroupHasMembers);
  expect_ok(member->leave(kLong, owned));
  expect_ok(broker_->delete_group(stem_, kLong));
  auto next = group(tasks);
  Owned of_next;
  serve({{next.get(), &of_next}}, [&] { return of_next.owned.size() == 1; });
  const auto found = next->committed({&in, 1}, kLong);
  expect_ok(found);
  EXPECT_EQ(found->front().offset, std::nullopt);
}

TEST_P(BrokerTest, AMemberThatDoesNotServeLosesItsWorkAndMayComeBack) {
  const std::string tasks = topic(2, "tasks");
  auto member = [&] {
    auto made = broker_->make_group({.group = stem_,
                                     .topic = tasks,
                                     .instance = {},
                                     .session_timeout_us = 2 * kSecond,
                                     .work_timeout_us = 2 * kSecond});
    expect_ok(made);
    return std::move(*made);
  };
  auto one = member(), two = member();
  Owned of_one, of_two;
  serve({{one.get(), &of_one}, {two.get(), &of_two}},
        [&] { return of_one.owned.size() == 1 && of_two.owned.size() == 1; });
  serve({{two.get(), &of_two}}, [&] { return of_two.owned.size() == 2; });
  EXPECT_EQ(of_one.owned.size(), 1u) << "nobody has told it";
  serve({{one.get(), &of_one}, {two.get(), &of_two}},
        [&] { return of_one.losses == 1 && of_one.owned.size() == 1 && of_two.owned.size() == 1; });
  EXPECT_EQ(of_two.losses, 0);
}

TEST_P(BrokerTest, AStaticMemberKeepsItsPlaceAndFencesItsDouble) {
  const std::string tasks = topic(4, "tasks");
  auto member = [&](const char* instance) {
    auto made =
        broker_->make_group({.group = stem_, .topic = tasks, .instance = instance, .session_timeout_us = 6 * kSecond});
    expect_ok(made);
    return std::move(*made);
  };
  auto one = member("one"), two = member("two");
  Owned of_one, of_two;
  serve({{one.get(), &of_one}, {two.get(), &of_two}},
        [&] { return of_one.owned.size() == 2 && of_two.owned.size() == 2; });
  const std::vector<int32_t> had = of_one.owned;
  one.reset();
  one = member("one");
  Owned again;
  serve({{one.get(), &again}, {two.get(), &of_two}}, [&] { return again.owned.size() == 2; });
  EXPECT_THAT(again.owned, testing::UnorderedElementsAreArray(had));
  EXPECT_EQ(of_two.owned.size(), 2u);

  auto twin = member("one");
  Owned of_twin;
  std::optional<BrokerFault> fault;
  for (const int64_t start = bench_->now_us(); !fault && bench_->now_us() - start < 20 * kSecond;) {
    auto served = one->serve(kSecond / 20, again);
    if (!served.ok() && served.error().fault != BrokerFault::retry) fault = served.error().fault;
    expect_ok(twin->serve(kSecond / 20, of_twin));
    expect_ok(two->serve(kSecond / 20, of_two));
  }
  EXPECT_EQ(fault, BrokerFault::fenced);
  EXPECT_THAT(of_twin.owned, testing::UnorderedElementsAreArray(had));
}

}  // namespace
}  // namespace braid
